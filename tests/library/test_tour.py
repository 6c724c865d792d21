"""docs/tour.ipynb from its first cell to its last."""

from pathlib import Path

import pytest
from helpers import ROOT

TOUR = ROOT / "docs" / "tour.ipynb"


@pytest.mark.slow
def test_the_tour_runs_and_shows_what_its_page_shows(tmp_path: Path):
    import nbclient
    import nbformat

    shown = nbformat.read(TOUR, 4)
    fresh = nbformat.read(TOUR, 4)
    client = nbclient.NotebookClient(fresh, timeout=600, resources={"metadata": {"path": tmp_path}})
    client.execute()
    assert kinds(fresh) == kinds(shown)
    assert sum("image/png" in one for one in kinds(fresh)) == 3
    assert list(tmp_path.iterdir()) == []


def test_its_outputs_are_there_and_small():
    import nbformat

    cells = [cell for cell in nbformat.read(TOUR, 4).cells if cell.cell_type == "code"]
    assert all(cell.outputs for cell in cells[1:])
    assert TOUR.stat().st_size < 400_000


def kinds(notebook) -> list[list[str]]:
    """Return the types of what each cell shows."""
    return [
        [kind for output in cell.outputs for kind in sorted(output.get("data", {"text": ""}))]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
