"""The presets against their models' losses, written plainly; the report's against a stored run."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import FOUR_STEPS, ROOT, compiled, pixels, rows, valid_record

from nst.base.errors import UserError
from nst.base.files import conf_dir
from nst.config.layers import check_layers
from nst.config.program import split
from nst.config.schema import Config
from nst.losses import total as losses
from nst.losses.total_variation import power_variation, variation
from nst.networks import vgg
from nst.networks.spec import NETWORKS
from nst.runner import prepare

PRESETS = sorted(path.stem for path in (conf_dir() / "preset").glob("*.yaml"))
PEERS = ["crowsonkb", "gordicaleksa", "johnson", "keras", "leongatys", "tensorflow"]
#: Whose losses compare all positions in pairs.
IN_PAIRS = ["nnst", "strotss"]
SIZES = [(32, 48), (64, 64)]  # height and width, so that a dependence on M would show
STYLE = [f"relu{block}_1" for block in range(1, 6)]
Features = Mapping[str, np.ndarray]
QUICK = ("network=vgg16", "tracking=disabled", "size=32", "steps=1", "check_every=1")


# --- The models' losses, as their code has them, on Caffe's activations and gray levels ---------


def raw_gram(features: np.ndarray) -> np.ndarray:
    """F^T F, a plain sum over positions."""
    total = np.zeros((features.shape[-1],) * 2)
    for row in features.astype(np.float64):
        for position in row:
            total += np.outer(position, position)
    return total


def positions(features: np.ndarray) -> int:
    return features.shape[0] * features.shape[1]


def absolute(picture: np.ndarray) -> float:
    return np.abs(np.diff(picture, axis=0)).sum() + np.abs(np.diff(picture, axis=1)).sum()


def squares(picture: np.ndarray) -> np.ndarray:
    """down^2 + right^2 at each position that has both neighbors."""
    here = picture[:-1, :-1]
    return (picture[1:, :-1] - here) ** 2 + (picture[:-1, 1:] - here) ** 2


def nine_points(x: np.ndarray) -> float:
    """2 (right / 3 + down / 3 + falling / 12 + rising / 12), mean squares, the edges repeated."""
    height, width, _ = x.shape

    def at(row: int, column: int) -> np.ndarray:
        return x[min(max(row, 0), height - 1), min(max(column, 0), width - 1)].astype(np.float64)

    def mean(rows: range, columns: range, one: tuple[int, int], other: tuple[int, int]) -> float:
        differences = [
            at(i + one[0], j + one[1]) - at(i + other[0], j + other[1])
            for i in rows
            for j in columns
        ]
        return float(np.mean(np.square(differences)))

    axes = mean(range(height), range(width), (0, 1), (0, 0))
    axes += mean(range(height), range(width), (1, 0), (0, 0))
    # Of the picture with a ring around it, whose first pixel is at (-1, -1).
    around = range(-1, height), range(-1, width)
    diagonals = mean(*around, (1, 1), (0, 0)) + mean(*around, (1, 0), (0, 1))
    return float(2 * (axes / 3 + diagonals / 12))


def johnson(x: np.ndarray, own: Features, photo: Features, paint: Features) -> float:
    content = 5 * np.mean((own["relu4_2"] - photo["relu4_2"]) ** 2)
    style = 0.0
    for layer in STYLE:
        mine = raw_gram(own[layer]) / own[layer].size
        squared = (mine - raw_gram(paint[layer]) / paint[layer].size) ** 2
        style += 100 * float(squared.mean())
    # The code has the gradient alone: strength (x[i,j] - x[i,j+1]) and its like are that of this.
    return content + style + 1e-3 * 0.5 * squares(x).sum()


def leongatys(x: np.ndarray, own: Features, photo: Features, paint: Features) -> float:
    total = 1.0 * np.mean((own["relu4_2"] - photo["relu4_2"]) ** 2)
    for layer, n in zip(STYLE, (64, 128, 256, 512, 512), strict=True):
        mine = raw_gram(own[layer]) / positions(own[layer])
        theirs = raw_gram(paint[layer]) / positions(paint[layer])
        total += 1e3 / n**2 * np.mean((mine - theirs) ** 2)
    return total


def gordicaleksa(x: np.ndarray, own: Features, photo: Features, paint: Features) -> float:
    content = np.mean((own["relu4_2"] - photo["relu4_2"]) ** 2)
    style = 0.0
    for layer in STYLE:
        mine = raw_gram(own[layer]) / own[layer].size
        style += ((mine - raw_gram(paint[layer]) / paint[layer].size) ** 2).sum()
    return 1e5 * content + 3e4 * style / len(STYLE) + 1.0 * absolute(x)


def keras(x: np.ndarray, own: Features, photo: Features, paint: Features) -> float:
    total = 2.5e-8 * ((own["relu5_2"] - photo["relu5_2"]) ** 2).sum()
    size = x.shape[0] * x.shape[1]
    for layer in STYLE:
        difference = raw_gram(paint[layer]) - raw_gram(own[layer])
        total += 1e-6 / len(STYLE) * (difference**2).sum() / (4.0 * 3**2 * size**2)
    return total + 1e-6 * (squares(x) ** 1.25).sum()


def tensorflow(x: np.ndarray, own: Features, photo: Features, paint: Features) -> float:
    total = 1e4 * np.mean((own["relu5_2"] - photo["relu5_2"]) ** 2)
    for layer in STYLE:
        mine = raw_gram(own[layer]) / positions(own[layer])
        theirs = raw_gram(paint[layer]) / positions(paint[layer])
        total += 1e-2 / len(STYLE) * np.mean((mine - theirs) ** 2)
    return total + 30 * absolute(x / 255)


def root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def crowsonkb(x: np.ndarray, own: Features, photo: Features, paint: Features) -> float:
    # torchvision's activations are these over 57.6, its pictures in [0, 1].
    total = 0.015 * np.mean(((own["relu4_2"] - photo["relu4_2"]) / 57.6) ** 2)
    for layer, weight in zip(STYLE, (256, 64, 16, 4, 1), strict=True):
        moments = []
        for one in (own[layer], paint[layer]):
            flat = one.reshape(-1, one.shape[-1]).astype(np.float64) / 57.6
            moments.append((flat.mean(axis=0), np.cov(flat.T, bias=True)))
        (mean, cov), (mean_there, cov_there) = moments
        between = root(root(cov_there) @ cov @ root(cov_there))
        distance = np.mean((mean - mean_there) ** 2)
        total += weight / 341 * (distance + np.diag(cov + cov_there - 2 * between).mean())
    total += 2 * nine_points(x / 255)
    return float(total) * 57.6**2  # as conf/preset/crowsonkb.yaml scales the whole


def directions(features: np.ndarray) -> np.ndarray:
    flat = features.reshape(-1, features.shape[-1]).astype(np.float64)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)


def shares(features: np.ndarray) -> np.ndarray:
    """The distances of each position to all, over their sum."""
    distances = 1 - directions(features) @ directions(features).T
    return distances / distances.sum(axis=0)


def strotss(x: np.ndarray, own: Features, photo: Features, paint: Features) -> float:
    # Their loss of one vector a pixel, of each layer by itself, by its share of the channels.
    layers = ["relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2", "relu3_3"]
    total = 0.0
    for layer in (*layers, "relu4_3", "relu5_3"):
        content = np.abs(shares(own[layer]) - shares(photo[layer])).sum(axis=0).mean()
        apart = 1 - directions(own[layer]) @ directions(paint[layer]).T
        moments = []
        for one in (own[layer], paint[layer]):
            flat = one.reshape(-1, one.shape[-1]).astype(np.float64) / 57.6
            moments.append((flat.mean(axis=0), np.cov(flat.T, bias=True)))
        style = max(apart.min(axis=1).mean(), apart.min(axis=0).mean())
        style += sum(np.abs(mine - theirs).mean() for mine, theirs in zip(*moments, strict=True))
        total += own[layer].shape[-1] / 2176 * (32**0.5 * content + style)
    return float(total)


def nnst(x: np.ndarray, own: Features, photo: Features, paint: Features) -> float:
    # Ours, in place of the phases that keep the layout.
    pairs = directions(own["relu4_1"]) * directions(photo["relu4_1"])
    total = 4 * float((1 - pairs.sum(axis=1)).mean())
    for layer in [*own][: [*own].index("relu4_3") + 1]:
        mine, theirs = (
            directions(one[layer] - one[layer].mean(axis=(0, 1))) for one in (own, paint)
        )
        total += float((1 - mine @ theirs.T).min(axis=1).mean())
    return total


THEIRS: dict[str, Callable[..., float]] = {
    "crowsonkb": crowsonkb,
    "gordicaleksa": gordicaleksa,
    "johnson": johnson,
    "keras": keras,
    "leongatys": leongatys,
    "nnst": nnst,
    "strotss": strotss,
    "tensorflow": tensorflow,
}


def ours(config: Config, x: np.ndarray, own: Any, photo: Any, paint: Any) -> losses.Terms:
    static, numbers = split(config, "vgg16")
    single = [{layer: jnp.asarray(one[layer]) for layer in one} for one in (own, photo, paint)]
    layers = static.content_layers, static.style_layers, static.statistic
    target = losses.targets(
        single[1], [single[2]], *layers, network="vgg16", picture=x.shape, seed=0
    )
    return losses.terms(jnp.asarray(x), single[0], target, numbers, static)


def activations(
    rng: np.random.Generator,
    height: int,
    width: int,
    most: int = 512,
    layers: Sequence[str] = (*STYLE, "relu4_2", "relu5_2"),
) -> dict[str, np.ndarray]:
    """Random activations of the layers that the presets read, in the shapes of a picture."""
    found = {}
    for layer in layers:
        stride = 2 ** (int(layer[4]) - 1)
        channels = min(most, NETWORKS["vgg16"].channels(layer))
        shape = (height // stride, width // stride, channels)
        found[layer] = np.maximum(rng.normal(20, 60, shape), 0).astype(np.float32)
    return found


@pytest.mark.parametrize(
    ("peer", "size"),
    [(peer, size) for peer in PEERS for size in SIZES if (peer, size) != ("crowsonkb", SIZES[1])],
)
def test_the_loss_is_the_models(peer: str, size: tuple[int, int], compose: Callable[..., Config]):
    rng = np.random.default_rng(7)
    x = rng.uniform(0, 255, (*size, 3)).astype(np.float32)
    most = 64 if peer == "crowsonkb" else 512  # roots of 512 x 512 matrices take seconds
    own, photo = activations(rng, *size, most), activations(rng, *size, most)
    # Keras stretches the style image to the picture's shape; elsewhere it has its own.
    paint = activations(rng, *(size if peer == "keras" else (48, 32)), most)
    parts = ours(compose(f"preset={peer}"), x, own, photo, paint)
    # W2's roots have a floor of a millionth.
    rel = 1e-2 if peer == "crowsonkb" else 1e-4
    assert float(parts.total) == pytest.approx(THEIRS[peer](x, own, photo, paint), rel=rel)
    assert float(parts.content) > 0
    assert float(parts.style) > 0


@pytest.mark.parametrize("peer", IN_PAIRS)
def test_the_loss_in_pairs_is_the_models(peer: str, compose: Callable[..., Config]):
    rng = np.random.default_rng(7)
    # No layer has more positions than are compared, so that nothing is drawn.
    size = 16, 32
    layers = [name for name in NETWORKS["vgg16"].layer_names if name.startswith("relu")]
    x = rng.uniform(0, 255, (*size, 3)).astype(np.float32)
    own, photo, paint = (
        activations(rng, *shape, layers=layers) for shape in (size, size, (32, 16))
    )
    parts = ours(compose(f"preset={peer}"), x, own, photo, paint)
    assert float(parts.total) == pytest.approx(THEIRS[peer](x, own, photo, paint), rel=1e-3)
    assert float(parts.style) > 0


@pytest.mark.slow
@pytest.mark.parametrize("peer", ["johnson", "tensorflow"])
def test_the_first_check_of_a_run_is_the_models_loss_of_its_start(
    command, compose: Callable[..., Config], peer: str
):
    # Which win over the presets' own; Adam compiles in half the time.
    common = (*QUICK, "init=style", "optimizer=adam", "optimizer.memory=10")
    end = command(f"preset={peer}", *common, "hydra.run.dir=run")
    assert end.returncode == 0, end.stderr
    folder = command.folder / "run"
    (first, *_) = rows(folder)
    config = compose(f"preset={peer}", *common)
    prepared = prepare.prepare(config)
    start = prepare.start(prepared)
    layers = prepared.static.layers
    params = prepared.params
    if peer == "gordicaleksa":
        params = {
            name: values if name == "mean" else values | {"bias": np.asarray(values["bias"]) / 57.6}
            for name, values in params.items()
        }
    maps = [
        {
            layer: np.asarray(values[0])
            for layer, values in vgg.activations(
                params,
                jnp.asarray(one)[None],
                layers,
                network="vgg16",
                pooling="max",
                precision="float32",
                padding="replicate" if peer == "crowsonkb" else "zeros",
            ).items()
        }
        for one in (start, prepared.content_image, prepared.style_images[0])
    ]
    assert float(first["total"]) == pytest.approx(THEIRS[peer](start, *maps), rel=1e-3)
    record = json.loads((folder / "run.json").read_text())
    assert (record["config"]["preset"], record["overrides"][0]) == (peer, f"preset={peer}")


# --- The forms of total variation, by hand ------------------------------------------------------


def test_the_powers_of_a_variation_by_hand():
    # One position has both neighbors: down 3, right 4; 3^2 + 4^2 = 25.
    picture = jnp.asarray([[[0.0], [4.0]], [[3.0], [9.0]]])
    assert variation(picture, "power", "sum", 2.0) == 25
    assert variation(picture, "power", "mean", 2.0) == 25 / 4
    assert variation(picture, "power", "sum", 4.0) == pytest.approx(625)
    assert variation(picture, "absolute", "sum", 2.0) == 3 + 4 + 5 + 6
    assert variation(picture, "absolute", "mean", 2.0) == 18 / 4


def test_nine_points_by_hand():
    # One row of 0 and 3, the means with its edges once more around it.
    row = jnp.asarray([[[0.0], [3.0]]])
    # Right (9 + 0) / 2, down 0; each diagonal, of 2 x 3 places with the ring, twice 9.
    wanted = 2 * (4.5 / 3 + (18 / 6 + 18 / 6) / 12)
    assert float(variation(row, "nine_point", "mean", 2.0)) == pytest.approx(wanted)
    assert float(variation(row, "nine_point", "sum", 2.0)) == pytest.approx(2 * wanted)
    # A slope of 2 down and 1 right has the squares 4 + 1 at each place, but for its edges.
    slope = jnp.asarray(2.0 * np.arange(300)[:, None, None] + np.arange(300)[:, None])
    for form in ("nine_point", "power"):
        assert float(variation(slope, form, "mean", 2.0)) == pytest.approx(5, rel=1e-2)


def test_a_flat_picture_has_a_finite_gradient_in_each_power():
    for exponent in (2.0, 2.5, 4.0):
        gradient = jax.grad(power_variation)(jnp.full((4, 5, 3), 9.0), jnp.float32(exponent))
        np.testing.assert_array_equal(gradient, 0)


# --- The report's run ---------------------------------------------------------------------------


def test_the_reports_run_is_the_stored_one(command):
    """report_reference.json is of experiment=report as it was before there were presets.

    With `network=vgg16 content=chelsea style=night size=48 steps=5 check_every=1`: the losses of
    each check, and the mean color of each 8 x 8 block of the result. Starts that differ by 1e-4
    gray levels end within 1e-3 of these losses and 0.3 gray levels of these blocks.
    """
    stored = json.loads((ROOT / "tests" / "report_reference.json").read_text())
    end = command(
        *("preset=report", "network=vgg16", "content=chelsea", "style=night", "tracking=disabled"),
        *("size=48", "steps=5", "check_every=1"),
    )
    assert end.returncode == 0, end.stderr
    folder = command.run_folder()
    found = rows(folder)
    assert len(found) == len(stored["checks"]) == 6
    for row, expected in zip(found, stored["checks"], strict=True):
        assert set(row) - {"seconds", "evaluations"} == set(expected)
        rel = 1e-2 if expected["step"] else 1e-4
        for key, value in expected.items():
            assert float(row[key]) == pytest.approx(value, rel=rel), (row["step"], key)
    blocks = pixels(folder / "result.png").reshape(4, 8, 6, 8, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(blocks, stored["blocks"], atol=1.0)


def test_the_reports_preset_is_what_is_run_by_default(compose: Callable[..., Config]):
    plain, preset = compose(), compose("preset=report", "size=256")
    preset.preset = None
    assert preset == plain


# --- Composition --------------------------------------------------------------------------------


@pytest.mark.parametrize("network", ["vgg16", "vgg19"])
@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_suits_both_networks(preset: str, network: str, compose: Callable[..., Config]):
    config = compose(f"preset={preset}", f"network={network}")
    assert (config.preset, config.network.source.name) == (preset, network)
    check_layers(config, network)


def test_each_preset_says_where_it_comes_from_and_what_it_does_not_follow():
    assert {"report", "gatys2015", "quick", "painter", *PEERS, *IN_PAIRS} == set(PRESETS)
    page = (ROOT / "docs" / "configuration.md").read_text()
    for preset in PRESETS:
        comments = [
            line
            for line in (conf_dir() / "preset" / f"{preset}.yaml").read_text().splitlines()
            if line.startswith("#")
        ]
        said = " ".join(comments)
        assert re.search(r"https://|arXiv:|Columbia report", said), preset
        assert re.search("Not followed|Not said in the paper|Followed in all", said), preset
        assert f"| `{preset}` |" in page


def test_a_preset_wins_over_groups_and_loses_to_experiments_and_the_command_line(
    compose: Callable[..., Config],
):
    keras = compose("preset=keras", "experiment=demo")
    assert (keras.optimizer.name, keras.optimizer.lr) == ("sgd", 100)
    assert (keras.network.source.name, keras.content.source.name) == (
        "vgg16",
        "chelsea",
    )  # the experiment's
    mine = compose("preset=johnson", "size=128", "beta=1", "init=content", "style.layers=[conv1_1]")
    assert (mine.size, mine.beta, mine.init.name) == (128, 1, "content")
    assert mine.style.layers == {"conv1_1": 1}
    assert (mine.alpha, mine.optimizer.name, mine.pooling) == (5, "lbfgs", "max")
    adam = compose("preset=johnson", "optimizer=adam", "optimizer.memory=10")
    assert adam.optimizer.name == "adam"


def test_the_reports_experiment_is_its_preset_with_its_pictures(compose: Callable[..., Config]):
    config = compose("experiment=report")
    assert (config.preset, config.name) == ("report", "report")
    assert (config.content.source.name, config.style.source.name) == ("neckarfront", "starry")
    other = compose("experiment=report", "preset=tensorflow")
    assert (other.preset, other.beta, other.style.source.name) == ("tensorflow", 0.04, "starry")


# --- What is refused ----------------------------------------------------------------------------


def test_a_preset_whose_layer_the_network_lacks_is_refused_in_a_sentence(command):
    folder = command.folder / "mine" / "preset"
    folder.mkdir(parents=True)
    text = "# @package _global_\npreset: deep\nstyle:\n  layers: relu1_1, relu3_4\n"
    (folder / "deep.yaml").write_text(text)
    before = command.files()
    end = command("--config-dir=mine", "preset=deep", "network=vgg16")
    assert end.returncode == 1
    (sentence,) = end.stderr.splitlines()
    assert "style.layers with preset=deep: vgg16 has no layer 'relu3_4'" in sentence
    assert command.files() == before
    end = command("-m", "--config-dir=mine", "preset=report,deep", "network=vgg16")
    assert end.returncode == 1
    assert "job 1 (preset=deep): style.layers with preset=deep: vgg16 has no" in end.stderr
    assert command.files() == before


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (("content.reduction=men",), "content.reduction must be one of sum, mean, not 'men'"),
        (("tv.reduction=max",), "tv.reduction must be one of sum, mean, not 'max'"),
        (("tv.form=squares",), "tv.form must be one of absolute, power, nine_point, not 'squares'"),
        (("tv.form=power", "tv.exponent=1"), "tv.exponent must be a number at least 2 and"),
        (("tv.form=power", "tv.exponent=nan"), "tv.exponent must be a number at least 2 and"),
        (("tv.exponent=2.5",), "tv.exponent=2.5 needs tv.form=power"),
        (("optimizer=sgd", "optimizer.b1=0.5"), "b1=0.5 is for optimizer=adam, and this run"),
        (("preset=johnson", "optimizer=adam"), "leave it at its default, 10, or take lbfgs"),
    ],
)
def test_what_is_refused(compose: Callable[..., Config], overrides: tuple[str, ...], sentence: str):
    with pytest.raises(UserError) as raised:
        compose(*overrides)
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


# --- Grids --------------------------------------------------------------------------------------


def test_a_grid_over_exponents_is_one_program_and_its_lanes_the_runs_alone(command):
    common: tuple[str, ...] = (
        *FOUR_STEPS,
        "content.layers=[relu1_2]",
        "style.layers=[relu1_1]",
        "check_every=4",
    )
    common += ("content.reduction=mean", "alpha=10")
    common += ("tv.form=power", "tv.reduction=mean", "tv.gamma=10")
    batched = ("-m", "hydra/launcher=batched", "hydra.sweep.dir=sweep", "hydra.launcher.lanes=2")
    with compiled() as programs:
        end = command(*batched, "sweep.report=false", *common, "tv.exponent=2,3")
    assert end.returncode == 0, end.stderr
    assert programs.count("advance_lanes") == 1
    alone = command(*common, "tv.exponent=3", "hydra.run.dir=alone")
    assert alone.returncode == 0, alone.stderr
    lane, one = (valid_record(command.folder / folder) for folder in ("sweep/1", "alone"))
    assert lane["config_hash"] == one["config_hash"]
    assert lane["last"]["tv"] == pytest.approx(one["last"]["tv"], rel=1e-3)
    mine, theirs, other = (
        pixels(command.folder / folder / "result.png").astype(int)
        for folder in ("sweep/1", "alone", "sweep/0")
    )
    assert np.abs(mine - theirs).max() <= 1
    assert np.abs(mine - other).max() > 1
