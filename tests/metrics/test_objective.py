"""What a search looks for: its names, which way is better, and its value in a record."""

import pytest
from fake_runs import record
from helpers import TINY, Command

from nst.base.errors import UserError
from nst.config.validation import validated
from nst.metrics.objective import objective


@pytest.mark.parametrize(
    ("asked", "name", "better"),
    [
        ("metrics/ssim", "metrics/ssim", "higher"),
        ("ssim", "metrics/ssim", "higher"),
        ("style_distance", "metrics/style_distance", "lower"),
        ("best/loss/style", "best/loss/style", "lower"),
        ("total", "best/loss/total", "lower"),
        ("loss/style", "loss/style", "lower"),
        ("best/loss/style/conv1_1", "best/loss/style/conv1_1", "lower"),
    ],
)
def test_names(asked: str, name: str, better: str):
    found = objective(asked)
    assert (found.name, found.better) == (name, better)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("style_distanc", "did you mean 'style_distance'?"),
        ("best/los/style", "did you mean 'best/loss/style'?"),
        ("best/loss/style/conv9_1", "runs log no 'best/loss/style/conv9_1'"),
        ("tv", "'tv' may be metrics/tv or best/loss/tv"),
        ("metrics/tv", "neither more nor less of metrics/tv is better"),
        ("", "runs log no ''"),
    ],
)
def test_what_nothing_can_look_for(asked: str, said: str):
    with pytest.raises(UserError) as refused:
        objective(asked)
    assert said in str(refused.value)


def test_its_value_is_what_the_run_recorded():
    best, last = {"step": 1, "total": 1.0, "style": 2}, {"style": 3, "style/conv1_1": None}
    fields = record(best=best, metrics={"style_distance": 0.25, "lpips": None}) | {"last": last}
    expected = {
        "best/loss/total": 1,
        "best/loss/style": 2,
        "best/loss/content": None,
        "loss/style": 3,
        "loss/style/conv1_1": None,
        "metrics/style_distance": 0.25,
        "metrics/lpips": None,
    }
    assert {name: objective(name).of(fields) for name in expected} == expected
    assert objective("lpips").of({}) is None


def test_a_configuration_has_whole_names(compose):
    config = compose("search.objective=[ssim,best/loss/style]")
    assert config.search.objective == ["metrics/ssim", "best/loss/style"]
    assert validated(config) == config
    for asked in ("[]", "[ssim,metrics/ssim]"):
        with pytest.raises(UserError, match=r"search\.objective must be one name or several"):
            compose(f"search.objective={asked}")
    with pytest.raises(UserError, match=r"search\.objective: runs log no 'ssm' \(did you mean"):
        compose("search.objective=ssm")


def test_a_sweeps_table_begins_with_it(command: Command):
    done = command("-m", *TINY, "tracking=disabled", "beta=1,2", "search.objective=ssim")
    assert done.returncode == 0, done.stderr
    titles = next(line for line in done.stdout.splitlines() if line.startswith("run "))
    assert titles.index("SSIM") < titles.index("style distance") < titles.index("content distance")
