"""The grid of a multirun: composed as Hydra composes it, refused before anything of it runs."""

from typing import Any

import pytest
from helpers import QUIET, Command, refusal
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import setup_globals
from hydra.types import RunMode
from omegaconf import OmegaConf

import nst.run  # noqa: F401 - stores the schema
from nst.base.files import conf_dir
from nst.multirun.compose import Composer

REFUSED = [
    ("tv.gamma=0,-1", "job 1 (tv.gamma=-1): tv.gamma must be"),
    ("pooling=avg,maxx", "job 1 (pooling=maxx): pooling must be one of avg, max, not 'maxx'"),
    ("style.layers=[conv1_1],[conv9_1]", "job 1 (style.layers=[conv9_1]): "),
    ("tv.gama=0,1", "there is no key 'tv.gama' (did you mean 'tv.gamma'?)"),
    ("style=night,stary", "style has no option 'stary'"),
    ("hydra.sweeper.max_batch_size=0", "hydra.sweeper.max_batch_size must be at least 1, not 0"),
]


@pytest.fixture
def loader() -> Any:
    setup_globals()
    with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
        yield GlobalHydra.instance().config_loader()


def plain(composed: Any) -> Any:
    return OmegaConf.to_container(composed, resolve=False)


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["tv.gamma=1e3", "size=96"],
        ["style=starry", "beta=3", "pooling=max"],
        ["experiment=report", "beta=1e5"],
        ["experiment=report", "style=scream", "optimizer.lr=1"],
        ["content.layers=[conv1_1,conv2_1]", "+style.layers={conv1_1: 1}"],
        ["style.layers={conv1_1: 0.5, conv2_1: 0.5}", "tracking.tags=[a,b]"],
        ["++seed=4", "tracking=disabled", "content.path='a=b, c.png'"],
        ["hydra.job.config.override_dirname.exclude_keys=[size]", "size=64", "beta=2"],
    ],
)
def test_composes_as_hydra_does(loader: Any, overrides: list[str]):
    sweep = loader.load_configuration("config", ["network=vgg16"], RunMode.MULTIRUN)
    composer = Composer(loader, sweep)
    composer(["size=17"])  # what is kept for the groups must not carry over
    assert plain(composer(overrides)) == plain(loader.load_sweep_config(sweep, overrides))


def test_a_built_in_has_nothing_left_of_the_source_before_it(loader: Any):
    start = ["experiment=report", "style=scream"]
    composer = Composer(loader, loader.load_configuration("config", start, RunMode.MULTIRUN))
    urls = []
    for style in ("starry", "night", "starry"):
        composed = composer([*start, f"style={style}"]).style
        assert composed.name == style
        urls.append(composed.url)
        if style == "night":
            assert {composed.checksum, composed.file, composed.fallback} == {None}
    assert urls[1] is None
    assert urls[0] == urls[2]
    assert urls[0].endswith("/starry_night.jpg")


@pytest.mark.parametrize(
    ("launcher", "override", "sentence"),
    [
        *(("batched", *one) for one in REFUSED),
        *((launcher, *REFUSED[at]) for launcher in ("basic", "joblib") for at in (0, 3)),
    ],
)
def test_nothing_is_left_of_a_grid_that_is_refused(
    command: Command, launcher: str, override: str, sentence: str
):
    assert sentence in refusal(command, "-m", f"hydra/launcher={launcher}", *QUIET, override)


# --- The command line wins ------------------------------------------------------------------------

PLANNED = ("network=vgg16", "tracking=disabled", "size=32", "sweep.plan=true")


def planned(command: Command, *overrides: str) -> tuple[int, str, str]:
    """Return how many runs a plan has, and what its first and its last one are."""
    done = command("-m", *PLANNED, *overrides)
    assert done.returncode == 0, done.stderr
    lines = dict(one.split(maxsplit=1) for one in done.stdout.splitlines() if " " in one)
    return int(lines["runs"].split()[0].strip(",")), lines["first"], lines["last"]


@pytest.mark.parametrize(
    ("given", "runs", "values"),
    [
        (["beta=1,2"], 10, ["beta=1", "beta=2"]),
        (["++beta=choice(1,2,3)"], 15, ["++beta=1", "++beta=3"]),
        (["beta=7"], 5, ["beta=7", "beta=7"]),
        (["beta=5,6", "beta=range(1,3)", "style.layers=[conv1_1]"], 2, ["beta=1", "beta=2"]),
    ],
)
def test_a_key_of_the_command_line_replaces_the_experiment_s_values(
    command: Command, given: list[str], runs: int, values: list[str]
):
    count, first, last = planned(command, "experiment=layers_by_ratio", *given)
    assert count == runs
    for job, value in zip((first, last), values, strict=True):
        # Its axes keep their order.
        layers, beta, *rest = job.split(": ", 1)[1].split(" ")
        assert layers.startswith("style.layers=[conv1_1")
        assert beta == value
        assert not any("beta" in one for one in rest)


def test_of_a_range_that_a_search_is_given_twice_the_last_one_counts(command: Command):
    search = ("hydra/sweeper=search", "search.trials=4", "tv.gamma=0,1")
    _, first, last = planned(command, *search, "beta=interval(1,2)", "beta=interval(30,40)")
    assert ("beta=30" in first, "beta=40" in last) == (True, True)
    assert (first + last).count("beta=") == 2
