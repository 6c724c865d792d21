"""The configuration: its schema, and how it is filled.

nst/config/validation.py checks it, nst/config/program.py splits it. Imports nothing heavy, so that
``nst run --help`` answers at once.
"""

import copy
import dataclasses
import functools
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from nst.base.errors import UserError, did_you_mean
from nst.config.groups import TV, Content, Init, Network, Style
from nst.config.keys import Entry, Role, group, key, walk
from nst.config.output import Output
from nst.config.running import Assets, Optimizer, Search, Sweep, Tracking
from nst.images.edges import EDGES


@dataclass
class Config:
    """One run: every key a user can set."""

    name: str = key("default", "folder under `outputs/`", role="beside")
    preset: str | None = key(None, "set by `preset=`, for the record alone", role="note")
    size: Any = key(
        256,
        "long edge, or the one that `edge` says; the aspect ratio stays",
        whole=True,
        low=16,
        high=16384,
        unit="pixels",
        label="size in pixels",
    )
    edge: str = key(
        "long",
        "which edge of each picture `size`, `scales` and `style.size` are of: the long one, the "
        "short one, or its height",
        choices=EDGES,
        label="edge that size is of",
    )
    same_look: Any = key(
        None,
        "weights and `style.size` act as they would at this `size`, which then leaves the look "
        "as it is: [below](#the-same-look-at-another-size)",
        whole=True,
        low=16,
        high=16384,
        unit="pixels",
        label="same look as at",
    )
    scales: Any = key(
        None,
        "rising sizes that the picture goes through, the last of which wins over `size`; `auto` "
        "rises to `size`: [below](#scales)",
        whole=True,
        several=True,
        low=16,
        high=16384,
        unit="pixels",
        label="sizes in pixels, coarse to fine",
    )
    steps: Any = key(
        200,
        "optimizer steps, `1e3` works; with `scales` those at each, or a list",
        whole=True,
        several=True,
        low=1,
        high=10_000_000,
    )
    check_every: Any = key(
        20,
        "at a check the losses are logged, and the picture is one that `keep` chooses from",
        whole=True,
        low=1,
        high=10_000_000,
        unit="steps",
        label="steps between checks",
    )
    keep: str = key(
        "best",
        "whose picture is the result: that of the check with the lowest total, the report's rule, "
        "or that of the last check",
        choices=("best", "last"),
        label="check that is kept",
    )
    seed: Any = key(
        0, "of the noise, and of what a style statistic draws", whole=True, low=0, high=2**32 - 1
    )
    pooling: str = key("avg", "pooling of the network", choices=("avg", "max"))
    padding: str = key(
        "zeros",
        "what the network's layers see around the picture: nothing, the outermost positions once "
        "more, or those next to them; [the border](#the-border)",
        choices=("zeros", "replicate", "reflect"),
    )
    bias_scale: float = key(
        1.0,
        "factor of the biases of the network's convolutions; with 1/57.6 they are those of weights "
        "made for colors from 0 to 1 under pictures from 0 to 255, as in `preset=gordicaleksa`",
        low=0,
        label="scale of the network's biases",
    )
    precision: str = key(
        "float32",
        "`tensorfloat32`: a GPU's convolutions on operands of 10 bits instead of 23, a fifth of "
        "the time and [another picture](performance.md#on-a-gpu), on a CPU the same as `float32`; "
        "`bfloat16`: convolutions on bfloat16 operands, losses and picture stay float32: 0.7 of "
        "the time, and [another picture](performance.md#bfloat16-gives-another-picture); "
        "`auto`: the fastest with the same picture on this kind of device, so far `float32` on "
        "each; a run that goes on keeps its own",
        choices=("auto", "float32", "tensorfloat32", "bfloat16"),
    )
    strips: str = key(
        "auto",
        "whether the picture is computed in horizontal strips, to the same result in less memory "
        "and up to twice the time; `auto`: where the whole won't fit",
        choices=("auto", "always", "never"),
        role="beside",
    )
    devices: str = key(
        "auto",
        "what several devices share: `lanes`, the runs of a sweep; `rows`, the rows of each "
        "picture, over [several processes](scaling.md#one-picture-over-several-machines) too; "
        "`auto`: rows where a picture won't fit one GPU, else runs",
        choices=("auto", "lanes", "rows"),
        role="beside",
    )
    alpha: float = key(1.0, "weight of the content loss", low=0, label="content weight alpha")
    beta: float = key(1e4, "weight of the style loss", low=0, label="style weight beta")
    normalize_gradients: bool = key(
        False,
        "whether alpha, beta and gamma weigh gradients of equal strength instead of losses: "
        "[below](#gradients-of-equal-strength)",
        label="normalized gradients",
    )
    color: str = key(
        "none",
        "whose colors the picture gets, [below](#color)",
        choices=("none", "match", "luminance", "keep"),
    )
    tv: TV = group(TV)
    content: Content = group(Content)
    style: Style = group(Style)
    network: Network = group(Network)
    init: Init = group(Init, label="start from")
    optimizer: Optimizer = group(Optimizer)
    output: Output = group(Output, role="beside")
    tracking: Tracking = group(Tracking, role="beside")
    assets: Assets = group(Assets, role="beside")
    sweep: Sweep = group(Sweep, role="beside")
    search: Search = group(Search, role="beside")

    @property
    def stages(self) -> tuple["Scale", ...]:
        """The sizes that a validated run goes through; the one there is without `scales`."""
        if self.scales is None:
            return (Scale(self.size, self.steps),)
        return tuple(map(Scale, self.scales, itertools.accumulate(self.steps)))

    @property
    def total_steps(self) -> int:
        """The steps of a validated run through all its sizes."""
        return self.stages[-1].end


class Scale(NamedTuple):
    """One of the sizes that a run goes through."""

    size: int  # of an edge, in pixels
    end: int  # steps of the run when it is over


@functools.cache
def entries() -> dict[str, Entry]:
    """Return the keys and groups of the schema, by their dotted names."""
    return {entry.name: entry for entry in walk(Config)}


def role(name: str) -> Role:
    """Return what a key or group is to the picture, by its dotted name; "picture" if unknown."""
    return entries()[name].key.role if name in entries() else "picture"


def keys() -> list[str]:
    """Return every key of the schema in dotted form: "size", "tv.gamma", ..."""
    return [name for name, one in entries().items() if not dataclasses.is_dataclass(one.field.type)]


def first_of(group: str) -> str | None:
    """Return the first key of a group, None where there is no such group.

    Args:
      group: in dotted form.
    """
    return next((one for one in keys() if one.startswith(f"{group}.")), None)


def from_mapping(values: dict[str, Any], schema: type = Config, prefix: str = "") -> Any:
    """Return the dataclass `schema` filled from nested plain `values`.

    Args:
      values: the composed configuration, interpolations resolved, types checked by Hydra.
      schema: Config, or the dataclass of one of its groups.
      prefix: of the group, for the message.

    Raises:
      UserError: a key is not in the schema, or a group has one value: Hydra itself lets
        ``+tv.gama=1`` pass, and ``++tv=${oc.env:X}``.
    """
    if not isinstance(values, dict):
        name = prefix.removesuffix(".")
        raise UserError(f"{name} is a group of keys, set as {first_of(name)}=..., not {values!r}")
    left, filled = dict(values), {}
    for field in dataclasses.fields(schema):
        own: Any = field.type
        if field.metadata["key"].flat:
            names = [inner.name for inner in dataclasses.fields(own) if inner.name in left]
            filled[field.name] = from_mapping({name: left.pop(name) for name in names}, own)
        elif field.name in left:
            value = left.pop(field.name)
            group = dataclasses.is_dataclass(own)
            filled[field.name] = (
                from_mapping(value, own, f"{prefix}{field.name}.") if group else value
            )
    for name in left:
        raise unknown_key(prefix + str(name))
    return schema(**filled)


def to_mapping(config: Any) -> dict[str, Any]:
    """Return the nested plain values of a configuration, as `from_mapping` takes them.

    Args:
      config: a Config, or the dataclass of one of its groups.
    """
    values: dict[str, Any] = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if field.metadata["key"].flat:
            values |= to_mapping(value)
        elif dataclasses.is_dataclass(value):
            values[field.name] = to_mapping(value)
        else:
            values[field.name] = copy.deepcopy(value)
    return values


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
    return UserError(f"there is no key {key!r}{hint}; `nst run --help` lists the keys")
