"""How each figure is laid out from its runs."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from nst.losses.statistics import STATISTICS
from nst.paper import grids, spread
from nst.paper.panel import Cell, Panel
from nst.report import thumbnails
from nst.rundir.runs import Run

_ROMAN = "abcdef"
#: Of figure 8: left, top and side of the enlarged part, shares of the width: the gables.
_CROP = (0.60, 0.22, 0.25)


def panels(name: str, folder: Path) -> dict[str, Panel]:
    """Return the panels of a figure, by the name of their file without its ending.

    Args:
      name: one of `nst.paper.grids.FIGURES`; the statements have none.
      folder: of the paper.

    Raises:
      UserError: a run is missing or did not finish.
    """
    return {file: make(folder) for file, make in _PANELS.get(name, {}).items()}


def files(name: str, form: str) -> list[str]:
    """Return the names of the files that a figure and its numbers are written into.

    Args:
      name: one of `nst.paper.grids.FIGURES`.
      form: of a figure, one of `nst.report.draw.FORMATS`.
    """
    return [*(f"{file}.{form}" for file in _PANELS.get(name, ())), *PAGES.get(name, ())]


def _reconstructions(folder: Path) -> Panel:
    content = grids.runs(grids.CONTENT_RECONSTRUCTIONS, folder)
    style = grids.runs(grids.STYLE_RECONSTRUCTIONS, folder)
    any_run = next(iter(content.values()))
    style_image, content_image = (
        _source(any_run, "style", folder),
        _source(any_run, "content", folder),
    )
    return Panel(
        "Figure 1. Reconstructions of the painting's style (above) and of the photograph's content "
        "(below), each from noise",
        [
            [
                Cell(style_image, "the painting") if style_image else None,
                *(
                    Cell(_picture(run), f"({_ROMAN[at]}) {_up_to(grids.STYLE_LAYERS[at])}")
                    for at, run in enumerate(style.values())
                ),
            ],
            [
                Cell(content_image, "the photograph") if content_image else None,
                *(
                    Cell(_picture(run), f"({_ROMAN[at]}) {layer}")
                    for at, (layer, run) in enumerate(
                        zip(grids.CONTENT_LAYERS, content.values(), strict=True)
                    )
                ),
            ],
        ],
        notes=[
            _made(any_run, "style loss alone above, content loss alone below"),
            *_fallbacks([*content.values(), *style.values()]),
        ],
        letters=False,
    )


def _gallery(gallery: tuple[grids.Grid, grids.Grid], folder: Path) -> Panel:
    rows: list[list[Cell | None]] = []
    notes, served = [], []
    for grid, start, caption in zip(
        gallery,
        ("from the photograph", "from noise"),
        ("the photograph", "the noise"),
        strict=True,
    ):
        runs = list(grids.runs(grid, folder).values())
        first = runs[0].folder / "images" / "step_00000.png"
        rows.append([Cell(first, caption) if first.exists() else None])
        rows[-1] += [
            Cell(_picture(run), _title(run, "style"), _source(run, "style", folder)) for run in runs
        ]
        notes.append(f"{start}: {_made(runs[0])}")
        served += runs
    return Panel(
        f"Figures 4 to 6. {_title(served[0], 'content')}, in the style of five paintings",
        rows,
        labels=["from the photograph", "from noise"],
        notes=[*notes, *_fallbacks(served)],
    )


def _poolings(folder: Path) -> Panel:
    runs = grids.runs(grids.POOLINGS, folder)
    row: list[Cell | None] = [
        Cell(_picture(runs["avg",]), "average pooling"),
        Cell(_picture(runs["max",]), "max pooling"),
    ]
    one = runs["avg",]
    title = f"Figure 7. Average against max pooling: {_title(one, 'style')}"
    return Panel(title, [row], notes=[_made(one), *_fallbacks(runs.values())])


def _smoothed(folder: Path) -> Panel:
    runs = grids.runs(grids.SMOOTHED, folder)
    columns = ["without total variation", "with total variation, gamma = 1e3"]
    whole: list[Cell | None] = [Cell(_picture(run)) for run in runs.values()]
    part: list[Cell | None] = [Cell(_picture(run), crop=_CROP) for run in runs.values()]
    one = runs["0",]
    shares = [
        f"{100 * spread.busiest(spread.pixels(_picture(run))):.0f} %" for run in runs.values()
    ]
    return Panel(
        "Figure 8. With and without total variation; below, the same part enlarged",
        [whole, part],
        columns,
        notes=[
            _made(one),
            f"Of the variation, {shares[0]} lies in the busiest tenth of the squares without, "
            f"{shares[1]} with it.",
            *_fallbacks(runs.values()),
        ],
    )


def _layers_by_ratio(folder: Path) -> Panel:
    runs = grids.runs(grids.LAYERS_BY_RATIO, folder)
    one = next(iter(runs.values()))
    return Panel(
        f"Gatys et al. 2015, figure 3. {_title(one, 'style')}: more style layers from row to row, "
        "more of the photograph from column to column",
        [[Cell(_picture(runs[layers, beta])) for beta in grids.BETAS] for layers in grids.UP_TO],
        columns=[f"alpha/beta = {beta.replace('e', 'e-')}" for beta in grids.BETAS],
        labels=[_up_to(layer) for layer in grids.STYLE_LAYERS],
        notes=[_made(one, "alpha = 1"), *_fallbacks(runs.values())],
        letters=False,
    )


def _style_losses(folder: Path) -> Panel:
    rows: list[list[Cell | None]] = []
    labels, served = [], []
    for grid in grids.STYLE_LOSSES:
        runs = list(grids.runs(grid, folder).values())
        sources = [_source(runs[0], key, folder) for key in ("content", "style")]
        rows.append([Cell(one) if one else None for one in sources])
        rows[-1] += [Cell(_picture(run)) for run in runs]
        labels.append(runs[0].sources["content"].name)
        served += runs
    one = served[0].values
    return Panel(
        "The style statistics, each with the beta that keeps as much of the first photograph as "
        "gram does with 1e4",
        rows,
        columns=["photograph", "painting", *STATISTICS],
        labels=labels,
        notes=[
            f"{one['network']}, {one['size']} px, {one['steps']} steps of {one['optimizer']}, "
            f"alpha = {one['alpha']:g}",
            *_fallbacks(served),
        ],
        letters=False,
    )


#: The page of numbers that comes with a name.
PAGES = {"statements": ["statements.md"], "losses": ["style_losses.md"]}
#: What each figure's files show.
_PANELS: dict[str, dict[str, Callable[[Path], Panel]]] = {
    "1": {"figure1": _reconstructions},
    "4": {gallery[0].name: partial(_gallery, gallery) for gallery in grids.GALLERIES},
    "7": {"figure7": _poolings},
    "8": {"figure8": _smoothed},
    "gatys3": {"gatys_figure3": _layers_by_ratio},
    "losses": {"style_losses": _style_losses},
}


def _up_to(layer: str) -> str:
    return layer if layer == grids.STYLE_LAYERS[0] else f"up to {layer}"


def _picture(run: Run) -> Path:
    return run.folder / "result.png"


def _title(run: Run, key: str) -> str:
    return run.sources[key].title or run.sources[key].name


def _source(run: Run, key: str, folder: Path) -> Path | None:
    """Return a small copy of the picture that was used, if its very bytes are still there."""
    found = thumbnails.of_sources([(run.sources[key], run.folder)], key, folder)
    return next((path for _, path in found.values()), None)


def _made(run: Run, weights: str | None = None) -> str:
    """Return how the runs of a figure were made, where it doesn't say otherwise itself."""
    values = run.values
    gamma = f", gamma = {values['tv.gamma']:g}" if values["tv.gamma"] else ""
    weights = weights or f"alpha = {values['alpha']:g}, beta = {values['beta']:g}{gamma}"
    steps = f"{values['steps']} steps of {values['optimizer']}"
    return f"{values['network']}, {values['size']} px, {steps}, {weights}"


def _fallbacks(runs: Iterable[Run]) -> list[str]:
    """Return which fallback was used for what was asked, as a reader must know it."""
    served = {source for run in runs for source in run.sources.values() if source.instead_of}
    said = sorted({f"{one.name} for {one.instead_of}" for one in served})
    return [f"Fallbacks used: {', '.join(said)}"] if said else []
