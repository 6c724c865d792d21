"""What the values of a setting do to a number, in sentences."""

import math
from dataclasses import dataclass

from nst.metrics.effects import Difference, Effect
from nst.metrics.interaction import Interaction
from nst.report import labels

MINUS = "\u2212"
#: Share of an interaction below which two settings act as if each were alone.
_LEAST = 0.01


@dataclass(frozen=True)
class Duel:
    """Two values of a setting against each other: the one with the better number, and another."""

    winner: int  # place of the value
    loser: int
    wins: int  # pairs in which its number is the better one
    difference: Difference  # of the two, of either sign

    @property
    def clarity(self) -> float:
        """How many times its interval's half width the difference is; 0 of a single pair."""
        one = self.difference
        if one.low is None or one.high is None:
            return 0.0
        return abs(one.mean) / max((one.high - one.low) / 2, 1e-9 * abs(one.mean), 1e-300)

    @property
    def is_told(self) -> bool:
        """Whether it says which value is better: clearly, or of the only pair."""
        return self.difference.is_clear or (
            self.difference.pairs == 1 and self.difference.mean != 0
        )


def duel(effect: Effect, better: str | None) -> Duel | None:
    """Return the best value against the worst, None where no pair tells.

    Args:
      effect: of a setting.
      better: "lower", "higher", or none: then the value with the greater number counts as the best.
    """
    one = effect.span
    if one is None:
        return None
    upwards = one.mean >= 0
    if (better == "lower") == upwards:
        return Duel(one.against, one.level, one.above if upwards else one.below, one)
    return Duel(one.level, one.against, one.above if upwards else one.below, one)


def headline(
    effect: Effect, metric: str, better: str | None, values: list[str], unit: str = ""
) -> str:
    """Return "max is better than avg in SSIM in 9 of 9 pairs, by 0.12 (0.10 to 0.14)".

    Args:
      effect: of a setting.
      metric: the number's title.
      better: "lower", "higher" or none.
      values: the setting's labels.
      unit: behind the numbers.
    """
    found = duel(effect, better)
    if found is None:
        return ""
    winner, loser = values[found.winner], values[found.loser]
    one, pairs = found.difference, _pairs(effect, found.difference)
    if one.above == one.below == 0:
        names = [values[at] for at in sorted((found.winner, found.loser))]
        return f"{' and '.join(names)} do not differ in {metric}, in {pairs}"
    size = _size(one, unit)
    most, least = ("best", "worst") if better else ("highest", "lowest")
    if one.pairs > 1 and not one.is_clear:
        name = winner if len(values) == 2 else f"{winner} ({most} of {len(values)} on average)"
        how = "leads" if better else "is above"
        return f"No clear difference in {metric}: {name} {how} {loser} by {size}, in {pairs}"
    count = f"in {found.wins} of {pairs}" if one.pairs > 1 else "in the only pair"
    how = "better" if better else "higher"
    if len(values) == 2:
        return f"{winner} is {how} than {loser} in {metric} {count}, by {size}"
    return (
        f"{winner} is the {most} of {len(values)} in {metric} and {loser} the {least}: "
        f"{how} {count}, by {size}"
    )


def line(values: list[str], rows: list[tuple[str, Effect, Duel]]) -> str:
    """Return "avg beats max in style distance in 9 of 9 pairs, by 0.12 (0.10 to 0.14)".

    Args:
      values: the setting's labels.
      rows: for each number that it clearly acts on the title, the effect and who won.
    """
    (metric, effect, one), *more = rows
    if len(values) > 2:
        told = [f"{values[duel.winner]} in {title}" for title, _, duel in rows]
        if more and more[0][2].winner == one.winner:
            told = [told[0], f"in {more[0][0]}"]
        first, *rest = told
        start = first.replace(" in ", f" is the best of {len(values)} in ", 1)
        joint = " and " if more and more[0][2].winner == one.winner else ", "
        return joint.join([start, *rest])
    count = f"in {one.wins} of {_pairs(effect, one.difference)}"
    count = count if one.difference.pairs > 1 else "in the only pair"
    start = f"{values[one.winner]} beats {values[one.loser]} in {metric} {count}"
    if not more:
        return f"{start}, by {_size(one.difference, '')}"
    title, _, other = more[0]
    count = f"{other.wins} of {other.difference.pairs}"
    if other.winner == one.winner:
        return f"{start} and in {title} in {count}"
    return f"{start}, {values[other.winner]} beats {values[other.loser]} in {title} in {count}"


def of_two(found: Interaction, metric: str, first: list[str], second: list[str], by: str) -> str:
    """Return how far the step from the first value to the last depends on the other setting.

    Args:
      found: of two settings.
      metric: the number's title.
      first: labels of the one.
      second: labels of the other.
      by: what the other is called.
    """
    if found.share < _LEAST:
        return f"From {first[0]} to {first[-1]}, {metric} changes alike at each {by}."
    steps = [last - start for start, last in zip(found.table[0], found.table[-1], strict=True)]
    low, high = steps.index(min(steps)), steps.index(max(steps))
    texts = figures(max(steps, key=abs), steps[low], steps[high], digits=2)[1:]
    signed = [text if text.startswith(MINUS) else f"+{text}" for text in texts]
    return (
        f"From {first[0]} to {first[-1]}, {metric} changes by {signed[0]} at {by} {second[low]} "
        f"and by {signed[1]} at {second[high]}."
    )


def figures(*values: float, digits: int = 3, half: float | None = None) -> list[str]:
    """Return numbers with the same decimals, as many as their uncertainty lets them have.

    Args:
      values: the first one's size says how many decimals they need.
      digits: significant ones of the first.
      half: half the interval's width; it has two digits up to 35, one from 36 on, as the Particle
        Data Group rounds.
    """
    needed = [digits - 1 - _power(values[0])] if values[0] else []
    if half:
        power = _power(half)
        wide = -power + (half < 3.55 * 10.0**power)
        # Where the interval is far wider than the number, that keeps a digit.
        least = -_power(values[0]) if values[0] else wide
        needed.append(max(wide, min(least, wide + 1)))
    decimals = min(needed, default=0)
    if decimals > 5 or max(map(abs, values)) >= 1e6:
        return [labels.number(value, digits).replace("-", MINUS) for value in values]
    texts = [f"{round(value, decimals):.{max(decimals, 0)}f}" for value in values]
    return [text.replace("-", MINUS) if float(text) else text.lstrip("-") for text in texts]


def _size(one: Difference, unit: str) -> str:
    """Return "0.12 (0.10 to 0.14)", the interval seen from the better of the two."""
    if one.low is None or one.high is None:
        return figures(abs(one.mean))[0] + unit
    ends = (one.low, one.high) if one.mean >= 0 else (-one.high, -one.low)
    mean, low, high = figures(abs(one.mean), *ends, half=(one.high - one.low) / 2)
    return f"{mean}{unit} ({low} to {high})"


def _pairs(effect: Effect, one: Difference) -> str:
    what = "seed" if effect.by_seed else "pair"
    return f"{one.pairs} {what}{'s' * (one.pairs != 1)}"


def _power(value: float) -> int:
    return math.floor(math.log10(abs(value)))
