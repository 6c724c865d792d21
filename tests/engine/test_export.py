"""The step's program for a GPU, made on a machine that needs none."""

import itertools
import re
from typing import Any

import jax
import numpy as np
import pytest

from nst.base.program import Hyperparameters, Static
from nst.engine.program import advance
from nst.losses import total
from nst.losses.statistics import STATISTICS
from nst.networks import vgg
from nst.networks.convolution import flipped
from nst.optimizers.table import OPTIMIZERS

LAYERS = ("conv1_1", "conv2_1")
PICTURE = jax.ShapeDtypeStruct((16, 20, 3), np.float32)
NUMBERS = jax.tree.map(
    np.float32,
    Hyperparameters(
        *(1.0, 1e4, 1.0, 10.0, 0.9, 0.999, 1e-8),
        content_weights={"conv2_1": 1.0},
        style_weights=dict.fromkeys(LAYERS, 0.5),
    ),
)


@pytest.fixture(scope="module")
def params() -> dict[str, Any]:
    """Kernels as a GPU's steps take them: a CPU's have another form."""
    known = vgg.random_params("vgg16", 0)
    return {
        name: one | {"backward": flipped(one["kernel"])} if isinstance(one, dict) else one
        for name, one in known.items()
    }


def targets(static: Static, params: dict, style_image: Any) -> total.Targets:
    own = vgg.activations(
        params,
        style_image[None],
        LAYERS,
        network="vgg16",
        pooling="avg",
        precision=static.precision,
    )
    found = {name: values[0] for name, values in own.items()}
    layers = static.content_layers, static.style_layers
    return total.targets(
        *(found, [found], *layers, static.statistic),
        network=static.network,
        picture=style_image.shape,
    )


#: What the program says of a convolution's operands: XLA rounds those of HIGH to tensorfloat32.
WORDS = {"float32": "HIGHEST", "tensorfloat32": "HIGH", "bfloat16": None}
KINDS = list(itertools.product(OPTIMIZERS, STATISTICS, WORDS))


def differences(kind: tuple[str, ...]) -> int:
    return sum(one != usual for one, usual in zip(kind, ("adam", "gram", "float32"), strict=True))


@pytest.mark.parametrize(
    ("optimizer", "statistic", "precision"),
    [
        pytest.param(*kind, marks=[pytest.mark.slow] if differences(kind) > 1 else [])
        for kind in KINDS
    ],
)
def test_a_step_is_exported_for_cuda(
    params: dict[str, Any], optimizer: str, statistic: str, precision: str
):
    static = Static(
        *("vgg16", "avg", precision, ("conv2_1",), LAYERS), optimizer=optimizer, statistic=statistic
    )
    init = OPTIMIZERS[optimizer].load().init
    state = jax.eval_shape(lambda picture: init(static, NUMBERS, picture), PICTURE)
    target = jax.eval_shape(lambda picture: targets(static, params, picture), PICTURE)
    found = jax.export.export(advance, platforms=["cuda"])(
        static, np.int32(4), params, target, state, NUMBERS
    )
    assert found.platforms == ("cuda",)
    text = found.mlir_module()
    assert "stablehlo.convolution" in text
    # On float32 sums, whatever the operands are.
    operands = "bf16" if precision == "bfloat16" else "f32"
    assert f"x64x128x{operands}>" in text
    convolutions = [line for line in text.splitlines() if "stablehlo.convolution" in line]
    said = {tuple(re.findall(r"<precision (\w+)>", line)) for line in convolutions}
    word = WORDS[precision]
    assert said == {(word, word) if word else ()}
