"""What moves the picture: one entry an optimizer, whose module has its steps.

Imports nothing heavy, so that a configuration is checked without JAX.
"""

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nst.optimizers.method import Method


@dataclass(frozen=True)
class Optimizer:
    """An optimizer by the module that has its steps.

    Attributes:
      module: has ``method``, a `nst.optimizers.method.Method`.
      keys: of the group `optimizer`, those that it reads and not every optimizer does.
      numerics: raised whenever it, and no other, gives another picture than before.
    """

    module: str
    keys: tuple[str, ...]
    numerics: int = 0

    def load(self) -> "Method":
        """Return the module's method."""
        method: Method = importlib.import_module(self.module).method
        return method


OPTIMIZERS = {
    "adam": Optimizer("nst.optimizers.adam", ("lr", "b1", "b2", "eps", "schedule", "decay")),
    "lbfgs": Optimizer("nst.optimizers.lbfgs", ("memory",), numerics=1),
    "sgd": Optimizer("nst.optimizers.sgd", ("lr", "schedule", "decay")),
}


def readers(key: str) -> tuple[str, ...]:
    """Return the optimizers that read a key of the group, or none where each reads it."""
    return tuple(name for name, one in OPTIMIZERS.items() if key in one.keys)
