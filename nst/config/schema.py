"""The configuration: its schema, and how it is filled.

nst/config/validation.py checks it, nst/config/program.py splits it. Imports nothing heavy, so that
``python -m nst.run --help`` answers at once.
"""

import dataclasses
import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from nst.base.errors import UserError, did_you_mean


@dataclass
class Source:
    """What a name in the configuration stands for: a file to fetch, or one that is built in."""

    name: str = "???"  # what the user types: style=starry
    title: str = ""  # work, author, year, licence: for people
    url: str | None = None  # where the file is fetched from; none: it is built in
    checksum: str | None = None  # "sha256:<hex>" or "md5:<hex>" of the file's bytes
    file: str | None = None  # the file's name in the cache folder
    fallback: str | None = None  # built-in name that serves where the url can't be reached


@dataclass
class Content(Source):
    """The photograph, and the layers of the content loss."""

    path: str | None = None  # a picture file of one's own; wins over the named source
    mask: str | None = None  # a picture of regions, paired by colour with style.mask
    layers: Any = None  # {layer: weight >= 0, not all 0}, or layers alone: equal weights, sum 1
    reduction: str = "sum"  # of a layer's squared differences: sum, half of it; mean


@dataclass
class Style(Source):
    """The painting or paintings, and the layers of the style loss."""

    path: str | None = None  # a picture file of one's own; wins over the named source
    mask: str | None = None  # a picture of regions, paired by colour with content.mask
    layers: Any = None  # {layer: weight >= 0, not all 0}, or layers alone: equal weights, sum 1
    statistic: str = "gram"  # what of a layer is compared: gram, mean_std or wasserstein
    normalize: str = "none"  # none; channels: each layer's weight over its channels squared
    size: Any = None  # long edge of the paintings in pixels, 16 to 16384; none: as size
    blend: Any = None  # {painting or file: weight >= 0, not all 0}, instead of one painting


@dataclass
class Network(Source):
    """The VGG network and the file its weights come from."""

    weights: str | None = None  # a Keras HDF5 file of one's own; wins over the named source


@dataclass
class TV:
    """Total variation."""

    gamma: float = 0.0  # weight of the total variation, per grey level; 0 to 1e30
    form: str = "absolute"  # |differences|; power: (down^2 + right^2)^(exponent/2)
    exponent: float = 2.0  # of the form power; 2 to 10
    reduction: str = "sum"  # sum; mean: the sum over the 3 H W numbers of the picture


@dataclass
class Init:
    """Where the picture starts."""

    name: str = "???"  # content: the photograph; style: the painting; noise; file: that of `path`
    path: str | None = None  # a picture file, for init=file
    amplitude: float = 127.5  # the noise is uniform over 127.5 +- this, in grey levels; 0 to 127.5
    mix: float = 0.0  # share of noise in the start, the rest is the picture above; 0 to 1


@dataclass
class Optimizer:
    """What moves the picture: Adam (Kingma and Ba 2014, arXiv:1412.6980), L-BFGS or SGD."""

    name: str = "???"  # adam, lbfgs or sgd
    lr: float = 10.0  # learning rate: grey levels; of sgd grey levels^2 / loss; above 0, to 1e9
    b1: float = 0.9  # decay of the mean gradient; 0 to below 1
    b2: float = 0.999  # decay of the mean squared gradient; 0 to below 1
    eps: float = 1e-8  # added to the root of the mean squared gradient; above 0, to 1e30
    schedule: str = "constant"  # of the learning rate: constant, cosine or exponential
    decay: float = 0.1  # what the schedule leaves of lr after the last step; above 0, to 1
    memory: Any = 10  # differences of pictures and gradients that L-BFGS keeps; 1 to 100
    clamp: bool = False  # true: the picture is clipped to [0, 255] after each step
    average: float = 0.0  # decay of the average of pictures that is shown; 0: off; to below 1


@dataclass
class Tracking:
    """What goes to Weights & Biases."""

    mode: str = "???"  # offline: kept on disk for `wandb sync`; online; disabled
    # What is none here W&B's environment variables may give: docs/tracking.md.
    project: str | None = None  # W&B project, to 128 characters without /\#?%:; none: nst
    entity: str | None = None  # W&B team or user; none: the account's default
    group: str | None = None  # W&B group; none: the sweep's folder, or no group for a single run
    name: str | None = None  # W&B run name, to 128 characters; none: the overrides of this run
    tags: list[str] = field(default_factory=list)  # W&B tags, each of 1 to 64 characters
    images_every: Any = 20  # steps between pictures kept and logged; 0: only first and best


@dataclass
class Assets:
    """What happens where a picture or weights can't be fetched."""

    fallback: bool = True  # true: a built-in serves, with a warning; false: an error


@dataclass
class Sweep:
    """What becomes of the runs of a sweep, also of those that an earlier one left in its folder."""

    retry: bool = False  # true: runs that diverged or failed before are run again
    save_every: float = (
        30.0  # seconds between savings of what a cut-off run goes on from; 0 to 1e30
    )
    report: bool = True  # true: a sweep ends by writing its picture grid, page and table


@dataclass
class Config:
    """One run: every key a user can set."""

    name: str = "default"  # experiment's name: the folder under outputs/
    preset: str | None = None  # set by preset=; for the record alone
    size: Any = 256  # long edge of the picture in pixels; 16 to 16384; of scales the last
    scales: Any = None  # sizes that the picture goes through, rising: [128, 256]; none: size alone
    steps: Any = 200  # optimiser steps; 1 to 10 million; with scales those of each, or a list
    check_every: Any = 20  # steps between checks (losses logged, best kept); 1 to 10 million
    seed: Any = 0  # seed of everything random; 0 to 2**32 - 1
    pooling: str = "avg"  # avg or max
    precision: str = "float32"  # float32; bfloat16: convolutions on such operands; auto
    alpha: float = 1.0  # weight of the content loss; 0 to 1e30
    beta: float = 1e4  # weight of the style loss; 0 to 1e30
    color: str = "none"  # the painting's colours; match, luminance or keep: the photograph's
    tv: TV = field(default_factory=TV)
    content: Content = field(default_factory=Content)
    style: Style = field(default_factory=Style)
    network: Network = field(default_factory=Network)
    init: Init = field(default_factory=Init)
    optimizer: Optimizer = field(default_factory=Optimizer)
    tracking: Tracking = field(default_factory=Tracking)
    assets: Assets = field(default_factory=Assets)
    sweep: Sweep = field(default_factory=Sweep)

    @property
    def plan(self) -> tuple["Scale", ...]:
        """The sizes that a validated run goes through; the one there is without `scales`."""
        if self.scales is None:
            return (Scale(self.size, self.steps),)
        return tuple(map(Scale, self.scales, itertools.accumulate(self.steps)))

    @property
    def total_steps(self) -> int:
        """The steps of a validated run through all its sizes."""
        return self.plan[-1].end


class Scale(NamedTuple):
    """One of the sizes that a run goes through."""

    size: int  # long edge in pixels
    end: int  # steps of the run when it is over


def keys(schema: type = Config, prefix: str = "") -> list[str]:
    """Return every key of the schema in dotted form: "size", "tv.gamma", ..."""
    names = []
    for entry in dataclasses.fields(schema):
        if dataclasses.is_dataclass(entry.type):
            names += keys(entry.type, f"{prefix}{entry.name}.")  # type: ignore[arg-type]
        else:
            names.append(prefix + entry.name)
    return names


def from_mapping(values: dict[str, Any], schema: type = Config, prefix: str = "") -> Any:
    """Return the dataclass `schema` filled from nested plain `values`.

    Args:
      values: the composed configuration, interpolations resolved, types checked by Hydra.
      schema: Config, or the dataclass of one of its groups.
      prefix: of the group, for the message.

    Raises:
      UserError: a key is not in the schema; Hydra itself lets ``+tv.gama=1`` pass.
    """
    entries = {entry.name: entry.type for entry in dataclasses.fields(schema)}
    for key in values:
        if key not in entries:
            raise unknown_key(prefix + str(key))
    return schema(
        **{
            key: from_mapping(value, entries[key], f"{prefix}{key}.")  # type: ignore[arg-type]
            if dataclasses.is_dataclass(entries[key])
            else value
            for key, value in values.items()
        }
    )


def unknown_key(key: str, groups: Iterable[str] = ()) -> UserError:
    """Return the error for a key that is not in the schema.

    Args:
      key: in dotted form.
      groups: names of configuration groups, which may have been meant.
    """
    for layers in ("content.layers", "style.layers"):
        if key.startswith(f"{layers}."):
            return UserError(
                f"{key} sets the weight of one layer of a set that is not spelt out: +{key}=1 "
                f"starts a set of your own, {layers}={{conv1_1: 1, conv2_1: 0.5}} gives it whole"
            )
    if key.startswith("style.blend."):
        return UserError(
            f"{key} sets the weight of one painting of a blend that is not spelt out: +{key}=1 "
            "starts a blend of your own, style.blend={starry: 0.7, scream: 0.3} gives it whole"
        )
    group, at, _ = key.partition("@")
    if at:
        return UserError(
            f"there is no key {key!r}: a group has one place, {group}=OPTION without @"
        )
    last = key.rpartition(".")[2].lower()
    same = [one for one in keys() if one.rpartition(".")[2] == last]
    hint = did_you_mean(key, same or [*keys(), *groups])
    if same and not ("." in key and hint):
        hint = f" (did you mean {' or '.join(map(repr, same))}?)"
    return UserError(f"there is no key {key!r}{hint}; `python -m nst.run --help` lists the keys")
