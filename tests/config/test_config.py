"""The schema, its validation, and its split into static part and hyperparameters."""

import dataclasses
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from nst.base.errors import UserError
from nst.base.files import conf_dir
from nst.config import document, layers, program, schema, structured, validation
from nst.config.groups import Content, Init, Network, NetworkSource, Source, Style
from nst.config.running import Optimizer, Sweep, Tracking
from nst.config.schema import Config
from nst.networks.spec import NETWORKS


def plain(**changes: Any) -> Config:
    """Return a configuration as Hydra would compose it, with `changes`."""
    default = Config(
        content=Content(Source("chelsea"), layers=["conv4_2"]),
        style=Style(Source("night"), layers=["conv1_1", "conv2_1"]),
        network=Network(NetworkSource("vgg19")),
        init=Init(name="content"),
        optimizer=Optimizer(name="adam"),
        tracking=Tracking(mode="offline"),
    )
    return dataclasses.replace(default, **changes)


def refusal(**changes: Any) -> str:
    with pytest.raises(UserError) as raised:
        validation.validated(plain(**changes))
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_layer_names_are_simonyans():
    # Table 1, columns D and E: 13 and 16 convolutions, 5 poolings.
    assert len(NETWORKS["vgg16"].convolutions) == 13
    assert len(NETWORKS["vgg19"].convolutions) == 16
    assert NETWORKS["vgg16"].layer_names[:5] == (
        "conv1_1",
        "relu1_1",
        "conv1_2",
        "relu1_2",
        "pool1",
    )
    assert NETWORKS["vgg19"].layer_names[-3:] == ("conv5_4", "relu5_4", "pool5")
    assert "conv3_4" not in NETWORKS["vgg16"].layer_names


@pytest.mark.parametrize(
    ("layer", "side"),
    [("conv1_1", 1), ("pool1", 2), ("relu2_2", 2), ("conv5_1", 16), ("pool5", 32)],
)
def test_smallest_side_has_one_position(layer: str, side: int):
    assert NETWORKS["vgg19"].smallest_side([layer]) == side
    assert NETWORKS["vgg19"].smallest_side(["conv1_1", layer]) == side


def test_a_bare_list_means_equal_weights():
    layers = validation.validated(plain()).style.layers
    assert layers == {"conv1_1": 0.5, "conv2_1": 0.5}


def test_layers_keep_their_weights_in_network_order():
    style = Style(Source("night"), layers={"conv5_1": 0.1, "relu1_1": 3, "conv1_1": 0.0})
    layers = validation.validated(plain(style=style)).style.layers
    assert list(layers.items()) == [("conv1_1", 0.0), ("relu1_1", 3.0), ("conv5_1", 0.1)]


@pytest.mark.parametrize("text", ["conv3_1 relu4_1", "conv3_1, relu4_1", " conv3_1,relu4_1 "])
def test_layers_may_be_text(text: str):
    content = Content(Source("chelsea"), layers=text)
    layers = validation.validated(plain(content=content)).content.layers
    assert layers == {"conv3_1": 0.5, "relu4_1": 0.5}


@pytest.mark.parametrize("text", ["conv3_1 0.5, pool4 2", "pool4 2 conv3_1 5e-1"])
def test_layers_of_a_text_may_have_weights(text: str):
    content = Content(Source("chelsea"), layers=text)
    layers = validation.validated(plain(content=content)).content.layers
    assert list(layers.items()) == [("conv3_1", 0.5), ("pool4", 2.0)]


@pytest.mark.parametrize("text", ["conv3_1 0.5 pool4", "0.5 conv3_1", "conv3_1 pool4 1 2", "3"])
def test_texts_with_weights_for_some_layers_are_refused(text: str):
    with pytest.raises(UserError, match=r"content\.layers must give each layer a weight or none"):
        validation.validated(plain(content=Content(Source("chelsea"), layers=text)))


def test_normalizing_divides_a_layers_weight_by_its_channels_squared():
    style = Style(Source("night"), layers={"relu1_2": 1, "pool4": 3}, normalize="channels")
    _, numbers = program.split(validation.validated(plain(style=style)), "vgg19")
    # VGG's blocks have 64, 128, 256, 512 and 512 channels.
    assert numbers.style_weights == {"relu1_2": 1 / 64**2, "pool4": 3 / 512**2}


@pytest.mark.parametrize("path", sorted(conf_dir().rglob("*.yaml")), ids=lambda path: path.stem)
def test_no_file_of_conf_gives_layers_as_a_mapping(path: Path):
    # Hydra would merge a mapping of the command line into it, and so add where it should replace.
    values = OmegaConf.to_container(OmegaConf.load(path))
    assert isinstance(values, dict)
    for key in ("content", "style"):
        group = values.get(key)
        assert not isinstance(group, dict) or isinstance(group.get("layers", ""), str)


@given(st.integers(1, 10_000_000))
def test_whole_numbers_may_be_typed_as_floats(steps: int):
    checked = validation.validated(plain(steps=float(steps)))
    assert checked.steps == steps
    assert isinstance(checked.steps, int)


@pytest.mark.parametrize("size", [7, 15, 16385, 20.5, "big", None, True, float("nan")])
def test_sizes_refused(size: Any):
    assert "size must be a whole number of pixels from 16 to 16384" in refusal(size=size)
    assert str(size) in refusal(size=size)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), 1e31])
def test_weights_refused(value: float):
    assert "alpha must be a number at least 0 and at most 1e30" in refusal(alpha=value)
    layers = {"conv1_1": value}
    assert "style.layers.conv1_1" in refusal(style=Style(Source("night"), layers=layers))


@pytest.mark.parametrize("layers", [[], {}, None, 3, {"conv1_1": 0}, ["conv1_1", "conv1_1"]])
def test_layer_sets_refused(layers: Any):
    assert "style.layers" in refusal(style=Style(Source("night"), layers=layers))


def test_unknown_layer_is_answered_with_the_nearest_and_the_list():
    text = refusal(style=Style(Source("night"), layers=["conv_4_2"]))
    assert "did you mean 'conv4_2'?" in text
    assert text.count("conv") > 16


@pytest.mark.parametrize("value", [float("inf"), [float("nan")], {"pooling": [float("inf")]}])
@pytest.mark.parametrize("key", ["zip", "exclude"])
def test_numbers_that_no_record_can_hold_are_refused(key: str, value: Any):
    text = refusal(sweep=Sweep(**{key: value}))
    assert re.fullmatch(rf"sweep\.{key} must hold finite numbers, not (inf|nan)", text)


def test_no_weight_at_all_is_refused():
    assert "alpha, beta and tv.gamma are all 0" in refusal(alpha=0.0, beta=0.0)


@pytest.mark.parametrize("lr", [0.0, -1.0, float("nan"), 1e10])
def test_learning_rates_refused(lr: float):
    assert "optimizer.lr" in refusal(optimizer=Optimizer(name="adam", lr=lr))


def test_unknown_keys_are_found_at_any_depth():
    with pytest.raises(UserError, match=r"'tv.gama' \(did you mean 'tv.gamma'\?\)"):
        schema.from_mapping({"tv": {"gama": 1.0}})
    with pytest.raises(UserError, match="no key 'sise'"):
        schema.from_mapping({"sise": 256})


def test_from_mapping_undoes_to_mapping():
    checked = validation.validated(plain())
    assert schema.from_mapping(schema.to_mapping(checked)) == checked


def test_a_sources_keys_stand_among_those_of_its_group():
    style = Style(Source("starry", url="https://x.y/z"), size=128)
    values = schema.to_mapping(style)
    assert (values["name"], values["url"], values["size"]) == ("starry", "https://x.y/z", 128)
    assert "source" not in values
    assert schema.from_mapping(values, Style) == style
    assert {"style.url", "style.source"} & set(schema.entries()) == {"style.url"}
    # As Hydra has it, from where each sweep's jobs are copied by their pickle.
    composed = pickle.loads(pickle.dumps(OmegaConf.structured(structured.Config)))  # noqa: S301
    assert OmegaConf.to_container(composed) == schema.to_mapping(Config())


def test_split_puts_numbers_on_one_side_and_choices_on_the_other():
    one, other = plain(alpha=1.0, seed=1), plain(alpha=2.0, seed=2)
    static, numbers = program.split(validation.validated(one), "vgg16")
    other_static, other_numbers = program.split(validation.validated(other), "vgg16")
    assert static == other_static
    assert hash(static) == hash(other_static)
    assert (numbers.alpha, other_numbers.alpha) == (1.0, 2.0)
    assert static.network == "vgg16"
    assert static.layers == ("conv4_2", "conv1_1", "conv2_1")


def test_a_stand_in_network_must_have_the_layers():
    content = Content(Source("chelsea"), layers=["conv4_4"])
    checked = validation.validated(plain(content=content))
    layers.check_layers(checked, "vgg19")
    with pytest.raises(UserError, match="vgg16 has no layer 'conv4_4'"):
        layers.check_layers(checked, "vgg16")


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from(NETWORKS["vgg19"].layer_names))
def test_positions_are_refused_exactly_where_there_are_none(width: int, height: int, layer: str):
    own = height, width
    side = min(own)
    for _ in range(int(layer[4]) - (not layer.startswith("pool"))):
        side //= 2  # what each pooling leaves
    if side:
        layers.check_positions("content", own, (height, width), "vgg19", (layer,), max(own))
    else:
        with pytest.raises(UserError, match=layer):
            layers.check_positions("content", own, (height, width), "vgg19", (layer,), max(own))


@pytest.mark.parametrize(("edge", "enough"), [("long", 47), ("short", 16), ("height", 16)])
def test_the_size_that_is_enough_is_of_the_edge(edge: str, enough: int):
    # relu5_1 needs 16 pixels; 47 * 100 / 300 = 15.67, which is rounded.
    given = ("content", (100, 300), (8, 24), "vgg16", ("relu5_1",), 8, "size", edge)
    with pytest.raises(UserError, match=f"take a size of {enough} or more"):
        layers.check_positions(*given)


PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def test_the_table_of_keys_is_current():
    assert document.documented(PAGE.read_text()) == PAGE.read_text(), "make docs writes it anew"


def test_rows_of_the_table():
    rows = document.table().splitlines()
    size = "long edge, or the one that `edge` says; the aspect ratio stays"
    assert f"| `size` | 256 | pixels, 16 to 16384 | {size} |" in rows
    assert "| `tv.exponent` | 2 | 2 to 10 | of the form `power` |" in rows
    # Keys of one meaning share a row; choices of conf/config.yaml are the defaults.
    assert (
        "| `optimizer.b1`, `optimizer.b2` | 0.9, 0.999 | 0 to below 1 | Adam's decay rates |"
        in rows
    )
    assert any(
        row.startswith("| `init.name` | `content` | `content`, `recolored`, `style`")
        for row in rows
    )
    assert any(row.startswith("| `tracking.mode` | `offline` |") for row in rows)
    assert any(row.startswith("| `content.layers` | `conv4_2` |") for row in rows)
    assert any(row.startswith("| `optimizer.clamp` | `false` | `true`, `false` |") for row in rows)


def test_every_key_is_documented():
    text = PAGE.read_text()
    named = set(re.findall(r"`([a-z_0-9.]+)`", text))
    source = {"name", "title", "url", "checksum", "file", "fallback"}
    missing = [
        key
        for key in schema.keys()  # noqa: SIM118 (a function, not a mapping's method)
        if key not in named
        and not (
            key.split(".")[0] in {"content", "style", "network"} and key.split(".")[1] in source
        )
    ]
    assert missing == []
