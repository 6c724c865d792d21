"""A configuration as a program sees it: what is compiled for, and the numbers that are traced."""

from dataclasses import dataclass
from typing import NamedTuple

from nst.config import Config, Style
from nst.layers import channels


class Hyperparameters(NamedTuple):
    """The numbers of a run that are traced: other values of them reuse the compiled program."""

    alpha: float
    beta: float
    gamma: float
    lr: float
    b1: float
    b2: float
    eps: float
    content_weights: dict[str, float]
    style_weights: dict[str, float]
    # Read only by a program of a `Static` that asks for them.
    decay: float = 1.0
    average: float = 0.0
    steps: float = 1.0  # of the whole run
    blend: tuple[float, ...] = ()  # weights of several paintings, sum 1; empty: there is one
    tv_exponent: float = 2.0


@dataclass(frozen=True)
class Static:
    """The choices of a run that a compiled program is made for; hashable."""

    network: str
    pooling: str
    precision: str
    content_layers: tuple[str, ...]
    style_layers: tuple[str, ...]
    optimizer: str = "adam"
    schedule: str = "constant"
    memory: int = 10
    clamp: bool = False
    average: bool = False  # whether; by how much is traced
    statistic: str = "gram"
    content_reduction: str = "sum"
    tv_form: str = "absolute"
    tv_reduction: str = "sum"

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer that a loss reads, each once."""
        return tuple(dict.fromkeys(self.content_layers + self.style_layers))


def split(config: Config, network: str) -> tuple[Static, Hyperparameters]:
    """Split a validated `config` into what is compiled for and what is traced.

    Args:
      config: a validated configuration.
      network: the network that serves, which a fallback may have changed.
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
        content_reduction=config.content.reduction,
        tv_form=config.tv.form,
        tv_reduction=config.tv.reduction,
    )
    hyperparameters = Hyperparameters(
        alpha=config.alpha,
        beta=config.beta,
        gamma=config.tv.gamma,
        lr=config.optimizer.lr,
        b1=config.optimizer.b1,
        b2=config.optimizer.b2,
        eps=config.optimizer.eps,
        content_weights=dict(config.content.layers),
        style_weights=_style_weights(config.style),
        decay=config.optimizer.decay,
        average=config.optimizer.average,
        steps=config.total_steps,
        blend=_blend_weights(config.style),
        tv_exponent=config.tv.exponent,
    )
    return static, hyperparameters


def _style_weights(style: Style) -> dict[str, float]:
    if style.normalize == "none":
        return dict(style.layers)
    return {layer: weight / channels(layer) ** 2 for layer, weight in style.layers.items()}


def _blend_weights(style: Style) -> tuple[float, ...]:
    # A blend of one painting is that painting, by the very same program.
    return tuple(style.blend.values()) if style.blend and len(style.blend) > 1 else ()
