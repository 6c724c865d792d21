"""A picture strip by strip: its losses and their gradient, in the memory that a strip takes.

Each loss is a function of sums over positions. A first pass takes the sums, strip after strip; the
gradient needs a second one, in which each strip's activations are computed anew. A strip has so
many rows of the picture beside its own that what its own see is all there: the result is that of
the whole picture, up to the order in which the sums are taken.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from nst.base.program import Hyperparameters, Static
from nst.engine import devices
from nst.engine.activations import activations
from nst.losses import content, guided
from nst.losses.guided import Regions
from nst.losses.statistics import STATISTICS
from nst.losses.total import Targets, Terms, blended, of_regions, summed, together
from nst.networks.spec import NETWORKS
from nst.networks.vgg import Rows


class _Seen(NamedTuple):
    """A layer of a strip."""

    activations: jax.Array  # (H, W, C), of the strip's own rows
    counted: jax.Array  # (H,), 1 or 0: the last strip may have rows that the picture has not


class _Sums(NamedTuple):
    """What some strips add to the losses."""

    content: dict[str, jax.Array]  # layer -> summed squares
    style: dict[str, Any]  # layer -> the statistic's part


def terms(
    static: Static,
    params: dict,
    picture: jax.Array,
    target: Targets,
    hyperparameters: Hyperparameters,
) -> Terms[jax.Array]:
    """Return the total loss and its parts, as `nst.losses.total.terms` does of a whole picture.

    Args:
      static: the losses, and the rows of a strip.
      params: the network's parameters.
      picture: (H, W, 3) in gray levels.
      target: as `targets` of this module returns them.
      hyperparameters: alpha, beta, gamma, the weights of layers and of a blend's style images.
    """
    sums = _sums(static, params, picture, static.layers, target.content, target.guidance)
    reduced = content.REDUCTIONS[static.content_reduction]
    content_layers = {
        name: reduced(squares, math.prod(NETWORKS[static.network].shape(name, picture.shape)))
        for name, squares in sums.content.items()
    }
    loss_of = _statistic(static, target.guidance is not None).loss_of
    style_layers = {
        name: blended(functools.partial(loss_of, part), target.style[name], hyperparameters.blend)
        for name, part in sums.style.items()
    }
    return summed(picture, content_layers, style_layers, hyperparameters, static)


def targets(
    static: Static,
    params: dict,
    content_image: jax.Array,
    style_images: Sequence[jax.Array],
    masks: Regions | None,
) -> Targets:
    """Return the targets of a run; those of the content image with an axis of strips first.

    Args:
      static: the layers, the statistic, and the rows of a strip.
      params: the network's parameters.
      content_image: (H, W, 3) in gray levels.
      style_images: one, or those of a blend, each (H', W', 3) in gray levels; of any size.
      masks: the regions of the content image and of its one style image; none: each is one.
    """
    target_of = _statistic(static, masks is not None).target_of
    found = []
    for one in style_images:
        regions = _guidance(static, masks.of_style_image(one.shape)) if masks else None
        parts = _sums(static, params, one, static.style_layers, {}, regions).style
        found.append({name: target_of(part) for name, part in parts.items()})
    by_region = {name: of_regions(one[name] for one in found) for name in found[0]} if masks else {}
    return Targets(
        _activations(static, params, content_image),
        by_region or together(found),
        _guidance(static, masks.content_image) if masks else None,
    )


def _sums(
    static: Static,
    params: dict,
    picture: jax.Array,
    layers: tuple[str, ...],
    contents: dict[str, jax.Array],
    guidance: dict[str, jax.Array] | None,
) -> _Sums:
    """Return the sums over a picture, taken strip by strip.

    Args:
      static: the style layers, the statistic, and the rows of a strip.
      params: the network's parameters.
      picture: (H, W, 3) in gray levels.
      layers: that are computed.
      contents: layer -> the content image's activations, (strips, rows, W', C).
      guidance: style layer -> the shares of each region, (strips, R, rows, W'); none: no masks.
    """
    statistic = _statistic(static, guidance is not None)
    wide = _widened(static, picture, layers)
    count = _count(static, picture.shape[0])

    def of_a_strip(wide: jax.Array, params: dict, number: jax.Array, own: Any) -> _Sums:
        seen = _strip(static, params, wide, picture.shape[0], layers, number)
        contents, guidance = own
        squares = {
            name: content.squares(seen[name].activations, values, seen[name].counted)
            for name, values in contents.items()
        }
        shares = {
            name: () if guidance is None else (guidance[name],) for name in static.style_layers
        }
        return _Sums(
            squares,
            {name: statistic.part(*seen[name], *shares[name]) for name in static.style_layers},
        )

    def both(sums: _Sums, other: _Sums) -> _Sums:
        style = {
            name: statistic.merged(part, other.style[name]) for name, part in sums.style.items()
        }
        return _Sums(jax.tree.map(jnp.add, sums.content, other.content), style)

    def of_strips(wide: jax.Array, params: dict, each: Any) -> _Sums:
        if count == static.devices:
            return of_a_strip(wide, params, *jax.tree.map(lambda values: values[0], each))
        # What the gradient needs of a strip is computed anew: kept would be all activations.
        one = functools.partial(jax.checkpoint(of_a_strip), wide, params)
        first = jax.eval_shape(one, *jax.tree.map(lambda values: values[0], each))
        nothing = jax.tree.map(lambda sums: jnp.zeros(sums.shape, sums.dtype), first)
        return jax.lax.scan(lambda sums, now: (both(sums, one(*now)), None), nothing, each)[0]

    def of_a_device(wide: jax.Array, params: dict, each: Any) -> _Sums:
        parts = devices.gathered(of_strips(wide, params, each))
        leaves, form = jax.tree.flatten(parts)
        several = zip(*leaves, strict=True)
        return functools.reduce(both, (jax.tree.unflatten(form, own) for own in several))

    each = jnp.arange(count), (contents, guidance)
    if static.devices == 1:
        return of_strips(wide, params, each)
    return devices.by_each(static.devices, of_a_device)(wide, params, each)


def _activations(static: Static, params: dict, picture: jax.Array) -> dict[str, jax.Array]:
    """Return the content layers' activations, (strips, rows, W', C)."""
    layers = static.content_layers
    wide = _widened(static, picture, layers)

    def of_strips(wide: jax.Array, params: dict, each: jax.Array) -> dict[str, jax.Array]:
        def one(number: jax.Array) -> dict[str, jax.Array]:
            seen = _strip(static, params, wide, picture.shape[0], layers, number)
            return {name: layer.activations for name, layer in seen.items()}

        return jax.lax.map(one, each)

    each = jnp.arange(_count(static, picture.shape[0]))
    if static.devices == 1:
        return of_strips(wide, params, each)
    return devices.by_each(static.devices, of_strips, kept_apart=True)(wide, params, each)


def _strip(
    static: Static,
    params: dict,
    wide: jax.Array,
    height: int,
    layers: tuple[str, ...],
    number: jax.Array,
) -> dict[str, _Seen]:
    """Return the layers of a strip, its own rows alone.

    Args:
      static: the network, and the rows of a strip.
      params: the network's parameters.
      wide: the picture, as `_widened` for `layers`.
      height: of the picture itself.
      layers: that are computed.
      number: of the strip, traced.
    """
    network = NETWORKS[static.network]
    halo = network.halo(layers)
    first = number * static.strips
    rows = jax.lax.dynamic_slice_in_dim(wide, first, static.strips + 2 * halo)
    seen = {}
    found = activations(static, params, rows, layers, Rows(first - halo, height))
    for name, values in found.items():
        halvings = network.halvings(name)
        beside, count = halo >> halvings, static.strips >> halvings
        at = number * count + jnp.arange(count)
        counted = (at < height >> halvings).astype(jnp.float32)
        seen[name] = _Seen(values[beside : beside + count], counted)
    return seen


def _widened(static: Static, picture: jax.Array, layers: tuple[str, ...]) -> jax.Array:
    """Return a picture with rows above and below, so that every strip is as high."""
    halo, height = NETWORKS[static.network].halo(layers), picture.shape[0]
    below = _count(static, height) * static.strips - height + halo
    return jnp.pad(picture, ((halo, below), (0, 0), (0, 0)))


def _guidance(static: Static, shares: Any) -> dict[str, jax.Array]:
    """Return the shares of each region at each style layer, (strips, R, rows, W').

    Args:
      static: the style layers, and the rows of a strip.
      shares: (R, H, W), of each pixel.
    """
    count = _count(static, shares.shape[1])
    found = {}
    for name in static.style_layers:
        whole = guided.guidance(shares, static.network, name)
        rows = static.strips >> NETWORKS[static.network].halvings(name)
        wide = jnp.pad(whole, ((0, 0), (0, count * rows - whole.shape[1]), (0, 0)))
        found[name] = jnp.moveaxis(wide.reshape(len(whole), count, rows, -1), 1, 0)
    return found


def _count(static: Static, height: int) -> int:
    """Return how many strips there are, as many on each device; the last may lie below."""
    return math.ceil(height / (static.strips * static.devices)) * static.devices


def _statistic(static: Static, masks: bool) -> Any:
    statistic = STATISTICS[static.statistic]
    return statistic.load_guided() if masks else statistic.load()
