"""What a run is made from: its files are read no more often than they must be."""

from pathlib import Path

import pytest
from helpers import SHALLOW
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
