"""What was found, a sentence for each comparison."""

from collections.abc import Sequence

from nst.metrics.effects import Difference
from nst.report.caption import counted
from nst.report.effect_words import figures
from nst.stats.compare import Comparison, Finding, count
from nst.stats.gather import Sweep

#: A p up to which a difference counts as found.
LEVEL = 0.05


def sentence(found: Finding, one: Comparison) -> str:
    """Return "pooling: avg is lower than max in style distance by 0.56 (95 % interval ...) ...".

    Args:
      found: that it belongs to.
      one: a comparison of it.
    """
    d, metric = one.difference, found.metric["title"]
    # The better value comes first, or the one with more where neither is better.
    way = "lower" if found.metric["better"] == "lower" else "higher"
    value, other = (found.factor.values[at] for at in (d.level, d.against))
    if (d.mean > 0) == (way == "lower"):
        value, other = other, value
    start, pairs = f"{found.factor.title}:", _count(found, d.pairs)
    if d.above == d.below == 0:
        return f"{start} {value} and {other} do not differ in {metric}, in {pairs}"
    size = _size(d, found)
    if one.holm is None:
        return (
            f"{start} {value} was {way} than {other} in {metric} by {size} in the only pair, "
            "which has neither interval nor p"
        )
    wins = d.above if d.mean > 0 else d.below
    times = f"in {wins} of {pairs}, p = {p(one.holm)} after Holm"
    if not (d.is_clear or one.holm <= LEVEL):
        start += f" no clear difference in {metric}:"
        return f"{start} {value} is {way} than {other} by {size}, {times}"
    verb = "is" if is_told(one) else "seems"
    return f"{start} {value} {verb} {way} than {other} in {metric} by {size}, {times}"


def is_told(one: Comparison) -> bool:
    """Return whether interval and test both say that two values differ.

    Args:
      one: a comparison.
    """
    return one.difference.is_clear and one.holm is not None and one.holm <= LEVEL


def p(value: float | None) -> str:
    """Return a p with two digits: "0.0039", "0.41", "less than 1e-4", "" for none.

    Args:
      value: of a test.
    """
    if value is None:
        return ""
    return f"{value:.2g}" if value >= 1e-4 else f"{value:.0e}"


def head(sweep: Sweep, found: Sequence[Finding]) -> str:
    """Return how many runs there are, and how they ended.

    Args:
      sweep: of the runs.
      found: all findings.
    """
    tests = count(found)
    made = f"{tests} comparison{'s' * (tests != 1)}"
    return f"{counted(sweep.report.runs, sweep.report.waiting)}, {made if tests else 'no test'}"


def caption(found: Sequence[Finding], head: str) -> str:
    """Return "What pooling does to style distance and SSIM: 18 runs, 2 comparisons."

    Args:
      found: all findings.
      head: of these.
    """
    settings = list(dict.fromkeys(one.factor.title for one in found))
    metrics = list(dict.fromkeys(one.metric["title"] for one in found))
    verb = "does" if len(settings) == 1 else "do"
    return f"What {listed(settings)} {verb} to {listed(metrics)}: {head}."


def _size(one: Difference, found: Finding) -> str:
    """Return "0.56 (95 % interval 0.31 to 0.81)", seen from the side of the sentence."""
    unit = " s" if found.metric["group"] == "time" else ""
    if one.low is None or one.high is None:
        return figures(abs(one.mean))[0] + unit
    ends = (one.low, one.high) if one.mean >= 0 else (-one.high, -one.low)
    mean, low, high = figures(abs(one.mean), *ends, half=(one.high - one.low) / 2 or None)
    return f"{mean}{unit} (95 % interval {low} to {high})"


def _count(found: Finding, pairs: int) -> str:
    what = "seed" if found.by_seed else "block"
    return f"{pairs} {what}{'s' * (pairs != 1)}"


def listed(names: Sequence[str]) -> str:
    """Return "a", "a and b" or "a, b and c".

    Args:
      names: one at least.
    """
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
