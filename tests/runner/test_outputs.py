"""Files beside result.png, through the command line: which there are, when, and whose they are."""

import dataclasses
import io
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from helpers import QUIET, Command, pixels, record, refusal, valid_record
from one_run import all_checks
from PIL import Image, ImageCms

from nst.images.files import load
from nst.runner import prepare, session
from nst.runner.job import Place

SWEEP = ("-m", *QUIET, "sweep.report=false", "hydra.sweep.dir=sweep")
HERE = (*QUIET, "hydra.run.dir=run")


def seen(folder: Path) -> dict[str, bytes]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def beside(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("output.*"))


def ok(command: Command, *arguments: str) -> str:
    done = command(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def as_result(folder: Path) -> None:
    """Assert that a TIFF of 16 bits rounds to result.png, and says the same."""
    samples = tifffile.imread(folder / "output.tif")
    assert samples.dtype == np.uint16
    assert len(np.unique(samples)) > 256  # as many as 8 bits have
    np.testing.assert_allclose(samples / 257, pixels(folder / "result.png"), atol=0.502)
    with tifffile.TiffFile(folder / "output.tif") as tiff:
        said = dict(one.split("=") for one in tiff.pages.first.description.split("; "))
    with Image.open(folder / "result.png") as image:
        assert said == image.info
    assert said["nst:config_hash"] == record(folder)["config_hash"]


@pytest.fixture
def clear(tmp_path: Path) -> Path:
    """A content image with a profile of its own, clear at the left."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (6, 8, 3)).repeat(6, axis=0).repeat(6, axis=1)
    alpha = np.repeat([[0, 255]], 24, axis=1).repeat(36, axis=0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / "clear.png"
    image = Image.fromarray(np.dstack([blocks, alpha]).astype(np.uint8))
    # "sRGB built-in" in UTF-16.
    image.save(path, icc_profile=profile.replace(b"\0s\0R\0G\0B", b"\0m\0i\0n\0e"))
    return path


def test_several_formats_beside_a_result_that_stays_as_it_was(command: Command):
    ok(command, *QUIET, "hydra.run.dir=plain")
    said = ok(command, *HERE, "output.format=[tiff16,png,jpeg,webp]", "output.quality=100")
    assert said.splitlines()[1:] == [f"run/output.{one}" for one in ("tif", "jpg", "webp")]
    plain, folder = command.folder / "plain", command.folder / "run"
    assert (beside(plain), beside(folder)) == ([], ["output.jpg", "output.tif", "output.webp"])
    assert (folder / "result.png").read_bytes() == (plain / "result.png").read_bytes()
    assert valid_record(folder)["config_hash"] == record(plain)["config_hash"]
    as_result(folder)
    for name in ("output.jpg", "output.webp"):
        # WebP's chroma has half the pixels, and this picture is noise.
        gray = [
            np.asarray(Image.open(folder / one).convert("L"), int) for one in (name, "result.png")
        ]
        assert np.abs(gray[0] - gray[1]).mean() < 4, name


def test_what_is_taken_over_from_the_content_image(command: Command, clear: Path):
    own = (f"content.path={clear}", "output.profile=content", "output.transparency=true")
    ok(command, *HERE, *own, "output.format=[png,tiff16]")
    folder = command.folder / "run"
    assert beside(folder) == ["output.png", "output.tif"]
    for name in beside(folder):
        with Image.open(folder / name) as image:
            assert b"\0m\0i\0n\0e" in image.info["icc_profile"]
            assert image.mode == "RGBA"
    with tifffile.TiffFile(folder / "output.tif") as tiff:
        alpha = tiff.asarray()[..., 3]
    assert alpha[:, :14].max() < 5000
    assert alpha[:, 18:].min() > 60000
    result = Image.open(folder / "result.png")
    assert (result.mode, result.info.get("icc_profile")) == ("RGB", None)


def test_a_run_that_is_over_gives_files_that_its_result_allows(command: Command, clear: Path):
    own = (f"content.path={clear}",)
    ok(command, *HERE, *own)
    before = seen(command.folder / "run")
    said = ok(command, *HERE, *own, "output.format=[jpeg,webp]", "output.profile=content")
    assert "run/output.jpg" in said
    after = seen(command.folder / "run")
    assert after.items() > before.items()
    assert sorted(set(after) - set(before)) == ["output.jpg", "output.webp"]
    with Image.open(command.folder / "run" / "output.jpg") as image:
        assert b"nst:step=" in image.info["comment"]
    done = command(*HERE, *own, "output.format=[png,tiff16]", "output.transparency=true")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "no output.tif" in line
    assert "nst rerun" in line
    assert "output.format=[png,tiff16]'" in line
    assert seen(command.folder / "run") == after
    # As the sentence says.
    again = ("run", "output.format=[png,tiff16]", "hydra.run.dir=again")
    done = command(*again, program=(sys.executable, "-m", "nst.rerun"))
    assert done.returncode == 0, done.stderr
    as_result(command.folder / "again")


def test_cells_that_differ_in_files_alone(command: Command):
    ok(command, *SWEEP, "output.format=jpeg,webp,tiff16,[tiff16,jpeg]")
    folders = [command.folder / "sweep" / str(number) for number in range(4)]
    assert [beside(one) for one in folders] == [
        ["output.jpg"],
        ["output.webp"],
        ["output.tif"],
        ["output.jpg", "output.tif"],
    ]
    runs = [valid_record(one) for one in folders]
    assert len({one["config_hash"] for one in runs}) == 1
    # Of what was computed for the first nothing has 16 bits.
    assert [one["same_as"] for one in runs] == [None, "../0", None, "../2"]
    as_result(folders[2])
    assert seen(folders[3])["output.tif"] == seen(folders[2])["output.tif"]
    before = seen(command.folder / "sweep")
    ok(command, *SWEEP, "output.format=jpeg,webp,tiff16,[tiff16,jpeg]")
    after = seen(command.folder / "sweep")
    assert {key for key in after if after[key] != before[key]} <= {"multirun.yaml"}


def test_other_sweeps_are_taken_where_they_have_the_files(command: Command):
    ok(command, *QUIET, "hydra.run.dir=old/plain", "tv.gamma=1")
    ok(command, *QUIET, "hydra.run.dir=old/deep", "tv.gamma=2", "output.format=tiff16")
    own = ("tv.gamma=1,2", "sweep.reuse=old", "output.format=[tiff16,jpeg]")
    ok(command, *SWEEP, *own)
    folders = [command.folder / "sweep" / str(number) for number in range(2)]
    assert [record(one)["reused_from"] for one in folders] == [None, "../../old/deep"]
    for one in folders:
        as_result(one)
        assert beside(one) == ["output.jpg", "output.tif"]
    (command.folder / "old" / "deep" / "output.tif").write_bytes(
        seen(command.folder / "old" / "deep")["output.tif"][:-200]
    )
    done = command(*QUIET, "hydra.run.dir=new", "tv.gamma=2", *own[1:])
    assert done.returncode == 0, done.stderr
    assert record(command.folder / "new")["reused_from"] != "../old/deep"
    as_result(command.folder / "new")


def test_an_earlier_picture_in_another_format_does_not_stay(compose, tmp_path: Path):
    steps = ("steps=4", "check_every=2", "output.format=[tiff16,webp]")
    prepared = prepare.prepare(compose(*QUIET, *steps))
    with session.Session(prepared, Place(tmp_path)) as begun:
        begun.add(all_checks(prepared)[0])
    assert begun.outcome.status == "interrupted"
    assert beside(tmp_path) == ["output.tif", "output.webp"]
    webp = (tmp_path / "output.webp").read_bytes()
    (tmp_path / "output.jpg").write_bytes(b"mine")  # no part of what is asked for
    output = dataclasses.replace(prepared.config.output, format="webp")
    config = dataclasses.replace(prepared.config, output=output)
    session.perform(dataclasses.replace(prepared, config=config), Place(tmp_path))
    assert beside(tmp_path) == ["output.jpg", "output.webp"]
    assert (tmp_path / "output.jpg").read_bytes() == b"mine"
    assert (tmp_path / "output.webp").read_bytes() != webp


@pytest.mark.parametrize("begun", [False, True])
def test_files_of_others_are_kept(command: Command, begun: bool):
    if begun:
        ok(command, *HERE)
    (command.folder / "run").mkdir(exist_ok=True)
    (command.folder / "run" / "output.jpg").write_bytes(b"mine")
    before = seen(command.folder)
    done = command(*HERE, "output.format=jpeg")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "holds output.jpg, which would be written over" in line
    assert seen(command.folder) == before
    ok(command, *HERE, "output.format=webp")
    assert beside(command.folder / "run") == ["output.jpg", "output.webp"]
    assert (command.folder / "run" / "output.jpg").read_bytes() == b"mine"


def test_profiles_that_cannot_be_kept(command: Command, tmp_path: Path):
    path = tmp_path / "mine.png"
    asked = (f"content.path={path}", "output.profile=content")
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8))
    image.save(path, icc_profile=b"no profile" * 30)
    line = refusal(command, *QUIET, *asked)
    assert "the ICC profile of mine.png can't be read" in line
    assert "output.profile=srgb" in line
    gray = io.BytesIO(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for data, said in (
        (None, "has no ICC profile"),
        (gray.getvalue().replace(b"RGB XYZ ", b"GRAYXYZ "), "is for grays"),
    ):
        image.save(path, icc_profile=data)
        done = command(*QUIET, *asked, "output.transparency=true", f"hydra.run.dir={said}")
        assert done.returncode == 0, done.stderr
        assert said in done.stderr
        assert "mine.png is opaque" in done.stderr
        found = load(command.folder / said / "output.png", None, key="content.path")
        np.testing.assert_array_equal(found, pixels(command.folder / said / "result.png"))
