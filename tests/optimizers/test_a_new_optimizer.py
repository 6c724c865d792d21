"""An optimizer that is added by a file and an entry in the table."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import TINY, rows
from one_run import all_checks

from nst.base.errors import UserError
from nst.config.schema import Config
from nst.optimizers.table import OPTIMIZERS, Optimizer
from nst.runner import prepare, session

Compose = Callable[..., Config]
TOY = (*TINY, "tracking=disabled", "optimizer.name=rmsprop")


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    entry = Optimizer("rmsprop", ("lr", "eps", "schedule", "decay"))
    monkeypatch.setitem(OPTIMIZERS, "rmsprop", entry)


def test_its_first_step_is_the_formulas(compose: Compose):
    prepared = prepare.prepare(compose(*TOY, "optimizer.lr=2"))
    first, second, *_ = all_checks(prepared)
    moved = np.abs(second.picture - first.picture)
    # nu = 0.1 g^2 after a step, so that g / sqrt(nu) is 1 / sqrt(0.1) wherever there is a gradient.
    np.testing.assert_allclose(np.quantile(moved, [0.05, 0.95]), 2 / 0.1**0.5, rtol=1e-3)


def test_a_run_goes_through_sizes_and_goes_on_after_it_was_cut_off(
    compose: Compose, tmp_path: Path
):
    sizes = ("scales=[32,48]", "steps=[2,2]", "optimizer.schedule=cosine", "sweep.save_every=0")
    prepared = prepare.prepare(compose(*TOY, *sizes))
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert session.perform(prepared, session.Place(whole)).status == "finished"
    with session.Session(prepared, session.Place(cut)) as going:
        for check in all_checks(prepared)[:3]:
            going.add(check)
    assert session.perform(prepared, session.Place(cut)).status == "finished"
    assert (cut / "result.png").read_bytes() == (whole / "result.png").read_bytes()
    steps_and_sizes = [("0", "32"), ("1", "32"), ("2", "32"), ("3", "48"), ("4", "48")]
    assert [(row["step"], row["size"]) for row in rows(cut)] == steps_and_sizes


@pytest.mark.parametrize(
    ("override", "readers"),
    [("optimizer.b1=0.5", "adam"), ("optimizer.memory=20", "lbfgs")],
)
def test_a_key_that_it_does_not_read_is_refused(compose: Compose, override: str, readers: str):
    with pytest.raises(UserError, match=f"is for optimizer={readers}, and .* optimizer=rmsprop"):
        compose(*TOY, override)


def test_a_key_that_it_reads_is_one_of_its_own(compose: Compose):
    with pytest.raises(UserError, match="optimizer=adam or sgd or rmsprop"):
        compose(*TINY, "optimizer=lbfgs", "optimizer.lr=1")
    with pytest.raises(UserError, match="one of adam, lbfgs, sgd, rmsprop, not 'rmsprob'"):
        compose(*TINY, "optimizer.name=rmsprob")
