"""The groups of what is painted: images, network, losses, start; each key with unit and range."""

from dataclasses import dataclass
from typing import Any

from nst.config.keys import group, key
from nst.losses.statistics import CONTENT_STATISTICS, STATISTICS
from nst.networks.spec import NETWORKS

REDUCTIONS = ("sum", "mean")

#: The meanings that two groups share.
_PATH = "your own picture, instead of the named one: [picture files](#picture-files)"
_MASK = (
    "which region of the content image takes its style from which of the style image, "
    "[below](#regions)"
)


_MASKS = "two picture files of flat colors or shares of gray, `left`, `rectangle(0,0,0.5,1)`, ..."


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
        unit=_MASKS,
        role="file",
        label="regions of content",
    )
    layers: Any = key(
        None,
        "layers of the content loss",
        unit="[layers](#layers-and-their-weights)",
        label="content layers",
    )
    statistic: str = key(
        "squared",
        "what of a layer is compared, [below](#content-statistics)",
        choices=CONTENT_STATISTICS,
        label="content statistic",
    )
    reduction: str = key(
        "sum",
        "`mean`: over the numbers of a layer, or the positions where `content.statistic` isn't "
        "`squared`, [below](#losses)",
        choices=REDUCTIONS,
        label="content loss reduction",
    )


@dataclass
class Style:
    """The style image or images, and the layers of the style loss."""

    source: Source = group(Source, flat=True, role="source")
    path: str | None = key(None, _PATH, unit="a picture file", role="source")
    mask: str | None = key(None, _MASK, unit=_MASKS, role="file", label="regions of style")
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
        "long edge of the style images, or the one that `edge` says, so the size of their brush "
        "strokes; none: as `size`",
        whole=True,
        low=16,
        high=16384,
        unit="pixels",
        label="painting's size in pixels",
    )
    blend: Any = key(
        None,
        "several style images with weights, or with [places](#paintings-by-place), instead of one",
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
        choices=("absolute", "power", "nine_point"),
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

    name: str = key(
        "???",
        "set by `init=`",
        choices=("content", "recolored", "style", "noise", "gray", "file"),
    )
    path: str | None = key(
        None,
        "where the picture starts, with `init=file` and only then",
        unit="a picture file",
        role="file",
    )
    amplitude: float = key(
        127.5,
        "the noise is uniform over 127.5 plus or minus this; with `init=gray` normal with this "
        "standard deviation, 0.001 unless given",
        low=0,
        high=127.5,
        unit="gray levels",
    )
    mix: float = key(0.0, "share of noise in the start, [below](#start)", low=0, high=1)
