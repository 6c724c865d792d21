"""The convolution in each of its forms, against the formula."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_winograd import arrays, is_that_of_the_formula

from nst.networks.convolution import convolve, fastest, flipped


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 4), (3, 2), (4, 7)])
def test_a_convolution_and_its_gradient_are_those_of_the_formula(shape: tuple[int, int]):
    given = arrays(1, *shape, 3, 3)
    kernel = jnp.asarray(given[1], jnp.float32)
    is_that_of_the_formula(lambda a: convolve(a, kernel, flipped(kernel)), given)


def test_lanes_are_the_runs_alone():
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.standard_normal((3, 1, 9, 7, 128)), jnp.bfloat16)
    kernel = jnp.asarray(rng.standard_normal((3, 3, 128, 128)), jnp.bfloat16)

    def one(a: jax.Array) -> jax.Array:
        return convolve(a, kernel, flipped(kernel))

    np.testing.assert_array_equal(jax.vmap(one)(x), jnp.stack([one(a) for a in x]))


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="of a CPU")
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
