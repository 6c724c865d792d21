"""The picture that a run starts from, with noise in it or of noise alone."""

import numpy as np

#: The middle of the gray levels, which noise is spread around.
MIDDLE = 127.5


def initial_picture(start: np.ndarray, mix: float, amplitude: float, seed: int) -> np.ndarray:
    """Return (1 - mix) start + mix noise; `start` itself where mix is 0.

    Args:
      start: (H, W, 3) float32 in gray levels: content image, style image or another picture.
      mix: share of the noise, 0 to 1.
      amplitude: of the noise, which is uniform over 127.5 +- amplitude, in gray levels.
      seed: of the noise.
    """
    if mix == 0:
        return start
    low, high = MIDDLE - amplitude, MIDDLE + amplitude
    noise = np.random.default_rng(seed).uniform(low, high, start.shape).astype(np.float32)
    return (1 - mix) * start + mix * noise


def gray_picture(
    shape: tuple[int, ...], mean_pixel: np.ndarray, deviation: float, seed: int
) -> np.ndarray:
    """Return a picture of one color with a little noise, as jcjohnson/neural-style starts from.

    Args:
      shape: of the picture, (H, W, 3).
      mean_pixel: the color, (3,), in gray levels.
      deviation: standard deviation of the noise, which is normal, in gray levels.
      seed: of the noise.

    Returns:
      float32 in gray levels.
    """
    noise = np.random.default_rng(seed).normal(0, deviation, shape)
    return (mean_pixel + noise).astype(np.float32)
