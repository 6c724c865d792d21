"""What the loop yields: the picture after some steps, and how good it is."""

import math
from dataclasses import dataclass

import jax
import numpy as np

from nst.losses.total import Terms
from nst.optimizers.method import State, shown


@dataclass(frozen=True)
class Check:
    """The picture after `step` steps, and how good it is."""

    step: int
    seconds: float  # spent in steps so far
    compile_seconds: float  # spent in compilation so far, apart from `seconds`
    evaluations: int  # of loss and gradient, by the steps so far
    picture: np.ndarray  # (H, W, 3) float32 in gray levels, not clipped; the average if there is
    terms: Terms[float]  # of this picture, as Python floats
    best: bool  # so far the one to keep: by default, no earlier one of this size had a lower total
    overflow: bool  # whether the optimizer's state has left the range of float32
    state: State  # what the next step starts from

    @property
    def size(self) -> int:
        """Long edge of the picture in pixels."""
        return max(self.picture.shape)

    @property
    def losses(self) -> dict[str, float]:
        """The terms by name: total, content, style, tv, content/LAYER..., style/LAYER..."""
        terms = self.terms
        return {
            **{name: getattr(terms, name) for name in ("total", "content", "style", "tv")},
            **{f"content/{layer}": value for layer, value in terms.content_layers.items()},
            **{f"style/{layer}": value for layer, value in terms.style_layers.items()},
        }

    @property
    def finite(self) -> bool:
        """Whether all is well; where it is not, the loop ends."""
        return math.isfinite(self.terms.total) and not self.overflow


def judged(
    step: int,
    seconds: tuple[float, float],
    state: State,
    parts: Terms[jax.Array],
    finite: jax.Array | bool,
    lowest: float,
) -> Check:
    """Return the check of a state.

    Args:
      step: steps taken.
      seconds: spent in steps, and in compilation.
      state: after those steps.
      parts: the losses of its picture.
      finite: whether the optimizer's state is; where it is not, every later step is 0 and the
        picture would stay as it is.
      lowest: what the total of one to keep must be below, the lowest so far.
    """
    terms: Terms[float] = jax.tree.map(float, parts)
    best = terms.total < lowest and bool(finite)
    evaluations = step if state.evaluations is None else int(state.evaluations)
    picture = np.asarray(shown(state))
    return Check(step, *seconds, evaluations, picture, terms, best, not finite, state)


def seconds_per_step(before: Check, after: Check) -> float:
    """Return the seconds a step took between two checks."""
    return (after.seconds - before.seconds) / (after.step - before.step)
