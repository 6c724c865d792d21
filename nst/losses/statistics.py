"""What content and style loss compare of a layer: an entry a statistic, whose module has formulas.

Imports nothing heavy, so that a configuration is checked without JAX.
"""

import importlib
from dataclasses import dataclass
from typing import Any

from nst.base.program import Static


@dataclass(frozen=True)
class Statistic:
    """A style statistic by the module that computes it.

    Attributes:
      module: has ``target(activations)``, what is kept of a style image's layer, and
        ``loss(activations, target)``, E_l; activations are (H, W, N) float32.
      guided: the same with masks: has ``target(activations, guidance)`` and
        ``loss(activations, target, guidance)``, guidance (R, H, W) being the R regions' shares of
        each position. None: the statistic doesn't work with masks.
      by_strips: whether it is a function of sums over positions, so that a picture's may be had
        from strips of it. The modules then have ``part(activations, counted)``, or with guidance
        as well, what some rows add; ``merged(part, part)``; and from the whole ``loss_of(part,
        target)`` and ``target_of(part)``.
      shaped: whether a target depends on the shape (H, W, N) of the picture's layer: it is then
        ``target(activations, shape)``, and those of style images of several sizes have one form.
      seeded: whether a target has random numbers in it, directions or positions, say. It is then
        ``target(activations, shape, key)``, the key being of the run's seed and the layer, the
        same for each style image; the loss draws nothing.
      arrays: how many arrays as large as the style layers' activations a step holds for it beside
        what it holds for `gram`, about.
      numerics: raised whenever it, and no other, gives another picture than before.
    """

    module: str
    guided: str | None = None
    by_strips: bool = False
    shaped: bool = False
    seeded: bool = False
    arrays: int = 0
    numerics: int = 0

    def load(self) -> Any:
        """Return the module."""
        return importlib.import_module(self.module)

    def load_guided(self) -> Any:
        """Return the module of the variant for masks, which there must be."""
        assert self.guided, f"{self.module} has no variant for masks"
        return importlib.import_module(self.guided)


STATISTICS = {
    "gram": Statistic("nst.losses.gram", guided="nst.losses.guided", by_strips=True),
    "mean_std": Statistic("nst.losses.mean_std", by_strips=True),
    "wasserstein": Statistic("nst.losses.wasserstein", by_strips=True, arrays=2),
    "covariance": Statistic("nst.losses.covariance", by_strips=True),
    "moments": Statistic("nst.losses.moment_matching", by_strips=True, arrays=2),
    "histogram": Statistic("nst.losses.histogram", shaped=True, arrays=5),
    "sliced_wasserstein": Statistic("nst.losses.sliced_wasserstein", seeded=True, arrays=4),
    "long_range": Statistic("nst.losses.long_range", arrays=4),
    "relaxed_emd": Statistic("nst.losses.relaxed_emd", seeded=True, arrays=6),
    "nearest": Statistic("nst.losses.nearest", seeded=True),
    "nearest_3x3": Statistic("nst.losses.nearest_3x3", seeded=True, arrays=1, numerics=1),
}

#: What the content loss compares: with ``loss(activations, target)`` alone, the target being the
#: content image's activations; for strips with ``squares``, as `nst.losses.content` has it.
CONTENT_STATISTICS = {
    "squared": Statistic("nst.losses.content", by_strips=True),
    "self_similarity": Statistic("nst.losses.self_similarity"),
    "cosine": Statistic("nst.losses.cosine"),
}


def by_strips(static: Static) -> bool:
    """Return whether all losses are functions of sums over positions."""
    both = CONTENT_STATISTICS[static.content_statistic], STATISTICS[static.statistic]
    return all(one.by_strips for one in both)


def with_masks() -> tuple[str, ...]:
    """Return the names of the statistics that work with masks."""
    return tuple(name for name, statistic in STATISTICS.items() if statistic.guided)
