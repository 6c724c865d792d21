"""What a run's metrics need beside its result, computed while the steps run."""

import numpy as np
import pytest
from helpers import FOUR_STEPS, record
from PIL import Image

from nst.base.errors import UserError
from nst.metrics import ahead, evaluate, features
from nst.runner import session


def pictures(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    return tuple(draw.uniform(0, 255, (40, 36, 3)).astype(np.float32) for _ in range(3))  # type: ignore[return-value]


def test_the_metrics_find_it_done_and_have_the_same_numbers():
    result, content, style = pictures(1)
    features.reference.cache_clear()
    expected = evaluate.evaluate(result, content, style)
    for cached in (features.reference, features._seen, features.distances):
        cached.cache_clear()
    begun = ahead.begin(content, lambda: [style])
    assert begun
    assert begun.result() is None
    before = features.reference.cache_info().misses
    assert evaluate.evaluate(result, content, style) == expected
    assert features.reference.cache_info().misses == before


def test_what_is_wrong_is_left_to_the_metrics_and_what_is_large_to_the_end(
    monkeypatch: pytest.MonkeyPatch,
):
    def gone() -> list[np.ndarray]:
        raise UserError("it is gone")

    _, content, style = pictures(2)
    begun = ahead.begin(content, gone)
    assert begun
    assert begun.result() is None
    monkeypatch.setattr(ahead, "MOST", 40 * 36 - 1)
    assert ahead.begin(content, lambda: [style]) is None


def test_a_run_begins_it_once_and_its_numbers_are_those_of_its_file(
    command, monkeypatch: pytest.MonkeyPatch
):
    begun, real = [], ahead.begin

    def begin(content, styles):
        begun.append((content, list(styles())))
        return real(content, styles)

    monkeypatch.setattr(session.ahead, "begin", begin)
    done = command(*FOUR_STEPS, "check_every=1", "tracking=disabled", "hydra.run.dir=one")
    assert done.returncode == 0, done.stderr
    ((content, (style,)),) = begun
    with Image.open(command.folder / "one" / "result.png") as file:
        result = np.asarray(file.convert("RGB"), np.float32)
    assert record(command.folder / "one")["metrics"] == evaluate.evaluate(result, content, style)
