"""The content image's colors kept: a style image recolored, or chroma put back after the run.

Gatys et al. 2016, "Preserving Color in Neural Artistic Style Transfer" (arXiv:1606.05897), which
takes both the transfer in luminance and the linear matching of colors from Hertzmann et al. 2001,
"Image Analogies" (doi:10.1145/383259.383295). Plain numpy.
"""

import numpy as np

#: Red, green and blue in luminance (ITU-R BT.601), the Y of YIQ and of YUV.
LUMA = np.array((0.299, 0.587, 0.114))

#: Below this standard deviation in gray levels a direction of color holds little but rounding and
#: JPEG's noise, which a whitening would blow up to the content image's contrast.
FAINT = 0.5


def seen(
    color: str, content_image: np.ndarray, style_image: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return content image and style image as the losses see them.

    With "luminance" the matching below is that of the two mean and standard deviation (Gatys et al.
    2016): gray pictures vary in one direction alone.

    Args:
      color: "none" and "keep" leave both as they are; "match" recolors the style image; "luminance"
        makes both gray, and matches the style image.
      content_image: (H, W, 3) in gray levels.
      style_image: (H', W', 3) in gray levels.
    """
    if color == "luminance":
        content_image, style_image = gray(content_image), gray(style_image)
    if color in ("match", "luminance"):
        style_image = matched(style_image, content_image)
    return content_image, style_image


def finished(color: str, picture: np.ndarray, content_image: np.ndarray) -> np.ndarray:
    """Return the picture that a run shows and saves: with "luminance" and "keep" recolored.

    Args:
      color: as for `seen`.
      picture: (H, W, 3) in gray levels, as the loop has it.
      content_image: (H, W, 3) in gray levels.
    """
    if color in ("luminance", "keep"):
        return with_chroma(picture, content_image)
    return picture


def luminance(picture: np.ndarray) -> np.ndarray:
    """Return the luminance Y = 0.299 R + 0.587 G + 0.114 B, (H, W, 1), of an (H, W, 3) picture."""
    return (picture @ LUMA.astype(picture.dtype))[..., None]


def gray(picture: np.ndarray) -> np.ndarray:
    """Return an (H, W, 3) picture's luminance in each of three channels."""
    return np.repeat(luminance(picture), 3, axis=-1)


def with_chroma(picture: np.ndarray, content_image: np.ndarray) -> np.ndarray:
    """Return the luminance of `picture` with the chroma of `content_image`.

    In YIQ, as in YUV, luminance goes into each of R, G and B with the factor 1. So to replace a
    color's luminance and keep its I and Q is to add the difference of the two luminances to each
    channel. What then lies beyond [0, 255] is clipped when the picture is saved.

    Args:
      picture: (H, W, 3) in gray levels; clipped to [0, 255] first, as its file would hold it.
      content_image: (H, W, 3) in gray levels.
    """
    return content_image + (luminance(picture.clip(0, 255)) - luminance(content_image))


def matched(style_image: np.ndarray, content_image: np.ndarray) -> np.ndarray:
    """Return the style image with the mean and the covariance of the content image's colors.

    x -> A (x - mean_S) + mean_C with A cov_S A^T = cov_C has many solutions A (Gatys et al. 2016).
    This is that of Image Analogies, A = cov_C^(1/2) cov_S^(-1/2) with symmetric roots, and the
    default of the authors' code ("pca"). The other one in use, of Cholesky factors, depends on the
    order of the channels: red would be made of red alone, and blue of all three.

    Args:
      style_image: (H', W', 3) in gray levels.
      content_image: (H, W, 3) in gray levels.

    Returns:
      (H', W', 3) float32, not clipped, since that would change the moments again. A direction in
      which the style image's colors hardly vary (`FAINT`), all but one of a gray style image say,
      is left out: the result does not vary in it either.
    """
    mean_s, cov_s = _moments(style_image)
    mean_c, cov_c = _moments(content_image)
    transform = _power(cov_c, 0.5) @ _power(cov_s, -0.5)
    return ((style_image - mean_s) @ transform.T + mean_c).astype(np.float32)


def _moments(picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean color, (3,), and the covariance of the colors, (3, 3), in float64."""
    colors = picture.reshape(-1, 3).astype(np.float64)
    mean = colors.mean(axis=0)
    colors -= mean
    return mean, colors.T @ colors / len(colors)


def _power(covariance: np.ndarray, exponent: float) -> np.ndarray:
    """Return a power of a covariance, itself symmetric, in the directions that are not `FAINT`."""
    variances, directions = np.linalg.eigh(covariance)
    known = variances > FAINT**2
    powers = np.where(known, np.where(known, variances, 1) ** exponent, 0)
    return (directions * powers) @ directions.T
