"""A grid where the device's memory is not enough for its lanes."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import pytest

from nst import batch, grid, transfer
from nst.config import Config

QUICK = ("network=vgg16", "size=32", "steps=2", "check_every=1", "tracking=disabled")
SHALLOW = ("content.layers=[conv1_1]", "style.layers=[conv1_1]")


def test_out_of_memory_halves_the_lanes_and_goes_on(
    compose: Callable[..., Config],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    # A device whose memory takes two lanes, which no machine that tests has by itself.
    run_lanes = batch.checks
    widths = []

    def checks(static: Any, params: Any, targets: Any, lanes: Any, **options: Any) -> Iterator:
        widths.append(len(lanes))
        if len(lanes) > 2:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: out of memory")
        yield from run_lanes(static, params, targets, lanes, **options)

    monkeypatch.setattr(batch, "checks", checks)
    gammas = range(5)
    jobs = [
        grid.Job(
            f"tv.gamma={gamma}",
            compose(*QUICK, *SHALLOW, f"tv.gamma={gamma}"),
            transfer.Place(tmp_path / str(gamma)),
        )
        for gamma in gammas
    ]
    outcomes = grid.run(jobs, lanes=5)
    assert widths == [5, 2, 2, 1]
    assert [outcome.status for outcome in outcomes] == ["finished"] * 5
    assert all((tmp_path / str(gamma) / "result.png").exists() for gamma in gammas)
    assert "5 lanes don't fit" in caplog.text
