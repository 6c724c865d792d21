"""The style loss as the distance of each feature of the picture to the painting's nearest one.

Kolkin et al. 2022, "Neural Neighbor Style Transfer" (arXiv:2203.13215): the loss of its last phase,
which looks for neighbors anew at each step and in each layer by itself. Each picture's features are
taken less their own mean, so that overall color and contrast are free.
"""

import jax
import jax.numpy as jnp

from nst.losses.pairs import TINY, drawn, most_alike, unit

#: Ours: with it the default beta paints about as strongly as it does with Gram matrices.
SCALE = 1e6


def target(
    activations: jax.Array, shape: tuple[int, int, int], key: jax.Array, *, side: int = 1
) -> jax.Array:
    """Return patches of a style image's layer around positions drawn at random, of length 1.

    Args:
      activations: (H', W', N).
      shape: of the picture's layer; any.
      key: of the random numbers.
      side: positions of a patch in each direction, odd.

    Returns:
      (K, side^2, N), K as in `nst.losses.pairs.SAMPLES`.
    """
    height, width, _ = activations.shape
    wide = _centered(activations, side)
    row, column = jnp.divmod(drawn(key, height * width).positions, width)
    each = [wide[row + down, column + right] for down, right in _offsets(side)]
    patches = jnp.stack(each, axis=1)
    return unit(patches.reshape(len(patches), -1)).reshape(patches.shape)


def loss(activations: jax.Array, target: jax.Array, *, side: int = 1) -> jax.Array:
    """Return E_l = s mean_i min_j (1 - cos(F_i - mu, A_j - nu)), mu and nu the means of F and A.

    Beyond its edges a layer is continued by its mean, so that each position has a patch.

    Args:
      activations: F, (H, W, N), of the picture.
      target: directions of A - nu, (K, side^2, N), of the style image.
      side: positions of a patch in each direction, as of the target.
    """
    height, width, _ = activations.shape
    wide, offsets = _centered(activations, side), _offsets(side)
    # The search alone, whose products are most of a step of larger patches: rounded to 8 bits, it
    # takes another patch for one position in some hundred, which is as near to a millionth.
    kind = jnp.bfloat16 if side > 1 else wide.dtype
    seen, others = (values.astype(kind) for values in (jax.lax.stop_gradient(wide), target))

    def row(number: jax.Array) -> jax.Array:
        rows = jax.lax.dynamic_slice_in_dim(seen, number, side)
        return jnp.concatenate([_window(rows, at, 1, width)[0] for at in offsets], axis=-1)

    nearest = most_alike(row, height, others.reshape(len(target), -1))

    # One place of the patches after the other, computed anew for the gradient: no picture's worth
    # of patches is held.
    @jax.checkpoint
    def product(at_and_directions: tuple[jax.Array, jax.Array]) -> jax.Array:
        (down, right), directions = at_and_directions
        own = jax.lax.dynamic_slice(wide, (down, right, 0), activations.shape)
        return jnp.sum(own * directions[nearest], axis=-1)

    products = jax.lax.map(product, (jnp.array(offsets), jnp.moveaxis(target, 1, 0))).sum(axis=0)
    squares = jnp.sum(wide**2, axis=-1)
    lengths = sum(_window(squares, at, height, width) for at in offsets)
    return SCALE * (1 - jnp.mean(products * jax.lax.rsqrt(lengths + TINY)))


def _offsets(side: int) -> list[tuple[int, int]]:
    """Return the places of a patch, down and right of its first."""
    return [(down, right) for down in range(side) for right in range(side)]


def _centered(activations: jax.Array, side: int) -> jax.Array:
    """Return activations less their mean, with 0 around them for patches at the edges."""
    beside = (side // 2, side // 2)
    return jnp.pad(activations - activations.mean(axis=(0, 1)), (beside, beside, (0, 0)))


def _window(values: jax.Array, at: tuple[int, int], height: int, width: int) -> jax.Array:
    down, right = at
    return values[down : down + height, right : right + width]
