"""Which run a configuration is: its hash is the same for ever, and has what changes the picture."""

import hashlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from nst.config import blend, identity
from nst.config.schema import Config, entries, role, to_mapping

#: Overrides and the hash that version 0.1 gave them, with the names of sources for their bytes.
#: L-BFGS's are from when its first step became longer, johnson's from when it starts gray, keras's
#: from when its size is a height, and nearest_3x3's from when it searches in bfloat16.
HASHES = [
    ("", "70cd4b68216112a6"),
    ("preset=johnson", "8bb839a9586ad225"),
    ("preset=crowsonkb", "3b347853a65ef863"),
    ("preset=keras", "4368d7e96cddf9aa"),
    ("experiment=report", "4fc515dbd47da2b0"),
    ("style.blend={starry:0.7,night:0.3}", "d6c18da9653faf35"),
    ("content.mask=a.png style.mask=b.png", "e4b312f92efa4dd2"),
    ("padding=zeros keep=best normalize_gradients=false", "70cd4b68216112a6"),
    ("edge=long", "70cd4b68216112a6"),
    ("style.path=/a/b.png", "70cd4b68216112a6"),
    ("style.size=128", "4051a3763e71f186"),
    ("style.statistic=nearest", "718e77be835fee16"),
    ("style.statistic=nearest_3x3", "bd78b94159a367e9"),
    ("style.size=256", "70cd4b68216112a6"),
    ("scales=[128,256] steps=[10,20]", "3b1dc297fb25ed69"),
    ("optimizer=lbfgs optimizer.memory=20", "602a736c2d3cf215"),
    ("tv.gamma=1e3 tv.form=power tv.exponent=3 tv.reduction=mean", "3bbcbb31071b8b0c"),
    ("init=file init.path=a.png", "571816e05061856e"),
    (
        "name=abc tracking=disabled sweep.retry=true assets.fallback=false tracking.tags=[a]",
        "70cd4b68216112a6",
    ),
    ("network.weights=w.h5", "70cd4b68216112a6"),
    ("content=coffee content.title=mine", "70cd4b68216112a6"),
]


def found(name: str) -> Any:
    return SimpleNamespace(sha256=hashlib.sha256(name.encode()).hexdigest())


def hashed(config: Config) -> str:
    sources = {key: found(key) for key in ("content", "network", *blend.style_images(config.style))}
    if config.init.path:
        sources["init"] = found("init")
    if config.content.mask:
        sources |= {"content_mask": found("cm"), "style_mask": found("sm")}
    return identity.config_hash(config, config.network.source.name, sources)


@pytest.mark.parametrize(("overrides", "expected"), HASHES)
def test_hashes_stay(compose: Callable[..., Config], overrides: str, expected: str):
    assert hashed(compose(*overrides.split())) == expected


def test_the_role_of_a_key():
    """A new key that does not change the picture by its value belongs in one of these lists."""
    assert [name for name in entries() if role(name) == "note"] == ["preset"]
    files = {"content.mask", "style.mask", "init.path"}
    assert {name for name in entries() if role(name) == "file"} == files
    groups = {name.partition(".")[0] for name in entries() if role(name) == "beside"}
    runs = {"output", "tracking", "assets", "sweep", "search"}
    assert groups == {"name", "devices", "strips", *runs}
    of_sources = {name for name in entries() if role(name) == "source"}
    assert {name.partition(".")[0] for name in of_sources} == {"content", "style", "network"}
    parts = {"name", "title", "url", "checksum", "file", "fallback", "path", "weights", "blend"}
    assert {name.partition(".")[2] for name in of_sources} == parts


def test_differences_are_of_what_a_run_is(compose: Callable[..., Config]):
    one = to_mapping(compose())
    other = to_mapping(
        compose("tv.gamma=10", "name=x", "tracking=disabled", "style.layers=[pool1]")
    )
    layers = ", ".join(f"'conv{block}_1': 0.2" for block in range(1, 6))
    assert identity.differences(one, other) == [
        "tv.gamma (0.0, not 10.0)",
        f"style.layers ({{{layers}}}, not {{'pool1': 1.0}})",
    ]
