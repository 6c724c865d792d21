"""The scales of a figure's axes, and the numbers and names that stand at them."""

import math
from collections.abc import Sequence
from typing import Any

from nst.report import labels

#: Where the median lies, below which half of the numbers look alike (scale.js).
_UNEVEN = 0.15


def value_axis(
    axes: Any,
    which: str,
    title: str,
    log: bool,
    values: Sequence[float],
    ticks: int = 5,
    room: float = 0.06,
) -> None:
    """Scale an axis, write its numbers as people do, and name it.

    Args:
      axes: of matplotlib's.
      which: "x" or "y".
      title: of the axis.
      log: whether it is one of powers.
      values: that are drawn on it, with room on either side.
      ticks: of a linear one, at most so many steps.
      room: on either side, as a share.
    """
    axis = getattr(axes, f"{which}axis")
    name, set_limits = getattr(axes, f"set_{which}label"), getattr(axes, f"set_{which}lim")
    low, high = min(values), max(values)
    if log:
        getattr(axes, f"set_{which}scale")("log")
        beside = (high / low) ** room if high > low else 1.2
        set_limits(low / beside, high * beside)
        power_ticks(axis, low / beside, high * beside)
        name(title)
        return
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    beside = room * (high - low or abs(high) or 1)
    set_limits(low - beside, high + beside)
    axis.set_major_locator(MaxNLocator(nbins=ticks, steps=[1, 2, 2.5, 5, 10]))
    largest = max(abs(low), abs(high))
    power = math.floor(math.log10(largest)) if largest else 0
    power = power if power > 3 or power < -3 else 0
    axis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value / 10**power:.6g}".replace("-", "\u2212"))
    )
    name(f"{title} ({labels.power(10.0**power, 1).removeprefix('1×')})" if power else title)


def power_ticks(axis: Any, low: float, high: float) -> None:
    """Set the ticks of a logarithmic axis: 0.02, 0.05, 0.1, or 10⁵, 10⁶.

    Args:
      axis: of matplotlib's.
      low: where it begins.
      high: where it ends.
    """
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    decades = math.log10(high / low)
    digits = (1, 1.5, 2, 3, 4, 5, 6, 8) if decades < 0.7 else (1, 2, 5) if decades < 2.3 else (1,)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    step = max(1, math.ceil(decades / 6))
    ticks = [
        digit * 10.0**power
        for power in powers
        for digit in digits
        if (len(digits) > 1 or power % step == 0)
    ]
    ticks = [tick for tick in ticks if low <= tick <= high]
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FixedFormatter(labels.numbers(ticks, 6)))


def is_log(values: Sequence[float]) -> bool:
    """Return whether numbers are told apart best by their ratio, as the page decides it.

    Args:
      values: that an axis shows.
    """
    ordered = sorted(values)
    if len(ordered) < 4 or ordered[0] == ordered[-1] or ordered[0] <= 0:
        return False
    half = ordered[len(ordered) // 2]
    share = (half - ordered[0]) / (ordered[-1] - ordered[0])
    return not _UNEVEN <= share <= 1 - _UNEVEN
