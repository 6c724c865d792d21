"""Captions, masks, what pictures were made from, summaries, alerts, read back from W&B's files."""

import contextlib
import hashlib
import itertools
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fake_runs import write_run
from helpers import TINY, Inspect, pixels, record, rows
from PIL import Image

from nst.config.groups import Source
from nst.config.running import Tracking
from nst.config.schema import Config
from nst.report import build, ended, track
from nst.runner import prepare, session
from nst.sources.resolve import locate
from nst.tracking import tracker, wandb_shown

Compose = Callable[..., Config]


def logged(lines: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [line[kind] for line in lines if line["type"] == kind]


def halves(path: Path, size: tuple[int, int]) -> Path:
    """Write a mask: its left half is red, its right half blue."""
    mask = np.zeros((size[1], size[0], 3), np.uint8)
    mask[:, : size[0] // 2, 0] = 255
    mask[:, size[0] // 2 :, 2] = 255
    Image.fromarray(mask).save(path)
    return path


def built_in(name: str) -> Path:
    return locate(Source(name=name), None, key="content.path", fallback=False).path


def regions(lines: list[dict[str, Any]], key: str, row: dict[str, Any], files: Path) -> list[str]:
    """Return the names of the regions at the left and at the right edge of a picture."""
    classes: dict[str, Any] = {}
    for one in logged(lines, "config"):
        classes |= one["update"].get("_wandb", {}).get("mask/class_labels", {})
    names = classes[f"{key}_wandb_delimeter_regions"]["value"]
    mask = np.asarray(Image.open(files / row[f"{key}.masks.regions.path"]))
    assert mask.shape == (row[f"{key}.height"], row[f"{key}.width"])
    assert all(len(set(mask[:, column])) == 1 for column in (0, -1))
    return [names[str(mask[0, column])] for column in (0, -1)]


@pytest.fixture(scope="module")
def masked(compose: Compose, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("masked")
    # The sizes of chelsea and of night.
    content, style = (451, 300), (768, 576)
    config = compose(
        *(*TINY, "steps=4", "check_every=2", "tracking.images_every=2", "tracking.notes=why"),
        f"content.mask={halves(folder / 'cat.png', content)}",
        f"style.mask={halves(folder / 'bay.png', style)}",
    )
    session.perform(prepare.prepare(config), session.Place(folder / "run", ("beta=1e4", "seed=0")))
    return folder / "run"


@pytest.fixture(scope="module")
def lines(masked: Path, read_wandb: Inspect) -> list[dict[str, Any]]:
    return read_wandb(masked)


@pytest.fixture(scope="module")
def history(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one["item"] for one in logged(lines, "history")]


def test_a_run_alone_has_its_content_and_style_image_with_their_regions(
    masked: Path, lines: list[dict[str, Any]], history: list[dict[str, Any]]
):
    row, files = history[-1], next(masked.glob("wandb/offline-run-*/files"))
    for key, name, size, caption in (
        ("content_image", "chelsea", (32, 21), "Chelsea the cat (photo: .*; regions of cat"),
        ("style_image", "night", (32, 24), "night: Moonlit bay, .*; regions of bay"),
    ):
        assert (row[f"{key}.width"], row[f"{key}.height"]) == size
        assert re.fullmatch(caption.replace("(", r"\("), row[f"{key}.caption"])
        assert regions(lines, key, row, files) == ["#ff0000", "#0000ff"]
        with Image.open(built_in(name)) as image:
            expected = np.asarray(image.convert("RGB").resize(size, Image.Resampling.LANCZOS))
        assert np.abs(pixels(files / row[f"{key}.path"]) - expected.astype(int)).max() <= 1


def test_a_picture_says_what_it_shows(masked: Path, history: list[dict[str, Any]]):
    for row in history:
        caption = f"step {row['_step']}, loss {row['loss/total']:.4g}, 32 x 21"
        assert row["picture.caption"] == caption
    best, metrics = record(masked)["best"], record(masked)["metrics"]
    caption = history[-1]["result.caption"]
    parts = ["beta=1e4,seed=0", f"step {best['step']}, loss {best['total']:.4g}"]
    assert caption.split("; ")[:2] == parts
    for name in ("style_distance", "content_distance", "lpips", "ssim"):
        assert f"{name} {metrics[name]:.3g}" in caption


def test_a_column_of_the_run_table_is_one_number(
    masked: Path,
    lines: list[dict[str, Any]],
    history: list[dict[str, Any]],
    read_wandb: Inspect,
):
    (whole,) = read_wandb(masked, "--summary")
    summary, last = whole["summary"], history[-1]
    numbers = [key for key in last if key.startswith(("loss/", "weighted/", "metrics/"))]
    assert {key: summary[key] for key in numbers} == {key: last[key] for key in numbers}
    assert summary["best/loss/total"] == pytest.approx(record(masked)["best"]["total"])
    # The medians of the same intervals, where the record has no rounded seconds.
    assert summary["s_per_step"] == pytest.approx(record(masked)["timings"]["s_per_step"])
    hidden = [one["name"] for one in logged(lines, "metric") if one["options"]["hidden"]]
    assert hidden == ["evaluations", "size"]
    assert whole["notes"] == "why"


def test_a_row_that_is_restored_has_the_time_of_a_step(
    compose: Compose, tmp_path: Path, read_wandb: Inspect
):
    prepared = prepare.prepare(compose(*TINY, "check_every=2", "steps=6", "sweep.save_every=0"))
    with (
        contextlib.suppress(ZeroDivisionError),
        session.Session(prepared, session.Place(tmp_path)) as run,
    ):
        for check in session._checks(prepared, None):
            run.add(check)
            if check.step == 4:
                raise ZeroDivisionError  # stands for a kill
    shutil.rmtree(tmp_path / "wandb")
    session.perform(prepared, session.Place(tmp_path))
    found = [one["item"] for one in logged(read_wandb(tmp_path), "history")]
    seconds = [float(row["seconds"]) for row in rows(tmp_path)]
    expected = [(after - before) / 2 for before, after in itertools.pairwise(seconds)]
    assert "s_per_step" not in found[0]
    # History keeps milliseconds.
    assert [row["s_per_step"] for row in found[1:]] == pytest.approx(expected, abs=1e-3)


def test_a_sweep_shows_each_content_and_style_image_once(tmp_path: Path, read_wandb: Inspect):
    mine, mask = tmp_path / "mine" / "night.png", halves(tmp_path / "cat.png", (451, 300))
    mine.parent.mkdir()
    Image.new("RGB", (60, 90), (9, 99, 199)).save(mine)
    for number, style in enumerate((built_in("night"), built_in("night"), mine)):
        where = write_run(tmp_path / "sweep" / str(number), seed=number, metrics={"ssim": 0.25})
        fields = json.loads((where / "run.json").read_text())
        for key, file in (
            ("content", built_in("chelsea")),
            ("content_mask", mask),
            ("style", style),
        ):
            sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
            fields["sources"][key] = {"used": file.stem, "title": f"the {key}", "sha256": sha256}
        fields["config"]["content"]["mask"] = str(mask)
        fields["config"]["style"]["path"] = str(mine) if style == mine else None
        (where / "run.json").write_text(json.dumps(fields))
    written = build.write([tmp_path / "sweep"])
    cells = track.cells(written, ended.alert(written, "3 min"))
    tracker.log_cells(cells, Tracking(mode="offline"), tmp_path / "sweep")
    lines = read_wandb(tmp_path / "sweep")
    (item,) = (one["item"] for one in logged(lines, "history"))
    shown = {key.partition(".")[0] for key in item if "_image/" in key}
    sizes = {key: (item[f"{key}.width"], item[f"{key}.height"]) for key in sorted(shown)}
    # Two files are called night; the fakes have size=64.
    assert list(sizes.values()) in ([(64, 43), (43, 64), (64, 48)], [(64, 43), (64, 48), (43, 64)])
    content, *styles = sizes
    assert content == "content_image/chelsea"
    assert [one[:18] for one in styles] == ["style_image/night "] * 2
    files = next(tmp_path.glob("sweep/wandb/offline-run-*/files"))
    assert regions(lines, content, item, files) == ["#ff0000", "#0000ff"]
    assert item[f"{content}.caption"] == "chelsea: the content; regions of cat"
    assert item["grid.caption"] == "sweep: 3 runs by seed, style"
    mine.unlink()
    left = track.cells(written).originals
    small = [one.image for one in left.values() if isinstance(one.image, Path)]
    assert (len(left), [path.parent.name for path in small]) == (3, [".report"])
    captions = [row["picture"].caption for row in cells.rows]
    assert [one[:9] for one in captions] == ["0: seed=0", "1: seed=1", "2: seed=2"]
    assert all(one.endswith("; step 20, loss 5.5; ssim 0.25") for one in captions)
    (alert,) = logged(lines, "alert")
    assert (alert["title"], alert["level"]) == ("Sweep sweep has ended", "INFO")
    assert alert["text"].startswith(
        "3 runs in 3 min\nlowest best/loss/total: 5.5, run 0 (seed=0, style=night ("
    )


def test_a_run_that_diverges_says_so_if_asked(
    compose: Compose, tmp_path: Path, read_wandb: Inspect
):
    broken = ("optimizer.lr=1e9", "alpha=1e30", "tracking.alert=true")
    config = compose(*TINY, *broken)
    session.perform(prepare.prepare(config), session.Place(tmp_path, broken))
    (alert,) = logged(read_wandb(tmp_path), "alert")
    error = record(tmp_path)["error"]
    assert "step 1" in error
    assert (alert["title"], alert["level"]) == ("A run of nst diverged", "WARN")
    assert alert["text"] == f"{','.join(broken)}: {error}"


def test_a_sweeps_alert_counts_what_went_wrong(tmp_path: Path):
    for number, status in enumerate(("finished", "diverged", "failed", "finished")):
        best = {"step": 20, "total": 7.0 - number, "content": 1.0, "style": 1.0, "tv": 1.0}
        write_run(tmp_path / str(number), status=status, best=best, beta=10.0**number)
    alert = ended.alert(build.write([tmp_path]))
    assert not alert.good
    assert alert.text.split("\n") == [
        "4 runs (2 finished, 1 diverged, 1 failed)",
        "lowest best/loss/total: 4, run 3 (alpha/beta=1e-3)",
    ]


def test_a_long_title_is_cut_and_no_home_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/me")
    sent: list[tuple[str, str]] = []
    run = SimpleNamespace(alert=lambda title, text, level: sent.append((title, text)))
    wandb_shown.send(run, tracker.Alert("x" * 64, "/home/me/a is gone", good=True))
    assert sent == [("x" * 60 + "...", "~/a is gone")]
