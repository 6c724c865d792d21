"""The groups of how a run goes: optimizer, tracking, sweep; each key with its unit and range."""

from dataclasses import dataclass
from typing import Any

from nst.config.keys import LARGEST, key
from nst.optimizers.table import OPTIMIZERS
from nst.tracking.table import TRACKERS

#: Optuna's samplers, which nst/multirun/samplers.py makes.
SAMPLERS = ("tpe", "nsga2", "random", "qmc", "cmaes", "gp")


@dataclass
class Optimizer:
    """What moves the picture: Adam (Kingma and Ba 2014, arXiv:1412.6980), L-BFGS or SGD."""

    name: str = key("???", "set by `optimizer=`", choices=OPTIMIZERS)
    lr: float = key(
        10.0,
        "learning rate of Adam, in gray levels, and of SGD, in gray levels^2 / loss",
        low=0,
        above=True,
        high=1e9,
        noun="",
        label="learning rate",
    )
    b1: float = key(0.9, "Adam's decay rates", low=0, high=1, below=True, noun="", label="Adam b1")
    b2: float = key(
        0.999, "Adam's decay rates", low=0, high=1, below=True, noun="", label="Adam b2"
    )
    eps: float = key(1e-8, "Adam's epsilon", low=0, above=True, label="Adam eps")
    schedule: str = key(
        "constant",
        "how the learning rate falls",
        choices=("constant", "cosine", "exponential"),
        label="learning rate schedule",
    )
    decay: float = key(
        0.1,
        "what the schedule leaves of the learning rate at the end",
        low=0,
        above=True,
        high=1,
        noun="",
        label="learning rate left at the end",
    )
    memory: Any = key(
        10,
        "steps that L-BFGS remembers, by what they changed in picture and gradient",
        whole=True,
        low=1,
        high=100,
        unit="pictures",
        label="L-BFGS memory",
    )
    clamp: bool = key(
        False,
        "whether the picture is clipped to [0, 255] after each step",
        label="clipped to [0, 255]",
    )
    average: float = key(
        0.0,
        "decay of the average of pictures that is shown and kept; 0: off",
        low=0,
        high=1,
        below=True,
        noun="",
        label="average of pictures",
    )


@dataclass
class Tracking:
    """What goes to Weights & Biases; what is none here its variables may give: docs/tracking.md."""

    mode: str = key(
        "???",
        "set by `tracking=`; by default `WANDB_MODE`, if that is set",
        choices=TRACKERS,
    )
    project: str | None = key(
        None,
        r"project at W&B; none: as [W&B's environment variables](tracking.md) say, else `nst`",
        unit=r"up to 128 characters without `/\#?%:`",
    )
    entity: str | None = key(
        None, "team or user at W&B; none: as its variables say, else the account's default"
    )
    group: str | None = key(None, "group at W&B; none: as its variables say, else the sweep")
    name: str | None = key(
        None,
        "the run's name at W&B; none: as its variables say, else the overrides",
        unit="up to 128 characters",
    )
    tags: list[str] = key(
        [],
        "tags at W&B; `[]`: as its variables say",
        unit="a list of texts of 1 to 64 characters",
    )
    notes: str | None = key(None, "notes at W&B; none: as its variables say")
    alert: bool = key(
        False,
        "whether W&B sends its [alert](tracking.md) when a run diverges and when a sweep ends",
    )
    images_every: Any = key(
        20,
        "how often a picture is kept and logged; 0: only the first and the best",
        whole=True,
        low=0,
        high=10_000_000,
        unit="steps",
    )


@dataclass
class Assets:
    """What happens where a picture or weights can't be fetched."""

    fallback: bool = key(
        True, "whether a built-in is used, with a warning, where a file can't be fetched"
    )


@dataclass
class Sweep:
    """What becomes of the runs of a sweep, also of those that an earlier one left in its folder."""

    retry: bool = key(False, "whether runs diverged, failed or pruned in the folder are run again")
    save_every: float = key(
        30.0,
        "how often an unfinished run saves what it can resume from; 0: at every check",
        low=0,
        high=LARGEST,
        unit="seconds",
    )
    prune: Any = key(
        None,
        "steps after which poor runs of a sweep end, 20, or [20, 60]: [pruning](sweeps.md#pruning)",
        unit="steps",
    )
    report: bool = key(True, "whether a sweep ends by writing its [report](report.md)")
    zip: Any = key(
        None,
        "axes of a grid that go together, `[content,style]`: [grids](sweeps.md#grids)",
        unit="keys",
    )
    exclude: Any = key(
        None,
        "cells of a grid that are left out, `{pooling: max, tv.gamma: 0}`, or several of that",
        unit="keys and values",
    )
    shuffle: Any = key(
        None,
        "seed of the order of a grid's cells; none: as given",
        whole=True,
        low=0,
        high=2**32 - 1,
    )
    plan: Any = key(
        False,
        "`true`: print what the sweep would run and what it takes, and [run nothing]"
        "(scaling.md#before-it-runs); `probe`: measure two steps of each program for that",
        unit="`true`, `false`, `probe`",
    )
    budget: Any = key(
        None,
        "a sweep that would take longer is refused, [with the cells that fit]"
        "(scaling.md#before-it-runs)",
        unit="`90s`, `30m`, `1h30m`, `1d`",
    )
    reuse: Any = key(
        None,
        "where finished runs are looked for that are the same, to be taken instead of computed: "
        "[reuse](sweeps.md#runs-of-other-sweeps)",
        unit="folders",
    )


@dataclass
class Search:
    """What a search looks for, and how."""

    objective: Any = key(
        "best/loss/total",
        "what makes a run better, one name or a list: [objectives](sweeps.md#objectives)",
        unit="logged names",
    )
    trials: Any = key(
        20, "runs of a [search](sweeps.md#searches)", whole=True, low=1, high=100_000, unit="runs"
    )
    sampler: str = key("tpe", "what proposes a search's runs", choices=SAMPLERS)
    seed: Any = key(
        0, "of what a search or a random sweep file draws", whole=True, low=0, high=2**32 - 1
    )
    round: Any = key(
        None,
        "runs a search asks for at a time; none: as many as run at a time",
        whole=True,
        low=1,
        high=100_000,
        unit="runs",
    )
    storage: str | None = key(
        None,
        "where a search keeps its study, any URL that Optuna takes; none: in the sweep's folder",
        unit="`sqlite:///file.db`, ...",
    )
    study: str | None = key(None, "the study's name in that storage; none: `name`")
