"""A configuration split for the program: what is compiled for, and what is traced."""

from nst.base.program import Hyperparameters, Static
from nst.config import look, places
from nst.config.groups import Style
from nst.config.schema import Config
from nst.networks.spec import NETWORKS


def split(config: Config, network: str) -> tuple[Static, Hyperparameters]:
    """Split a validated `config` into what is compiled for and what is traced.

    Args:
      config: a validated configuration; of one with `scales`, `size` is the one that is split for.
      network: the resolved network, which a fallback may have changed.
    """
    static = Static(
        network=network,
        pooling=config.pooling,
        precision=config.precision,
        content_layers=tuple(config.content.layers),
        style_layers=tuple(config.style.layers),
        optimizer=config.optimizer.name,
        schedule=config.optimizer.schedule,
        memory=config.optimizer.memory,
        clamp=config.optimizer.clamp,
        average=config.optimizer.average > 0,
        statistic=config.style.statistic,
        content_statistic=config.content.statistic,
        content_reduction=config.content.reduction,
        tv_form=config.tv.form,
        tv_reduction=config.tv.reduction,
        normalize_gradients=config.normalize_gradients,
        padding=config.padding,
        bias_scale=config.bias_scale,
    )
    weights = look.weights(config, config.size)
    hyperparameters = Hyperparameters(
        alpha=weights.alpha,
        beta=weights.beta,
        gamma=weights.gamma,
        lr=config.optimizer.lr,
        b1=config.optimizer.b1,
        b2=config.optimizer.b2,
        eps=config.optimizer.eps,
        content_weights=dict(config.content.layers),
        style_weights=_style_weights(config.style, network),
        decay=config.optimizer.decay,
        average=config.optimizer.average,
        steps=config.total_steps,
        blend=_blend_weights(config.style),
        tv_exponent=config.tv.exponent,
    )
    return static, hyperparameters


def _style_weights(style: Style, network: str) -> dict[str, float]:
    if style.normalize == "none":
        return dict(style.layers)
    channels = NETWORKS[network].channels
    return {layer: weight / channels(layer) ** 2 for layer, weight in style.layers.items()}


def _blend_weights(style: Style) -> tuple[float, ...]:
    # A blend of one style image is that style image, by the very same program.
    if not style.blend or len(style.blend) == 1 or places.of(style.blend):
        return ()
    return tuple(style.blend.values())
