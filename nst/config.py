"""The configuration: its schema, its validation, and its split into static part and hyperparameters.

Imports nothing heavy: ``python -m nst.run --help`` and every refused value answer at once.
"""

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from nst.errors import UserError, did_you_mean
from nst.layers import BLOCKS, layer_names, smallest_side

POOLINGS = ("avg", "max")
PRECISIONS = ("float32", "bfloat16")
INITS = ("content", "noise")
OPTIMIZERS = ("adam",)
TRACKING_MODES = ("offline", "online", "disabled")

#: Above this a float32 loss overflows even on a tiny picture.
LARGEST = 1e30


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
    layers: Any = None  # layer -> weight (>= 0, not all 0), or a list: equal weights summing to 1


@dataclass
class Style(Source):
    """The painting, and the layers of the style loss."""

    path: str | None = None  # a picture file of one's own; wins over the named source
    layers: Any = None  # layer -> weight (>= 0, not all 0), or a list: equal weights summing to 1


@dataclass
class Network(Source):
    """The VGG network and the file its weights come from."""

    weights: str | None = None  # a Keras HDF5 file of one's own; wins over the named source


@dataclass
class TV:
    """Total variation."""

    gamma: float = 0.0  # weight of the total variation, per grey level; 0 to 1e30


@dataclass
class Init:
    """Where the picture starts."""

    name: str = "???"  # content: the photograph; noise: uniform noise over [0, 255]


@dataclass
class Optimizer:
    """What moves the picture (Kingma and Ba 2014, arXiv:1412.6980, algorithm 1)."""

    name: str = "???"  # adam
    lr: float = 10.0  # learning rate in grey levels of [0, 255]; above 0, to 1e9
    b1: float = 0.9  # decay of the mean gradient; 0 to below 1
    b2: float = 0.999  # decay of the mean squared gradient; 0 to below 1
    eps: float = 1e-8  # added to the root of the mean squared gradient; above 0, to 1e30


@dataclass
class Tracking:
    """What goes to Weights & Biases."""

    mode: str = "???"  # offline: kept on disk for `wandb sync`; online; disabled
    project: str = "nst"  # W&B project
    entity: str | None = None  # W&B team or user; none: the account's default
    group: str | None = None  # W&B group; none: the sweep's folder, or no group for a single run
    name: str | None = None  # W&B run name; none: the overrides that make this run
    tags: list[str] = field(default_factory=list)  # W&B tags
    images_every: Any = 20  # steps between pictures kept and logged; 0: only first and best


@dataclass
class Assets:
    """What happens where a picture or weights can't be fetched."""

    fallback: bool = True  # true: a built-in serves, with a warning; false: an error


@dataclass
class Config:
    """One run: every key a user can set."""

    name: str = "default"  # experiment's name: the folder under outputs/
    size: Any = 256  # long edge of the picture in pixels; 16 to 16384
    steps: Any = 200  # optimiser steps; 1 to 10 million
    check_every: Any = 20  # steps between checks (losses logged, best kept); 1 to 10 million
    seed: Any = 0  # seed of everything random; 0 to 2**32 - 1
    pooling: str = "avg"  # avg or max
    precision: str = "float32"  # float32; bfloat16: convolutions on bfloat16 operands
    alpha: float = 1.0  # weight of the content loss; 0 to 1e30
    beta: float = 1e4  # weight of the style loss; 0 to 1e30
    tv: TV = field(default_factory=TV)
    content: Content = field(default_factory=Content)
    style: Style = field(default_factory=Style)
    network: Network = field(default_factory=Network)
    init: Init = field(default_factory=Init)
    optimizer: Optimizer = field(default_factory=Optimizer)
    tracking: Tracking = field(default_factory=Tracking)
    assets: Assets = field(default_factory=Assets)


class Hyperparameters(NamedTuple):
    """The numbers of a run that are traced: other values of them reuse the compiled program."""

    alpha: float
    beta: float
    gamma: float
    lr: float
    b1: float
    b2: float
    eps: float
    content_weights: dict[str, float]
    style_weights: dict[str, float]


@dataclass(frozen=True)
class Static:
    """The choices of a run that a compiled program is made for; hashable."""

    network: str
    pooling: str
    precision: str
    content_layers: tuple[str, ...]
    style_layers: tuple[str, ...]

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer that a loss reads, each once."""
        return tuple(dict.fromkeys(self.content_layers + self.style_layers))


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
    hint = did_you_mean(key, [*keys(), *groups])
    return UserError(f"there is no key {key!r}{hint}; `python -m nst.run --help` lists the keys")


def validated(config: Config) -> Config:
    """Return `config` with whole numbers as ints and layers as ``{name: weight}`` in network order.

    Args:
      config: as composed from conf/ and the command line.

    Raises:
      UserError: a value is out of range, a name unknown, or all weights are 0.
    """
    network = _choice("network.name", config.network.name, tuple(BLOCKS))
    checked = dataclasses.replace(
        config,
        size=_whole("size", config.size, 16, 16384, "pixels"),
        steps=_whole("steps", config.steps, 1, 10_000_000),
        check_every=_whole("check_every", config.check_every, 1, 10_000_000, "steps"),
        seed=_whole("seed", config.seed, 0, 2**32 - 1),
        pooling=_choice("pooling", config.pooling, POOLINGS),
        precision=_choice("precision", config.precision, PRECISIONS),
        alpha=_number("alpha", config.alpha),
        beta=_number("beta", config.beta),
        tv=TV(gamma=_number("tv.gamma", config.tv.gamma)),
        content=_with_layers("content", config.content, network),
        style=_with_layers("style", config.style, network),
        tracking=_tracking(config.tracking),
    )
    _choice("init.name", config.init.name, INITS)
    _optimizer(config.optimizer)
    if checked.alpha == checked.beta == checked.tv.gamma == 0:
        raise UserError(
            "alpha, beta and tv.gamma are all 0, so there is no loss to lower: "
            "at least one must be above 0"
        )
    return checked


def split(config: Config, network: str) -> tuple[Static, Hyperparameters]:
    """Split a validated `config` into what is compiled for and what is traced.

    Args:
      config: a validated configuration.
      network: the network that serves, which a fallback may have changed.

    Raises:
      UserError: `network` lacks one of the layers.
    """
    for key, layers in (("content", config.content.layers), ("style", config.style.layers)):
        for layer in layers:
            _known_layer(f"{key}.layers", layer, network)
    static = Static(
        network=network,
        pooling=config.pooling,
        precision=config.precision,
        content_layers=tuple(config.content.layers),
        style_layers=tuple(config.style.layers),
    )
    hyperparameters = Hyperparameters(
        alpha=config.alpha,
        beta=config.beta,
        gamma=config.tv.gamma,
        lr=config.optimizer.lr,
        b1=config.optimizer.b1,
        b2=config.optimizer.b2,
        eps=config.optimizer.eps,
        content_weights=dict(config.content.layers),
        style_weights=dict(config.style.layers),
    )
    return static, hyperparameters


def check_positions(key: str, shape: tuple[int, int], layers: tuple[str, ...], size: int) -> None:
    """Refuse a picture in which one of `layers` has no positions.

    Args:
      key: the configuration key of the picture, "content" or "style".
      shape: height and width in pixels after scaling to `size`.
      layers: names of the layers that will be read.
      size: long edge in pixels.

    Raises:
      UserError: names the layer, the picture's size and the smallest `size` that works.
    """
    short = min(shape)
    deepest = max(layers, key=lambda layer: smallest_side([layer]))
    needed = smallest_side([deepest])
    if short < needed:
        enough = math.ceil(needed * max(shape) / short)
        raise UserError(
            f"{key}: at size={size} the picture is {shape[1]} x {shape[0]} pixels and {deepest} has "
            f"no positions in it: the short side must be at least {needed} pixels, so take a size "
            f"of {enough} or more, or layers nearer to the picture"
        )


def _number(key: str, value: float, low: float = 0.0, above: bool = False) -> float:
    in_range = value > low if above else value >= low
    if not (math.isfinite(value) and in_range and value <= LARGEST):
        wanted = "above" if above else "at least"
        raise UserError(f"{key} must be a number {wanted} {low:g} and at most 1e30, not {value:g}")
    return float(value)


def _whole(key: str, value: object, low: int, high: int, unit: str = "") -> int:
    # 1e3 arrives as the float 1000.0: whoever types it means the whole number.
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
    if not (whole and low <= value <= high):  # type: ignore[operator]
        of = f" of {unit}" if unit else ""
        raise UserError(f"{key} must be a whole number{of} from {low} to {high}, not {value}")
    return int(value)  # type: ignore[call-overload]


def _choice(key: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise UserError(
            f"{key} must be one of {', '.join(choices)}, not {value!r}"
            + did_you_mean(str(value), choices)
        )
    return value


def _optimizer(optimizer: Optimizer) -> None:
    _choice("optimizer.name", optimizer.name, OPTIMIZERS)
    if not 0 < optimizer.lr <= 1e9:
        raise UserError(f"optimizer.lr must be above 0 and at most 1e9, not {optimizer.lr:g}")
    for key in ("b1", "b2"):
        value = getattr(optimizer, key)
        if not 0 <= value < 1:
            raise UserError(f"optimizer.{key} must be at least 0 and below 1, not {value:g}")
    _number("optimizer.eps", optimizer.eps, above=True)


def _tracking(tracking: Tracking) -> Tracking:
    _choice("tracking.mode", tracking.mode, TRACKING_MODES)
    every = _whole("tracking.images_every", tracking.images_every, 0, 10_000_000, "steps")
    return dataclasses.replace(tracking, images_every=every)


def _with_layers(key: str, source, network: str):
    weights = _layer_weights(f"{key}.layers", source.layers, network)
    return dataclasses.replace(source, layers=weights)


def _layer_weights(key: str, layers: object, network: str) -> dict[str, float]:
    named = [layers] if isinstance(layers, str) else layers
    if isinstance(named, list):
        for name in named:
            _known_layer(key, name, network)
        if len(set(named)) < len(named):
            raise UserError(f"{key} names a layer twice: {', '.join(named)}")
        named = {name: 1 / len(named) for name in named}
    if not isinstance(named, dict) or not named:
        raise UserError(
            f"{key} must be layers with weights, {{conv4_2: 1.0}}, or a list of layers, [conv4_2], "
            f"not {layers}"
        )
    for name, weight in named.items():
        _known_layer(key, name, network)
        if not isinstance(weight, int | float) or isinstance(weight, bool):
            raise UserError(f"{key}.{name} must be a number at least 0 and at most 1e30, not {weight!r}")
        _number(f"{key}.{name}", weight)
    if not any(named.values()):
        raise UserError(f"{key} gives every layer the weight 0: at least one must be above 0")
    # One order for one set: the same layers in another order reuse the compiled program.
    return {name: float(named[name]) for name in layer_names(network) if name in named}


def _known_layer(key: str, name: object, network: str) -> None:
    names = layer_names(network)
    if name not in names:
        raise UserError(
            f"{key}: {network} has no layer {name!r}{did_you_mean(str(name), names)}; "
            f"its layers are {', '.join(names)}"
        )
