"""How much each key matters for an objective: Optuna's PED-ANOVA of the runs."""

import math
import statistics
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nst.report.summary import Key

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

#: Share of the runs that are told from all: with Optuna's tenth a key that decides nearly all of an
#: objective falls behind those that decide among its best runs.
BEST = 0.5
#: Runs; of fewer, chance has more to say than the keys.
LEAST = 20


def shares(keys: Sequence[Key], runs: Sequence[str], costs: Sequence[float]) -> dict[str, float]:
    """Return each key's share in what sets the better half of the runs apart, most first.

    Keys that go together, as `sweep.zip` has them, share one entry. Source: Watanabe et al. 2023,
    arXiv:2304.10255, by Optuna.

    Args:
      keys: those that vary.
      runs: names.
      costs: of each run; lower is better.

    Returns:
      By "pooling" or "content with style"; sums to 1. Empty where the runs can't tell: fewer than
      two keys vary in them, or their costs are all the same.
    """
    together = _together(keys, runs)
    if len(together) < 2 or len(set(costs)) < 2:
        return {}
    import optuna  # takes more than a second, so not before it is needed

    ways = {name: _distribution(key, runs) for name, key in together.items()}
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study()
        study.add_trials(
            [
                optuna.trial.create_trial(
                    params={name: _value(key, run, ways[name]) for name, key in together.items()},
                    distributions=ways,
                    value=cost,
                )
                for run, cost in zip(runs, costs, strict=True)
            ]
        )
        with warnings.catch_warnings(action="ignore"):
            judge = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=BEST)
            found = optuna.importance.get_param_importances(study, evaluator=judge)
    finally:
        optuna.logging.set_verbosity(level)
    return {name: float(share) for name, share in found.items()}


def _together(keys: Sequence[Key], runs: Sequence[str]) -> dict[str, Key]:
    """Return the keys that vary in these runs, one of several that tell the same runs apart."""
    groups: dict[tuple[object, ...], list[Key]] = {}
    for key in keys:
        seen: dict[str, int] = {}
        parts = tuple(seen.setdefault(key.of.get(run, ""), len(seen)) for run in runs)
        if len(seen) > 1:
            # Numbers that a search drew tell every run from every other, and don't go together.
            drawn = key.name if 2 * len(seen) > len(runs) else ""
            groups.setdefault((drawn, *parts), []).append(key)
    return {" with ".join(key.name for key in several): several[0] for several in groups.values()}


def _distribution(key: Key, runs: Sequence[str]) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    numbers = _numbers(key)
    found = sorted({key.of.get(run, "") for run in runs})
    if not numbers or not all(label in numbers for label in found):
        return CategoricalDistribution(found)
    values = sorted(numbers[label] for label in found)
    return FloatDistribution(values[0], values[-1], log=_by_ratio(values))


def _by_ratio(values: list[float]) -> bool:
    """Return whether values lie evenly by their logarithms rather than by their size."""
    low, high, middle = values[0], values[-1], statistics.median(values)
    if low <= 0:
        return False
    by_size = (middle - low) / (high - low)
    by_ratio = math.log(middle / low) / math.log(high / low)
    return abs(by_ratio - 0.5) < abs(by_size - 0.5)


def _numbers(key: Key) -> dict[str, float]:
    """Return a key's numbers by their labels; none of a seed, of which more isn't more."""
    if key.name == "seed" or not key.numbers or not all(map(math.isfinite, key.numbers)):
        return {}
    return dict(zip(key.values, key.numbers, strict=True))


def _value(key: Key, run: str, way: "BaseDistribution") -> Any:
    label = key.of.get(run, "")
    return label if hasattr(way, "choices") else _numbers(key)[label]
