"""The built-in style picture: painted the same each time, and full of brush strokes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nst
from nst.paint import MOST_BYTES, encode, paint

NIGHT = Path(nst.__file__).parent / "sources" / "data" / "night.jpg"


def test_a_seed_paints_one_picture() -> None:
    first, again, other = (paint(width=96, seed=seed) for seed in (1, 1, 2))
    assert first.size == (96, 72)
    assert encode(first) == encode(again)
    assert encode(first) != encode(other)


def test_a_command_paints_a_picture(tmp_path: Path) -> None:
    out = tmp_path / "new" / "bay.jpg"
    done = command(str(out), "--size", "96", "--seed", "1")
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == encode(paint(width=96, seed=1))


def test_another_file_is_not_painted_over(tmp_path: Path) -> None:
    out = tmp_path / "bay.jpg"
    out.write_bytes(b"a photograph")
    done = command(str(out), "--size", "64")
    assert done.returncode == 1
    assert done.stderr == f"nst.paint: {out} is there and holds something else: give another name\n"
    assert out.read_bytes() == b"a photograph"
    out.unlink()
    for _ in range(2):  # the same picture may be painted again
        assert command(str(out), "--size", "64").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["bay.jpg", "--size", "1"], "--size must be from 64 to 4096"),
        (["bay.jpg", "--seed", "-1"], "--seed at least 0"),
        (["bay.png"], "must end in .jpg, not 'bay.png'"),
        (["/dev/null/bay.jpg", "--size", "64"], "/dev/null/bay.jpg: "),
    ],
)
def test_what_can_not_be_painted(arguments: list[str], word: str) -> None:
    done = command(*arguments)
    assert done.returncode in (1, 2)
    assert word in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``python -m nst.paint``."""
    whole = [sys.executable, "-m", "nst.paint", *arguments]
    return subprocess.run(whole, capture_output=True, text=True, timeout=120)


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
