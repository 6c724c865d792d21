"""What can be compared across runs, whatever their weights, network, pooling and layers.

Each picture counts as its file would hold it, so `result.png` gives the same numbers again.
docs/metrics.md has the formulas; nst/metrics/registry.py names the files that compute them.
"""

import importlib
import math
from collections.abc import Iterable

import numpy as np

from nst.metrics.pictures import Compared, saved
from nst.metrics.registry import METRICS


def evaluate(
    result: np.ndarray,
    content: np.ndarray,
    style: np.ndarray,
    names: Iterable[str] = METRICS,
) -> dict[str, float | None]:
    """Return the numbers of `nst.metrics.registry.METRICS`, or None where there is none.

    Args:
      result: (H, W, 3) RGB in gray levels; values beyond [0, 255] are clipped, all are rounded.
      content: (H, W, 3) RGB in [0, 255], the content image.
      style: (H', W', 3) RGB in [0, 255], the style image; of another size if need be.
      names: of the metrics to take.

    Returns:
      A finite number or None, which says that a picture is too small for a metric, that its
      denominator is 0, or that `result` is not finite.

    Raises:
      UserError: the weights that are built in are missing or damaged.
      ValueError: a picture has the wrong shape.
    """
    _check_shapes(result, content, style)
    if not np.isfinite(result).all():
        return dict.fromkeys(names)
    pictures = Compared(saved(result), saved(content), saved(style))
    return {
        name: _finite(importlib.import_module(METRICS[name].module).measure(pictures))
        for name in names
    }


def _check_shapes(result: np.ndarray, content: np.ndarray, style: np.ndarray) -> None:
    for name, picture in (("content", content), ("style", style)):
        if picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
            raise ValueError(f"{name} must be (H, W, 3), not {picture.shape}")
    if result.shape != content.shape:
        raise ValueError(f"result must have content's {content.shape}, not {result.shape}")


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
