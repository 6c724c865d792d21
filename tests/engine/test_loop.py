"""The loop against plain numpy, and what it promises about best pictures, seeds and compilation."""

import dataclasses
import math
import time
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from one_run import NUMBERS, STATIC, checks, nothing_traced, scene

from nst.base.program import Hyperparameters
from nst.engine import loop, program
from nst.images.initial import initial_picture


@pytest.fixture(scope="module")
def params() -> dict:
    return scene()[0]


@pytest.fixture(scope="module")
def pictures() -> tuple[np.ndarray, np.ndarray]:
    return scene()[1:]


def run(params, pictures, *, static=STATIC, numbers=NUMBERS, steps=10, check_every=5, seed=0):
    targets = program.compute_targets(static, params, *pictures)
    start = initial_picture(pictures[0], 1, 127.5, seed)
    return list(
        checks(static, params, targets, start, numbers, steps=steps, check_every=check_every)
    )


def patches(picture: np.ndarray) -> np.ndarray:
    """Return (H, W, 3, 3, C): the 3 x 3 neighborhood of each position, zeros outside."""
    padded = np.pad(picture, ((1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
    return np.moveaxis(windows, 2, -1)


class PlainTransfer:
    """Neural style transfer on conv1_1 in float64 numpy, its gradient derived by hand."""

    def __init__(self, params, content_image, style_image):
        self.kernel = np.asarray(params["conv1_1"]["kernel"], np.float64)
        self.bias = np.asarray(params["conv1_1"]["bias"], np.float64)
        self.mean = np.asarray(params["mean"], np.float64)
        self.target = self.features(content_image)
        self.style_image_gram = self.gram(self.features(style_image))

    def features(self, picture):
        centered = np.asarray(picture, np.float64) - self.mean
        return np.einsum("hwijc,ijco->hwo", patches(centered), self.kernel) + self.bias

    def gram(self, features):
        flat = features.reshape(-1, features.shape[-1])
        return flat.T @ flat / len(flat)

    def loss_and_gradient(self, picture, numbers):
        features = self.features(picture)
        height, width, channels = features.shape
        gram_difference = self.gram(features) - self.style_image_gram
        down, right = np.diff(picture, axis=0), np.diff(picture, axis=1)
        total = (
            numbers.alpha * 0.5 * ((features - self.target) ** 2).sum()
            + numbers.beta * (gram_difference**2).sum() / (4 * channels**2)
            + numbers.gamma * (np.abs(down).sum() + np.abs(right).sum())
        )
        by_features = numbers.alpha * (features - self.target)
        by_features = by_features + numbers.beta * features @ gram_difference / (
            channels**2 * height * width
        )
        flipped = self.kernel[::-1, ::-1].transpose(0, 1, 3, 2)
        gradient = np.einsum("hwijc,ijco->hwo", patches(by_features), flipped)
        variation = np.zeros_like(gradient)
        variation[1:] += np.sign(down)
        variation[:-1] -= np.sign(down)
        variation[:, 1:] += np.sign(right)
        variation[:, :-1] -= np.sign(right)
        return total, gradient + numbers.gamma * variation


def adam(transfer: PlainTransfer, picture, numbers, steps):
    """Kingma and Ba 2014, algorithm 1; returns the picture and the total after every step."""
    first, second = np.zeros_like(picture), np.zeros_like(picture)
    totals = []
    for step in range(1, steps + 1):
        gradient = transfer.loss_and_gradient(picture, numbers)[1]
        first = numbers.b1 * first + (1 - numbers.b1) * gradient
        second = numbers.b2 * second + (1 - numbers.b2) * gradient**2
        mean = first / (1 - numbers.b1**step)
        variance = second / (1 - numbers.b2**step)
        picture = picture - numbers.lr * mean / (np.sqrt(variance) + numbers.eps)
        totals.append(transfer.loss_and_gradient(picture, numbers)[0])
    return picture, totals


def test_loop_is_the_plain_loop(params, pictures):
    checks = run(params, pictures)
    start = initial_picture(pictures[0], 1, 127.5, 0).astype(np.float64)
    plain = PlainTransfer(params, *pictures)
    picture, totals = adam(plain, start, NUMBERS, 10)
    assert checks[0].terms.total == pytest.approx(
        plain.loss_and_gradient(start, NUMBERS)[0], rel=1e-4
    )
    assert [check.step for check in checks] == [0, 5, 10]
    assert checks[1].terms.total == pytest.approx(totals[4], rel=1e-4)
    assert checks[2].terms.total == pytest.approx(totals[9], rel=1e-4)
    np.testing.assert_allclose(checks[2].picture, picture, atol=0.05)


def test_last_interval_is_what_is_left(params, pictures):
    assert [check.step for check in run(params, pictures, steps=7, check_every=3)] == [0, 3, 6, 7]


def test_checking_more_often_does_not_change_the_picture(params, pictures):
    often = run(params, pictures, check_every=1)[-1]
    seldom = run(params, pictures, check_every=10)[-1]
    np.testing.assert_allclose(often.picture, seldom.picture, atol=1e-2)


def test_best_is_never_worse_than_any_check(params, pictures):
    # A learning rate this high makes the loss go up and down.
    checks = run(params, pictures, numbers=NUMBERS._replace(lr=80.0), steps=30, check_every=3)
    totals = [check.terms.total for check in checks[1:]]
    assert totals != sorted(totals, reverse=True)
    best = [check for check in checks if check.best][-1]
    assert best.terms.total == min(totals)


def test_same_seed_same_bytes_other_seed_other_picture(params, pictures):
    first, again = run(params, pictures)[-1], run(params, pictures)[-1]
    assert first.picture.tobytes() == again.picture.tobytes()
    assert run(params, pictures, seed=1)[-1].picture.tobytes() != first.picture.tobytes()


def test_other_hyperparameters_compile_nothing(params, pictures):
    run(params, pictures)
    others: dict[str, Any] = {
        "content_weights": {"conv1_1": 0.5},
        "style_weights": {"conv1_1": 0.25},
    }
    with nothing_traced():
        run(
            params, pictures, seed=3, numbers=Hyperparameters(2, 3, 4, 5, 0.8, 0.99, 1e-7, **others)
        )
    with pytest.raises(AssertionError), nothing_traced():
        run(
            params,
            pictures,
            static=dataclasses.replace(STATIC, content_layers=("relu1_1",)),
            numbers=NUMBERS._replace(content_weights={"relu1_1": 1.0}),
        )


def test_loop_ends_where_the_loss_is_not_finite(params, pictures):
    checks = run(params, pictures, numbers=NUMBERS._replace(lr=1e20), steps=20)
    assert not checks[-1].finite
    assert checks[-1].step == 5
    assert not any(check.best for check in checks if not check.finite)


def test_terms_are_plain_floats(params, pictures):
    terms = run(params, pictures)[-1].terms
    assert isinstance(terms.total, float)
    assert math.isfinite(terms.style_layers["conv1_1"])
    assert terms.total == pytest.approx(
        NUMBERS.alpha * terms.content + NUMBERS.beta * terms.style + NUMBERS.gamma * terms.tv,
        rel=1e-6,
    )


def test_compilation_and_steps_are_told_apart_also_where_a_call_waits_for_its_steps():
    added = jax.jit(lambda x: x + 1)

    # As on a GPU, where a program with a loop returns when the loop has ended.
    def steps(number: jax.Array) -> tuple[Any, ...]:
        found = added(number).block_until_ready()
        time.sleep(0.3)
        return None, None, SimpleNamespace(total=found), None

    _, compiling, running = loop._timed(steps, jnp.zeros(3))
    assert 0 < compiling < 0.3 <= running
    _, compiling, running = loop._timed(steps, jnp.zeros(3))
    assert compiling == 0 < 0.3 <= running
