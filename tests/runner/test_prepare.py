"""What a run is made from: its files are read no more often than they must be."""

from pathlib import Path

import pytest
from PIL import Image

from nst.images import files
from nst.runner import prepare

LAYERS = ("network=vgg16", "content.layers=[conv1_1]", "style.layers=[conv1_1]")


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
    found = prepare.prepare(compose(*LAYERS, *given, "scales=[16,32,64]", "steps=[1,1,1]"))
    assert [one.content_image.shape for one in found.scales] == [
        (11, 16, 3),
        (21, 32, 3),
        (43, 64, 3),
    ]
    assert [one.style_images[0].shape for one in found.scales] == [
        one.content_image.shape for one in found.scales
    ]
    assert sorted(read) == ["content.png", "style.png"]
    # Another run at one of these sizes reads nothing.
    prepare.prepare(compose(*LAYERS, *given, "size=32"))
    assert sorted(read) == ["content.png", "style.png"]
