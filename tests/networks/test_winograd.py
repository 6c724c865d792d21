"""Winograd's convolution against loops over pixels and taps, and against its paper's matrices."""

import itertools
from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nst.networks import winograd
from nst.networks.winograd import convolve, transformed


def pairs(picture: np.ndarray) -> Iterator[tuple[int, int, int, int, tuple[int, int]]]:
    """Yield each output's row and column, those of a pixel it sees, and the tap between them."""
    height, width = picture.shape[1:3]
    for row, column, i, j in itertools.product(range(height), range(width), range(3), range(3)):
        above, left = row + i - 1, column + j - 1
        if 0 <= above < height and 0 <= left < width:
            yield row, column, above, left, (i, j)


def by_loops(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The 3 x 3 convolution with zero padding as loops over pixels and taps."""
    y = np.zeros((*x.shape[:3], kernel.shape[3]))
    for row, column, above, left, tap in pairs(x):
        y[:, row, column] += x[:, above, left] @ kernel[tap]
    return y


def its_gradient(gradient: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """What `gradient` is with respect to the picture, by loops over the same pairs of pixels."""
    back = np.zeros((*gradient.shape[:3], kernel.shape[2]))
    for row, column, above, left, tap in pairs(gradient):
        back[:, above, left] += gradient[:, row, column] @ kernel[tap].T
    return back


def arrays(count: int, height: int, width: int, before: int, after: int) -> list[np.ndarray]:
    rng = np.random.default_rng(height * width)
    x = rng.standard_normal((count, height, width, before))
    kernel = rng.standard_normal((3, 3, before, after))
    return [x, kernel, rng.standard_normal((count, height, width, after))]


def is_that_of_the_formula(convolved: Callable, arrays: list[np.ndarray]) -> None:
    """Check a convolution and its gradient, which are compiled as one program."""
    x, kernel, gradient = arrays

    @jax.jit
    def both(x: jax.Array, gradient: jax.Array) -> tuple[jax.Array, jax.Array]:
        y, pull = jax.vjp(convolved, x)
        return y, *pull(gradient)

    found, back = both(x.astype(np.float32), gradient.astype(np.float32))
    np.testing.assert_allclose(found, by_loops(x, kernel), atol=2e-5)
    np.testing.assert_allclose(back, its_gradient(gradient, kernel), atol=2e-5)


SHAPES = [(1, 1), (1, 2), (2, 1), (3, 4), (7, 5), (1, 9), (12, 3)]


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_the_convolution_and_its_gradient_are_those_of_the_formula(height: int, width: int):
    given = arrays(2, height, width, 5, 3)
    own = transformed(given[1].astype(np.float32))
    is_that_of_the_formula(lambda a: convolve(a, own), given)


@pytest.mark.parametrize("height", [1, 7, 8, 21])
def test_strips_are_the_whole(height: int, monkeypatch: pytest.MonkeyPatch):
    given = arrays(1, height, 6, 4, 3)
    monkeypatch.setattr(winograd, "_NUMBERS", 2 * 16 * 3 * 4)  # two rows of three tiles
    own = transformed(given[1].astype(np.float32))
    program = str(jax.make_jaxpr(lambda a: convolve(a, own))(given[0].astype(np.float32)))
    assert ("scan" in program) == (height > 4)
    is_that_of_the_formula(lambda a: convolve(a, own), given)


def test_a_kernels_transform_is_the_papers():
    """Lavin and Gray 2015, section 4.1: of one row (a, b, c), by hand."""
    kernel = np.zeros((3, 3, 1, 1), np.float32)
    kernel[1, :, 0, 0] = 2, 6, 10
    row = np.array([2, (2 + 6 + 10) / 2, (2 - 6 + 10) / 2, 10])
    expected = np.outer([0, 0.5, -0.5, 0], row)  # G of the column (0, 1, 0)
    np.testing.assert_array_equal(transformed(kernel)[:, :, 0, 0], expected)


@pytest.mark.parametrize("flip", [False, True])
def test_errors_are_those_of_rounding(flip: bool):
    """Against loops in float64, relative to the spread of what they give."""
    x, kernel, _ = arrays(1, 16, 16, 128, 128)
    exact = by_loops(x, kernel[::-1, ::-1].swapaxes(2, 3) if flip else kernel)
    own = transformed(kernel.astype(np.float32))

    def error(precision: jnp.dtype, operands: tuple) -> float:
        at, of = operands
        at = at.astype(precision)
        y = jax.vjp(lambda a: convolve(a, of), at)[1](at)[0] if flip else convolve(at, of)
        assert y.dtype == precision
        return float(np.std(np.asarray(y, np.float64) - exact) / np.std(exact))

    assert error(jnp.float32, (jnp.asarray(x), jnp.asarray(own))) < 1e-6
    # A plain convolution of bfloat16 operands is off by 2.3e-3, and 1.7e-3 more of its result.
    assert error(jnp.bfloat16, (jnp.asarray(x), jnp.asarray(own, jnp.bfloat16))) < 5e-3


def test_lanes_are_the_runs_alone():
    x, kernel, _ = arrays(3, 9, 7, 64, 64)
    own = transformed(kernel.astype(np.float32))

    def one(a: jax.Array) -> jax.Array:
        return convolve(a[None], own)[0]

    lanes = jnp.asarray(x, jnp.float32)
    np.testing.assert_allclose(jax.vmap(one)(lanes), jnp.stack([one(a) for a in lanes]), atol=1e-4)
