"""The kill test in short form: two kills, tracking off."""

import kill_grid


def test_a_grid_survives_kills():
    assert kill_grid.main(2, 1, "tracking=disabled") == 0
