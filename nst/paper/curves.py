"""What a run keeps of its content against what it takes of its style, and curves of that."""

import functools
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nst.base.errors import UserError
from nst.config.groups import Source
from nst.images import files
from nst.losses import gram
from nst.metrics.features import STYLE_LAYERS
from nst.networks import vgg
from nst.report import thumbnails
from nst.rundir.runs import Run
from nst.sources import resolve, weights


class Point(NamedTuple):
    """A run on the curve of content and style distance."""

    content: float
    style: float


def style_ratio(one: Sequence[Point], other: Sequence[Point]) -> float | None:
    """Return the ratio of style distances, one over the other, at equal content distance.

    Both curves are interpolated linearly in logarithms; the ratio is the geometric mean over the
    content distances that both reach, or None where there are none.

    Args:
      one: a curve, of two runs or more.
      other: another.
    """
    first, second = (np.log(sorted(curve)) for curve in (one, other))
    low, high = max(first[0, 0], second[0, 0]), min(first[-1, 0], second[-1, 0])
    if low >= high:
        return None
    at = np.linspace(low, high, 101)
    difference = np.interp(at, *first.T) - np.interp(at, *second.T)
    return math.exp(np.mean(difference))


def point(run: Run, pooling: str) -> Point:
    """Return where a run lies, its style seen by VGG-16 with average or with max pooling.

    The metrics' network has average pooling, which might favor runs that have it, too.

    Args:
      run: finished.
      pooling: "avg", which the metrics have, or "max".

    Raises:
      UserError: a metric is missing, or a picture that the run used.
    """
    content = number(run, "content_distance")
    if pooling == "avg":
        return Point(content, number(run, "style_distance"))
    content_image, style_image = (
        _grams(_file(run, key), _size(run)) for key in ("content", "style")
    )
    own = _grams(run.folder / "result.png", _size(run))
    return Point(content, _distance(own, style_image) / _distance(content_image, style_image))


def number(run: Run, key: str) -> float:
    """Return a metric of a run.

    Raises:
      UserError: the run has none.
    """
    value = run.metrics[key]
    if value is None:
        raise UserError(f"{run.name} has no {key}: its pictures are too small, take a larger size")
    return value


def used(run: Run, key: str) -> np.ndarray:
    """Return a picture that a run used, at the run's size, of shape (height, width, 3).

    Args:
      run: finished.
      key: "content" or "style".

    Raises:
      UserError: it is no longer there.
    """
    return files.load(_file(run, key), _size(run), key=key)


def _size(run: Run) -> int:
    return max(run.width or 0, run.height or 0)


def _file(run: Run, key: str) -> Path:
    found = thumbnails.file_of(run.sources[key], key)
    if found is None:
        raise UserError(f"{run.sources[key].name}, which {run.name} used, is no longer there")
    return found


@functools.lru_cache(maxsize=64)
def _grams(path: Path, size: int) -> tuple[jax.Array, ...]:
    found = vgg.activations(
        params(),
        jnp.asarray(files.load(path, size, key="picture"))[None],
        STYLE_LAYERS,
        network="vgg16",
        pooling="max",
        precision="float32",
    )
    return tuple(gram.gram_per_position(found[name][0]) for name in STYLE_LAYERS)


@functools.cache
def params() -> dict:
    """Return the parameters of the metrics' network, VGG-16, on the device."""
    asset = resolve.locate(Source("vgg16"), None, key="network.weights", fallback=False)
    return jax.device_put(weights.load(asset))


def _distance(one: tuple[jax.Array, ...], other: tuple[jax.Array, ...]) -> float:
    """Return the style loss of two sets of Gram matrices (Gatys et al. 2015, equations 4 and 5)."""
    return mean(float(gram.distance(a, b)) for a, b in zip(one, other, strict=True))
