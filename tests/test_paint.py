"""The built-in style picture: painted the same each time, and full of brush strokes."""

import sys

import numpy as np
import pytest
from helpers import ROOT, Command
from PIL import Image

from nst.paint import MOST_BYTES

NIGHT = ROOT / "nst" / "sources" / "data" / "night.jpg"
PAINT = (sys.executable, "-m", "nst.paint")


def test_a_seed_paints_one_picture_and_another_file_is_not_painted_over(command: Command) -> None:
    out = command.folder / "new" / "bay.jpg"

    def painted(seed: int) -> tuple[int, str]:
        done = command("new/bay.jpg", "--size", "64", f"--seed={seed}", program=PAINT)
        return done.returncode, done.stderr

    assert painted(1) == (0, "")
    with Image.open(out) as image:
        assert image.size == (64, 48)
    picture = out.read_bytes()
    assert painted(1) == (0, "")  # the same picture may be painted again
    message = "nst.paint: new/bay.jpg is there and holds something else: give another name\n"
    assert painted(2) == (1, message)
    assert out.read_bytes() == picture


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["bay.jpg", "--size", "1"], "--size must be from 64 to 4096"),
        (["bay.jpg", "--seed", "-1"], "--seed at least 0"),
        (["bay.png"], "must end in .jpg, not 'bay.png'"),
        (["/dev/null/bay.jpg", "--size", "64"], "/dev/null/bay.jpg: "),
    ],
)
def test_what_can_not_be_painted(command: Command, arguments: list[str], word: str) -> None:
    done = command(*arguments, program=PAINT)
    assert done.returncode in (1, 2)
    assert word in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_night_is_a_small_rgb_jpeg_without_metadata() -> None:
    with Image.open(NIGHT) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (768, 576))
        assert not image.getexif()
        assert "comment" not in image.info
    assert NIGHT.stat().st_size <= MOST_BYTES <= 150_000


def test_night_has_strokes_everywhere() -> None:
    with Image.open(NIGHT) as image:
        gray = np.asarray(image.convert("L"), dtype=float)
    down, right = np.gradient(gray)
    slope = np.hypot(down, right)
    tiles = slope.reshape(24, 24, 24, 32).mean(axis=(1, 3))
    assert slope.mean() > 8.0, "mean change from pixel to pixel, in gray levels of 255"
    assert tiles.min() > 2.0, "the smoothest tile of 24 by 32 pixels still shows strokes"
