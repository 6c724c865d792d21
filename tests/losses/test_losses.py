"""The losses against cases computed by hand, finite differences, and plain loops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nst.base.program import Hyperparameters, Static
from nst.losses import content, gram, total, total_variation

STATIC = Static("vgg19", "avg", "float32", (), ())  # the report's losses


def test_content_loss_by_hand():
    # 1/2 (1^2 + 2^2 + 0^2 + 3^2) = 7
    activations = jnp.array([[[1.0, 2.0], [5.0, 3.0]]])
    target = jnp.array([[[0.0, 0.0], [5.0, 0.0]]])
    assert content.loss(activations, target) == 7.0


def test_gram_is_the_plain_double_sum():
    features = np.random.default_rng(1).normal(size=(3, 5, 4)).astype(np.float32)
    expected = np.zeros((4, 4))
    for row in range(3):
        for column in range(5):
            expected += np.outer(features[row, column], features[row, column])
    np.testing.assert_allclose(gram.gram(jnp.asarray(features)), expected, rtol=1e-5)


def test_style_loss_by_hand():
    # One position, two channels: G = [[1, 2], [2, 4]], A = 0, so (1 + 4 + 4 + 16) / (4 * 4 * 1).
    loss = gram.loss(jnp.array([[[1.0, 2.0]]]), jnp.zeros((2, 2)))
    assert loss == 25 / 16


def test_style_loss_is_the_papers_where_sizes_are_equal():
    rng = np.random.default_rng(2)
    picture, style_image = rng.normal(size=(2, 4, 6, 3))
    n, m = 3, 24
    flat, flat_style_image = picture.reshape(m, n), style_image.reshape(m, n)
    difference = flat.T @ flat - flat_style_image.T @ flat_style_image
    expected = (difference**2).sum() / (4 * n**2 * m**2)
    target = gram.gram_per_position(jnp.asarray(style_image, jnp.float32))
    got = gram.loss(jnp.asarray(picture, jnp.float32), target)
    assert float(got) == pytest.approx(expected, rel=1e-5)


def test_style_loss_does_not_change_when_a_picture_is_tiled():
    rng = np.random.default_rng(3)
    features, style_image = rng.normal(size=(2, 4, 4, 3)).astype(np.float32)
    target = gram.gram_per_position(jnp.asarray(style_image))
    once = gram.loss(jnp.asarray(features), target)
    tiled = gram.loss(jnp.asarray(np.tile(features, (3, 2, 1))), target)
    assert float(tiled) == pytest.approx(float(once), rel=1e-5)


def test_total_variation_of_a_checkerboard():
    # 4 x 5 squares of 0 and 10: 3 * 5 vertical, 4 * 4 horizontal neighbors, 3 channels.
    board = 10.0 * (np.indices((4, 5)).sum(axis=0) % 2)
    picture = jnp.asarray(np.repeat(board[:, :, None], 3, axis=2))
    assert total_variation.total_variation(picture) == 10 * (15 + 16) * 3


def test_total_variation_of_a_constant_picture_is_0_with_a_finite_gradient():
    picture = jnp.full((5, 4, 3), 128.0)
    assert total_variation.total_variation(picture) == 0
    assert np.isfinite(jax.grad(total_variation.total_variation)(picture)).all()


@pytest.mark.parametrize("loss", ["content", "style", "tv"])
def test_gradients_against_finite_differences(loss: str):
    rng = np.random.default_rng(4)
    with jax.enable_x64(True):
        at = jnp.asarray(rng.normal(size=(3, 4, 2)))
        other = jnp.asarray(rng.normal(size=(3, 4, 2)))
        function = {
            "content": lambda x: content.loss(x, other),
            "style": lambda x: gram.loss(x, gram.gram_per_position(other)),
            "tv": total_variation.total_variation,
        }[loss]
        gradient = np.asarray(jax.grad(function)(at))
        for index in np.ndindex(at.shape):
            nudge = jnp.zeros_like(at).at[index].set(1e-6)
            slope = (function(at + nudge) - function(at - nudge)) / 2e-6
            assert gradient[index] == pytest.approx(float(slope), rel=1e-5, abs=1e-7)


def test_total_is_the_weighted_sum_and_parts_are_unweighted():
    activations = {"conv1_1": jnp.array([[[1.0, 2.0]]]), "conv2_1": jnp.array([[[3.0]]])}
    zeros = {name: jnp.zeros_like(values) for name, values in activations.items()}
    target = total.targets(zeros, [zeros], ("conv2_1",), ("conv1_1", "conv2_1"))
    weights = Hyperparameters(
        alpha=2.0,
        beta=3.0,
        gamma=5.0,
        lr=1.0,
        b1=0.9,
        b2=0.999,
        eps=1e-8,
        content_weights={"conv2_1": 0.5},
        style_weights={"conv1_1": 0.25, "conv2_1": 4.0},
    )
    picture = jnp.array([[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]])
    parts = total.terms(picture, activations, target, weights, STATIC)
    # conv2_1: content 9/2; style: G = 9, (81) / (4 * 1 * 1). conv1_1 as by hand above.
    assert parts.content_layers["conv2_1"] == 4.5
    assert parts.style_layers["conv2_1"] == 81 / 4
    assert parts.style_layers["conv1_1"] == 25 / 16
    assert parts.content == 0.5 * 4.5
    assert parts.style == 0.25 * 25 / 16 + 4 * 81 / 4
    assert parts.tv == 1
    assert parts.total == 2 * parts.content + 3 * parts.style + 5 * 1
