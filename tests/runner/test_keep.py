"""`keep=last`: the last check's picture is the result, in record, console, W&B and after a cut."""

import contextlib
import math
from pathlib import Path

import numpy as np
import pytest
from helpers import SHALLOW, Command, losses, pixels, record, rows, valid_record
from one_run import all_checks

from nst.metrics.objective import objective
from nst.rundir import history
from nst.runner import prepare
from nst.runner import session as transfer
from nst.runner.pruner import _best
from nst.tracking.wandb_tracker import WandbTracker

#: A learning rate this high makes the total go up and down, so that the last is not the best.
UNSTEADY = (
    *("network=vgg16", "tracking=disabled", "size=32", "check_every=2", "steps=9"),
    *("optimizer.lr=90", "tracking.images_every=1", *SHALLOW),
)


def test_the_result_is_the_last_or_the_best(command: Command):
    grid = command("-m", *UNSTEADY, "keep=best,last", "sweep.report=false", "hydra.sweep.dir=both")
    assert grid.returncode == 0, grid.stderr
    best, last = (command.folder / "both" / name for name in "01")
    totals = {int(row["step"]): float(row["total"]) for row in losses(last) if int(row["step"])}
    lowest = min(totals, key=lambda step: totals[step])
    assert lowest != 9
    for folder, step in ((best, lowest), (last, 9)):
        written = valid_record(folder)
        assert (written["best"]["step"], written["last"]["step"]) == (step, 9)
        shown = pixels(folder / f"images/step_{step:05d}.png")
        np.testing.assert_array_equal(pixels(folder / "result.png"), shown)
    assert record(best)["config_hash"] != record(last)["config_hash"]


def test_the_console_says_which(command: Command):
    done = command(*UNSTEADY, "keep=last", "hydra.run.dir=one")
    assert "one/result.png  (last at step 9, total " in done.stdout


def test_a_run_that_diverges_keeps_its_last_finite_picture(command: Command):
    steep = ("optimizer=sgd", "optimizer.lr=1e-3", "hydra.run.dir=one")
    done = command(*UNSTEADY, "keep=last", *steep)
    assert done.returncode == 1
    written = record(command.folder / "one")
    finite = [row for row in losses(command.folder / "one") if math.isfinite(float(row["total"]))]
    assert (written["status"], len(finite)) == ("diverged", 2)  # the total has risen by then
    assert written["best"]["step"] == int(finite[-1]["step"])
    assert f"kept its last picture so far, of step {finite[-1]['step']}" in done.stderr


class Cut(Exception):
    """Stands for a kill."""


def test_a_run_cut_off_ends_as_if_it_had_not_been(compose, tmp_path: Path):
    prepared = prepare.prepare(compose(*UNSTEADY, "keep=last", "sweep.save_every=0"))
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    transfer.perform(prepared, transfer.Place(whole))
    with contextlib.suppress(Cut), transfer.Session(prepared, transfer.Place(cut)) as session:
        for check in all_checks(prepared)[:4]:
            session.add(check)
        raise Cut
    transfer.perform(prepared, transfer.Place(cut))
    assert (cut / "result.png").read_bytes() == (whole / "result.png").read_bytes()
    assert record(cut)["best"] == record(whole)["best"]
    assert record(cut)["best"]["step"] == 9


@pytest.mark.parametrize("keep", ["best", "last"])
def test_what_is_read_back_from_a_history_follows_the_same_rule(compose, tmp_path: Path, keep: str):
    config = compose(*UNSTEADY, f"keep={keep}")
    transfer.perform(prepare.prepare(config), transfer.Place(tmp_path))
    kept = record(tmp_path)["best"]
    found = WandbTracker(Opened(), config, "id", "name")  # type: ignore[arg-type]
    found.restore(history.rows(tmp_path / "history.csv"), tmp_path / "images")
    assert found.best["total"] == pytest.approx(kept["total"])
    totals = [float(row["total"]) for row in rows(tmp_path)][1:]
    # Of a run to be pruned the lowest of those that were kept at some time.
    value = _best(tmp_path, objective("best/loss/total"), kept["total"], keep)
    assert value == pytest.approx(min(totals))


class Opened:
    """A run at W&B that has all rows, so that none is sent."""

    starting_step = math.inf

    def result(self) -> "Opened":
        """Return the run."""
        return self
