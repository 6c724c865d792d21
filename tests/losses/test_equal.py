"""Gradients of equal strength: against each loss's own in numpy, and by the command line."""

import dataclasses

import jax
import numpy as np
import pytest
from helpers import FOUR_STEPS, SHALLOW, Command, losses, record, refusal

from nst.base.program import Hyperparameters, Static
from nst.engine import strips
from nst.engine.activations import activations
from nst.engine.program import compute_targets
from nst.losses import total
from nst.losses.equal import scaled
from nst.networks.vgg import random_params

STATIC = Static("vgg16", "avg", "float32", ("conv2_1",), ("conv1_1", "conv2_1"))
KEPT = ("normalize_gradients=true", "keep=last")


def weights(alpha: float, beta: float, gamma: float) -> Hyperparameters:
    style = {"conv1_1": 0.3, "conv2_1": 0.7}
    return Hyperparameters(alpha, beta, gamma, 1, 0.9, 0.999, 1e-8, {"conv2_1": 1.0}, style)


def size(gradient: np.ndarray) -> float:
    return float(np.sqrt(np.mean(gradient.astype(np.float64) ** 2)))


def looked_at(own: Hyperparameters, equal: bool, count: int = 0) -> tuple[float, np.ndarray]:
    """Return the total of a picture and its gradient, whole or in strips of so many rows."""
    rng = np.random.default_rng(0)
    pictures = [rng.uniform(0, 255, (14, 11, 3)).astype(np.float32) for _ in range(3)]
    params = random_params("vgg16", 0)
    static = dataclasses.replace(STATIC, strips=count)
    targets = compute_targets(static, params, *pictures[1:])

    def terms(picture: jax.Array) -> total.Terms:
        if count:
            return strips.terms(static, params, picture, targets, own)
        return total.terms(
            picture, activations(static, params, picture, static.layers), targets, own, static
        )

    def loss(picture: jax.Array) -> jax.Array:
        return (total.equal(terms, picture, own) if equal else terms(picture)).total

    value, gradient = jax.jit(jax.value_and_grad(loss))(pictures[0])
    return float(value), np.asarray(gradient)


@pytest.mark.parametrize("count", [0, 4])
def test_the_gradient_is_the_sum_of_each_losss_own_over_its_root_mean_square(count: int):
    alone = [looked_at(weights(*np.eye(3)[at]), equal=False)[1] for at in range(3)]
    assert max(map(size, alone)) > 50 * min(map(size, alone))  # else there would be no need
    wanted = sum(w * one / size(one) for w, one in zip((2, 3, 0.5), alone, strict=True))
    value, found = looked_at(weights(2, 3, 0.5), equal=True, count=count)
    np.testing.assert_allclose(found, wanted, atol=2e-5)
    # The total itself is the weighted sum of the losses, as without.
    assert value == pytest.approx(looked_at(weights(2, 3, 0.5), equal=False)[0], rel=1e-5)


def test_a_gradient_of_zeros_and_one_out_of_range():
    def through(gradient: np.ndarray) -> np.ndarray:
        _, pull = jax.vjp(lambda picture: scaled(picture, 2.0), gradient)
        return np.asarray(pull(gradient)[0])

    np.testing.assert_array_equal(through(np.zeros((2, 2, 3), np.float32)), 0)
    # The square of 1e30 is no float32: 1, -1 and 0 have the root mean square sqrt(2/3).
    large = np.array([[[1e30, -1e30, 0]]], np.float32)
    np.testing.assert_allclose(through(large), [[[6**0.5, -(6**0.5), 0]]], rtol=1e-6)
    assert np.isnan(through(np.array([[[1, np.nan, 1]]], np.float32))).all()


def test_the_losss_own_scale_does_not_matter(command: Command):
    # A mean is a sum over a constant, by which the gradient is divided again.
    grid = ("content.reduction=sum,mean", "beta=1", "sweep.report=false", "hydra.sweep.dir=g")
    done = command("-m", *FOUR_STEPS, *SHALLOW, *KEPT, *grid)
    assert done.returncode == 0, done.stderr
    one, other = (losses(command.folder / "g" / name)[-1] for name in "01")
    assert float(one["style"]) == pytest.approx(float(other["style"]), rel=1e-3)
    assert float(one["content"]) > 1e3 * float(other["content"])
    hashes = {record(command.folder / "g" / name)["config_hash"] for name in "01"}
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("optimizer=lbfgs", "keep=last"), "needs optimizer=adam or sgd, not lbfgs"),
        ((), "normalize_gradients=true needs keep=last"),
    ],
)
def test_what_has_no_meaning_is_refused(command: Command, asked: tuple[str, ...], said: str):
    assert said in refusal(command, "normalize_gradients=true", *asked)
