"""What a run's metrics need beside its result, computed while its steps run."""

import contextlib
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor

import jax
import numpy as np

from nst.base.errors import UserError
from nst.metrics import features
from nst.metrics.pictures import saved

#: Pixels of a picture beyond which it waits for the end of the steps: VGG-16's activations take
#: some 2 KB a pixel, which then come on top of the steps'.
MOST = 512 * 512

# One thread: the runs of a group have the same pictures, so that all but the first find it done.
_beside = ThreadPoolExecutor(1, thread_name_prefix="metrics")


def begin(content: np.ndarray, styles: Callable[[], Iterable[np.ndarray]]) -> Future | None:
    """Begin to compute what the metrics compare a result with; None where it is for the end.

    On a CPU alone: the memory of a GPU is the steps'.

    Args:
      content: (H, W, 3) RGB in [0, 255], the content image.
      styles: returns the style images, (H', W', 3); what it raises is for the metrics to meet.
    """
    if jax.default_backend() != "cpu" or content.shape[0] * content.shape[1] > MOST:
        return None
    return _beside.submit(_compute, content, styles)


def _compute(content: np.ndarray, styles: Callable[[], Iterable[np.ndarray]]) -> None:
    with contextlib.suppress(UserError, jax.errors.JaxRuntimeError):
        for style in styles():
            if style.shape[0] * style.shape[1] <= MOST:
                features.reference(saved(content), saved(style))
