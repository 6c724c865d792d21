"""The same look at another size: the losses of enlarged pictures, as `same_look` weighs them."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from style_targets import target_of

from nst.base.errors import UserError
from nst.config import identity, look
from nst.config.program import split
from nst.config.schema import Config, to_mapping
from nst.losses import content, total_variation
from nst.losses.statistics import STATISTICS
from nst.losses.total import content_loss, style_loss

#: Times as large.
K = 3


def enlarged(activations: np.ndarray) -> np.ndarray:
    return activations.repeat(K, axis=0).repeat(K, axis=1)


def finer(picture: np.ndarray) -> np.ndarray:
    """Return a plane with K positions for each: linear interpolation, exact up to the last edge."""
    rows, columns = picture.shape[:2]
    down, right = np.meshgrid(
        np.arange(K * (rows - 1) + 1) / K, np.arange(K * (columns - 1) + 1) / K, indexing="ij"
    )
    return np.stack([3 * down + 5 * right + 7] * 3, axis=-1).astype(np.float32)


def factors(compose: Callable[..., Config], *overrides: str) -> look.Weights:
    config = compose(*overrides, "size=96", "same_look=32", "beta=1", "tv.gamma=1")
    return look.weights(config, 96)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_content_loss_of_enlarged_activations(compose: Callable[..., Config], reduction: str):
    one, other = np.random.default_rng(1).normal(size=(2, 4, 5, 6)).astype(np.float32)
    small, large = (
        content.loss(jnp.asarray(pair[0]), jnp.asarray(pair[1]), reduction)
        for pair in ((one, other), (enlarged(one), enlarged(other)))
    )
    weight = factors(compose, f"content.reduction={reduction}").alpha
    assert weight * float(large) == pytest.approx(K**2 * float(small), rel=1e-5)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("statistic", ["cosine", "self_similarity"])
def test_other_content_losses_of_enlarged_activations(
    compose: Callable[..., Config], statistic: str, reduction: str
):
    one, other = np.random.default_rng(1).normal(size=(2, 4, 5, 6)).astype(np.float32)
    chosen = (f"content.statistic={statistic}", f"content.reduction={reduction}")
    static, _ = split(compose(*chosen), "vgg16")
    small = content_loss(static, jnp.asarray(one), jnp.asarray(other))
    large = content_loss(static, jnp.asarray(enlarged(one)), jnp.asarray(enlarged(other)))
    weight = factors(compose, *chosen).alpha
    assert weight * float(large) == pytest.approx(K**2 * float(small), rel=1e-4)


# All but those whose shifts or patches are as many positions at every size.
FIXED = ("long_range", "nearest_3x3")


@pytest.mark.parametrize("statistic", [name for name in STATISTICS if name not in FIXED])
def test_style_loss_of_enlarged_activations(compose: Callable[..., Config], statistic: str):
    own, painted = np.random.default_rng(2).normal(size=(2, 4, 5, 6)).astype(np.float32)
    small, large = (
        style_loss(
            statistic, jnp.asarray(pair[0]), target_of(statistic, pair[1], shape=pair[0].shape)
        )
        for pair in ((own, painted), (enlarged(own), enlarged(painted)))
    )
    weight = factors(compose, f"style.statistic={statistic}").beta
    assert weight * float(large) == pytest.approx(K**2 * float(small), rel=2e-3)


def test_style_loss_of_enlarged_regions(compose: Callable[..., Config]):
    rng = np.random.default_rng(3)
    own, painted = rng.normal(size=(2, 4, 5, 6)).astype(np.float32)
    shares = rng.uniform(size=(1, 4, 5)).astype(np.float32)
    regions = np.concatenate([shares, 1 - shares])
    large_regions = np.stack([enlarged(one) for one in regions])
    target = STATISTICS["gram"].load_guided().target
    small = style_loss("gram", own, target(painted, regions), guidance=jnp.asarray(regions))
    large = style_loss(
        "gram",
        jnp.asarray(enlarged(own)),
        target(enlarged(painted), large_regions),
        guidance=jnp.asarray(large_regions),
    )
    assert factors(compose).beta * float(large) == pytest.approx(K**2 * float(small), rel=1e-4)


def test_nine_points_grow_as_squares_do(compose: Callable[..., Config]):
    # Where a picture is smooth they are the squares; at its edges they are not.
    for reduction in ("sum", "mean"):
        forms = ("tv.form=nine_point", "tv.form=power")
        one, other = (factors(compose, form, f"tv.reduction={reduction}").gamma for form in forms)
        assert one == other


@pytest.mark.parametrize(
    "form", [("absolute", 1.0), ("power", 2.0), ("power", 2.5)], ids=lambda form: str(form[1])
)
def test_total_variation_of_an_enlarged_slope(
    compose: Callable[..., Config], form: tuple[str, float]
):
    name, exponent = form
    plane = finer(np.zeros((1 + 20, 1 + 30, 3)))[::K, ::K]
    small, large = (
        float(total_variation.variation(jnp.asarray(one), name, "sum", exponent))
        for one in (plane, finer(plane))
    )
    asked = [f"tv.form={name}", *([f"tv.exponent={exponent}"] if name == "power" else [])]
    weight = factors(compose, *asked).gamma
    # The absolute form also counts the last row and column, which have no room to grow by K.
    assert weight * large == pytest.approx(K**2 * small, rel=0.05 if name == "absolute" else 1e-4)
    mean = factors(compose, *asked, "tv.reduction=mean").gamma
    assert mean == pytest.approx(weight * K**2)


def test_the_weights_of_each_size_of_a_run(compose: Callable[..., Config]):
    config = compose("scales=[64,256]", "steps=[1,2]", "same_look=128", "tv.gamma=10")
    coarse, _ = (split(dataclasses.replace(config, size=one.size), "vgg16")[1]
                 for one in config.stages)  # fmt: skip
    assert (coarse.alpha, coarse.beta, coarse.gamma) == (1.0, 2500.0, 5.0)
    assert look.weights(config, 256) == (1.0, 4e4, 20.0)
    assert [look.size_at(config, step) for step in (0, 1, 2, 3)] == [64, 64, 256, 256]
    assert look.weights(compose("size=512"), 512) == (1.0, 1e4, 0.0)


def test_the_paintings_size_follows(compose: Callable[..., Config]):
    config = compose("size=512", "same_look=128", "style.size=100")
    assert look.style_size(config, 512) == 400
    assert look.style_size(compose("size=512", "same_look=128"), 512) == 512
    assert look.style_size(compose("size=512", "style.size=100"), 512) == 100
    with pytest.raises(UserError, match="is 10 pixels at size=64"):
        compose("size=64", "same_look=128", "style.size=20")


def test_the_look_at_its_own_size_is_the_same_run(compose: Callable[..., Config]):
    def hashes(*overrides: str) -> tuple[str, str]:
        config = compose(*overrides)
        known: dict[str, Any] = {}
        return identity.config_hash(config, "vgg16", known), identity.by_names(to_mapping(config))

    plain = hashes("size=128")
    assert hashes("size=128", "same_look=128") == plain
    assert hashes("size=128", "same_look=64")[0] != plain[0]
    assert hashes("size=128", "same_look=64")[1] != plain[1]
    # The painting is as large as the picture, 128 px.
    assert hashes("size=128", "same_look=64", "style.size=64") == hashes("size=128", "same_look=64")
    larger = hashes("size=128", "same_look=64", "style.size=128")
    assert larger[0] != hashes("size=128", "same_look=64")[0]
