"""The total loss of a picture: content, style by one of the statistics, and total variation.

Equation numbers are those of Gatys et al. 2015 (arXiv:1508.06576), section "Methods"; total
variation is the report's addition.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import jax
import jax.numpy as jnp

from nst.base.program import Hyperparameters, Static
from nst.losses import guided
from nst.losses.equal import scaled
from nst.losses.guided import Regions
from nst.losses.statistics import CONTENT_STATISTICS, STATISTICS
from nst.losses.total_variation import variation
from nst.networks.spec import NETWORKS

Number = TypeVar("Number", jax.Array, float)  # on the device, or on the host


class Targets(NamedTuple):
    """What the picture is drawn towards, computed once from content image and style images."""

    content: dict[str, jax.Array]  # layer -> the content image's activations, (H, W, C)
    #: Layer -> the statistic's target of the style image, (C, C) of a Gram matrix, say; of several
    #: images with an axis of them before: (K, C, C); with masks of regions: (R, C, C).
    style: dict[str, Any]
    guidance: dict[str, jax.Array] | None = None  # layer -> `guided.guidance`, (R, H, W)


class Terms(NamedTuple, Generic[Number]):
    """The total loss and every part of it; all but `total` unweighted."""

    total: Number
    content: Number  # weighted by content layer, not by alpha
    style: Number  # weighted by style layer, not by beta
    tv: Number
    content_layers: dict[str, Number]
    style_layers: dict[str, Number]


class Weighted(NamedTuple, Generic[Number]):
    """The parts of the total loss with their weights in them; their sum is the total."""

    content: Number  # alpha content
    style: Number  # beta style
    tv: Number  # gamma tv


def content_loss(static: Static, activations: jax.Array, target: jax.Array) -> jax.Array:
    """Return the content loss of a layer.

    Args:
      static: its statistic, and its reduction: `mean` is over all numbers of squared differences,
        and over positions of the other statistics, which have a number for each.
      activations: F, (H, W, C), of the picture.
      target: P, (H, W, C), of the content image.
    """
    loss = CONTENT_STATISTICS[static.content_statistic].load().loss
    if static.content_statistic == "squared":
        return loss(activations, target, static.content_reduction)
    positions = activations.shape[0] * activations.shape[1]
    return loss(activations, target) / (positions if static.content_reduction == "mean" else 1)


def style_loss(
    statistic: str,
    activations: jax.Array,
    target: Any,
    *,
    guidance: jax.Array | None = None,
    blend: Sequence[float] = (),
) -> jax.Array:
    """Return E_l of a layer by a statistic; of several style images sum_k b_k E_l of each.

    Args:
      statistic: a name of `nst.losses.statistics.STATISTICS`.
      activations: (H, W, N), of the picture.
      target: the statistic's of the style image; of K images with an axis of them first.
      guidance: (R, H, W), the shares of each region; none: there are no masks.
      blend: b, K weights of sum 1; empty: there is one style image.
    """
    if guidance is not None:
        return STATISTICS[statistic].load_guided().loss(activations, target, guidance)
    loss = STATISTICS[statistic].load().loss
    return blended(lambda one: loss(activations, one), target, blend)


def blended(
    loss: Callable[[Any], jax.Array], target: Any, blend: Sequence[float] = ()
) -> jax.Array:
    """Return the loss towards a target, or sum_k b_k of that towards each of several.

    Args:
      loss: of a target.
      target: the statistic's of the style image; of K images with an axis of them first.
      blend: b, K weights of sum 1; empty: there is one style image.
    """
    if not blend:
        return loss(target)
    # vmap, not a loop: the picture's own statistic and its gradient are taken once.
    return jnp.sum(jnp.stack(blend) * jax.vmap(loss)(target))


def targets(
    content_image: Mapping[str, jax.Array],
    style_images: Sequence[Mapping[str, jax.Array]],
    content_layers: tuple[str, ...],
    style_layers: tuple[str, ...],
    statistic: str = "gram",
    masks: Regions | None = None,
    network: str = "",
    *,
    picture: tuple[int, ...] = (),
    seed: jax.Array | int = 0,
) -> Targets:
    """Return the targets from the activations of the pictures, each (H, W, C).

    Args:
      content_image: its activations by layer.
      style_images: the activations of one, or of those of a blend, by layer.
      content_layers: of the content loss.
      style_layers: of the style loss.
      statistic: of the style loss.
      masks: the regions of content image and style image; none: each is one.
      network: whose layers they are; asked for with masks, or where `picture` is.
      picture: the shape of the picture to come, (H, W, 3); asked for by statistics that are
        `shaped` or `seeded`, as is the seed.
      seed: of what a statistic draws.
    """
    content = {layer: content_image[layer] for layer in content_layers}
    if masks is not None:
        variant = STATISTICS[statistic].load_guided()
        return Targets(
            content=content,
            style={
                layer: of_regions(
                    variant.target(one[layer], _shares(masks, one[layer], network, layer))
                    for one in style_images
                )
                for layer in style_layers
            },
            guidance={
                layer: guided.guidance(masks.content_image, network, layer)
                for layer in style_layers
            },
        )
    each = [
        {
            layer: _target(statistic, style_image[layer], network, layer, picture, seed)
            for layer in style_layers
        }
        for style_image in style_images
    ]
    return Targets(content, together(each))


def _target(
    name: str,
    activations: jax.Array,
    network: str,
    layer: str,
    picture: tuple[int, ...],
    seed: jax.Array | int,
) -> Any:
    """Return a statistic's target of a style image's layer, given what it asks for."""
    statistic = STATISTICS[name]
    target = statistic.load().target
    if not (statistic.shaped or statistic.seeded):
        return target(activations)
    shape = NETWORKS[network].shape(layer, picture)
    if not statistic.seeded:
        return target(activations, shape)
    # By the place in the network, so that a layer's draws don't depend on which others there are.
    key = jax.random.key(seed, impl="threefry2x32")
    own = jax.random.fold_in(key, NETWORKS[network].layer_names.index(layer))
    return target(activations, shape, own)


def _shares(masks: Regions, activations: jax.Array, network: str, layer: str) -> jax.Array:
    """Return the guidance of a style image's layer; its regions' own, or 1 everywhere."""
    if masks.style_image is None:
        return masks.of_style_image(activations.shape)
    return guided.guidance(masks.style_image, network, layer)


def of_regions(style_images: Iterable[jax.Array]) -> jax.Array:
    """Return the targets of all regions, (R, C, C), from those of each style image's regions."""
    return jnp.concatenate(list(style_images))


def together(style_images: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the style targets of one image, or of several with an axis of them first."""
    if len(style_images) == 1:
        return style_images[0]
    return jax.tree.map(lambda *each: jnp.stack(each), *style_images)


def terms(
    picture: jax.Array,
    activations: Mapping[str, jax.Array],
    target: Targets,
    hyperparameters: Hyperparameters,
    static: Static,
) -> Terms[jax.Array]:
    """Return alpha content + beta style + gamma tv (equation 7 and the report's) and its parts.

    Args:
      picture: (H, W, 3) in gray levels.
      activations: layer -> (H, W, C), of the picture.
      target: of the content image and the style images.
      hyperparameters: alpha, beta, gamma, the weights of layers and of a blend's style images.
      static: the statistic of the style loss, as in `target`, and the form of the other losses.
    """
    content_layers = {
        name: content_loss(static, activations[name], t) for name, t in target.content.items()
    }
    style_layers = {
        name: style_loss(
            static.statistic,
            activations[name],
            t,
            guidance=target.guidance[name] if target.guidance else None,
            blend=hyperparameters.blend,
        )
        for name, t in target.style.items()
    }
    return summed(picture, content_layers, style_layers, hyperparameters, static)


def summed(
    picture: jax.Array,
    content_layers: dict[str, jax.Array],
    style_layers: dict[str, jax.Array],
    hyperparameters: Hyperparameters,
    static: Static,
) -> Terms[jax.Array]:
    """Return the total of the losses of layers and of the picture's total variation.

    Args:
      picture: (H, W, 3) in gray levels.
      content_layers: the content loss by layer.
      style_layers: the style loss by layer.
      hyperparameters: alpha, beta, gamma, the weights of layers.
      static: the form of the total variation.
    """
    content_sum = _sum(hyperparameters.content_weights, content_layers)
    style_sum = _sum(hyperparameters.style_weights, style_layers)
    tv = variation(picture, static.tv_form, static.tv_reduction, hyperparameters.tv_exponent)
    parts = weighted(
        content_sum,
        style_sum,
        tv,
        alpha=hyperparameters.alpha,
        beta=hyperparameters.beta,
        gamma=hyperparameters.gamma,
    )
    total = parts.content + parts.style + parts.tv
    return Terms(total, content_sum, style_sum, tv, content_layers, style_layers)


def equal(
    terms: Callable[[jax.Array], Terms[jax.Array]],
    picture: jax.Array,
    hyperparameters: Hyperparameters,
) -> Terms[jax.Array]:
    """Return the terms of a picture, the gradient of whose total is of three of given strengths.

    Args:
      terms: of a picture.
      picture: (H, W, 3) in gray levels.
      hyperparameters: alpha, beta and gamma, the root mean squares of the three gradients.
    """
    weights = hyperparameters.alpha, hyperparameters.beta, hyperparameters.gamma
    # Of equal forward passes XLA keeps one; backward, each loss has its own layers alone.
    content, style, tv = (terms(scaled(picture, weight)) for weight in weights)
    alpha, beta, gamma = weights
    parts = weighted(content.content, style.style, tv.tv, alpha=alpha, beta=beta, gamma=gamma)
    return Terms(
        parts.content + parts.style + parts.tv,
        content.content,
        style.style,
        tv.tv,
        content.content_layers,
        style.style_layers,
    )


def weighted(
    content: Number, style: Number, tv: Number, *, alpha: float, beta: float, gamma: float
) -> Weighted[Number]:
    """Return the three parts of the total loss, each with its weight in it.

    Args:
      content: the content loss.
      style: the style loss.
      tv: the total variation.
      alpha: weight of the content loss.
      beta: weight of the style loss.
      gamma: weight of the total variation.
    """
    return Weighted(alpha * content, beta * style, gamma * tv)


def _sum(weights: Mapping[str, float], losses: Mapping[str, jax.Array]) -> jax.Array:
    return sum((weights[name] * loss for name, loss in losses.items()), start=jnp.zeros(()))
