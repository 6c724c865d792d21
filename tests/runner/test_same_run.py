"""Runs of a sweep that are the same but for their names are computed once."""

from pathlib import Path

import pytest
from helpers import FOUR_STEPS, SHALLOW, Command, record
from PIL import Image
from skimage import data


def bytes_of(folder: Path) -> dict[str, bytes]:
    names = ("history.csv", "result.png", "images/*.png")
    paths = [path for name in names for path in folder.glob(name)]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize("launcher", [pytest.param("basic", marks=pytest.mark.slow), "batched"])
def test_a_run_that_equals_another_takes_its_result(command: Command, launcher: str):
    photos = command.folder / "photos"
    photos.mkdir()
    for name in ("one.png", "two.png"):  # the same picture under two names
        Image.fromarray(data.astronaut()[:64, :48]).save(photos / name)
    whole = ["-m", f"hydra/launcher={launcher}", *FOUR_STEPS, *SHALLOW, "sweep.report=false"]
    whole += ["tracking=offline", "tracking.images_every=2"]
    whole += ["content.path=photos/one.png,photos/two.png", "beta=1,2", "hydra.sweep.dir=sweep"]
    done = command(*whole)
    assert done.returncode == 0, done.stderr
    runs = [command.folder / "sweep" / str(number) for number in range(4)]
    fields = [record(run) for run in runs]
    assert [one.get("same_as") for one in fields] == [None, None, "../0", "../1"]
    names = [one["config"]["content"]["path"] for one in fields[::2]]
    assert names == ["photos/one.png", "photos/two.png"]
    for first, second in ((0, 2), (1, 3)):
        assert fields[first]["config_hash"] == fields[second]["config_hash"]
        assert fields[first]["best"] == fields[second]["best"]
        assert fields[second]["status"] == "finished"
        assert len(bytes_of(runs[first])) == 5
        assert bytes_of(runs[first]) == bytes_of(runs[second])
    assert len(list((command.folder / "sweep" / "wandb").glob("offline-run-*"))) == 4
    # What is there is left alone, and what is lost is taken again.
    (runs[3] / "run.json").unlink()
    for path in bytes_of(runs[3]):
        (runs[3] / path).unlink()
    for file in (runs[3] / ".hydra").iterdir():
        file.unlink()
    before = (runs[1] / "result.png").stat().st_mtime_ns
    (runs[3] / "run.log").unlink(missing_ok=True)
    done = command(*whole)
    assert done.returncode == 0, done.stderr
    assert record(runs[3])["same_as"] == "../1"
    assert bytes_of(runs[1]) == bytes_of(runs[3])
    assert (runs[1] / "result.png").stat().st_mtime_ns == before
