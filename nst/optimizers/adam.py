"""Adam (Kingma and Ba 2014, arXiv:1412.6980)."""

import optax

from nst.base.program import Hyperparameters, Static
from nst.optimizers.gradient import by_gradient, rate


def _adam(static: Static, hyperparameters: Hyperparameters) -> optax.GradientTransformation:
    return optax.adam(
        rate(static, hyperparameters),
        b1=hyperparameters.b1,
        b2=hyperparameters.b2,
        eps=hyperparameters.eps,
    )


# To another size as in crowsonkb/style-transfer-pytorch; the mean squared gradient may not fall
# below 0, as by bicubic interpolation it would.
method = by_gradient(_adam, mu="cubic", nu="linear")
