"""A sweep's report at W&B: the grid, the front's pictures, the statistics, the command."""

from collections.abc import Collection
from typing import Any

import wandb_workspaces.reports.v2 as wr

from nst.base.errors import UserError
from nst.dashboard import command_line, panels, runset
from nst.dashboard.columns import targets
from nst.dashboard.sweep import Sweep
from nst.figure import fronts, gathered
from nst.report.factors import SEED
from nst.rundir.runs import Run
from nst.stats.compare import compare
from nst.stats.gather import gather
from nst.stats.write import text

#: Widths and the height of panels, in a report's columns, of which there are 24, and rows.
_WHOLE, _MOST, _HALF, _LEAST = 24, 18, 12, 6
_HIGH = 10


def report(sweep: Sweep, entity: str, name: str, seen: Collection[str], view: str) -> wr.Report:
    """Return the report of a sweep, of no server's yet.

    Args:
      sweep: to be told of.
      entity: whose project it is.
      name: its title.
      seen: ids of the runs that the server has.
      view: address of the sweep's view.
    """
    count = len(sweep.report.runs)
    keys = ", ".join(key.title for key in sweep.report.keys) or "nothing"
    opening = f"{count} runs; what varies: {keys}. The same runs in "
    originals = _placed(panels.originals(sweep), _LEAST)
    return wr.Report(
        entity=entity,
        project=sweep.project,
        title=name,
        description="A sweep of neural style transfer, by nst dashboard --report.",
        width="fluid",
        blocks=[
            wr.P([opening, wr.Link("their view", view), "."]),
            wr.H2("The picture grid"),
            _panels(sweep, entity, [_placed(panels.grid(), _MOST), originals]),
            wr.H2("The pictures that no other beats"),
            *_front(sweep, entity, seen),
            wr.H2("What each setting does"),
            wr.MarkdownBlock(_statistics(sweep)),
            _panels(sweep, entity, [_placed(panels.coordinates(sweep), _WHOLE)]),
            wr.H2("The command"),
            _command(sweep),
        ],
    )


def _panels(sweep: Sweep, entity: str, shown: list[Any], only: str | None = None) -> wr.PanelGrid:
    """Return panels of the sweep's runs, or of those alone that a filter lets through."""
    runs = wr.Runset(
        entity=entity,
        project=sweep.project,
        name=sweep.group[-60:],
        filters=only or runset.of_group(sweep.group),
    )
    return wr.PanelGrid(runsets=[runs], panels=shown)


def _placed(panel: Any, wide: int) -> Any:
    panel.layout = wr.Layout(w=wide, h=_HIGH)
    return panel


def _front(sweep: Sweep, entity: str, seen: Collection[str]) -> list[Any]:
    """Return the pictures of the Pareto front, or a sentence why there are none."""
    try:
        numbers, kept = _kept(sweep)
    except UserError as error:
        return [wr.P(_sentence(error))]
    known = [sweep.ids.get(run.name, "") for run in kept]
    ids = [one for one in known if one in seen]
    told = f"No run beats one of these {len(kept)} in both {numbers}: the Pareto front."
    if not ids:
        return [wr.P(f"{told} None of them is at W&B by the id that its record has.")]
    shown = [_placed(panels.results("The Pareto front"), _HALF)]
    shown += [_placed(one, _HALF) for one in panels.scatters(sweep)]
    return [wr.P(told), _panels(sweep, entity, shown, runset.of_runs(ids))]


def _kept(sweep: Sweep) -> tuple[str, list[Run]]:
    """Return the two numbers, and the runs that no other beats in both.

    Raises:
      UserError: too few runs finished with both.
    """
    both = fronts.both(sweep.report, gathered.metrics(sweep.report, []))
    groups = fronts.groups(sweep.report, both)
    kept = [sweep.report.runs[one.runs[at]] for one in groups for at in one.front]
    return f"{both[1]['title']} and {both[0]['title']}", kept


def _statistics(sweep: Sweep) -> str:
    """Return nst stats' own table of every key that varies, or a sentence why there is none."""
    names = [key.name for key in sweep.report.keys if key.name != SEED]
    wanted = targets(sweep.report.found.objectives if sweep.report.found else [])
    metrics = [one.name.removeprefix("best/") for one in wanted]
    try:
        whole = gather([sweep.folder], names, metrics)
        return text("markdown", whole, compare(whole, "t", None), "t")
    except UserError as error:
        return _sentence(error)


def _command(sweep: Sweep) -> wr.P | wr.CodeBlock:
    line = command_line.ran(sweep.folder)
    if line is None:
        return wr.P("There is no record of it in the sweep's folder.")
    return wr.CodeBlock(line, language=None)


def _sentence(error: UserError) -> str:
    said = str(error)
    return f"{said[:1].upper()}{said[1:]}."
