"""The soak in short form."""

import pytest
import soak


@pytest.mark.slow
@pytest.mark.parametrize("runs", [40, 2000])
def test_many_runs_in_one_process(runs: int):
    assert soak.main(runs) == 0


def test_growth_is_seen():
    flat = [soak.Sample(10 * n, 5.0 * n, 500.0, 40, 20) for n in range(1, 10)]
    assert soak.growing(flat) == []
    leaking = [one._replace(mebibytes=500 + 30 * n) for n, one in enumerate(flat)]
    assert soak.growing(leaking) == ["mebibytes grew from 560 to 740"]
    slower = [one._replace(seconds=5.0 * n**2) for n, one in enumerate(flat)]
    assert soak.growing(slower) == ["a run took 0.500 s at first and 5.500 s at last"]
