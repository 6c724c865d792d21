"""The groups of the configuration: each key with its unit, range, choices and meaning."""

from dataclasses import dataclass
from typing import Any

from nst.config.keys import LARGEST, group, key
from nst.losses.statistics import STATISTICS
from nst.networks.spec import NETWORKS
from nst.optimizers.table import OPTIMIZERS
from nst.tracking.table import TRACKERS

REDUCTIONS = ("sum", "mean")

#: The meanings that two groups share.
_PATH = "your own picture, instead of the named one: [picture files](#picture-files)"
_MASK = (
    "which region of the content image takes its style from which of the style image, "
    "[below](#regions)"
)


@dataclass
class Source:
    """What a name in the configuration stands for: a file to fetch, or one that is built in."""

    name: str = key("???", "what the user types: style=starry")
    title: str = key("", "work, author, year, license: for people")
    url: str | None = key(None, "where the file is fetched from; none: built in")
    checksum: str | None = key(None, "sha256:HEX or md5:HEX of the file's bytes")
    file: str | None = key(None, "the file's name in the cache folder")
    fallback: str | None = key(None, "built-in used if the url can't be reached")


@dataclass
class NetworkSource(Source):
    """Where the weights of a network come from."""

    name: str = key("???", "the network", choices=NETWORKS)


@dataclass
class Content:
    """The content image, and the layers of the content loss."""

    source: Source = group(Source, flat=True, role="source")
    path: str | None = key(None, _PATH, unit="a picture file", role="source")
    mask: str | None = key(
        None,
        _MASK,
        unit="two picture files of flat colors",
        role="file",
        label="regions of content",
    )
    layers: Any = key(
        None,
        "layers of the content loss",
        unit="[layers](#layers-and-their-weights)",
        label="content layers",
    )
    reduction: str = key(
        "sum",
        "of a layer's squared differences, [below](#losses)",
        choices=REDUCTIONS,
        label="content loss reduction",
    )


@dataclass
class Style:
    """The style image or images, and the layers of the style loss."""

    source: Source = group(Source, flat=True, role="source")
    path: str | None = key(None, _PATH, unit="a picture file", role="source")
    mask: str | None = key(
        None, _MASK, unit="two picture files of flat colors", role="file", label="regions of style"
    )
    layers: Any = key(
        None,
        "layers of the style loss",
        unit="[layers](#layers-and-their-weights)",
        label="style layers",
    )
    statistic: str = key(
        "gram",
        "what of a layer is compared, [below](#style-statistics)",
        choices=STATISTICS,
        label="style statistic",
    )
    normalize: str = key(
        "none",
        "`channels`: each style layer's weight over its channels squared",
        choices=("none", "channels"),
        label="style weights normalized",
    )
    size: Any = key(
        None,
        "long edge of the style images, so the size of their brush strokes; none: as `size`",
        whole=True,
        low=16,
        high=16384,
        unit="pixels",
        label="painting's size in pixels",
    )
    blend: Any = key(
        None,
        "several style images with weights, instead of one",
        unit="[images](#several-paintings)",
        role="source",
        label="paintings",
    )


@dataclass
class Network:
    """The network and the file its weights come from."""

    source: NetworkSource = group(NetworkSource, flat=True, role="source")
    weights: str | None = key(
        None, "your own weights for `network=`", unit="a Keras HDF5 file", role="source"
    )


@dataclass
class TV:
    """Total variation."""

    gamma: float = key(0.0, "weight of the total variation", low=0, label="TV weight gamma")
    form: str = key(
        "absolute",
        "form of the total variation, [below](#losses)",
        choices=("absolute", "power"),
        label="TV form",
    )
    exponent: float = key(2.0, "of the form `power`", low=2, high=10, label="TV exponent")
    reduction: str = key(
        "sum",
        "`mean`: over the numbers of the picture",
        choices=REDUCTIONS,
        label="TV reduction",
    )


@dataclass
class Init:
    """Where the picture starts."""

    name: str = key("???", "set by `init=`", choices=("content", "style", "noise", "file"))
    path: str | None = key(
        None,
        "where the picture starts, with `init=file` and only then",
        unit="a picture file",
        role="file",
    )
    amplitude: float = key(
        127.5,
        "the noise is uniform over 127.5 plus or minus this",
        low=0,
        high=127.5,
        unit="grey levels",
    )
    mix: float = key(0.0, "share of noise in the start, [below](#start)", low=0, high=1)


@dataclass
class Optimizer:
    """What moves the picture: Adam (Kingma and Ba 2014, arXiv:1412.6980), L-BFGS or SGD."""

    name: str = key("???", "set by `optimizer=`", choices=OPTIMIZERS)
    lr: float = key(
        10.0,
        "learning rate of Adam, in grey levels, and of SGD, in grey levels^2 / loss",
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

    retry: bool = key(False, "whether runs found diverged or failed in the folder are run again")
    save_every: float = key(
        30.0,
        "how often an unfinished run saves what it can go on from; 0: at every check",
        low=0,
        high=LARGEST,
        unit="seconds",
    )
    report: bool = key(True, "whether a sweep ends by writing its [report](report.md)")
