"""What can be compared across runs, whatever their weights, network, pooling and layers.

VGG-16 with its ImageNet weights looks at every picture as its file would hold it, so `result.png`
gives the same numbers again. docs/metrics.md has the formulas.
"""

import functools
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nst import weights
from nst.config.groups import Source
from nst.images.color import LUMA
from nst.images.files import scaled_shape
from nst.losses import gram
from nst.losses.content import content_loss
from nst.metrics import lpips
from nst.metrics.registry import METRICS
from nst.networks import vgg
from nst.networks.spec import smallest_side
from nst.sources.resolve import locate

#: Gatys et al. 2015 (arXiv:1508.06576), "Methods".
CONTENT_LAYER = "conv4_2"
STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")

#: Long edge in pixels beyond which the networks see a picture made smaller: their activations take
#: some 2 KB a pixel, and a run that took hours must not end for want of memory.
LONGEST = 2048

#: Side in pixels of the window of SSIM (Wang et al. 2004, section III.C).
WINDOW = 11

#: Directions in which colours are compared, and quantiles along each.
DIRECTIONS, QUANTILES = 32, 256


def evaluate(
    result: np.ndarray, photograph: np.ndarray, painting: np.ndarray
) -> dict[str, float | None]:
    """Return the number of each of `nst.metrics.registry.METRICS`, or None where there is none.

    What depends on photograph and painting alone is kept for the last two pairs, by their pixels.

    Args:
      result: (H, W, 3) RGB in grey levels; values beyond [0, 255] are clipped, all are rounded.
      photograph: (H, W, 3) RGB in [0, 255].
      painting: (H', W', 3) RGB in [0, 255]; of another size if need be.

    Returns:
      A finite number or None, which says that a picture is too small for a metric, that its
      denominator is 0, or that `result` is not finite.

    Raises:
      UserError: the weights that are built in are missing or damaged.
      ValueError: a picture has the wrong shape.
    """
    _check_shapes(result, photograph, painting)
    if not np.isfinite(result).all():
        return {metric.name: None for metric in METRICS}
    known = _reference(_saved(photograph), _saved(painting))
    saved = _saved(result).pixels()
    params, heads = _network()
    found = _differences(heads, _features(params, _within(saved)), known.targets)
    numbers = {
        "style_distance": _ratio(found.get("style"), known.style),
        "content_distance": _ratio(found.get("content"), known.content),
        "lpips": found.get("lpips"),
        "ssim": _ssim(saved, known.luminance),
        "tv": _total_variation(saved),
        "color_distance": float(np.mean(np.abs(_palette(saved) - known.palette))),
    }
    return {metric.name: _finite(numbers[metric.name]) for metric in METRICS}


def _check_shapes(result: np.ndarray, photograph: np.ndarray, painting: np.ndarray) -> None:
    for name, picture in (("photograph", photograph), ("painting", painting)):
        if picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
            raise ValueError(f"{name} must be (H, W, 3), not {picture.shape}")
    if result.shape != photograph.shape:
        raise ValueError(
            f"result must have the photograph's {photograph.shape}, not {result.shape}"
        )


class _Saved(NamedTuple):
    """A picture as its file holds it, and as a key."""

    data: bytes
    shape: tuple[int, ...]

    def pixels(self) -> np.ndarray:
        """Return (H, W, 3) uint8."""
        return np.frombuffer(self.data, np.uint8).reshape(self.shape)


class _Features(NamedTuple):
    """What VGG-16 makes of a picture; None and empty where it is too small for the layers."""

    content: Any  # activations, (H', W', C)
    grams: dict[str, Any]  # layer -> Gram matrix over its positions, (C, C)
    lpips: dict[str, Any]  # layer -> unit features, (H', W', C)


@dataclass(frozen=True)
class _Reference:
    """What is computed once for a photograph and a painting, in the host's memory."""

    targets: _Features  # the photograph's, with the painting's Gram matrices
    style: float | None  # style loss of the photograph; none: too small, or 0
    content: float | None  # content loss of the resampled painting; none: too small, or 0
    luminance: np.ndarray  # (H, W), of the photograph
    palette: np.ndarray  # (DIRECTIONS, QUANTILES), of the painting


def _saved(picture: np.ndarray) -> _Saved:
    pixels = np.rint(picture.clip(0, 255)).astype(np.uint8)  # as nst.images.files.save
    return _Saved(pixels.tobytes(), pixels.shape)


# One, which the references share: LPIPS's features take 500 bytes a pixel.
@functools.lru_cache(maxsize=1)
def _seen(photograph: _Saved) -> _Features:
    # On the host: the next run may need the device's memory.
    return jax.device_get(_features(_network()[0], _within(photograph.pixels())))


@functools.lru_cache(maxsize=2)
def _reference(photograph: _Saved, painting: _Saved) -> _Reference:
    own, other = photograph.pixels(), painting.pixels()
    params, heads = _network()
    resampled = np.asarray(_resampled(other, own.shape))
    seen = _seen(photograph)
    targets = seen._replace(grams=jax.device_get(_gram_matrices(params, _within(other))))
    unchanged = _differences(heads, seen, targets)
    replaced = _differences(heads, _features(params, _within(resampled)), targets)
    # By the pixels, as two programs may differ in the last bit and a ratio to that means nothing.
    return _Reference(
        targets=targets,
        style=None if photograph == painting else unchanged.get("style"),
        content=None if np.array_equal(own, resampled) else replaced.get("content"),
        luminance=own @ LUMA,
        palette=_palette(other),
    )


@functools.lru_cache(maxsize=1)
def _network() -> tuple[dict, dict]:
    """Return VGG-16's parameters and LPIPS's heads, on the device."""
    asset = locate(Source("vgg16"), None, key="network.weights", fallback=False)
    return jax.device_put((weights.load(asset), weights.lpips_heads(asset)))


def _within(picture: np.ndarray) -> Any:
    """Return a picture whose long edge is at most `LONGEST`, uint8."""
    height, width, _ = picture.shape
    if max(height, width) <= LONGEST:
        return picture
    return _resampled(picture, (*scaled_shape(width, height, LONGEST), 3))


@functools.partial(jax.jit, static_argnames="shape")
def _resampled(painting: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    """Return `painting` stretched to `shape` by Lanczos with antialiasing, uint8."""
    stretched = jax.image.resize(painting.astype(jnp.float32), shape, "lanczos3", antialias=True)
    return jnp.rint(stretched.clip(0, 255)).astype(jnp.uint8)


# One program for photograph, resampled painting and result: it is compiled once, and a result that
# is the photograph differs by exactly 0. Both networks share what comes before the first pooling.
@jax.jit
def _features(params: dict, picture: jax.Array) -> _Features:
    own = picture.astype(jnp.float32)
    content = (CONTENT_LAYER,) if _fits((CONTENT_LAYER,), own) else ()
    style = STYLE_LAYERS if _fits(STYLE_LAYERS, own) else ()
    average = _activations(params, own, (*content, *style))
    return _Features(
        content=average.get(CONTENT_LAYER),
        grams={name: gram.gram_per_position(average[name]) for name in style},
        lpips=lpips.unit_features(params, own) if _fits(lpips.LAYERS, own) else {},
    )


@jax.jit
def _gram_matrices(params: dict, painting: jax.Array) -> dict[str, jax.Array]:
    own = painting.astype(jnp.float32)
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
        found["content"] = content_loss(own.content, targets.content)
    if own.grams and targets.grams:
        style = [gram.distance(own.grams[name], targets.grams[name]) for name in own.grams]
        found["style"] = jnp.stack(style).mean()
    if targets.lpips:
        found["lpips"] = lpips.distance(heads, own.lpips, targets.lpips)
    return found


def _activations(params: dict, picture: jax.Array, layers: tuple[str, ...]) -> dict[str, jax.Array]:
    batch = vgg.activations(
        params, picture[None], layers, network="vgg16", pooling="avg", precision="float32"
    )
    return {name: values[0] for name, values in batch.items()}


def _fits(layers: tuple[str, ...], picture: jax.Array) -> bool:
    return min(picture.shape[:2]) >= smallest_side(layers)


def _total_variation(picture: np.ndarray) -> float:
    # nst.variation.total_variation a pixel, in whole numbers: float32 sums lose the last digits.
    values = picture.astype(np.int64)
    total = sum(np.abs(np.diff(values, axis=axis)).sum() for axis in (0, 1))
    return float(total / (picture.shape[0] * picture.shape[1]))


def _ssim(picture: np.ndarray, luminance: np.ndarray) -> float | None:
    """Return the mean structural similarity with the window and constants of Wang et al. 2004."""
    from skimage.metrics import structural_similarity  # takes 0.2 s with rgb2lab

    if min(luminance.shape) < WINDOW:
        return None
    gaussian = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    return float(structural_similarity(picture @ LUMA, luminance, data_range=255, **gaussian))


def _palette(picture: np.ndarray) -> np.ndarray:
    """Return (DIRECTIONS, QUANTILES): the quantiles of the CIELAB colours in each direction.

    Their mean absolute difference is the sliced Wasserstein distance of order 1 (Bonneel et al.
    2015, doi:10.1007/s10851-014-0506-3).
    """
    from skimage.color import rgb2lab

    colors = rgb2lab(picture).astype(np.float32).reshape(-1, 3)
    projections = np.sort(_directions() @ colors.T, axis=1)
    # The middles of equal parts, as values that are there: a tiled picture has the same ones.
    middles = 2 * np.arange(QUANTILES) + 1
    return projections[:, middles * len(colors) // (2 * QUANTILES)]


def _directions() -> np.ndarray:
    """Return (DIRECTIONS, 3) unit vectors, evenly over the hemisphere around lightness.

    A Fibonacci lattice (González 2010, doi:10.1007/s11004-009-9257-x): the same at each call.
    """
    index = np.arange(DIRECTIONS)
    lightness = (index + 0.5) / DIRECTIONS
    angle = index * np.pi * (3 - math.sqrt(5))
    radius = np.sqrt(1 - lightness**2)
    vectors = np.stack([lightness, radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return vectors.astype(np.float32)


def _ratio(value: float | None, whole: float | None) -> float | None:
    return value / whole if value is not None and whole else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
