"""Programs as an earlier process compiled them, which are loaded without being traced anew.

JAX's own cache knows a program by its operations, so that each process must trace and lower it
first, which takes longer than to load it. Here it is known by what these follow from: nst's code,
the arguments' shapes, versions, settings, and the processor. On one CPU alone: nothing else was
tried.
"""

import contextlib
import functools
import hashlib
import os
import pickle
import platform
import re
import zlib
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
from jax.experimental import serialize_executable

from nst.base.files import write_whole

#: The packages of nst that say what a program computes.
_CODE = ("base", "engine", "losses", "metrics", "networks", "optimizers")
_DIGEST = 32  # bytes of a file's checksum, SHA-256 of what follows
#: Longer than any compilation takes: JAX's cache, from which a program can't be kept again, would
#: hold all of them a second time.
_NEVER = 1e9

#: Names of JAX's settings that no program hangs on.
_SILENT = re.compile("cache|log|debug|traceback")

_folder: list[Path] = []
_programs: dict[str, jax.stages.Compiled] = {}


def keep_in(folder: Path) -> None:
    """Let programs be kept, and looked for, from now on.

    Args:
      folder: that exists and can be written.
    """
    _folder[:] = [folder]


def ready(program: Any, static: tuple[Any, ...], *arguments: Any, **options: Any) -> Callable:
    """Return a program that takes `arguments` and `options` at once: loaded, compiled, or JAX's.

    Args:
      program: that jax.jit returned, and that nothing wraps or traces.
      static: its first arguments, which are static; their repr says all of them.
      arguments: arrays, and trees of them.
      options: more of these, by their names.
    """
    if not _folder or jax.default_backend() != "cpu" or jax.device_count() > 1:
        return functools.partial(program, *static)
    key = _key(program.__name__, static, arguments, options)
    if key not in _programs:
        path = _folder[0] / f"nst-{program.__name__}-{key}"
        lower = functools.partial(program.lower, *static, *arguments, **options)
        _programs[key] = _loaded(path) or _compiled(lower, path)
    return _programs[key]


def _loaded(path: Path) -> jax.stages.Compiled | None:
    try:
        data = path.read_bytes()
        if hashlib.sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
            return None
        # As trusted as JAX's own files beside it, which are machine code, too.
        parts = pickle.loads(zlib.decompress(data[_DIGEST:]))  # noqa: S301
        return serialize_executable.deserialize_and_load(*parts)
    except Exception:  # Whatever is wrong with it, it is compiled anew.
        return None


def _compiled(lower: Callable[[], jax.stages.Lowered], path: Path) -> jax.stages.Compiled:
    lowered = lower()
    if "custom_call" in lowered.as_text():
        # It calls functions that JAX makes known when it lowers it: LAPACK's, of wasserstein.
        return lowered.compile()
    with _by_itself() as from_cache:
        program = lowered.compile()
    if not from_cache:
        # It only saves time: where it can't be written, nothing is lost.
        with contextlib.suppress(Exception):
            data = zlib.compress(pickle.dumps(serialize_executable.serialize(program)), 1)
            write_whole(path, hashlib.sha256(data).digest() + data, folder=False)
    return program


@contextlib.contextmanager
def _by_itself() -> Iterator[list[str]]:
    """Keep what is compiled out of JAX's cache; give a list, not empty if it was there before."""
    name, found = "jax_persistent_cache_min_compile_time_secs", []

    def heard(event: str, **_: Any) -> None:
        if event == "/jax/compilation_cache/cache_hits":
            found.append(event)

    before = getattr(jax.config, name)
    jax.monitoring.register_event_listener(heard)
    jax.config.update(name, _NEVER)
    try:
        yield found
    finally:
        jax.config.update(name, before)
        jax.monitoring.unregister_event_listener(heard)


def _key(
    name: str, static: tuple[Any, ...], arguments: tuple[Any, ...], options: dict[str, Any]
) -> str:
    leaves, tree = jax.tree.flatten((arguments, options))
    kinds = [
        (str(getattr(one, "dtype", type(one))), getattr(one, "shape", ()), _is_weak(one))
        for one in leaves
    ]
    settings = [one for one in sorted(jax.config.values.items()) if not _SILENT.search(one[0])]
    text = repr((name, static, str(tree), kinds, settings, _surroundings()))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _is_weak(leaf: Any) -> bool:
    return bool(getattr(leaf, "weak_type", False))


@functools.cache
def _surroundings() -> str:
    """Return what does not change in a process: code, versions, variables, the processor."""
    root = Path(__file__).parents[1]
    code = hashlib.sha256()
    for path in sorted(path for package in _CODE for path in (root / package).rglob("*.py")):
        code.update(path.read_bytes())
    versions = [version(name) for name in ("jax", "jaxlib", "flax", "optax", "numpy")]
    variables = sorted(
        (name, value) for name, value in os.environ.items() if name.startswith(("JAX_", "XLA_"))
    )
    return repr((code.hexdigest(), versions, variables, platform.machine(), _features()))


def _features() -> str:
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as file:
        return next((line for line in file if line.startswith(("flags", "Features"))), "")
    return platform.processor()
