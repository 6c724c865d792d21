"""The numbers that runs are compared by: objectives, metrics, losses and times."""

from collections.abc import Mapping
from typing import Any

from nst.metrics.objective import Objective
from nst.metrics.registry import METRICS, PREFERENCE, described
from nst.report import voted
from nst.report.curves import number
from nst.report.summary import Report
from nst.rundir.runs import Run

LOSSES = (
    ("style", "style loss", "lower", "Unweighted style loss of the result."),
    ("content", "content loss", "lower", "Unweighted content loss of the result."),
    ("tv", "total variation loss", None, "Unweighted total variation of the result."),
)

#: What an objective means that is none of the others.
_OTHERWISE = {
    "losses": "Loss of the result.",
    "last": "Loss at the last step.",
}
_FIELDS = ("group", "name", "title", "better", "meaning")


def by(report: Report) -> list[dict[str, Any]]:
    """Return what runs can be compared by, what they were searched by first.

    Args:
      report: whose runs have numbers.
    """
    wanted = {place(one): one for one in (report.found.objectives if report.found else [])}
    rows = {(row["group"], row["name"]): row for row in _compared(report.runs)}
    for at, one in wanted.items():
        meaning = _OTHERWISE.get(at[0], "")
        asked = dict(zip(_FIELDS, (*at, one.title, one.better, meaning), strict=True))
        rows[at] = asked | rows.get(at, {}) | {"title": one.title, "objective": True}
    return [rows[at] for at in (*wanted, *(at for at in rows if at not in wanted))]


def _compared(runs: list[Run]) -> list[dict[str, Any]]:
    """Return what runs can be compared by: of every kind what at least one run has."""
    known = dict.fromkeys(name for run in runs for name in run.metrics)
    # What people said of most runs comes first; what a record of a later version has comes last.
    said = sum(run.metrics.get(PREFERENCE.name) is not None for run in runs)
    first = [name for name in known if voted.is_of(name) and 2 * said >= len(runs)]
    rows = [_of_metric(name) for name in dict.fromkeys([*first, *METRICS, *known])]
    rows += [("losses", *row) for row in LOSSES]
    rows += [
        ("time", "steps_s", "time in steps", "lower", "Seconds in steps, without compilation."),
        ("time", "s_per_step", "time per step", "lower", "Median seconds per step."),
    ]
    return [
        dict(zip(_FIELDS, row, strict=True))
        for row in rows
        if any(value(run, row[0], row[1]) is not None for run in runs)
    ]


def _of_metric(name: str) -> tuple[str, str, str, str | None, str]:
    one = described(name)
    if one is None:
        return ("metrics", name, name, None, "")
    return ("metrics", name, one.title, one.better, one.meaning)


def place(one: Objective) -> tuple[str, str]:
    """Return group and name of an objective among what runs are compared by.

    Args:
      one: what is looked for.
    """
    group, _, name = one.name.partition("/")
    if group == "metrics":
        return group, name
    return "losses" if group == "best" else "last", one.name.partition("loss/")[2]


def value(run: Run, group: str, name: str) -> float | None:
    """Return a number of a run, None where it has none.

    Args:
      run: whatever its end.
      group: "metrics", "losses" of the result, "last" ones or "time".
      name: in that group.
    """
    holders: dict[str, Mapping[str, Any]] = {
        "metrics": run.metrics,
        "losses": {**run.checks.get("best", {}), **run.losses},
        "last": run.checks.get("last", {}),
        "time": {"steps_s": run.steps_s, "s_per_step": run.s_per_step},
    }
    return number(holders[group].get(name))
