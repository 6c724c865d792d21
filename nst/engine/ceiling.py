"""What the device can do at best: the speed of a large matrix product."""

import time
from collections.abc import Callable

import jax
import jax.numpy as jnp

from nst.networks.convolution import DTYPES, PRODUCTS


def matmul(precision: str) -> Callable[[], float]:
    """Return a function that times one product of two large matrices, in GFLOP/s.

    Args:
      precision: a name in `nst.networks.convolution.DTYPES`; the result is float32.
    """
    # Large enough to fill the device, small enough to take a tenth of a second on two cores.
    side = 2048 if jax.default_backend() == "cpu" else 8192
    dtype = DTYPES[precision]

    @jax.jit
    def product(left: jax.Array, right: jax.Array) -> jax.Array:
        return jnp.dot(
            left, right, precision=PRODUCTS[precision], preferred_element_type=jnp.float32
        )

    keys = jax.random.split(jax.random.key(0))
    left, right = (jax.random.normal(key, (side, side), dtype) for key in keys)
    product(left, right).block_until_ready()

    def gflops() -> float:
        began = time.perf_counter()
        product(left, right).block_until_ready()
        return 2 * side**3 / (time.perf_counter() - began) / 1e9

    return gflops
