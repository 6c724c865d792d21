"""The kill test in short form, tracking off."""

import kill_grid
import pytest


@pytest.mark.parametrize("kills", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_a_grid_survives_kills(kills: int):
    assert kill_grid.main(kills, 1, "tracking=disabled") == 0
