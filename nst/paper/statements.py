"""The report's statements, tested with numbers over several pairs of pictures and replicates."""

import math
from pathlib import Path

from nst.paper import grids, smoothing
from nst.paper.curves import Point, point, style_ratio
from nst.paper.replicates import compared, divided, of_setting, scatter, verdict
from nst.paper.tables import by_pair, markdown, over, percent, ratio
from nst.report.notes import of_fallbacks
from nst.rundir import history
from nst.rundir.runs import Run

_POOLING = "Average pooling gives a lower style distance at equal content distance"
_TV = "Total variation smooths without losing style"
_START = "Starting from the photograph keeps more content"
_BEST = "The best of every 20th step is better than the last step"


def text(folder: Path) -> str:
    """Return the verdicts as Markdown, and a section for each statement with what it rests on.

    Args:
      folder: of the paper.

    Raises:
      UserError: a run is missing or did not finish.
    """
    said = {
        _POOLING: _poolings(folder),
        _TV: smoothing.said(folder),
        _START: _starts(folder),
        _BEST: _best_of(folder),
    }
    rows = [[title, verdict] for title, (verdict, _) in said.items()]
    sections = [f"### {title}\n\n{shown}\n" for title, (_, shown) in said.items()]
    verdicts = markdown(["statement", "held here?"], rows)
    return "\n".join([*_fallbacks(folder), f"{verdicts}\n", f"{_how(folder)}\n", *sections])


def _how(folder: Path) -> str:
    """Return how the intervals are made, and by how much replicates differ."""
    photograph, noise = (
        100 * scatter(of[: len(grids.PAIRS)], folder, "style_distance")
        for of in (grids.POOLING_STATEMENT, grids.INIT_STATEMENT)
    )
    return (
        "In brackets are 95 % intervals by Student's t: a pair's over its "
        f"{len(grids.SEEDS)} replicates, that of all pairs over the {len(grids.PAIRS)}, each of "
        "which counts as the mean of its replicates. A verdict is open where that interval doesn't "
        "leave out no effect, and with so few pairs only large effects do. Replicates of one "
        f"setting differ by {photograph:.1f} % in style distance from the photograph, and by "
        f"{noise:.1f} % from noise (standard deviation). The row `whole size` is another run, of "
        "the first pair, to confirm the others; it counts in none of them."
    )


def _fallbacks(folder: Path) -> list[str]:
    every = grids.FIGURES["statements"]
    runs = [run for grid in every for run in grids.runs(grid, folder).values()]
    return [f"{sentence}\n" for sentence in of_fallbacks(runs)]


# --- Each returns the verdict, and what it rests on ---------------------------------------------


def _poolings(folder: Path) -> tuple[str, str]:
    """Compare the poolings as seen by the metrics' network, and by one with max pooling."""
    said = {"lower": "yes", "higher": "no, it is higher", "open": "open"}
    found = {
        judge: compared(
            [_at_equal_content(grid, folder, judge) for grid in grids.POOLING_STATEMENT]
        )
        for judge in ("avg", "max")
    }
    shown = by_pair(
        {f"avg / max, seen by {judge} pooling": (found[judge], ratio) for judge in found}
    )
    held = "; ".join(
        f"as {judge} pooling sees it: {said[verdict(one.over)]}, {over((one, ratio))}"
        for judge, one in found.items()
    )
    return held, (
        "Style distance of runs with average pooling over that with max pooling, at equal content "
        f"distance: each pooling ran with beta = {' and '.join(grids.STATED_BETAS)}, average "
        f"pooling with {grids.FAR_BETA}, too, for the last pair, whose curves don't meet without. "
        f"They are compared where they overlap: below 1, average pooling did better.\n\n{shown}"
    )


def _at_equal_content(grid: grids.Grid, folder: Path, judge: str) -> list[float]:
    """Return the logarithm of average over max pooling, of each replicate whose curves overlap."""
    runs = grids.runs(grid, folder)
    for far in grids.FAR_STATEMENT:
        if far.shared["content"] == grid.shared["content"]:
            runs |= {("avg", *cell): run for cell, run in grids.runs(far, folder).items()}

    def curve(pooling: str, seed: str) -> list[Point]:
        cells = [cell for cell in runs if (cell[0], cell[-1]) == (pooling, seed)]
        return [point(runs[cell], judge) for cell in cells]

    found = [style_ratio(curve("avg", seed), curve("max", seed)) for seed in grid.swept["seed"]]
    return [math.log(one) for one in found if one is not None]


def _starts(folder: Path) -> tuple[str, str]:
    photograph = of_setting(grids.POOLING_STATEMENT, folder, "avg", "1e4")
    noise = of_setting(grids.INIT_STATEMENT, folder)
    keys = ("content_distance", "lpips", "style_distance")
    found = {key: divided(photograph, noise, key) for key in keys}
    content = found["content_distance"]
    said = {"lower": "yes", "higher": "no, it keeps less", "open": "open"}[verdict(content.over)]
    shown = by_pair({key.replace("_", " "): (one, ratio) for key, one in found.items()})
    return f"{said}, content distance over that from noise: {over((content, ratio))}", (
        "From the photograph over from noise, as ratios: below 1, the run from the photograph is "
        f"nearer. Replicates from noise have other seeds. All have as many steps.\n\n{shown}"
    )


def _best_of(folder: Path) -> tuple[str, str]:
    starts = {
        "the photograph": [grids.POOLING_STATEMENT, grids.TV_STATEMENT],
        "noise": [grids.INIT_STATEMENT],
    }
    rows, held = [], []
    for start, statements in starts.items():
        gains = [
            [_gain(run) for grid in of_pair for run in grids.runs(grid, folder).values()]
            for of_pair in zip(*statements, strict=True)
        ]
        found = compared(gains)
        every = [gain for of_pair in gains[:-1] for gain in of_pair]
        helped = f"{sum(gain > 0 for gain in every)} of {len(every)}"
        # A pair's runs are of several settings, so their spread is no error.
        *of_pairs, whole = (
            f"{100 * one.mean:.1f} %" if one else "" for one in (*found.pairs, found.confirmed)
        )
        rows.append([start, helped, *of_pairs, percent(found.over), whole])
        said = {"higher": "yes", "lower": "no", "open": "open"}[verdict(found.over)]
        held.append(f"from {start}: {said}, in {helped} runs, by {percent(found.over)} on average")
    pairs = [", ".join(pair) for pair in grids.PAIRS]
    head = ["start", "runs it helped", *pairs, "all pairs", "whole size"]
    return "; ".join(held), (
        "By how much the total loss at the best check is below that at the last one: the mean over "
        "all of a pair's runs, also those that it did not help. It can't be above, since the last "
        f"check is one of them.\n\n{markdown(head, rows)}"
    )


def _gain(run: Run) -> float:
    """Return by which share of the last check's total the best check's is lower."""
    names, rows = history.texts(run.folder / "history.csv")
    totals = [float(row[names.index("total")]) for row in rows]
    # The check before the first step is no candidate.
    return 1 - min(totals[1:]) / totals[-1]
