"""The space of a search: each key with the values it may take, from Hydra's or W&B's words."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hydra.core.override_parser.types import IntervalSweep, Override, RangeSweep
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial
from scipy import stats

from nst.base.errors import UserError
from nst.command.typed import understood
from nst.multirun.parameter import Parameter
from nst.multirun.points import rounded


@dataclass(frozen=True)
class Dimension:
    """A key that a search varies."""

    key: str  # as on the command line
    name: str  # in the study
    distribution: BaseDistribution
    #: Returns the override for a value of the distribution: "beta=1e3".
    write: Callable[[Any], str]

    def suggest(self, trial: Trial) -> str:
        """Return the override that the sampler proposes for a trial."""
        own: Any = self.distribution
        if isinstance(own, CategoricalDistribution):
            return self.write(trial.suggest_categorical(self.name, own.choices))
        if isinstance(own, IntDistribution):
            value: float = trial.suggest_int(
                self.name, own.low, own.high, step=own.step, log=own.log
            )
        else:
            value = trial.suggest_float(self.name, own.low, own.high, step=own.step, log=own.log)
        return self.write(value)

    def ends(self) -> list[str]:
        """Return the overrides that tell whether runs accept all of them."""
        own: Any = self.distribution
        if isinstance(own, CategoricalDistribution):
            return [self.write(choice) for choice in own.choices]
        return [self.write(own.low), self.write(own.high)]


def of_override(override: Override, texts: Sequence[str]) -> Dimension:
    """Return the dimension of an override with several values.

    Args:
      override: ``beta=tag(log,interval(1e2,1e6))``, a range, a choice or a glob.
      texts: the override of each value, ``pooling=avg``; an interval has none.

    Raises:
      UserError: its range is empty, or can't be searched by the logarithm.
    """
    key, value = override.get_key_element(), override.value()
    log = "log" in getattr(value, "tags", ())
    if isinstance(value, IntervalSweep):
        low, high = value.start, value.end
        if low is None or high is None or not low < high:
            raise UserError(
                f"{override.input_line}: its range must rise, and {low} to {high} doesn't"
            )
        if log and low <= 0:
            raise UserError(f"{override.input_line}: a logarithm needs a range above 0, not {low}")
        if isinstance(low, int) or "int" in value.tags:
            return _number(key, IntDistribution(int(low), int(high), log=log), low, high)
        return _number(key, FloatDistribution(low, high, log=log), low, high)
    if isinstance(value, RangeSweep) and len(texts) > 1:
        numbers = sorted(float(text.partition("=")[2]) for text in texts)
        if all(map(float.is_integer, numbers)) and not (log and numbers[0] < 1):
            low, high = int(numbers[0]), int(numbers[-1])
            step = 1 if log else int(numbers[1]) - low
            return _number(key, IntDistribution(low, high, log=log, step=step), low, high)
    return _choice(key, texts)


def of_parameter(entry: Parameter) -> Dimension:
    """Return the dimension of a sweep file's parameter, in W&B's meaning.

    Optuna knows no normal, log-normal or beta distribution: of these a search varies the quantile.

    Args:
      entry: no constant.
    """
    fields, kind = entry.fields, entry.distribution.removeprefix("q_").removeprefix("inv_")
    if kind == "categorical":
        return _choice(entry.name, understood(f"{entry.name}={one}" for one in fields["values"]))

    def write(value: float) -> str:
        return understood([f"{entry.name}={rounded(value, entry)}"])[0]

    if kind == "int_uniform":
        distribution: BaseDistribution = IntDistribution(fields["min"], fields["max"])
    elif kind in ("uniform", "log_uniform_values"):
        distribution = FloatDistribution(fields["min"], fields["max"], log=kind != "uniform")
    else:
        quantiles = {
            "normal": lambda: stats.norm(fields["mu"], fields["sigma"]),
            "log_normal": lambda: stats.lognorm(fields["sigma"], scale=math.exp(fields["mu"])),
            "beta": lambda: stats.beta(fields["a"], fields["b"]),
        }[kind]()
        # Without its ends, which may lie at infinity.
        inner = FloatDistribution(1e-6, 1 - 1e-6)
        name = f"{entry.name} (quantile)"
        return Dimension(entry.name, name, inner, lambda value: write(quantiles.ppf(value)))
    return Dimension(entry.name, entry.name, distribution, write)


def _number(key: str, distribution: BaseDistribution, low: float, high: float) -> Dimension:
    def write(value: float) -> str:
        # With six digits, which is as much as a person reads.
        short = value if isinstance(value, int) else min(max(float(f"{value:.6g}"), low), high)
        return f"{key}={short}"

    return Dimension(key, key, distribution, write)


def _choice(key: str, texts: Sequence[str]) -> Dimension:
    written = {text.partition("=")[2]: text for text in texts}
    return Dimension(key, key, CategoricalDistribution(list(written)), written.__getitem__)
