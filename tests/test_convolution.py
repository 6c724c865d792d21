"""The convolution in each of its forms, against the formula and against XLA's own."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nst import convolution
from nst.convolution import convolve, flipped


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 4), (3, 2), (1, 8), (3, 3), (4, 7)])
def test_a_convolution_and_its_gradient_are_those_of_the_formula(shape: tuple[int, int]):
    rng = np.random.default_rng(1)
    x, gradient = rng.standard_normal((2, 1, *shape, 3))
    kernel = rng.standard_normal((3, 3, 3, 3))
    height, width = shape
    y, back = np.zeros_like(x), np.zeros_like(x)
    for row, col, i, j in itertools.product(range(height), range(width), range(3), range(3)):
        above, left = row + i - 1, col + j - 1
        if 0 <= above < height and 0 <= left < width:
            y[0, row, col] += x[0, above, left] @ kernel[i, j]
            back[0, above, left] += kernel[i, j] @ gradient[0, row, col]
    own = jnp.asarray(kernel, jnp.float32)
    found, pull = jax.vjp(lambda a: convolve(a, own, flipped(own)), jnp.asarray(x, jnp.float32))
    np.testing.assert_allclose(found, y, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(pull(jnp.asarray(gradient, jnp.float32))[0], back, atol=1e-4)


@pytest.mark.parametrize(
    ("count", "height", "width", "channels"),
    # A chunk of 16 rows alone, one row more, rows that don't divide evenly, rows of one pixel, rows
    # so long that a chunk has fewer; a gradient with few channels, which takes the other form.
    [(1, 16, 8, 128), (1, 17, 5, 128), (2, 42, 6, 128), (1, 5, 1, 128), (1, 6, 1100, 3)],
)
def test_products_of_rows_are_the_convolution(count: int, height: int, width: int, channels: int):
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.standard_normal((count, height, width, channels)), jnp.bfloat16)
    kernel = jnp.asarray(rng.standard_normal((3, 3, channels, 128)), jnp.bfloat16)
    gradient = jnp.asarray(rng.standard_normal((count, height, width, 128)), jnp.bfloat16)
    found, pull = jax.vjp(lambda a: convolve(a, kernel, flipped(kernel)), x)
    expected, exact = jax.vjp(lambda a: by_xla(a, kernel), x.astype(jnp.float32))
    assert found.dtype == jnp.bfloat16
    near(found, expected)
    near(pull(gradient)[0], exact(gradient.astype(jnp.float32))[0])


def by_xla(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return jax.lax.conv_general_dilated(
        x,
        kernel.astype(jnp.float32),
        (1, 1),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=jax.lax.Precision.HIGHEST,
    )


def near(found: jax.Array, expected: jax.Array) -> None:
    # The operands are the same and sums are float32: what is left is the rounding to 8 bits.
    error = np.abs(np.asarray(found, np.float32) - np.asarray(expected))
    assert (error <= np.abs(np.asarray(expected)) / 256 + 1e-3 * np.abs(expected).max()).all()


def test_lanes_are_the_runs_alone():
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.standard_normal((3, 1, 9, 7, 128)), jnp.bfloat16)
    kernel = jnp.asarray(rng.standard_normal((3, 3, 128, 128)), jnp.bfloat16)

    def one(a: jax.Array) -> jax.Array:
        return convolve(a, kernel, flipped(kernel))

    np.testing.assert_array_equal(jax.vmap(one)(x), jnp.stack([one(a) for a in x]))


def test_which_form_serves_on_a_cpu():
    def program(dtype: jnp.dtype, channels: int) -> str:
        x = jnp.zeros((1, 8, 8, 128), dtype)
        kernel = jnp.zeros((3, 3, 128, channels), dtype)
        lowered = jax.jit(lambda a: convolve(a, kernel, flipped(kernel))).lower(x)
        return lowered.as_text()

    assert "dot_general" in program(jnp.bfloat16, convolution._CHANNELS)
    for other in (program(jnp.bfloat16, 64), program(jnp.float32, 128)):
        assert "dot_general" not in other
        assert "convolution" in other
