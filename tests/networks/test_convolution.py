"""The convolution in each of its forms, against the formula and against XLA's own."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nst.networks.convolution import convolve, fastest, flipped


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


@pytest.mark.parametrize(
    ("precision", "channels"),
    [("float32", (64, 64)), ("float32", (512, 512)), ("bfloat16", (64, 128))],
)
def test_which_form_serves_on_a_cpu(precision: str, channels: tuple[int, int]):
    kernel = np.zeros((3, 3, *channels), np.float32)
    found = fastest(kernel, precision)
    assert {name: (value.shape, value.dtype) for name, value in found.items()} == {
        "winograd": ((4, 4, *channels), precision)
    }


def test_what_has_few_channels_is_xlas_own_convolution():
    kernel = np.arange(3 * 3 * 3 * 64, dtype=np.float32).reshape(3, 3, 3, 64)
    found = fastest(kernel, "float32")
    assert set(found) == {"kernel", "backward"}
    np.testing.assert_array_equal(found["kernel"], kernel)
    for row, column in itertools.product(range(3), range(3)):
        np.testing.assert_array_equal(found["backward"][row, column], kernel[2 - row, 2 - column].T)


def test_what_a_gpus_library_chooses_is_left_to_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert set(fastest(np.zeros((3, 3, 64, 64), np.float32), "bfloat16")) == {"kernel", "backward"}
