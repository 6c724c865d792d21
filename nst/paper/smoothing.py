"""The statement on total variation: what it takes away, and where it leaves the strokes."""

from pathlib import Path

import numpy as np

from nst.paper import grids, spread, tables
from nst.paper.curves import used
from nst.paper.replicates import Numbers, divided, of_setting, subtracted, verdict
from nst.rundir.runs import Run

#: What is compared, and as what metric.
_METRICS = {
    "total variation": "tv",
    "style distance": "style_distance",
    "content distance": "content_distance",
}
_SEEN = {"busiest tenth": spread.busiest, "clipped": spread.clipped}

_ABOUT = """\
With gamma = 1e3 over without, as ratios, and for the last two columns in percentage points.
`busiest tenth` is the share of a picture's total variation that lies in the busiest tenth of its
squares, each a sixteenth of the long edge: 10 % where it is the same everywhere, {style} in the
paintings, {content} in the photographs. `clipped` is the share of pixels with a channel at 0 or
255."""


def said(folder: Path) -> tuple[str, str]:
    """Return the verdict, and what it rests on.

    Args:
      folder: of the paper.
    """
    verdicts, parts = [], []
    for beta in grids.STATED_BETAS:
        plain = of_setting(grids.POOLING_STATEMENT, folder, "avg", beta)
        smooth = of_setting(grids.TV_STATEMENT, folder, beta)
        columns: dict[str, tables.Column] = {
            name: (divided(smooth, plain, key), tables.ratio) for name, key in _METRICS.items()
        }
        levels = []
        for name, share in _SEEN.items():
            own, without = (
                [[share(spread.pixels(run.folder / "result.png")) for run in of] for of in side]
                for side in (smooth, plain)
            )
            columns[name] = (subtracted(own, without), tables.points)
            levels.append(f"{name} {_mean(without)} without, {_mean(own)} with it")
        verdicts.append(f"beta = {beta}: {_verdict(columns)}")
        parts.append(f"beta = {beta}; {', '.join(levels)}:\n\n{tables.by_pair(columns)}")
    first = of_setting(grids.POOLING_STATEMENT, folder, "avg", grids.STATED_BETAS[0])
    about = _ABOUT.format(style=_of_sources(first, "style"), content=_of_sources(first, "content"))
    return ". ".join(verdicts), "\n\n".join([about, *parts])


def _verdict(columns: dict[str, tables.Column]) -> str:
    """Return what total variation does, by the intervals over the pairs."""
    at = {name: verdict(found.over) for name, (found, _) in columns.items()}
    smooth = {"lower": "smoother", "higher": "rougher", "open": "smoother or not is open"}
    distance = {"lower": "lower", "higher": "higher", "open": "open"}
    strokes = {
        "lower": "the strokes spread",
        "higher": "the strokes gather in fewer places",
        "open": "whether the strokes gather is open",
    }
    return (
        f"{smooth[at['total variation']]}, {tables.over(columns['total variation'])}; "
        f"style distance {distance[at['style distance']]}, "
        f"{tables.over(columns['style distance'])}; "
        f"{strokes[at['busiest tenth']]}, {tables.over(columns['busiest tenth'])} points"
    )


def _of_sources(runs: list[list[Run]], key: str) -> str:
    return _mean([[spread.busiest(used(of[0], key))] for of in runs[: len(grids.PAIRS)]])


def _mean(shares: Numbers) -> str:
    """Return the mean over the pairs in percent."""
    return f"{100 * np.mean([np.mean(each) for each in shares[: len(grids.PAIRS)]]):.0f} %"
