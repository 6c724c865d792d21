"""What a run is made from: its files are read no more often than they must be."""

import re
from pathlib import Path

import pytest
from helpers import SHALLOW, TWO_STEPS, pixels, valid_record
from PIL import Image

from nst.images import files
from nst.runner import prepare


def test_a_file_is_decoded_once_for_all_sizes(
    compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    read: list[str] = []
    decode = files.decode

    def counted(file: Path, subject: str):
        read.append(file.name)
        return decode(file, subject)

    monkeypatch.setattr(files, "decode", counted)
    for name, color in (("content.png", "red"), ("style.png", "blue")):
        Image.new("RGB", (90, 60), color).save(tmp_path / name)
    given = [f"content.path={tmp_path}/content.png", f"style.path={tmp_path}/style.png"]
    found = prepare.prepare(
        compose("network=vgg16", *SHALLOW, *given, "scales=[16,32,64]", "steps=[1,1,1]")
    )
    shapes = [(one.content_image.shape, one.style_images[0].shape) for one in found.scales]
    assert shapes == [(size, size) for size in ((11, 16, 3), (21, 32, 3), (43, 64, 3))]
    assert sorted(read) == ["content.png", "style.png"]
    # Another run at one of these sizes reads nothing.
    prepare.prepare(compose("network=vgg16", *SHALLOW, *given, "size=32"))
    assert sorted(read) == ["content.png", "style.png"]


@pytest.fixture
def turned(tmp_path: Path) -> list[str]:
    """Return keys for a photograph that is shown upright, 60 x 90, and a painting of 80 x 40."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (90, 60), "red").save(tmp_path / "content.png", exif=exif)
    Image.new("RGB", (80, 40), "blue").save(tmp_path / "style.png")
    return [f"content.path={tmp_path}/content.png", f"style.path={tmp_path}/style.png"]


@pytest.mark.parametrize(
    ("edge", "content_image", "style_image"),
    [
        ("long", (36, 24), (18, 36)),
        ("short", (54, 36), (36, 72)),
        ("height", (36, 24), (36, 72)),
    ],
)
def test_the_edge_that_a_size_is_of(
    compose,
    turned: list[str],
    edge: str,
    content_image: tuple[int, int],
    style_image: tuple[int, int],
):
    asked = ("network=vgg16", *SHALLOW, *turned, f"edge={edge}")
    found = prepare.prepare(compose(*asked, "size=36"))
    assert found.content_image.shape == (*content_image, 3)
    assert found.style_images[0].shape == (*style_image, 3)
    both = prepare.prepare(compose(*asked, "scales=[18,36]", "steps=[1,1]", "style.size=20"))
    halves = [(side // 2, across // 2, 3) for side, across in (content_image,)]
    assert [one.content_image.shape for one in both.coarser] == halves
    pixels_of_20 = tuple(round(20 * side / 36) for side in style_image)
    assert [one.style_images[0].shape[:2] for one in both.scales] == [pixels_of_20] * 2


def test_the_terms_that_are_shown_have_the_weights_of_the_edge_s_size(command):
    Image.new("RGB", (96, 24)).save(command.folder / "wide.png")
    asked = (*TWO_STEPS, *SHALLOW, "content.path=wide.png", "beta=1e9", "init=noise")
    done = command(*asked, "edge=height", "size=24", "same_look=48")
    line = next(one for one in done.stderr.splitlines() if "step 0/2" in one)
    total, style = map(float, re.findall(r"(?:total|style) (\S+)", line))
    assert style == pytest.approx(total, rel=0.01)


def test_an_edge_through_the_command_line(command, turned: list[str]):
    asked = (*TWO_STEPS, *SHALLOW, *turned)
    hashes = set()
    for edge, shape in (("long", (32, 21)), ("short", (48, 32))):
        done = command(*asked, f"edge={edge}", f"hydra.run.dir={edge}")
        assert done.returncode == 0, done.stderr
        assert pixels(command.folder / edge / "result.png").shape == (*shape, 3)
        hashes.add(valid_record(command.folder / edge)["config_hash"])
    assert len(hashes) == 2
