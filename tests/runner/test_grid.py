"""A grid where the device's memory is not enough for its lanes."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import pytest
from helpers import SHALLOW, TWO_STEPS

from nst.base.errors import DeviceError, UserError
from nst.config.schema import Config
from nst.engine import loop, memory
from nst.rundir import run_json
from nst.runner import grid, prepare, session
from nst.runner.job import Job, Place


def jobs_of(compose: Callable[..., Config], folder: Path, count: int) -> list[Job]:
    """Return jobs that differ in the total variation's weight."""
    return [
        Job(
            compose(*TWO_STEPS, *SHALLOW, f"tv.gamma={gamma}"),
            Place(folder / str(gamma), label=f"tv.gamma={gamma}"),
        )
        for gamma in range(count)
    ]


def test_out_of_memory_halves_the_lanes_and_goes_on(
    compose: Callable[..., Config],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    # A device whose memory takes two lanes, which no machine that tests has by itself.
    run_lanes = loop.checks
    widths = []

    def checks(static: Any, params: Any, targets: Any, lanes: Any, **options: Any) -> Iterator:
        widths.append(len(lanes))
        if len(lanes) > 2:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: out of memory")
        yield from run_lanes(static, params, targets, lanes, **options)

    monkeypatch.setattr(loop, "checks", checks)
    jobs = jobs_of(compose, tmp_path, 5)
    outcomes = grid.run(jobs, lanes=5)
    assert widths == [5, 2, 2, 1]
    assert [outcome.status for outcome in outcomes] == ["finished"] * 5
    assert all((tmp_path / str(gamma) / "result.png").exists() for gamma in range(5))
    assert "5 lanes don't fit" in caplog.text


def run_lanes_until(step: int, words: str, lanes: int) -> Callable[..., Iterator]:
    """Return `loop.checks`, which ends in an error after `step` with so many lanes or more."""
    real = loop.checks

    def checks(static: Any, params: Any, targets: Any, several: Any, **options: Any) -> Iterator:
        for lane, check in real(static, params, targets, several, **options):
            yield lane, check
            if lane == len(several) - 1 and check.step == step and len(several) >= lanes:
                raise jax.errors.JaxRuntimeError(words)

    return checks


def test_out_of_memory_in_the_middle_goes_on_from_there(
    compose: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    jobs = jobs_of(compose, tmp_path / "whole", 4)
    whole = grid.run(jobs, lanes=2)
    monkeypatch.setattr(
        loop, "checks", run_lanes_until(1, "RESOURCE_EXHAUSTED: Out of memory", lanes=3)
    )
    outcomes = grid.run(jobs_of(compose, tmp_path / "cut", 4), lanes=4)
    assert [outcome.status for outcome in outcomes] == ["finished"] * 4
    for gamma, (one, other) in enumerate(zip(whole, outcomes, strict=True)):
        rows = (tmp_path / "cut" / str(gamma) / "history.csv").read_text().splitlines()
        assert [row.partition(",")[0] for row in rows] == ["step", "0", "1", "2"]
        assert other.best_total == pytest.approx(one.best_total, rel=1e-5)


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_device_that_vanishes_ends_the_grid_which_goes_on_later(
    compose: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lanes: int
):
    real = loop.checks
    words = "INTERNAL: CUDA_ERROR_ECC_UNCORRECTABLE"
    monkeypatch.setattr(loop, "checks", run_lanes_until(1, words, lanes=1))
    with pytest.raises(DeviceError, match=f"the device failed .{words}.: when it is back") as gone:
        grid.run(jobs_of(compose, tmp_path, 3), lanes=lanes)
    assert gone.value.gone
    records = [run_json.read(folder) for folder in sorted(tmp_path.iterdir())]
    assert [one["status"] for one in records] == ["interrupted"] * lanes  # the third never began
    assert all(words in one["error"] for one in records)
    monkeypatch.setattr(loop, "checks", real)
    outcomes = grid.run(jobs_of(compose, tmp_path, 3), lanes=lanes)
    assert [outcome.status for outcome in outcomes] == ["finished"] * 3
    assert len((tmp_path / "0" / "history.csv").read_text().splitlines()) == 4


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("RESOURCE_EXHAUSTED: Out of memory", "the device's memory is used up"),
        ("INTERNAL: CUDA_ERROR_LAUNCH_FAILED", "the device failed"),
    ],
)
def test_a_run_alone_keeps_what_it_had_reached(
    compose: Callable[..., Config],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    sentence: str,
):
    prepared = prepare.prepare(compose(*TWO_STEPS, *SHALLOW))
    place = Place(tmp_path / "run")
    real = loop.checks
    monkeypatch.setattr(loop, "checks", run_lanes_until(1, words, lanes=1))
    with pytest.raises(DeviceError, match=sentence):
        session.perform(prepared, place)
    fields = run_json.read(place.folder)
    assert (fields["status"], fields["last"]["step"]) == ("interrupted", 1)
    assert fields["error"].startswith(sentence)
    monkeypatch.setattr(loop, "checks", real)
    assert session.perform(prepared, place).status == "finished"
    assert len((place.folder / "history.csv").read_text().splitlines()) == 4


def test_lanes_that_can_t_fit_are_refused(compose: Callable[..., Config]):
    prepared = prepare.prepare(compose(*TWO_STEPS))
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    # 32 x 21 pixels: every position of a block holds its channels, as activation, ReLU and both
    # gradients, in four bytes each; four poolings halve the sides.
    sides = [(21, 32), (10, 16), (5, 8), (2, 4), (1, 2)]
    channels = [64, 128, 256, 512, 512]
    layers = [4, 4, 6, 6, 1]
    own = sum(h * w * c * n for (h, w), c, n in zip(sides, channels, layers, strict=True))
    pooled = sum(h * w * c for (h, w), c in zip(sides[1:], channels, strict=False))
    bytes_of_one = 8 * (own + pooled)
    shape = prepared.content_image.shape
    assert memory.bytes_of_a_lane(prepared.static, shape) == bytes_of_one
    many = machine // bytes_of_one
    memory.check_lanes(many, prepared.static, shape)
    with pytest.raises(UserError, match=rf"{many + 1} lanes need about .* GiB.*at most {many}$"):
        memory.check_lanes(many + 1, prepared.static, shape)


def test_a_grid_of_too_many_lanes_has_not_begun(
    compose: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(memory, "of_a_device", lambda: 2**19)
    with pytest.raises(UserError, match="3 lanes need about"):
        grid.run(jobs_of(compose, tmp_path, 3), lanes=8)
    assert list(tmp_path.iterdir()) == []
