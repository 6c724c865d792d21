"""What the style loss compares of a layer: one entry a statistic, whose module has the formulas.

Imports nothing heavy, so that a configuration is checked without JAX.
"""

import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Statistic:
    """A style statistic by the module that computes it.

    Attributes:
      module: has ``target(activations)``, what is kept of a style image's layer, and
        ``loss(activations, target)``, E_l; activations are (H, W, N) float32.
      guided: the same with masks: has ``target(activations, guidance)`` and
        ``loss(activations, target, guidance)``, guidance (R, H, W) being the R regions' shares of
        each position. None: the statistic doesn't work with masks.
    """

    module: str
    guided: str | None = None

    def load(self) -> Any:
        """Return the module."""
        return importlib.import_module(self.module)

    def load_guided(self) -> Any:
        """Return the module of the variant for masks, which there must be."""
        assert self.guided, f"{self.module} has no variant for masks"
        return importlib.import_module(self.guided)


STATISTICS = {
    "gram": Statistic("nst.losses.gram", guided="nst.losses.guided"),
    "mean_std": Statistic("nst.losses.mean_std"),
    "wasserstein": Statistic("nst.losses.wasserstein"),
}


def with_masks() -> tuple[str, ...]:
    """Return the names of the statistics that work with masks."""
    return tuple(name for name, statistic in STATISTICS.items() if statistic.guided)
