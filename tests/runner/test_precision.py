"""``precision=auto``: by the kind of device, and by the record of a run that goes on."""

import json
from collections.abc import Callable
from pathlib import Path

import jax
import pytest
from helpers import TWO_STEPS

from nst.config import precision as table
from nst.config.precision import MEASURED, Measured, fastest_alike
from nst.config.schema import Config
from nst.config.validation import validated
from nst.runner import precision, prepare

# As JAX and the driver call them.
H100, H200, A100 = "NVIDIA H100 80GB HBM3", "NVIDIA H200", "NVIDIA A100-SXM4-80GB"


def test_what_was_measured_counts_and_what_was_not_is_float32(monkeypatch: pytest.MonkeyPatch):
    assert [fastest_alike(kind) for kind in (H100, "cpu", A100)] == ["float32"] * 3
    assert all(len(one.date) == 10 and one.found for one in MEASURED)
    found = (Measured("h200", "bfloat16", "2030-01-01", ""), *MEASURED)
    monkeypatch.setattr(table, "MEASURED", found)
    assert [fastest_alike(kind) for kind in (H100, H200, "cpu")] == [
        "float32",
        "bfloat16",
        "float32",
    ]


def test_a_run_that_goes_on_keeps_its_own(
    compose: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    here = Measured(jax.devices()[0].device_kind, "tensorfloat32", "2030-01-01", "")
    monkeypatch.setattr(table, "MEASURED", (here, *MEASURED))
    assert precision.auto(tmp_path) == precision.auto() == "tensorfloat32"
    record = {
        "schema": 1,
        "status": "interrupted",
        "config_hash": None,
        "best": None,
        "error": None,
    }
    (tmp_path / "run.json").write_text(json.dumps(record | {"config": {"precision": "bfloat16"}}))
    assert precision.auto(tmp_path) == "bfloat16"
    config = compose("precision=tensorfloat32")
    config.precision = "auto"
    assert validated(config, lambda: precision.auto(tmp_path)).precision == "bfloat16"
    # Said outright, it is asked of nobody.
    config.precision = "float32"
    assert validated(config, lambda: pytest.fail("asked")).precision == "float32"


def test_tensorfloat32_without_a_gpu_is_said_once(
    compose: Callable[..., Config], caplog: pytest.LogCaptureFixture
):
    if jax.default_backend() != "cpu":
        pytest.skip("it is there")
    for seed in ("1", "2"):
        prepare.prepare(compose(*TWO_STEPS, "precision=tensorfloat32", f"seed={seed}"))
    assert [one.message for one in caplog.records] == [
        "precision=tensorfloat32 is for GPUs: on this CPU it computes what float32 does"
    ]
