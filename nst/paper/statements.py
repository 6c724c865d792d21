"""The report's statements, tested with numbers over several pairs of pictures and seeds."""

from pathlib import Path
from statistics import geometric_mean, mean

from nst.paper import grids
from nst.paper.curves import number, point, style_ratio
from nst.report.notes import of_fallbacks
from nst.rundir import history
from nst.rundir.runs import Run

#: A pair's name in the first column.
_PAIRS = [f"{content_image}, {style_image}" for content_image, style_image in grids.PAIRS]


def text(folder: Path) -> str:
    """Return a Markdown section for each statement: a table, and what it says.

    Args:
      folder: of the paper.

    Raises:
      UserError: a run is missing or did not finish.
    """
    sections = [_poolings(folder), _smoothing(folder), _starts(folder), _best_of(folder)]
    return "\n".join([*_fallbacks(folder), *sections])


def _fallbacks(folder: Path) -> list[str]:
    every = [*grids.POOLING_STATEMENT, *grids.TV_STATEMENT, *grids.INIT_STATEMENT]
    runs = [run for grid in every for run in grids.runs(grid, folder).values()]
    return [f"{sentence}\n" for sentence in of_fallbacks(runs)]


def _poolings(folder: Path) -> str:
    """Compare the poolings as seen by the metrics' network, and by one with max pooling."""
    rows = []
    found: dict[str, list[float]] = {"avg": [], "max": []}
    for pair, grid in zip(_PAIRS, grids.POOLING_STATEMENT, strict=True):
        runs = grids.runs(grid, folder)
        row = [pair]
        for judge, ratios in found.items():
            curves = [
                [point(runs[pooling, beta], judge) for beta in grid.swept["beta"]]
                for pooling in grid.swept["pooling"]
            ]
            ratio = style_ratio(curves[0], curves[1])
            ratios += [] if ratio is None else [ratio]
            row.append("no content distance in common" if ratio is None else f"{ratio:.2f}")
        rows.append(row)
    lower = [
        f"in {sum(one < 1 for one in ratios)} of {len(ratios)} pairs as {judge} pooling sees it"
        for judge, ratios in found.items()
    ]
    return _section(
        "Average pooling gives a lower style distance at equal content distance",
        ["pair", "avg / max, seen by avg pooling", "avg / max, seen by max pooling"],
        rows,
        f"The style distance with average pooling is below that with max pooling {lower[0]}, "
        f"and {lower[1]}.",
    )


def _smoothing(folder: Path) -> str:
    keys = ("tv", "style_distance", "content_distance", "lpips")
    rows, ratios = [], []
    for at, pair in enumerate(_PAIRS):
        plain, smoothed = _plain(folder, at), grids.runs(grids.TV_STATEMENT[at], folder)
        for gamma, run in [("0", plain), *((gamma, run) for (gamma,), run in smoothed.items())]:
            rows.append([pair, gamma, *(f"{number(run, key):.3g}" for key in keys)])
        ratios.append([number(smoothed["1e3",], key) / number(plain, key) for key in keys])
    tv, style, *_ = (geometric_mean(each) for each in zip(*ratios, strict=True))
    return _section(
        "Total variation smooths without losing style",
        ["pair", "gamma", "total variation", "style distance", "content distance", "LPIPS"],
        rows,
        f"With gamma = 1e3 the total variation is {tv:.2f} times and the style distance "
        f"{style:.2f} times that without (geometric means).",
    )


def _starts(folder: Path) -> str:
    keys = ("content_distance", "lpips", "style_distance")
    rows, kept = [], 0
    for at, pair in enumerate(_PAIRS):
        from_content_image = _plain(folder, at)
        from_noise = grids.runs(grids.INIT_STATEMENT[at], folder).values()
        row = [pair]
        for key in keys:
            seeds = [number(run, key) for run in from_noise]
            row.append(f"{number(from_content_image, key):.3g}")
            row.append(f"{min(seeds):.3g} to {max(seeds):.3g}")
        rows.append(row)
        nearest = min(number(run, keys[0]) for run in from_noise)
        kept += number(from_content_image, keys[0]) < nearest
    head = [
        f"{key.replace('_', ' ')}, {start}" for key in keys for start in ("photograph", "noise")
    ]
    return _section(
        "Starting from the photograph keeps more content",
        ["pair", *head],
        rows,
        f"For {kept} of {len(rows)} pairs the content distance from the photograph is below that "
        f"from each of {len(grids.SEEDS)} seeds of noise.",
    )


def _best_of(folder: Path) -> str:
    starts = {
        "the photograph": [*grids.POOLING_STATEMENT, *grids.TV_STATEMENT],
        "noise": grids.INIT_STATEMENT,
    }
    rows = []
    for start, of_start in starts.items():
        gains = [_gain(run) for grid in of_start for run in grids.runs(grid, folder).values()]
        better = [gain for gain in gains if gain > 0]
        shares = (
            [f"{100 * one:.1f} %" for one in (mean(better), max(better))] if better else ["", ""]
        )
        rows.append([start, f"{len(better)} of {len(gains)}", *shares])
    return _section(
        "The best of every 20th step is better than the last step",
        ["start", "runs in which an earlier check was best", "lower total, mean", "at most"],
        rows,
        "The shares are of the last step's total loss, over the runs in which the rule helped.",
    )


def _plain(folder: Path, pair: int) -> Run:
    """Return the run of a pair with nst's defaults."""
    return grids.runs(grids.POOLING_STATEMENT[pair], folder)["avg", "1e4"]


def _gain(run: Run) -> float:
    """Return by which share of the last check's total the best check's is lower."""
    names, rows = history.texts(run.folder / "history.csv")
    totals = [float(row[names.index("total")]) for row in rows]
    # The check before the first step is no candidate.
    return 1 - min(totals[1:]) / totals[-1]


def _section(title: str, head: list[str], rows: list[list[str]], said: str) -> str:
    lines = [head, ["---"] * len(head), *rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"### {title}\n\n{table}\n\n{said}\n"
