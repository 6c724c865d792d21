"""The folder of compiled programs, which a later process finds again."""

import contextlib
import functools
import os
import re
import warnings
from pathlib import Path
from typing import Any

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
    _drop_what_is_damaged(folder)


@functools.cache
def _drop_what_is_damaged(folder: Path) -> None:
    """Let a program that can't be read from the cache be compiled and kept anew, without a word.

    JAX writes its files in place, so a kill or a full disk leaves half of one, which JAX would warn
    of in every run and never replace.
    """
    shown = warnings.showwarning

    def show(message: Warning | str, *where: Any, **more: Any) -> None:
        found = re.match(
            r"Error reading persistent compilation cache entry for '(\w+)'", f"{message}"
        )
        if found is None:
            return shown(message, *where, **more)
        for program in folder.glob(f"{found[1]}-*"):
            program.unlink(missing_ok=True)

    warnings.showwarning = show
