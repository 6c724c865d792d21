"""Gradient descent: the picture less the gradient times the learning rate."""

import optax

from nst.base.program import Hyperparameters, Static
from nst.optimizers.gradient import by_gradient, rate


def _sgd(static: Static, hyperparameters: Hyperparameters) -> optax.GradientTransformation:
    return optax.sgd(rate(static, hyperparameters))


method = by_gradient(_sgd)
