"""A configuration as a program sees it: what is compiled for, and what is traced."""

from dataclasses import dataclass
from typing import NamedTuple


class Hyperparameters(NamedTuple):
    """What of a run is traced: other values reuse the compiled program."""

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
    blend: tuple[float, ...] = ()  # weights of several style images, sum 1; empty: there is one
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
    content_statistic: str = "squared"
    content_reduction: str = "sum"
    tv_form: str = "absolute"
    tv_reduction: str = "sum"
    normalize_gradients: bool = False
    padding: str = "zeros"  # of the convolutions
    bias_scale: float = 1.0  # of the convolutions
    strips: int = 0  # rows of the picture, in pixels, that are computed at a time; 0: all
    devices: int = 1  # that compute the strips, each its share of them

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer that a loss reads, each once."""
        return tuple(dict.fromkeys(self.content_layers + self.style_layers))
