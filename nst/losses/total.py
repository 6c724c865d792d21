"""The losses of the report, summed as its equations say, as pure functions of activations.

Equation numbers are those of Gatys et al. 2015 (arXiv:1508.06576), section "Methods"; total
variation is the report's addition, in nst/losses/total_variation.py.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import jax
import jax.numpy as jnp

from nst.base.program import Hyperparameters, Static
from nst.losses import guided, mean_std, wasserstein
from nst.losses.guided import Regions
from nst.losses.total_variation import variation

Number = TypeVar("Number", jax.Array, float)  # on the device, or on the host


class Targets(NamedTuple):
    """What the picture is drawn towards, computed once from the photograph and the paintings."""

    content: dict[str, jax.Array]  # layer -> the photograph's activations, (H, W, C)
    #: Layer -> `style_target` of the painting, its Gram matrix over its positions, (C, C), say; of
    #: several paintings with an axis of them before: (K, C, C); with masks of regions: (R, C, C).
    style: dict[str, Any]
    guidance: dict[str, jax.Array] | None = None  # layer -> `regions.guidance`, (R, H, W)


class Terms(NamedTuple, Generic[Number]):
    """The total loss and every part of it; all but `total` unweighted."""

    total: Number
    content: Number  # weighted by content layer, not by alpha
    style: Number  # weighted by style layer, not by beta
    tv: Number
    content_layers: dict[str, Number]
    style_layers: dict[str, Number]


def content_loss(activations: jax.Array, target: jax.Array) -> jax.Array:
    """Return half the summed squared difference of two activations (equation 1).

    Args:
      activations: F, (H, W, C), of the picture.
      target: P, (H, W, C), of the photograph.
    """
    return 0.5 * jnp.sum((activations - target) ** 2)


def mean_content_loss(activations: jax.Array, target: jax.Array) -> jax.Array:
    """Return the mean squared difference of two activations, as most peers have it.

    Args:
      activations: F, (H, W, C), of the picture.
      target: P, (H, W, C), of the photograph.
    """
    return jnp.mean((activations - target) ** 2)


@jax.custom_vjp
def gram(activations: jax.Array) -> jax.Array:
    """Return the Gram matrix F^T F over positions (equation 3).

    Its gradient F (D + D^T) is written out as one product; what JAX derives takes two.

    Args:
      activations: (H, W, C).

    Returns:
      (C, C): entry (i, j) is the sum over positions of channel i times channel j.
    """
    features = activations.reshape(-1, activations.shape[-1])
    return jnp.dot(features.T, features, precision=jax.lax.Precision.HIGHEST)


def _gram_forward(activations: jax.Array) -> tuple[jax.Array, jax.Array]:
    return gram(activations), activations


def _gram_backward(activations: jax.Array, gradient: jax.Array) -> tuple[jax.Array]:
    symmetric = gradient + gradient.T
    return (jnp.dot(activations, symmetric, precision=jax.lax.Precision.HIGHEST),)


gram.defvjp(_gram_forward, _gram_backward)


def gram_per_position(activations: jax.Array) -> jax.Array:
    """Return the Gram matrix divided by the number of positions M, so that sizes compare.

    Args:
      activations: (H, W, C).
    """
    return gram(activations) / (activations.shape[0] * activations.shape[1])


def style_loss(activations: jax.Array, target: jax.Array) -> jax.Array:
    """Return E_l = sum (G - A)^2 / (4 N^2 M^2) (equation 4).

    Args:
      activations: (H, W, N), of the picture.
      target: (N, N), `gram_per_position` of the painting.
    """
    return gram_distance(gram_per_position(activations), target)


def gram_distance(gram: jax.Array, target: jax.Array) -> jax.Array:
    """Return the E_l of Gram matrices that are divided by their numbers of positions.

    M^2 of equation 4 is inside them, each divided by its own M: the same number where picture and
    painting have as many positions, and the one that compares where they do not.

    Args:
      gram: (N, N), `gram_per_position` of the picture.
      target: (N, N), of the painting.
    """
    return jnp.sum((gram - target) ** 2) / (4 * gram.shape[-1] ** 2)


def style_target(statistic: str, activations: jax.Array) -> Any:
    """Return what `layer_style_loss` wants of a painting's layer.

    Args:
      statistic: "gram", "mean_std" or "wasserstein".
      activations: (H, W, N).
    """
    if statistic == "mean_std":
        return mean_std.mean_std(activations)
    if statistic == "wasserstein":
        return wasserstein.target(activations)
    return gram_per_position(activations)


def layer_style_loss(statistic: str, activations: jax.Array, target: Any) -> jax.Array:
    """Return E_l, by the Gram matrices or by another statistic.

    Args:
      statistic: "gram", "mean_std" or "wasserstein".
      activations: (H, W, N), of the picture.
      target: `style_target` of the painting, of the same statistic.
    """
    if statistic == "mean_std":
        return mean_std.loss(activations, target)
    if statistic == "wasserstein":
        return wasserstein.loss(activations, target)
    return style_loss(activations, target)


def blended_style_loss(
    statistic: str, activations: jax.Array, target: Any, blend: Sequence[float]
) -> jax.Array:
    """Return sum_k b_k E_l of the picture and painting k.

    Args:
      statistic: "gram", "mean_std" or "wasserstein".
      activations: (H, W, N), of the picture.
      target: `style_target` of K paintings, with an axis of them first; of one where K = 0.
      blend: b, K weights of sum 1; empty: there is one painting.
    """
    if not blend:
        return layer_style_loss(statistic, activations, target)
    # vmap, not a loop: the picture's own statistic and its gradient are taken once.
    each = jax.vmap(lambda one: layer_style_loss(statistic, activations, one))(target)
    return jnp.sum(jnp.stack(blend) * each)


def targets(
    photograph: Mapping[str, jax.Array],
    paintings: Sequence[Mapping[str, jax.Array]],
    content_layers: tuple[str, ...],
    style_layers: tuple[str, ...],
    statistic: str = "gram",
    masks: Regions | None = None,
) -> Targets:
    """Return the targets from the activations of the pictures, each (H, W, C).

    Args:
      photograph: its activations by layer.
      paintings: the activations of one, or of those of a blend, by layer.
      content_layers: of the content loss.
      style_layers: of the style loss.
      statistic: of the style loss.
      masks: the regions of photograph and painting; none: each is one.
    """
    if masks is not None:
        return _guided(photograph, paintings[0], content_layers, style_layers, masks)
    each = [
        {layer: style_target(statistic, painting[layer]) for layer in style_layers}
        for painting in paintings
    ]
    return Targets(
        content={layer: photograph[layer] for layer in content_layers},
        style=each[0] if len(each) == 1 else jax.tree.map(lambda *them: jnp.stack(them), *each),
    )


def _guided(
    photograph: Mapping[str, jax.Array],
    painting: Mapping[str, jax.Array],
    content_layers: tuple[str, ...],
    style_layers: tuple[str, ...],
    masks: Regions,
) -> Targets:
    return Targets(
        content={layer: photograph[layer] for layer in content_layers},
        style={
            layer: guided.grams(painting[layer], guided.guidance(masks.painting, layer))
            for layer in style_layers
        },
        guidance={layer: guided.guidance(masks.photograph, layer) for layer in style_layers},
    )


def terms(
    picture: jax.Array,
    activations: Mapping[str, jax.Array],
    target: Targets,
    weights: Hyperparameters,
    static: Static,
) -> Terms[jax.Array]:
    """Return alpha content + beta style + gamma tv (equation 7 and the report's) and its parts.

    Args:
      picture: (H, W, 3) in grey levels.
      activations: layer -> (H, W, C), of the picture.
      target: of the photograph and the paintings.
      weights: alpha, beta, gamma, every layer's weight, and every painting's of a blend.
      static: the statistic of the style loss, as in `target`, and the form of the other losses.
    """
    squares = mean_content_loss if static.content_reduction == "mean" else content_loss
    content = {name: squares(activations[name], t) for name, t in target.content.items()}
    if target.guidance is not None:
        style = {
            name: guided.loss(activations[name], t, target.guidance[name])
            for name, t in target.style.items()
        }
    else:
        style = {
            name: blended_style_loss(static.statistic, activations[name], t, weights.blend)
            for name, t in target.style.items()
        }
    content_sum = _weighted(weights.content_weights, content)
    style_sum = _weighted(weights.style_weights, style)
    tv = variation(picture, static.tv_form, static.tv_reduction, weights.tv_exponent)
    total = weights.alpha * content_sum + weights.beta * style_sum + weights.gamma * tv
    return Terms(total, content_sum, style_sum, tv, content, style)


def _weighted(weights: Mapping[str, float], losses: Mapping[str, jax.Array]) -> jax.Array:
    return sum((weights[name] * loss for name, loss in losses.items()), start=jnp.zeros(()))
