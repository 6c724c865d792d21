"""Blends of style images: their weights, their loss, their sources, and lanes of them."""

import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_runs import record as fake
from fake_runs import write_run
from helpers import FOUR_STEPS, SHALLOW, compiled, refusal, valid_record
from one_run import NUMBERS, STATIC, checks, scene, together
from PIL import Image
from style_targets import target_of

from nst.base.errors import UserError
from nst.config import blend, identity, named
from nst.config.groups import Source, Style
from nst.engine.lanes import Lane
from nst.engine.program import advance, compute_targets
from nst.losses import total
from nst.losses.statistics import STATISTICS
from nst.report import axes, build, labels
from nst.rundir import tree
from nst.runner import prepare


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A second style image, 30 x 44."""
    values = np.random.default_rng(8).integers(0, 256, (44, 30, 3)).astype(np.uint8)
    path = tmp_path / "other.png"
    Image.fromarray(values).save(path)
    return path


def style(**changes: Any) -> Style:
    return Style(Source("night"), layers={"conv1_1": 1.0}, **changes)


# --- The weights --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "weights"),
    [
        ({"starry": 0.7, "scream": 0.3}, {"scream": 0.3, "starry": 0.7}),
        ({"starry": 7, "scream": 3}, {"scream": 0.3, "starry": 0.7}),
        ({"starry": 1e30, "scream": 1e30}, {"scream": 0.5, "starry": 0.5}),
        ({"starry": 2, "scream": 0}, {"scream": 0.0, "starry": 1.0}),
        ("starry 0.7, scream 0.3", {"scream": 0.3, "starry": 0.7}),
        ("starry 0.7 scream 0.3", {"scream": 0.3, "starry": 0.7}),
        ("starry scream", {"scream": 0.5, "starry": 0.5}),
        (["starry", "scream"], {"scream": 0.5, "starry": 0.5}),
        ({"starry": 5}, {"starry": 1.0}),
        ({"./mine.jpg": 1, "night": 3}, {"./mine.jpg": 0.25, "night": 0.75}),
    ],
)
def test_weights_sum_to_1_in_the_order_of_names(typed: object, weights: dict[str, float]):
    found = blend.checked(style(blend=typed))
    assert found is not None
    assert list(found.items()) == list(weights.items())


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ({"stary": 1}, ["style.blend", "'stary'", "did you mean 'starry'?", "scream", "./mine"]),
        ({"starry": -1}, ["style.blend.starry", "at least 0", "-1"]),
        ({"starry": float("nan")}, ["style.blend.starry", "at least 0", "nan"]),
        ({"starry": "much"}, ["style.blend.starry", "at least 0", "'much'"]),
        ({"starry": 0, "night": 0}, ["style.blend", "every painting", "weight 0", "above 0"]),
        ("starry 0.7 scream", ["style.blend", "each painting a weight or none", "scream"]),
        ("starry 1 starry 2", ["style.blend", "twice"]),
        ({}, ["style.blend", "paintings with weights", "{}"]),
        (5, ["style.blend", "paintings with weights", "5"]),
        ({5: 1}, ["style.blend", "no painting 5"]),
    ],
)
def test_blends_refused(typed: object, parts: list[str]):
    with pytest.raises(UserError) as raised:
        blend.checked(style(blend=typed))
    text = str(raised.value)
    assert "\n" not in text
    for part in parts:
        assert part in text


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("style.blend={stary:1}",), ["style.blend", "'stary'", "did you mean 'starry'?"]),
        (("style.blend.scream=0.3",), ["+style.blend.scream=1", "style.blend={starry: 0.7"]),
        (("style.blend={night:1}", "style.path=me.jpg"), ["style.path=me.jpg", "style.blend"]),
        (("style.blend={missing.png:1,night:1}",), ["style.blend", "missing.png", "not exist"]),
        (
            ("style.blend=night 1 {other} 1", "style.size=16", "style.layers=[conv5_1]"),
            ["style/", "other.png", "style.size=16", "conv5_1", "take a style.size of 23 or more"],
        ),
    ],
)
def test_refusals_on_the_command_line(command, other: Path, arguments, parts: list[str]):
    line = refusal(command, *FOUR_STEPS, *(one.replace("{other}", str(other)) for one in arguments))
    for part in parts:
        assert part in line


# --- The loss -----------------------------------------------------------------------------------


@pytest.mark.parametrize("statistic", STATISTICS)
def test_the_loss_is_the_mean_of_the_losses_by_weight(statistic: str):
    rng = np.random.default_rng(9)
    own, first, second = rng.normal(size=(3, 4, 5, 6)).astype(np.float32)
    target = target_of(statistic, first, second[:3], shape=own.shape)
    found = total.style_loss(statistic, own, target, blend=(0.7, 0.3))
    each = []
    for one in (first, second[:3]):
        alone = target_of(statistic, one, shape=own.shape)
        each.append(float(total.style_loss(statistic, own, alone)))
    assert float(found) == pytest.approx(0.7 * each[0] + 0.3 * each[1], rel=1e-5)
    if statistic == "gram":
        grams = [
            np.einsum("hwi,hwj->ij", one, one) / (one.shape[0] * one.shape[1])
            for one in (own.astype(float), first.astype(float), second[:3].astype(float))
        ]
        parts = [((grams[0] - gram) ** 2).sum() / (4 * 6**2) for gram in grams[1:]]
        assert float(found) == pytest.approx(0.7 * parts[0] + 0.3 * parts[1], rel=1e-5)


def test_lanes_of_different_weights_are_the_runs_alone_in_one_program():
    params, content_image, style_image = scene()
    style_images = style_image, style_image[:12] / 3
    targets = compute_targets(STATIC, params, content_image, *style_images)
    several = [NUMBERS._replace(blend=(share, 1 - share)) for share in (0.0, 0.3, 1.0)]
    lanes = [Lane(content_image, numbers) for numbers in several]
    found = together(STATIC, params, targets, lanes, steps=6, check_every=2)
    before = advance._cache_size()  # type: ignore[attr-defined]
    run = STATIC, params, targets, content_image
    for lane, numbers in zip(found, several, strict=True):
        alone = list(checks(*run, numbers, steps=6, check_every=2))
        np.testing.assert_allclose(lane[-1].picture, alone[-1].picture, atol=0.01)
    # Resumed from a check, it ends with the same bytes.
    whole = list(checks(*run, several[1], steps=6, check_every=2))
    rest = list(checks(*run, several[1], steps=6, check_every=2, after=whole[1]))
    assert rest[-1].picture.tobytes() == whole[-1].picture.tobytes()
    assert advance._cache_size() == before + 1  # type: ignore[attr-defined]
    # A blend whose other style image has weight 0 is the run of the one style image.
    plain = compute_targets(STATIC, params, content_image, style_image)
    single = list(checks(STATIC, params, plain, content_image, NUMBERS, steps=6, check_every=2))
    np.testing.assert_allclose(found[2][-1].picture, single[-1].picture, atol=0.01)


# --- A run --------------------------------------------------------------------------------------


def test_a_blend_of_one_style_image_is_the_plain_run(command, picture: Path):
    plain = command(*FOUR_STEPS, *SHALLOW, f"style.path={picture}", "hydra.run.dir=plain")
    assert plain.returncode == 0, plain.stderr
    single = command(*FOUR_STEPS, *SHALLOW, f"style.blend={{{picture}:2}}", "hydra.run.dir=single")
    assert single.returncode == 0, single.stderr
    one, other = command.folder / "plain", command.folder / "single"
    assert (one / "result.png").read_bytes() == (other / "result.png").read_bytes()
    mine, theirs = valid_record(one), valid_record(other)
    for key in ("config_hash", "best", "last", "metrics", "sources"):
        assert mine[key] == theirs[key]


def test_a_grid_over_the_weights_is_one_program_and_one_axis(command, picture: Path):
    shares = (0, 0.25, 1)
    blends = ",".join(f"night {1 - share} {picture} {share}" for share in shares)
    batched = ("-m", "hydra/launcher=batched", "hydra.sweep.dir=sweep")
    with compiled() as programs:
        done = command(*batched, *FOUR_STEPS, *SHALLOW, f"style.blend={blends}", "pooling=max")
    assert done.returncode == 0, done.stderr
    assert (programs.count("advance"), programs.count("compute_targets")) == (1, 1)
    sweep = command.folder / "sweep"
    written = [valid_record(sweep / str(job)) for job in range(3)]
    assert len({one["config_hash"] for one in written}) == 3
    for one, share in zip(written, shares, strict=True):
        assert one["status"] == "finished"
        assert one["config"]["style"]["blend"] == {"night": 1 - share, str(picture): share}
        assert set(one["sources"]) == {"content", "network", "style/night", f"style/{picture}"}
        assert one["sources"]["style/night"]["used"] == "night"
        assert one["sources"][f"style/{picture}"]["used"] == picture.name
    # The metrics are the means by weight of those against each style image.
    means = [one["metrics"]["color_distance"] for one in written]
    assert len(set(means)) == 3
    report = build.write([sweep])
    (key,) = report.keys
    assert (key.name, key.title) == ("style.blend", "paintings")
    assert key.values == ["night", "blocks 0.25 + night 0.75", "blocks"]
    assert len(report.style) == 2


def test_a_style_image_out_of_reach_has_its_stand_in(command, picture: Path, tmp_path: Path):
    with socket.socket() as taken:
        # A port that is taken and not listened on refuses every connection.
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/starry.jpg"
        arguments = ("style=starry", f"style.url={url}", f"style.blend={{starry:1,{picture}:1}}")
        env = {"NST_CACHE": str(tmp_path / "cache")}
        refused = command(*FOUR_STEPS, *SHALLOW, *arguments, "assets.fallback=false", env=env)
        done = command(*FOUR_STEPS, *SHALLOW, *arguments, env=env)
    assert refused.returncode == 1
    assert "style=starry can't be fetched" in refused.stderr
    assert "a file of your own with style.blend=" in refused.stderr
    assert done.returncode == 0, done.stderr
    source = valid_record(command.run_folder())["sources"]["style/starry"]
    assert (source["requested"], source["used"], source["fallback"]) == ("starry", "night", True)


def test_the_style_images_have_a_size_of_their_own(compose, picture: Path):
    def hashed(*overrides: str) -> str:
        prepared = prepare.prepare(compose(*FOUR_STEPS, *SHALLOW, *overrides))
        return identity.config_hash(prepared.config, prepared.static.network, prepared.sources)

    blended = f"style.blend={{night:1,{picture}:1}}"
    prepared = prepare.prepare(compose(*FOUR_STEPS, *SHALLOW, blended, "style.size=20"))
    # The blocks are 40 x 32, night is 768 x 576.
    assert sorted(one.shape for one in prepared.style_images) == [(15, 20, 3), (16, 20, 3)]
    assert max(prepared.content_image.shape) == 32
    assert hashed("style.size=20") != hashed()
    assert hashed("style.size=32") == hashed()
    assert hashed(blended) == hashed(blended.replace(":1", ":2")) != hashed()
    assert hashed(blended.replace("night:1", "night:2")) != hashed(blended)


def test_a_named_style_image_is_found_as_in_conf():
    found = named.source("style", "starry")
    assert found is not None
    assert (found.file, found.fallback) == ("starry_night.jpg", "night")
    for name in ("stary", "../style/starry", "a\0b"):
        assert named.source("style", name) is None


# --- The report ---------------------------------------------------------------------------------


def blended_run(folder: Path, weights: dict[str, float] | None) -> None:
    fields = fake(**{"style.blend": weights})
    if weights and len(weights) > 1:
        served = fields["sources"].pop("style")
        fields["sources"] |= {f"style/{name}": served | {"used": name} for name in weights}
    write_run(folder)
    (folder / "run.json").write_text(json.dumps(fields))


def test_blends_are_labeled_and_ordered_by_weight(tmp_path: Path):
    blends = [{"scream": 1.0, "starry": 0.0}, {"scream": 0.5, "starry": 0.5}, None]
    blends.append({"scream": 0.0, "starry": 1.0})
    for job, weights in enumerate(blends):
        blended_run(tmp_path / str(job), weights)
    runs, broken = tree.find([tmp_path], tmp_path)
    assert broken == []
    keys = {key.name: key for key in axes.varying(runs)}
    assert keys["style.blend"].values == ["starry", "scream 0.5 + starry 0.5", "scream", "none"]
    assert keys["style"].of == {"0": "none", "1": "none", "2": "night", "3": "none"}
    assert runs[0].sources["style"].name == "scream + starry"
    assert runs[0].sources["style/scream"].file == "the_scream.jpg"


def test_a_blend_of_one_is_reported_as_that_style_image(tmp_path: Path):
    fields = fake(**{"style.blend": {"starry": 1.0}})
    fields["sources"]["style"] |= {"used": "starry"}
    write_run(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps(fields))
    ((run,), _) = tree.find([tmp_path], tmp_path)
    assert (run.sources["style"].name, run.sources["style"].file) == ("starry", "starry_night.jpg")
    assert labels.label(run.values["style.blend"]) == "starry"


@pytest.mark.parametrize("odd", [3, "x", [1], {"a": "b"}, {"\ud800": 1}, {}])
def test_an_odd_blend_stops_no_report(tmp_path: Path, odd: object):
    fields = fake(**{"style.blend": odd})
    fields["sources"] |= {"style/\ud800": 3, "style/": {"used": 5}}
    write_run(tmp_path)
    (tmp_path / "run.json").write_text(json.dumps(fields))
    runs, broken = tree.find([tmp_path], tmp_path)
    assert (len(runs), broken) == (1, [])
