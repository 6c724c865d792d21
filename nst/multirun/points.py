"""The points of a sweep, and how a point is written for Hydra."""

import itertools
import math
from typing import Any

import numpy as np

from nst.base.errors import UserError
from nst.command.typed import understood
from nst.multirun.parameter import Parameter
from nst.multirun.settings import MOST_RUNS
from nst.multirun.sweep_file import SweepFile

#: A value for each parameter, in the file's order.
Point = dict[str, Any]


def overrides(point: Point) -> list[str]:
    """Return a point as a run reads it that W&B's agent starts with ``${args_no_hyphens}``."""
    return understood(f"{name}={value}" for name, value in point.items())


def points(sweep: SweepFile, seed: int) -> list[Point]:
    """Return all points of a grid, or those that a random search draws.

    Args:
      sweep: the method is not bayes.
      seed: of a random search; a smaller run_cap gives the first of the same points.

    Raises:
      UserError: there are too many.
    """
    if sweep.method == "random":
        rng = np.random.default_rng(seed)
        return [
            {entry.name: draw(entry, rng) for entry in sweep.parameters}
            for _ in range(sweep.run_cap or 0)
        ]
    choices = [entry.choices() for entry in sweep.parameters]
    count = math.prod(map(len, choices))
    if count > MOST_RUNS:
        raise UserError(
            f"{sweep.path}: parameters make {count} runs, and one sweep has at most {MOST_RUNS}"
        )
    names = [entry.name for entry in sweep.parameters]
    grid = [dict(zip(names, values, strict=True)) for values in itertools.product(*choices)]
    return grid[: sweep.run_cap]


def draw(entry: Parameter, rng: np.random.Generator) -> Any:
    """Return one value of a parameter."""
    fields = entry.fields
    kind = entry.distribution.removeprefix("q_").removeprefix("inv_")
    if kind == "constant":
        return fields["value"]
    if kind.startswith("categorical"):
        chances = fields.get("probabilities")
        return fields["values"][int(rng.choice(len(fields["values"]), p=chances))]
    if kind == "int_uniform":
        return int(rng.integers(fields["min"], fields["max"], endpoint=True))
    if kind == "uniform":
        value = rng.uniform(fields["min"], fields["max"])
    elif kind == "log_uniform_values":
        # The inverse of a log-uniform value is log-uniform too, so inv_ draws from the same.
        value = math.exp(rng.uniform(math.log(fields["min"]), math.log(fields["max"])))
    elif kind == "normal":
        value = rng.normal(fields["mu"], fields["sigma"])
    elif kind == "log_normal":
        value = rng.lognormal(fields["mu"], fields["sigma"])
    else:
        value = rng.beta(fields["a"], fields["b"])
    return rounded(float(value), entry)


def rounded(value: float, entry: Parameter) -> float:
    """Return a drawn value as a multiple of q, or with six digits: as much as a person reads."""
    if "q" in entry.fields:
        # An int q makes ints, as in W&B's own engine.
        return type(entry.fields["q"])(round(value / entry.fields["q"]) * entry.fields["q"])
    if isinstance(value, int):
        return value
    low, high = entry.fields.get("min", -math.inf), entry.fields.get("max", math.inf)
    return float(min(max(float(f"{value:.6g}"), low), high))
