"""JAX as a run needs it, whatever JAX's own environment variables say.

Imports JAX only when it is called.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from nst.base.errors import UserError

#: Settings that would make another picture of the same configuration, or an error of what nst deals
#: with itself; somebody may have them in the environment for other programs.
FIXED: dict[str, Any] = {
    "jax_enable_x64": False,
    "jax_default_matmul_precision": None,
    "jax_numpy_dtype_promotion": "standard",
    "jax_numpy_rank_promotion": "allow",
    "jax_transfer_guard": "allow",
    # A run that diverges says so, and L-BFGS holds numbers that are not finite in between.
    "jax_debug_nans": False,
    "jax_debug_infs": False,
}


def load() -> dict[str, Any]:
    """Load JAX and fix what pictures hang on; a process that has done so may do it again.

    Returns:
      The settings as they were.

    Raises:
      UserError: a variable of the environment holds what JAX refuses.
    """
    try:
        import jax
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise UserError(f"JAX refuses a variable of the environment: {reason}") from error
    before = {name: getattr(jax.config, name) for name in FIXED}
    for name, value in FIXED.items():
        jax.config.update(name, value)
    return before


@contextlib.contextmanager
def put_back() -> Iterator[None]:
    """Load JAX as `load` does, and give a program of the user's its own settings back afterwards.

    Raises:
      UserError: as `load`.
    """
    before = load()
    import jax

    try:
        yield
    finally:
        for name, value in before.items():
            jax.config.update(name, value)
