"""The same look at another size, `same_look`: weights that act as they would at a named size.

A picture k times as large has k^2 times the positions. Enlarged smoothly, its losses become

    content       sum  k^2          mean  1             of each statistic
    style         1, of each statistic: they are divided by their positions; the shifts of
                  long_range and the patches of nearest_3x3 stay as they are, so only near 1
    tv, absolute  sum  k            mean  1/k          k^2 differences, each 1/k of what it was
    tv, power p   sum  k^(2 - p)    mean  k^-p                 of nine points: as power 2

With these weights the total of the enlarged picture is k^2 times that of the picture itself, so
that what is best at one size is best at the other, and a pixel's gradient is as strong, so that
learning rates and Adam's epsilon keep their meaning. Imports nothing heavy.
"""

from typing import NamedTuple

from nst.base.errors import UserError
from nst.config.keys import short
from nst.config.schema import Config, entries


class Weights(NamedTuple):
    """The weights of a run's losses at one of its sizes."""

    alpha: float
    beta: float
    gamma: float


def weights(config: Config, size: int) -> Weights:
    """Return the weights of the losses at a size; those that were given without `same_look`.

    Args:
      config: validated.
      size: of the edge that `config.edge` says, in pixels.
    """
    alpha, beta, gamma = config.alpha, config.beta, config.tv.gamma
    # Gradients of equal strength are as strong at each size.
    if config.normalize_gradients or config.same_look in (None, size):
        return Weights(alpha, beta, gamma)
    ratio = size / config.same_look
    power = {"absolute": 1, "power": config.tv.exponent, "nine_point": 2}[config.tv.form]
    return Weights(
        alpha * (ratio**2 if config.content.reduction == "mean" else 1),
        beta * ratio**2,
        gamma * ratio ** (power + (2 if config.tv.reduction == "mean" else 0)),
    )


def size_at(config: Config, step: int) -> int:
    """Return the size in pixels of a validated run's picture after a step."""
    return next((one.size for one in config.stages if step <= one.end), config.size)


def style_size(config: Config, size: int) -> int:
    """Return the size in pixels of the style images where the picture's is `size`.

    Args:
      config: validated.
      size: one of the run's.
    """
    if config.style.size is None:
        return size
    if config.same_look is None:
        return config.style.size
    return round(config.style.size * size / config.same_look)


def own_style_size(config: Config) -> bool:
    """Return whether the style images have another size than the picture, at any of its sizes."""
    return any(style_size(config, one.size) != one.size for one in config.stages)


def check(config: Config) -> None:
    """Refuse a size at which the style images would be too small or too large.

    Args:
      config: validated else.

    Raises:
      UserError: names the sizes.
    """
    known = entries()["style.size"].key
    for stage in config.stages:
        size = style_size(config, stage.size)
        if not known.low <= size <= known.high:  # type: ignore[operator]
            raise UserError(
                f"style.size={config.style.size} at same_look={config.same_look} is {size} pixels "
                f"at size={stage.size}, and must be from {short(known.low or 0)} to "
                f"{short(known.high)}"
            )
