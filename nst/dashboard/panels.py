"""The panels of a view and of a report, in W&B's own terms."""

import wandb_workspaces.reports.v2 as wr

from nst.dashboard.columns import Column, distances, swept, targets
from nst.dashboard.sweep import Sweep
from nst.report.factors import SEED
from nst.tracking import wandb_shown

#: Runs that a panel shows at most, as far as W&B draws them in good time.
MOST_RUNS = 100
#: Content and style images of a panel.
_MOST_KEYS = 20
_ORIGINALS = ("content", "style")
_LOSSES = ("loss/style", "loss/content", "loss/total")


def grid() -> wr.MediaBrowser:
    """Return the labeled picture grid, which the run `cells` has."""
    return wr.MediaBrowser(title="Picture grid", media_keys=["grid"], num_columns=1)


def originals(sweep: Sweep) -> wr.MediaBrowser:
    """Return the content and style images, which the run `cells` has.

    Args:
      sweep: that was made from them.
    """
    used = {
        wandb_shown.key(f"{group}/{source.name}")
        for run in sweep.report.runs
        for key, source in run.sources.items()
        if (group := key.partition("/")[0]) in _ORIGINALS and source.sha256
    }
    return wr.MediaBrowser(title="What it was made from", media_keys=sorted(used)[:_MOST_KEYS])


def results(title: str = "Results") -> wr.MediaBrowser:
    """Return the result of each run.

    Args:
      title: of the panel.
    """
    return wr.MediaBrowser(title=title, media_keys=["result"], gallery_axis="run")


def on_the_way() -> wr.MediaBrowser:
    """Return the pictures on the way, with W&B's slider over the steps."""
    return wr.MediaBrowser(title="On the way: slide over the steps", media_keys=["picture"])


def coordinates(sweep: Sweep) -> wr.ParallelCoordinatesPlot:
    """Return a line a run through the settings that vary and the numbers they lead to.

    Args:
      sweep: whose settings they are.
    """
    columns = [*swept(sweep.report), *numbers(sweep)]
    return wr.ParallelCoordinatesPlot(
        title="Settings and what they lead to",
        columns=[
            wr.ParallelCoordinatesPlotColumn(
                metric=_metric(one), display_name=one.title, log=one.log or None
            )
            for one in columns
        ],
    )


def scatters(sweep: Sweep) -> list[wr.ScatterPlot]:
    """Return style distance over content distance, and a search's first two objectives.

    Args:
      sweep: that may be a search.
    """
    style, content = distances()
    pairs = [(content, style)]
    wanted = _judged(sweep)
    if len(wanted) > 1 and {wanted[0].name, wanted[1].name} != {style.name, content.name}:
        pairs.append((wanted[1], wanted[0]))
    return [
        wr.ScatterPlot(title=f"{y.title} over {x.title}", x=_metric(x), y=_metric(y))
        for x, y in pairs
    ]


def importances(sweep: Sweep) -> list[wr.ParameterImportancePlot]:
    """Return for each number that runs are judged by how much each setting matters for it.

    Args:
      sweep: that may be a search.
    """
    return [wr.ParameterImportancePlot(with_respect_to=one.name) for one in _judged(sweep)]


def bars(sweep: Sweep) -> list[wr.BarPlot]:
    """Return bars of the numbers that runs are judged by: by seed, or where that is one, each run.

    Args:
      sweep: whose seeds may vary.
    """
    seeds = any(key.name == SEED for key in sweep.report.keys)
    found = []
    for one in _judged(sweep):
        if seeds:
            bar = wr.BarPlot(
                title=f"{one.title} by seed: mean and standard deviation",
                metrics=[one.name],
                groupby=wr.Config(SEED),
                groupby_aggfunc="mean",
                groupby_rangefunc="stddev",
            )
        else:
            shown = min(len(sweep.report.runs), MOST_RUNS)
            bar = wr.BarPlot(
                title=one.title, metrics=[one.name], max_runs_to_show=shown, max_bars_to_show=shown
            )
        found.append(bar)
    return found


def losses() -> list[wr.LinePlot]:
    """Return the losses by step, unweighted, on axes of powers."""
    return [wr.LinePlot(title=name, x="Step", y=[name], log_y=True) for name in _LOSSES]


def comparer() -> wr.RunComparer:
    """Return what differs between runs, side by side."""
    return wr.RunComparer(diff_only=True)


def numbers(sweep: Sweep) -> list[Column]:
    """Return the numbers that stand beside the settings: a search's objectives, two distances.

    Args:
      sweep: that may be a search.
    """
    return list({one.name: one for one in (*_judged(sweep), *distances())}.values())


def _judged(sweep: Sweep) -> list[Column]:
    return targets(sweep.report.found.objectives if sweep.report.found else [])


def _metric(column: Column) -> wr.Config | wr.SummaryMetric:
    return wr.Config(column.name) if column.of_config else wr.SummaryMetric(column.name)
