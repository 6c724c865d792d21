"""What the device can do at best: the speed of a large matrix product."""

import time
from collections.abc import Callable

import jax
import jax.numpy as jnp


def matmul(precision: str) -> Callable[[], float]:
    """Return a function that times one product of two large matrices, in GFLOP/s.

    Args:
      precision: "float32", in full; "bfloat16": such operands, a float32 result.
    """
    # Large enough to fill the device, small enough to take a tenth of a second on two cores.
    side = 2048 if jax.default_backend() == "cpu" else 8192
    dtype = {"float32": jnp.float32, "bfloat16": jnp.bfloat16}[precision]
    exact = jax.lax.Precision.HIGHEST if precision == "float32" else None

    @jax.jit
    def product(left: jax.Array, right: jax.Array) -> jax.Array:
        return jnp.dot(left, right, precision=exact, preferred_element_type=jnp.float32)

    keys = jax.random.split(jax.random.key(0))
    left, right = (jax.random.normal(key, (side, side), dtype) for key in keys)
    product(left, right).block_until_ready()

    def gflops() -> float:
        began = time.perf_counter()
        product(left, right).block_until_ready()
        return 2 * side**3 / (time.perf_counter() - began) / 1e9

    return gflops
