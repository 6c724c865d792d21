"""A W&B sweep file, read and checked on its own; needs neither Hydra nor W&B.

https://docs.wandb.ai/guides/sweeps/define-sweep-configuration describes the format.
"""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nst.base.errors import UserError, did_you_mean
from nst.command.options import options
from nst.config.schema import keys, unknown_key
from nst.metrics.objective import objective
from nst.multirun.early_terminate import early_terminate
from nst.multirun.parameter import Parameter, parameter
from nst.multirun.settings import MOST_RUNS

METHODS = ("grid", "random", "bayes")
GOALS = ("minimize", "maximize")
FIELDS = (
    *("program", "command", "method", "metric", "parameters", "run_cap", "early_terminate"),
    *("name", "description", "project", "entity", "apiVersion", "kind", "controller"),
    *("zip", "exclude", "objectives"),  # nst's own, of which W&B knows nothing
)

#: The modules that run what they are told, behind -m, and the files that W&B's ${program} may be.
RUN_MODULES = ("nst", "nst.run")
RUN_FILES = (("nst", "run.py"), ("nst", "__main__.py"))


@dataclass(frozen=True)
class SweepFile:
    """What a sweep file says."""

    path: Path
    method: str
    parameters: tuple[Parameter, ...]  # in the file's order
    metric: dict[str, Any]  # name and goal, perhaps target; empty where the file has none
    run_cap: int | None
    words: tuple[str, ...]  # the overrides that its command gives every run
    early_terminate: dict[str, Any] | None  # as `sweep.prune`
    zip: Any = None  # as `sweep.zip`
    exclude: Any = None  # as `sweep.exclude`
    objectives: tuple[str, ...] = ()  # whole names; instead of a metric

    def without(self, fixed: Iterable[str]) -> "SweepFile":
        """Return the sweep less the parameters named in `fixed`, which have their value."""
        names = set(fixed)
        rest = tuple(entry for entry in self.parameters if entry.name not in names)
        return dataclasses.replace(self, parameters=rest)


def read(path: Path) -> SweepFile:
    """Return the sweep that a file describes.

    Args:
      path: of a W&B sweep file.

    Raises:
      UserError: one sentence with the file and the field.
    """
    values = _mapping(path)
    for field in values:
        if field not in FIELDS:
            hint = did_you_mean(str(field), FIELDS)
            raise UserError(f"{path}: a sweep file has no field {field!r}{hint}")
    method = values.get("method")
    if method not in METHODS:
        raise UserError(
            f"{path}: method must be one of {', '.join(METHODS)}, not {method!r}"
            + did_you_mean(str(method), METHODS)
        )
    return SweepFile(
        path=path,
        method=method,
        parameters=_parameters(path, method, values.get("parameters")),
        metric=_metric(path, method, values),
        run_cap=_run_cap(path, method, values.get("run_cap")),
        words=_words(path, values.get("command"), values.get("program")),
        early_terminate=early_terminate(
            path, values.get("early_terminate"), "metric" in values or "objectives" in values
        ),
        **_shape(path, method, values),
        objectives=_objectives(path, values),
    )


def _mapping(path: Path) -> dict[Any, Any]:
    try:
        values = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise UserError(f"{path} is not YAML{where}: {_problem(error)}") from error
    if values is None:
        raise UserError(f"{path} is empty: a sweep file has at least {', '.join(FIELDS[1:5])}")
    if not isinstance(values, dict):
        raise UserError(
            f"{path} must hold fields such as method and parameters, not {values!r:.60}"
        )
    return values


def _problem(error: Exception) -> str:
    text = getattr(error, "problem", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())


def _parameters(path: Path, method: str, values: object) -> tuple[Parameter, ...]:
    if not isinstance(values, dict) or not values:
        raise UserError(f"{path}: parameters must give each parameter's values, not {values!r:.60}")
    known = [*keys(), *options()]
    for name in values:
        if name not in known:
            raise UserError(f"{path}: parameters.{name}: {unknown_key(str(name), options())}")
    return tuple(parameter(path, method, name, entry) for name, entry in values.items())


def _shape(path: Path, method: str, values: dict[Any, Any]) -> dict[str, Any]:
    found = {key: values[key] for key in ("zip", "exclude") if values.get(key) is not None}
    if found and method != "grid":
        raise UserError(f"{path}: {next(iter(found))} shapes a grid, and this is method: {method}")
    return found


def _objectives(path: Path, values: dict[Any, Any]) -> tuple[str, ...]:
    if "objectives" not in values:
        return ()
    asked = values["objectives"]
    if "metric" in values:
        raise UserError(f"{path}: objectives and metric both say what is better: keep one of them")
    if not isinstance(asked, list) or not asked:
        raise UserError(
            f"{path}: objectives must be a list of names, "
            f"[style_distance, content_distance], not {asked!r:.60}"
        )
    try:
        names = tuple(objective(str(one)).name for one in asked)
    except UserError as error:
        raise UserError(f"{path}: objectives: {error}") from error
    if len(set(names)) < len(names):
        raise UserError(f"{path}: objectives must be different ones, not {', '.join(names)}")
    return names


def _metric(path: Path, method: str, given: dict[Any, Any]) -> dict[str, Any]:
    values = given.get("metric")
    if values is None:
        if method == "bayes" and "objectives" not in given:
            raise UserError(
                f"{path}: metric is missing, which a bayes search lowers: "
                "metric: {name: best/loss/style, goal: minimize}"
            )
        return {}
    if not isinstance(values, dict):
        raise UserError(f"{path}: metric must have a name and a goal, not {values!r:.60}")
    allowed = ("name", "goal", "target", "impute")
    for field in values:
        if field not in allowed:
            hint = did_you_mean(str(field), allowed)
            raise UserError(f"{path}: metric has no field {field!r}{hint}")
    metric = {"goal": "minimize", **values}
    if metric["goal"] not in GOALS:
        raise UserError(f"{path}: metric.goal must be {' or '.join(GOALS)}, not {metric['goal']!r}")
    try:
        wanted = objective(str(metric.get("name")))
    except UserError as error:
        raise UserError(f"{path}: metric.name: {error}") from error
    goal = {"lower": "minimize", "higher": "maximize"}[wanted.better]
    if metric["goal"] != goal:
        raise UserError(
            f"{path}: metric.goal must be {goal}, since {wanted.better} {wanted.name} is better"
        )
    metric["name"] = wanted.name
    if not isinstance(metric.get("target", 0.0), int | float):
        raise UserError(f"{path}: metric.target must be a number, not {metric['target']!r}")
    return metric


def _run_cap(path: Path, method: str, value: object) -> int | None:
    if value is None and method == "grid":
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST_RUNS:
        raise UserError(
            f"{path}: run_cap must be the number of runs, from 1 to {MOST_RUNS}, "
            + ("and is missing" if value is None else f"not {value!r}")
        )
    return value


def _words(path: Path, command: object, program: object) -> tuple[str, ...]:
    """Return the overrides in the command itself, which must start a run of nst."""
    words = [str(word) for word in command] if isinstance(command, list) else []
    words = [str(program) if word == "${program}" else word for word in words]
    start = next((at for at, word in enumerate(words) if _is_run(word, words[:at])), None)
    if start is None or "${args_no_hyphens}" not in words[start:]:
        raise UserError(
            f"{path}: command must be the list ${{env}}, python, -m, nst, ${{args_no_hyphens}}, "
            + ("and is missing" if command is None else f"not {command!r:.90}")
        )
    # Whether a run goes to W&B at once is the agent's business; here it is the command line's.
    rest = words[start + 1 :]
    own = [
        word
        for word in rest[rest[0] == "run" :]
        if not word.startswith(("${", "-", "tracking=", "tracking.mode="))
    ]
    if not own:
        return ()
    from nst.command import typed  # loads Hydra's grammar

    return tuple(typed.understood(own))


def _is_run(word: str, before: list[str]) -> bool:
    """Return whether a word of a command is nst: as a module, a file, or the command `nst`."""
    if before[-1:] == ["-m"] or word.startswith("-m"):
        return word.removeprefix("-m") in RUN_MODULES
    if Path(word).parts[-2:] in RUN_FILES:
        return True
    # The command; `python nst` would be a file.
    python = any(w == "${interpreter}" or Path(w).name.startswith("python") for w in before)
    return Path(word).name == "nst" and not python
