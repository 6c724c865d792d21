"""An optimizer of somebody else's, as docs/extending.md has it.

RMSProp (Hinton, lecture 6e of "Neural Networks for Machine Learning", 2012).
"""

import optax

from nst.base.program import Hyperparameters, Static
from nst.optimizers.gradient import by_gradient, rate


def _rmsprop(static: Static, hyperparameters: Hyperparameters) -> optax.GradientTransformation:
    return optax.rmsprop(rate(static, hyperparameters), eps=hyperparameters.eps)


method = by_gradient(_rmsprop, nu="linear")
