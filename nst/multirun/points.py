"""The points of a sweep, and how a point is written for Hydra."""

import contextlib
import math
from typing import Any

import numpy as np
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from nst.base.errors import UserError
from nst.command.typed import understood
from nst.config.running import Sweep
from nst.multirun import shape
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
    choices = {entry.name: entry.choices() for entry in sweep.parameters}
    lengths = list(map(len, choices.values()))
    # Axes that go together are not more than one of them.
    count = max(lengths) if sweep.zip else math.prod(lengths)
    if count > MOST_RUNS:
        raise UserError(
            f"{sweep.path}: parameters make {count} runs, and one sweep has at most {MOST_RUNS}"
        )
    return _grid(sweep, choices)[: sweep.run_cap]


def _grid(sweep: SweepFile, choices: dict[str, Any]) -> list[Point]:
    """Return the points of a grid in the shape that its file gives it."""
    texts = {
        name: [overrides({name: value})[0] for value in values] for name, values in choices.items()
    }
    known = {name: dict(zip(texts[name], values, strict=True)) for name, values in choices.items()}
    axes = [shape.Axis(name, tuple(several)) for name, several in texts.items()]
    wanted = Sweep(zip=sweep.zip, exclude=_as_read(sweep.exclude))
    cells = shape.cells(axes, wanted, f"{sweep.path}: ", MOST_RUNS)
    return [
        {name: known[name][text] for name, text in zip(known, cell, strict=True)} for cell in cells
    ]


def _as_read(exclude: Any) -> Any:
    """Return what is left out with each text as a run reads it: "[conv1_1]" is a list there."""
    if isinstance(exclude, list):
        return [_as_read(one) for one in exclude]
    if not isinstance(exclude, dict):
        return exclude
    parser = OverridesParser.create()
    found = {}
    for key, value in exclude.items():
        with contextlib.suppress(HydraException):  # no cell has it
            value = parser.parse_override(overrides({key: value})[0]).value()
        found[key] = value
    return found


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
