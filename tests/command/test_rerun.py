"""``nst rerun``, ``nst diff`` and ``nst refine``: from a record to the next run."""

import json
import re
import shlex
import shutil
import sys
from pathlib import Path

import fake_runs
import numpy as np
import pytest
import yaml
from helpers import FOUR_STEPS, SHALLOW, Command, record
from PIL import Image

RERUN = (sys.executable, "-m", "nst.rerun")
DIFF = (sys.executable, "-m", "nst.diff")
REFINE = (sys.executable, "-m", "nst.refine")


def composed(command: Command, *arguments: str) -> dict:
    """Return the configuration that a record is run again with, without running it."""
    done = command(*arguments, "-c", "job", program=RERUN)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


def said(command: Command, *arguments: str, program: tuple[str, ...] = RERUN) -> str:
    """Return the one sentence that refuses a command."""
    done = command(*arguments, program=program)
    assert done.returncode == 1, done
    (line,) = done.stderr.splitlines()
    assert line.startswith("nst: ")
    return line


def own_picture(path: Path, seed: int = 0) -> Path:
    values = np.random.default_rng(seed).integers(0, 256, (24, 36, 3), np.uint8)
    Image.fromarray(values).save(path)
    return path


def test_a_record_runs_again_to_the_same_bytes(command: Command):
    own_picture(command.folder / "my, own.png")
    asked = [
        "style.blend={night: 0.7, './my, own.png': 0.3}",
        *("content.layers=[conv1_1]", "style.layers={conv1_1: 1, conv1_2: 0.5}"),
        *("init=noise", "seed=3", "tv.gamma=1e3", "name=blended"),
    ]
    assert command(*FOUR_STEPS, *asked, "hydra.run.dir=a").returncode == 0
    done = command("a", program=RERUN)
    assert done.stdout.splitlines()[-1] == "the same bytes as a/result.png", done
    (again,) = command.folder.glob("outputs/blended/*/run.json")
    assert record(again.parent)["config_hash"] == record(command.folder / "a")["config_hash"]

    # The same words from another folder find the picture where the run was started.
    (command.folder / "elsewhere").mkdir()
    elsewhere = Command(command.folder / "elsewhere")
    whole = composed(elsewhere, "../a")["style"]["blend"]
    assert str(command.folder) in whole.replace("~", str(Path.home()))

    # A change takes along what belongs to it, and leaves all else.
    other = composed(command, "a", "style=starry", "beta=5")
    assert other["style"]["name"] == "starry"
    assert other["style"]["blend"] is None
    assert (other["beta"], other["tv"]["gamma"], other["seed"]) == (5, 1e3, 3)
    assert other["style"]["layers"] == {"conv1_1": 1, "conv1_2": 0.5}
    assert composed(command, "a", "init=content")["init"]["name"] == "content"
    assert composed(command, "a", "style.layers.conv1_2=0")["style"]["layers"]["conv1_2"] == 0

    # What has changed, and what has gone.
    own_picture(command.folder / "my, own.png", seed=1)
    assert "'./my, own.png' is no longer what a was run with" in said(command, "a")
    (command.folder / "my, own.png").unlink()
    assert "my, own.png', which a was run with, is no longer there" in said(command, "a")
    assert composed(command, "a", "style=starry")["style"]["name"] == "starry"


@pytest.mark.slow
def test_masks_scales_and_a_preset_run_again(command: Command):
    mask = np.zeros((24, 36, 3), np.uint8)
    mask[:12] = 255
    Image.fromarray(mask).save(command.folder / "mask.png")
    content, style = (own_picture(command.folder / f"{one}.png", one == "s") for one in "cs")
    asked = [
        *("preset=johnson", f"content.path={content}", f"style.path={style}", *SHALLOW),
        *("content.mask=mask.png", "style.mask=mask.png", "optimizer=adam", "optimizer.memory=10"),
        *("scales=[24,32]", "steps=[1,1]", "check_every=1", "same_look=24", "network=vgg16"),
    ]
    assert command(*asked, "tracking=disabled", "hydra.run.dir=a").returncode == 0
    done = command("a", "hydra.run.dir=b", program=RERUN)
    assert done.stdout.splitlines()[-1] == "the same bytes as a/result.png", done
    assert record(command.folder / "b")["config"]["preset"] == "johnson"
    done = command("a", "b", program=DIFF)
    assert "config hash: the same" in done.stdout
    assert done.stdout.endswith("pictures: the same file, byte for byte\n")

    assert "give scales=[...] instead of size" in said(command, "a", "size=64")
    large = composed(command, "a", "size=64", "--same-look")
    assert (large["size"], large["scales"], large["steps"]) == (64, None, 1)
    assert (large["same_look"], large["init"]["path"]) == (24, "a/result.png")
    assert (large["preset"], large["init"]["mix"]) == ("johnson", 0)


def test_a_record_that_cannot_be_run_again(command: Command):
    folder = fake_runs.write_run(command.folder / "sweep" / "0")
    fields = record(folder)
    assert "name one of the 1 runs below it, sweep/0" in said(command, "sweep")
    assert "nowhere is no folder" in said(command, "nowhere")
    assert "which run?" in said(command, "beta=1")
    assert "the folder of the record itself" in said(command, "sweep/0", "hydra.run.dir=sweep/0")
    assert "goes with a size: nst rerun sweep/0 size=" in said(command, "sweep/0", "--same-look")
    assert "no key 'bta' (did you mean 'beta'?)" in said(command, "sweep/0", "bta=1")
    for change, expected in [
        ({"schema": 2}, "has layout 2, and this version reads layout 1"),
        ({"config": fields["config"] | {"tv": {"gama": 1}}}, "has tv.gama=1, a key that nst"),
        ({"config": fields["config"] | {"alpha": {"a": 1}}}, "alpha must be a number"),
        ({"config": fields["config"] | {"pooling": "min"}}, "pooling must be one of avg, max"),
    ]:
        (folder / "run.json").write_text(json.dumps(fields | change))
        assert expected in said(command, "sweep/0")
    (folder / "run.json").write_text("{")
    assert "run.json can't be read" in said(command, "sweep/0")


def test_a_fallback_that_served_is_what_runs_again(command: Command):
    folder = fake_runs.write_run(command.folder / "a", network="vgg19", style="starry")
    fields = record(folder)
    fields["sources"]["network"] |= {"used": "vgg16", "fallback": True}
    (folder / "run.json").write_text(json.dumps(fields))
    again = composed(command, "a")
    assert (again["network"]["name"], again["style"]["name"]) == ("vgg16", "starry")
    assert again["assets"]["fallback"] is False


def test_what_differs_between_two_runs(command: Command):
    one = fake_runs.write_run(command.folder / "a", (10, 20, 30), metrics={"lpips": 0.5})
    other = fake_runs.write_run(
        command.folder / "b", (10, 20, 34), beta=1e5, style="starry", metrics={"lpips": 0.6}
    )
    picture = np.array(Image.open(other / "result.png"))
    picture[:20] = (10, 20, 30)  # half of 40 rows
    Image.fromarray(picture).save(other / "result.png")
    done = command("a", "b", program=DIFF)
    assert "  beta: 1e4 -> 1e5\n" in done.stdout
    assert "  style: night (sha256 abababab...) -> starry" not in done.stdout  # the same bytes
    assert "  style: night -> starry, the same bytes\n" in done.stdout
    assert "  lpips: 0.5 -> 0.6 (+20 %)\n" in done.stdout
    # One of three channels by 4 in half of the pixels.
    assert done.stdout.endswith(
        "gray levels differ by 0.667 on average and 4 at most, in 50 % of the pixels\n"
    )
    Image.new("RGB", (30, 20), (10, 20, 30)).save(one / "result.png")
    assert "pictures: at 30 x 20 px, " in command("a", "b", program=DIFF).stdout
    (one / "result.png").unlink()
    assert "there is no result.png in a" in command("a", "b", program=DIFF).stdout
    assert "nst diff --help" in said(command, "a", program=DIFF)


def refined(command: Command, *arguments: str) -> list[str]:
    done = command(*arguments, program=REFINE)
    assert done.returncode == 0, done.stderr
    return shlex.split(done.stdout)


@pytest.mark.parametrize(
    ("beta", "gamma", "expected"),
    [
        # Half of each step: 10 to 100 and to 1e3; sqrt(10) = 3.16.
        (1e4, 10.0, ["tv.gamma=3.16,10,31.6", "beta=3160,1e4,31600"]),
        # At the edge the grid goes on beyond: a step in two halves.
        (1e5, 1.0, ["tv.gamma=0.333,0.577,1,3.16", "beta=31600,1e5,316000,1e6"]),
        (1e4, 0.0, ["tv.gamma=0,0.111,0.333", "beta=3160,1e4,31600"]),
    ],
)
def test_a_finer_grid(command: Command, beta: float, gamma: float, expected: list[str]):
    cells = [(b, g) for b in (1e3, 1e4, 1e5) for g in (0.0, 1.0, 10.0, 100.0)]
    for number, (b, g) in enumerate(cells):
        fake_runs.write_run(command.folder / "s" / str(number), beta=b, **{"tv.gamma": g})
    folder = f"s/{cells.index((beta, gamma))}"
    if gamma == 1.0:  # without the 0 that has no place on the axis
        for number, (_, g) in enumerate(cells):
            if g == 0:
                shutil.rmtree(command.folder / "s" / str(number))
        expected = ["tv.gamma=0.1,0.316,1,3.16", expected[1]]
    found = refined(command, folder, "tv.gamma", "beta")
    assert found == ["nst", "rerun", folder, "-m", *expected, "sweep.reuse=s"]
    assert sorted(refined(command, folder)[4:6]) == sorted(expected)


def test_a_finer_grid_of_one_run(command: Command):
    folder = fake_runs.write_run(command.folder / "a")
    # A factor of 3 to either side; a tenth of the whole way where both ends are near.
    assert refined(command, "a", "beta", "optimizer.b1")[4:] == [
        *("beta=3330,1e4,3e4", "optimizer.b1=0.8,0.9")
    ]
    for keys, expected in [
        (("tv.gamma",), "tv.gamma is 0 in a and no run beside it has more"),
        (("pooling",), "pooling is a choice, which a finer grid leaves as it is"),
        (("bta",), "no key 'bta' (did you mean 'beta'?)"),
        ((), "which keys? no number varies among the runs beside a"),
    ]:
        assert expected in said(command, "a", *keys, program=REFINE)
    # The command can be pasted, and so can the one in the refusal.
    words = refined(command, "a", "beta")[2:]
    done = command(*words, "sweep.plan=true", *SHALLOW, "size=32", program=RERUN)
    assert re.match(r"runs +3\n", done.stdout), done
    assert record(folder)["config"]["beta"] == 1e4


@pytest.mark.slow
def test_the_same_look_at_twice_the_size(command: Command):
    own = ("network=vgg16", "size=64", "steps=60", "tracking=disabled", "hydra.run.dir=a")
    assert command(*own).returncode == 0
    for words in (["--same-look", "hydra.run.dir=b"], ["init=content", "hydra.run.dir=c"]):
        assert command("a", "size=128", *words, program=RERUN).returncode == 0
    small, alike, other = (record(command.folder / one)["metrics"] for one in "abc")

    def apart(metrics: dict) -> float:
        return abs(np.log(metrics["content_distance"] / small["content_distance"]))

    # Without, content is a sum over four times the positions, and the photograph comes through.
    assert apart(alike) < 0.1
    assert apart(other) > 2 * apart(alike)
