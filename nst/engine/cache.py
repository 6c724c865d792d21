"""The folder of compiled programs, which a later process finds again."""

import contextlib
import os
import warnings

import jax

from nst.engine import jax_settings
from nst.sources import resolve


def use_cache() -> None:
    """Let the next process find what this one compiles, where there is a place for it."""
    jax_settings.load()
    folder = resolve.cache_dir() / "compiled"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):
        return
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.2)
    # JAX writes its files in place, so a kill or a full disk in that moment leaves half of one. It
    # reads no program from it and compiles, which is right; its warning would come with every run.
    # What half a file costs is that compilation, in each process until the folder is emptied.
    warnings.filterwarnings("ignore", message="Error reading persistent compilation cache entry")
