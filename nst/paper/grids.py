"""The grids behind the figures and the statements, and the batched launcher that runs them."""

import itertools
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nst.base.errors import UserError
from nst.losses.statistics import STATISTICS
from nst.rundir.reader import read
from nst.rundir.runs import Run

#: The report's five, in its order.
STYLE_IMAGES = ("shipwreck", "starry", "scream", "seated_nude", "composition_vii")
#: Its content image, and one that is built in.
CONTENT_IMAGES = ("neckarfront", "chelsea")
#: A content image and a style image each, that the statements are tested on.
PAIRS = (("neckarfront", "starry"), ("chelsea", "scream"), ("coffee", "composition_vii"))
SEEDS = ("0", "1", "2")
#: The report's two, alpha/beta = 1e-3 and 1e-4.
STATED_BETAS = ("1e3", "1e4")
FAR_BETA = "1e5"

CONTENT_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1", "conv4_2")
STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
#: [conv1_1], [conv1_1,conv2_1], ...: Gatys' five sets.
UP_TO = tuple(f"[{','.join(STYLE_LAYERS[: last + 1])}]" for last in range(len(STYLE_LAYERS)))
#: alpha/beta of 1e-5 to 1e-2, as Gatys' figure 3 has them from left to right.
BETAS = ("1e5", "1e4", "1e3", "1e2")

_FROM_NOISE = {"content": "neckarfront", "style": "starry", "init": "noise", "optimizer": "lbfgs"}
_REPORT = {"content": "neckarfront", "style": "starry"}
#: From the photograph, but some 1e-4 gray levels apart for each seed.
_APART = {"init.mix": "1e-6"}
#: From noise, so that the photograph is there: 200 steps of Adam leave a texture without houses. A
#: start over the whole range leaves a pattern of dots, which average pooling doesn't see.
_QUIET = {
    "init": "noise",
    "init.amplitude": "10",
    "optimizer": "lbfgs",
    "steps": "400",
    "beta": "1e3",
    "tv.gamma": "1e2",
}


@dataclass(frozen=True)
class Grid:
    """One multirun: what its runs share, and the lists whose every combination is a run."""

    name: str  # its folder below the paper's
    shared: dict[str, str]
    swept: dict[str, Sequence[str]]
    half: bool = False  # at half the size, where numbers alone are wanted
    of_experiment: dict[str, Sequence[str]] = field(default_factory=dict)  # what it sweeps itself

    @property
    def cells(self) -> list[tuple[str, ...]]:
        """The swept values of each run, in the order of the jobs' numbers."""
        return list(itertools.product(*self.swept.values(), *self.of_experiment.values()))

    @property
    def settles(self) -> tuple[str, ...]:
        """The keys that have their values here."""
        return *self.shared, *self.swept, *self.of_experiment

    def overrides(self, size: int) -> list[str]:
        """Return the overrides of the multirun.

        Args:
          size: of the paper, in pixels.
        """
        shared = {"size": str(size // 2 if self.half else size), **self.shared}
        return [f"{key}={value}" for key, value in shared.items()] + [
            f"{key}={','.join(values)}" for key, values in self.swept.items()
        ]


CONTENT_RECONSTRUCTIONS = Grid(
    "figure1_content",
    # The style has no weight: one shallow layer is the least to compute.
    {**_FROM_NOISE, "beta": "0", "style.layers": "[conv1_1]"},
    {"content.layers": [f"[{layer}]" for layer in CONTENT_LAYERS]},
)
STYLE_RECONSTRUCTIONS = Grid(
    "figure1_style",
    {**_FROM_NOISE, "alpha": "0", "content.layers": "[conv1_1]"},
    {"style.layers": UP_TO},
)


def _gallery(content_image: str) -> tuple[Grid, Grid]:
    return (
        Grid(f"figures4to6_{content_image}", {"content": content_image}, {"style": STYLE_IMAGES}),
        Grid(
            f"figures4to6_{content_image}_noise",
            {"content": content_image, **_QUIET},
            {"style": STYLE_IMAGES},
        ),
    )


#: Of each content image: from the photograph as the report has it, and from noise.
GALLERIES = [_gallery(content_image) for content_image in CONTENT_IMAGES]
POOLINGS = Grid("figure7", _REPORT, {"pooling": ("avg", "max")})
SMOOTHED = Grid("figure8", {**_REPORT, "beta": "1e3"}, {"tv.gamma": ("0", "1e3")})
LAYERS_BY_RATIO = Grid(
    "gatys_figure3",
    {"content": "neckarfront", "style": "composition_vii"},
    {"style.layers": UP_TO, "beta": BETAS},
)


def _replicates(name: str, shared: dict[str, str], swept: dict[str, Sequence[str]]) -> list[Grid]:
    """Return a grid for each pair at half the size, with replicates, and for the first one whole.

    Runs from noise have a replicate for each seed. So have those from the photograph, which start
    some 1e-4 gray levels apart: what comes of that is the least that two runs differ by.
    """
    return [
        Grid(
            f"statements/{name}_{where}",
            {"content": content_image, "style": style_image, **shared},
            {**swept, "seed": seeds},
            half=half,
        )
        for (content_image, style_image), where, seeds, half in (
            *((pair, pair[0], SEEDS, True) for pair in PAIRS),
            (PAIRS[0], "confirmed", SEEDS[:1], False),
        )
    ]


#: Each statement's grids: one for each of PAIRS, then the one that confirms it at the whole size.
POOLING_STATEMENT = _replicates(
    "pooling", _APART, {"pooling": ("avg", "max"), "beta": STATED_BETAS}
)
#: Of the one pair whose curves of content and style don't reach each other without.
FAR_STATEMENT = [
    grid
    for grid in _replicates("far", {**_APART, "pooling": "avg"}, {"beta": (FAR_BETA,)})
    if grid.shared["content"] == "coffee"
]
#: Beside the plain runs, those of POOLING_STATEMENT with average pooling.
TV_STATEMENT = _replicates("tv", {**_APART, "tv.gamma": "1e3"}, {"beta": STATED_BETAS})
INIT_STATEMENT = _replicates("init", {"init": "noise"}, {})

#: One for each of PAIRS; each statistic with the beta that the experiment has for it, at 128 px.
STYLE_LOSSES = [
    Grid(
        f"style_losses/{content_image}",
        {"experiment": "style_losses", "content": content_image, "style": style_image},
        {},
        half=True,
        of_experiment={"style.statistic": tuple(STATISTICS)},
    )
    for content_image, style_image in PAIRS
]

#: What `figures=` names, and the grids that each needs.
FIGURES: dict[str, list[Grid]] = {
    "1": [CONTENT_RECONSTRUCTIONS, STYLE_RECONSTRUCTIONS],
    "4": [grid for gallery in GALLERIES for grid in gallery],
    "7": [POOLINGS],
    "8": [SMOOTHED],
    "gatys3": [LAYERS_BY_RATIO],
    "statements": [*POOLING_STATEMENT, *FAR_STATEMENT, *TV_STATEMENT, *INIT_STATEMENT],
    "losses": STYLE_LOSSES,
}


def run(grid: Grid, folder: Path, size: int, overrides: Sequence[str]) -> None:
    """Run what is left of a grid, in a process of its own, which says how it goes.

    Args:
      grid: to run.
      folder: of the paper.
      size: of the paper, in pixels.
      overrides: of the user, for every run.

    Raises:
      UserError: the grid did not end well; its process has said why.
    """
    command = [sys.executable, "-m", "nst.run", "-m"]
    command += [
        f"hydra.sweep.dir={folder / grid.name}",
        f"name=paper_{grid.name.replace('/', '_')}",
    ]
    ended = subprocess.run([*command, *grid.overrides(size), *overrides], check=False)
    if ended.returncode == 130:
        raise KeyboardInterrupt
    if ended.returncode:
        raise UserError(
            f"the grid {grid.name} ended with status {ended.returncode}: its message stands above, "
            "and the same command resumes there"
        )


def runs(grid: Grid, folder: Path) -> dict[tuple[str, ...], Run]:
    """Return the finished runs of a grid by their swept values.

    Raises:
      UserError: one of them is missing or did not finish.
    """
    found = {}
    for number, cell in enumerate(grid.cells):
        place = folder / grid.name / str(number)
        one = read(place, f"{grid.name}/{number}")
        if not isinstance(one, Run):
            raise UserError(f"{place} can't be read: {one.reason}")
        if one.status != "finished" or one.picture is None:
            raise UserError(f"{place} is {one.status}, and a figure needs it finished")
        found[cell] = one
    return found
