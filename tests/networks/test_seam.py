"""A network that is added by an entry in the table, with weights in a Keras file."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import record
from test_vgg import by_hand, pictures, relative_error, run
from test_weights import Arrays, legacy

from nst.base.errors import UserError
from nst.config.schema import Config
from nst.networks.conversion import convert
from nst.networks.spec import NETWORKS, vgg
from nst.networks.vgg import random_params
from nst.runner import prepare, session

Compose = Callable[..., Config]

#: VGG-11's layers (Simonyan and Zisserman 2014, table 1, column A) and Keras's names for them.
LAYERS = (
    *("conv1_1", "relu1_1", "pool1", "conv2_1", "relu2_1", "pool2"),
    *("conv3_1", "relu3_1", "conv3_2", "relu3_2", "pool3"),
    *("conv4_1", "relu4_1", "conv4_2", "relu4_2", "pool4"),
    *("conv5_1", "relu5_1", "conv5_2", "relu5_2", "pool5"),
)
RUN = ("size=32", "steps=2", "check_every=1", "tracking=disabled", "network.name=vgg11")


@pytest.fixture
def params(monkeypatch: pytest.MonkeyPatch) -> dict:
    """Random parameters of VGG-11, which is in the table."""
    monkeypatch.setitem(NETWORKS, "vgg11", vgg("vgg11", (1, 1, 2, 2, 2)))
    return random_params("vgg11", 0)


@pytest.fixture
def file(params: dict, tmp_path: Path) -> Path:
    """Its weights as Keras publishes them, with blue, green and red in that order."""
    arrays: Arrays = {
        f"block{name[4]}_conv{name[6]}": (part["kernel"], part["bias"])
        for name, part in params.items()
        if name != "mean"
    }
    kernel, bias = arrays["block1_conv1"]
    arrays["block1_conv1"] = kernel[:, :, ::-1], bias
    legacy(tmp_path / "vgg11.h5", arrays, ("/kernel:0", "/bias:0"))
    return tmp_path / "vgg11.h5"


def test_its_activations_are_those_of_loops_over_positions(params: dict, file: Path):
    found = run(convert(file, "vgg11"), pictures(1, 37, 45), LAYERS, network="vgg11")
    wanted = by_hand(params, pictures(1, 37, 45)[0], "vgg11")
    assert tuple(wanted) == LAYERS
    for name in LAYERS:
        assert relative_error(np.asarray(found[name][0]), wanted[name]) < 1e-5, name


def test_it_takes_part_in_a_run(compose: Compose, file: Path, tmp_path: Path):
    layers = "content.layers=[conv1_1]", "style.layers=[conv1_1,pool2]"
    config = compose(*RUN, *layers, f"network.weights={file}")
    prepared = prepare.prepare(config)
    session.perform(prepared, session.Place(tmp_path / "0"))
    found = record(tmp_path / "0")
    assert found["status"] == "finished"
    assert found["config"]["network"]["name"] == "vgg11"
    assert set(prepared.params) == {"mean", *(name for name in LAYERS if "conv" in name)}


def test_a_layer_and_a_file_of_another_network_are_refused(compose: Compose, file: Path):
    with pytest.raises(UserError, match="vgg11 has no layer 'conv1_2'"):
        compose(*RUN, "content.layers=[conv1_2]", f"network.weights={file}")
    with pytest.raises(UserError, match="missing in the file are block1_conv2"):
        convert(file, "vgg16")
