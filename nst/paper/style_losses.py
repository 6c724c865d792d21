"""The style statistics side by side: each one's results as every other sees them."""

from pathlib import Path

import numpy as np

from nst.base.errors import UserError
from nst.losses.statistics import STATISTICS
from nst.paper import grids, judged
from nst.paper.curves import number, used
from nst.paper.spread import pixels
from nst.paper.tables import markdown
from nst.report.notes import of_fallbacks
from nst.rundir.runs import Run

_ABOUT = """\
Style distance of a row's pictures by the statistic of a column, over that of the column's own
pictures: the geometric mean over {pairs} pairs of photograph and painting. Each column has 1 where
it judges itself; judges that draw at random draw otherwise than the runs did. Below, how far the
pictures are from the photographs, and the time of a step over that of gram."""


def text(folder: Path) -> str:
    """Return two tables in Markdown: what each statistic says of all, and metrics and time.

    Args:
      folder: of the paper.

    Raises:
      UserError: a run is missing or did not finish, or a picture that it used is gone.
    """
    of_pairs = [_by_statistic(grid, folder) for grid in grids.STYLE_LOSSES]
    every = [run for runs in of_pairs for run in runs.values()]
    about = _ABOUT.format(pairs=len(of_pairs))
    tables = [_judged(of_pairs), _measured(of_pairs)]
    return "\n\n".join([*of_fallbacks(every), about, *tables]) + "\n"


def _by_statistic(grid: grids.Grid, folder: Path) -> dict[str, Run]:
    found = {run.values["style.statistic"]: run for run in grids.runs(grid, folder).values()}
    if set(found) != set(STATISTICS):
        raise UserError(f"{folder / grid.name} was made with other style statistics: remove it")
    return found


def _judged(of_pairs: list[dict[str, Run]]) -> str:
    painted = []
    for runs in of_pairs:
        any_run = runs["gram"]
        pictures = {"photograph": used(any_run, "content")}
        pictures |= {name: pixels(run.folder / "result.png") for name, run in runs.items()}
        painted.append(judged.distances(pictures, used(any_run, "style")))
    found = judged.matrix(painted)
    rows = [[name, *map(_short, found[name])] for name in (*STATISTICS, "photograph")]
    return markdown(["painted by, judged by", *STATISTICS], rows)


def _measured(of_pairs: list[dict[str, Run]]) -> str:
    rows = []
    for name in STATISTICS:
        runs = [of_pair[name] for of_pair in of_pairs]
        content = [f"{number(run, 'content_distance'):.2f}" for run in runs]
        lpips = np.mean([number(run, "lpips") for run in runs])
        times = [_step(of_pair[name]) / _step(of_pair["gram"]) for of_pair in of_pairs]
        beta = f"{runs[0].values['beta']:g}"
        rows.append([name, beta, *content, f"{lpips:.2f}", _short(np.exp(np.mean(np.log(times))))])
    head = [f"content distance, {pair[0]}" for pair in grids.PAIRS]
    return markdown(["painted by", "beta", *head, "LPIPS, mean", "time of a step"], rows)


def _step(run: Run) -> float:
    if not run.s_per_step:
        raise UserError(f"{run.name} has no time of a step")
    return run.s_per_step


def _short(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"
