"""A picture strip by strip against the whole picture, whose programs have tests of their own."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest
from helpers import FOUR_STEPS, SHALLOW, TINY, Command, losses, record, refusal
from one_run import NUMBERS

from nst.base.errors import UserError
from nst.base.program import Hyperparameters, Static
from nst.config.schema import Config
from nst.engine import memory, strips
from nst.engine.activations import activations
from nst.engine.cut import cut
from nst.engine.program import advance, compute_targets
from nst.losses import total
from nst.losses.guided import Regions
from nst.losses.statistics import STATISTICS
from nst.networks.spec import NETWORKS
from nst.networks.vgg import random_params
from nst.optimizers.table import OPTIMIZERS

STYLE = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
REPORT = Static("vgg16", "avg", "float32", ("conv4_2",), STYLE)
#: Neither side is a whole number of positions of any deeper layer.
ODD = (75, 51, 3)


def weighted(static: Static, **changes: Any) -> Hyperparameters:
    """Return numbers at which no part of the total is lost beside another."""
    every = {name: 1.0 + 0.1 * at for at, name in enumerate(static.layers)}
    weights = {
        "content_weights": {name: every[name] for name in static.content_layers},
        "style_weights": {name: every[name] for name in static.style_layers},
    }
    own = NUMBERS._replace(alpha=1.0, beta=100.0, gamma=1000.0, **(weights | changes))
    return jax.tree.map(np.float32, own)


def pictures(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.uniform(0, 255, shape).astype(np.float32) for shape in shapes]


def masks(content_image: np.ndarray, style_image: np.ndarray) -> Regions:
    """Return two regions with soft edges, the lower one of them not in the first strip."""

    def two(height: int, width: int) -> np.ndarray:
        first = np.clip(np.linspace(3, -2, height), 0, 1)[:, None].repeat(width, 1)
        return np.stack([first, 1 - first]).astype(np.float32)

    return Regions(two(*content_image.shape[:2]), two(*style_image.shape[:2]))


def looked_at(
    static: Static, hyperparameters: Hyperparameters, picture: np.ndarray, *sources: np.ndarray,
    regions: Regions | None = None,
) -> tuple[Any, np.ndarray]:  # fmt: skip
    """Return the terms of a picture and their gradient."""
    params = random_params(static.network, 0)
    targets = compute_targets(static, params, *sources, masks=regions)

    def loss(picture: jax.Array) -> Any:
        if static.strips:
            parts = strips.terms(static, params, picture, targets, hyperparameters)
        else:
            seen = activations(static, params, picture, static.layers)
            parts = total.terms(picture, seen, targets, hyperparameters, static)
        return parts.total, parts

    (_, parts), gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))(picture)
    return jax.device_get(parts), np.asarray(gradient)


def assert_the_same(
    static: Static, rows: list[int], shape: tuple[int, ...] = ODD, with_masks: bool = False,
    other: tuple[int, ...] = (49, 90, 3), several: bool = False, losses_within: float = 1e-5,
    by_place: bool = False,
) -> None:  # fmt: skip
    """Compare strips of so many rows with the whole, in losses and gradient."""
    picture, content_image, *style_images = pictures(shape, shape, other, (34, 40, 3))
    style_images = style_images if several or by_place else style_images[:1]
    regions = masks(content_image, style_images[0]) if with_masks else None
    if by_place:
        regions = Regions(masks(content_image, content_image).content_image)
    own = weighted(static, blend=(0.7, 0.3) if several else ())
    sources = content_image, *style_images
    whole, gradient = looked_at(static, own, picture, *sources, regions=regions)
    for count in rows:
        cut = dataclasses.replace(static, strips=count)
        parts, found = looked_at(cut, own, picture, *sources, regions=regions)
        pairs = zip(jax.tree.leaves(parts), jax.tree.leaves(whole), strict=True)
        for one, expected in pairs:
            assert one == pytest.approx(expected, rel=losses_within)
        assert np.abs(found - gradient).max() < 1e-5 * np.abs(gradient).max(), count


def test_strips_have_the_losses_and_the_gradient_of_the_whole():
    # One row of conv5_1, 75 = 4 * 16 + 11, and more rows than there are.
    assert_the_same(REPORT, [16, 80])


@pytest.mark.parametrize("padding", ["replicate", "reflect"])
def test_a_padding_in_strips(padding: str):
    # Also strips whose last row is the picture's last but one.
    near = ("conv1_1", "conv2_1")
    static = Static("vgg16", "avg", "float32", ("conv1_1",), near, padding=padding)
    assert_the_same(static, [2, 74, 80])


@pytest.mark.slow
@pytest.mark.parametrize("padding", ["replicate", "reflect"])
def test_a_padding_in_strips_of_all_layers(padding: str):
    assert_the_same(dataclasses.replace(REPORT, padding=padding), [16, 80])


def test_masks_in_strips():
    assert_the_same(REPORT, [32], with_masks=True)


def test_paintings_by_place_in_strips():
    layers = ("conv1_1", "conv3_1")
    assert_the_same(dataclasses.replace(REPORT, style_layers=layers), [32], by_place=True)


@pytest.mark.slow
def test_a_blend_in_strips():
    assert_the_same(dataclasses.replace(REPORT, style_layers=("conv3_1",)), [32], several=True)


@pytest.mark.slow
def test_means_and_powers_in_strips():
    static = dataclasses.replace(
        REPORT, content_reduction="mean", tv_reduction="mean", tv_form="power", pooling="max"
    )
    assert_the_same(static, [16])


@pytest.mark.slow
@pytest.mark.parametrize("statistic", ["mean_std", "covariance", "moments"])
def test_means_covariances_and_moments_in_strips(statistic: str):
    assert_the_same(dataclasses.replace(REPORT, statistic=statistic), [16, 48])


@pytest.mark.slow
def test_wasserstein_distances_in_strips():
    # The roots of eigenvalues that are 0 but for rounding, as conv1_1 has of its 64 from 27 inputs,
    # are as far apart as any two ways of rounding; their gradient isn't.
    layers = ("conv1_1", "conv2_1", "conv3_1")
    static = dataclasses.replace(REPORT, statistic="wasserstein", style_layers=layers)
    assert_the_same(static, [16, 48], losses_within=2e-2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "style"),
    [
        (("conv1_1",), ("conv1_1",)),
        (("relu3_2",), ("relu1_2", "relu2_1")),
        (("pool1",), ("pool2", "conv2_2")),
        (("conv1_2",), ("pool5",)),
    ],
)
def test_other_layers_in_strips(content: tuple[str, ...], style: tuple[str, ...]):
    static = dataclasses.replace(REPORT, content_layers=content, style_layers=style)
    assert_the_same(static, [NETWORKS["vgg16"].smallest_side(static.layers)])


@pytest.mark.slow
@pytest.mark.parametrize("network", ["vgg16", "vgg19"])
@pytest.mark.parametrize("shape", [(256, 256, 3), (255, 193, 3), (171, 256, 3)])
def test_larger_pictures_in_strips(network: str, shape: tuple[int, ...]):
    static = dataclasses.replace(REPORT, network=network)
    assert_the_same(static, [16, 64, 256], shape, other=(200, 256, 3))


def test_the_halo_is_what_a_position_sees():
    # By hand, from conv5_1 of VGG-19 to the picture: 1, then pooled 2, four convolutions 6, pooled
    # 12, 16, 32, 34, 68, 70; in whole positions of 16 pixels 80.
    assert NETWORKS["vgg19"].halo(["conv5_1", "conv1_1"]) == 80
    assert NETWORKS["vgg19"].halo(["conv1_1"]) == 1
    assert NETWORKS["vgg19"].halo(["conv2_1"]) == 4  # 1, 2, 3, 4
    assert NETWORKS["vgg19"].halo(["pool1"]) == 2


def test_a_strip_takes_less_memory():
    def temporary(static: Static) -> int:
        picture, content_image, style_image = pictures(*[(1024, 48, 3)] * 3)
        params = random_params("vgg16", 0)
        targets = compute_targets(static, params, content_image, style_image)
        own = weighted(static)
        state = OPTIMIZERS["adam"].load().init(static, own, picture)
        compiled = advance.lower(static, 2, params, targets, state, own).compile()
        found: Any = compiled.memory_analysis()
        return found.temp_size_in_bytes

    # 16 rows of its own and 2 * 80 beside, of 1024, and what does not depend on the rows.
    cut = temporary(dataclasses.replace(REPORT, strips=16))
    assert cut < 0.45 * temporary(REPORT)


# --- Which strips -------------------------------------------------------------------------------


def test_strips_are_taken_where_the_whole_does_not_fit(monkeypatch: pytest.MonkeyPatch):
    shape = (3072, 4096, 3)
    monkeypatch.setattr(memory, "of_a_device", lambda: 24 * 2**30)
    assert cut(REPORT, (768, 1024, 3), "auto", "auto").strips == 0
    assert cut(REPORT, shape, "never", "auto").strips == 0
    chosen = cut(REPORT, shape, "auto", "auto").strips
    assert 0 < chosen < 3072
    assert chosen % 16 == 0
    # A third of it.
    assert memory.held(dataclasses.replace(REPORT, strips=chosen), shape) < 8 * 2**30
    monkeypatch.setattr(memory, "of_a_device", lambda: 100 * 2**30)
    assert cut(REPORT, shape, "auto", "auto").strips == 0
    # Two of them, whatever fits.
    assert cut(REPORT, shape, "always", "auto").strips == 1536


def test_what_fits_in_strips_is_not_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "of_a_device", lambda: 16 * 2**30)
    memory.check_memory(REPORT, (3072, 4096, 3), "size", strips="auto")
    with pytest.raises(UserError, match=r"take at most size=\d+, or strips=auto$"):
        memory.check_memory(REPORT, (3072, 4096, 3), "size", strips="never")
    with pytest.raises(UserError, match=r"size=16384 needs at .*take at most size=\d+$") as error:
        memory.check_memory(REPORT, (16384, 16384, 3), "size", strips="auto")
    fits = int(str(error.value).rpartition("=")[2])
    assert 4096 < fits < 16384
    memory.check_memory(REPORT, (fits, fits, 3), "size", strips="auto")


def test_strips_through_the_command_line(command: Command):
    for choice in ("always", "never"):
        done = command(*FOUR_STEPS, *SHALLOW, f"strips={choice}", f"hydra.run.dir={choice}")
        assert done.returncode == 0, done.stderr
    cut, whole = (losses(command.folder / choice) for choice in ("always", "never"))
    assert len(cut) == 3
    for one, other in zip(cut, whole, strict=True):
        assert float(one["total"]) == pytest.approx(float(other["total"]), rel=1e-4)
    said = (command.folder / "always" / "run.log").read_text()
    assert "32 x 21 pixels are computed in strips of 11 rows, to the same result" in said
    hashes = {record(command.folder / choice)["config_hash"] for choice in ("always", "never")}
    assert len(hashes) == 1


def test_strips_that_nobody_asked_for_are_said(command: Command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "of_a_device", lambda: 10**9)
    done = command(*FOUR_STEPS, *SHALLOW, "hydra.run.dir=one")
    assert done.returncode == 0, done.stderr
    assert "32 x 21 pixels are computed in strips of 11 rows, to the same result" in done.stderr


def test_a_statistic_that_is_no_sum_is_refused_by_name(
    compose: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
):
    plain = dataclasses.replace(STATISTICS["mean_std"], by_strips=False)
    monkeypatch.setitem(STATISTICS, "mean_std", plain)
    with pytest.raises(UserError, match=r"style\.statistic=mean_std is not: leave it at auto"):
        compose(*TINY, "strips=always", "style.statistic=mean_std")
    config = compose(*TINY, "style.statistic=mean_std")
    static = dataclasses.replace(REPORT, statistic="mean_std")
    assert cut(static, (8000, 8000, 3), config.strips, config.devices).strips == 0


def test_a_choice_that_is_none_is_refused(command: Command):
    line = refusal(command, "strips=sometimes")
    assert "strips must be one of auto, always, never, not 'sometimes'" in line
