"""How a sweep ended, in few words: for who is not there to see its report."""

from nst.config.running import Search
from nst.metrics.objective import Objective, objective
from nst.report import search
from nst.report.caption import counted
from nst.report.summary import Report
from nst.tracking.tracker import Alert


def alert(report: Report, spent: str = "") -> Alert:
    """Return how many runs there are and how they ended, how long it took, and the best of them.

    Args:
      report: of the sweep.
      spent: "3 min 20 s"; "": not known.
    """
    runs = report.runs
    good = all(run.status == "finished" for run in runs)
    took = f" in {spent}" if spent else ""
    lines = [f"{counted(runs, report.waiting)}{took}", *_best(report)]
    return Alert(f"Sweep {report.title} has ended", "\n".join(lines), good)


def _best(report: Report) -> list[str]:
    """Return which finished run is best by each objective, at most a line for each."""
    wanted = search.objectives(report.runs) or [objective(Search().objective)]
    return [line for one in wanted for line in _line(report, one)]


def _line(report: Report, one: Objective) -> list[str]:
    values = {run.name: search.value(run, one) for run in report.runs if run.status == "finished"}
    known = {name: value for name, value in values.items() if value is not None}
    if not known:
        return []
    pick, word = (max, "highest") if one.better == "higher" else (min, "lowest")
    name = pick(known, key=lambda name: known[name])
    settings = f" ({report.settings(name)})" if report.keys else ""
    return [f"{word} {one.name}: {known[name]:.4g}, run {name}{settings}"]
