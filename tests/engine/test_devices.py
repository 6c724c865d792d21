"""The rows of a picture over several devices, virtual ones of the CPU, against one device."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import FOUR_STEPS, SHALLOW, Command, losses, pixels, refusal

#: What is compared in a process of its own, since JAX counts its devices once.
COMPARED = """
import dataclasses, json, sys
import jax, numpy as np
import test_strips as one

padding = "reflect" if "reflect" in sys.argv else "zeros"
layers = {"content_layers": ("conv3_2",), "style_layers": one.STYLE[:4]}
static = dataclasses.replace(one.REPORT, padding=padding, **layers)
picture, content_image, style_image = one.pictures((75, 51, 3), (75, 51, 3), (49, 90, 3))
regions = one.masks(content_image, style_image) if "masks" in sys.argv else None
call = one.weighted(static), picture, content_image, style_image
whole, gradient = one.looked_at(static, *call, regions=regions)
found = {}
for devices, strips in ((2, 40), (3, 32), (4, 8)):
    cut = dataclasses.replace(static, devices=devices, strips=strips)
    parts, other = one.looked_at(cut, *call, regions=regions)
    pairs = zip(jax.tree.leaves(parts), jax.tree.leaves(whole), strict=True)
    loss = max(abs(float(a) / float(b) - 1) for a, b in pairs)
    found[devices] = loss, float(np.abs(other - gradient).max() / np.abs(gradient).max())
print(json.dumps(found))
"""


def with_devices(count: int) -> dict[str, str]:
    return {"XLA_FLAGS": f"--xla_force_host_platform_device_count={count}"}


def apart(program: str, *arguments: str) -> Any:
    """Return what a program prints last, as JSON, where there are four devices."""
    here = Path(__file__).parent
    places = os.pathsep.join([str(here), str(here.parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=os.environ | with_devices(4) | {"PYTHONPATH": places},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "special", ["", *(pytest.param(one, marks=pytest.mark.slow) for one in ("masks", "reflect"))]
)
def test_devices_have_the_losses_and_the_gradient_of_one(special: str):
    for devices, (loss, gradient) in apart(COMPARED, special).items():
        assert loss < 2e-5, devices
        assert gradient < 1e-5, devices


#: The same for what a step's program exchanges, and what it holds of the optimizer's state.
EXCHANGED = """
import dataclasses, json, re
import numpy as np
import test_strips as one
from nst.engine.devices import spread
from nst.engine.program import advance, compute_targets

static = dataclasses.replace(one.REPORT, optimizer="lbfgs", devices=4, strips=16)
picture, *sources = one.pictures(*[(64, 48, 3)] * 3)
params, numbers = one.random_params("vgg16", 0), one.weighted(static)
targets = compute_targets(static, params, *sources)
state = one.OPTIMIZERS["lbfgs"].load().init(static, numbers, picture)
text = advance.lower(static, 2, params, targets, spread(4, state), numbers).compile().as_text()
kinds = "all-gather|all-reduce|collective-permute|all-to-all|reduce-scatter"
print(json.dumps(re.findall(rf"= \\w+\\[([\\d,]*)\\]\\S* (?:{kinds})\\(", text)))
"""


@pytest.mark.slow
def test_devices_exchange_sums_and_the_picture_alone():
    shapes = [[int(side) for side in text.split(",") if side] for text in apart(EXCHANGED)]
    assert [4, 512, 512] in shapes
    # No activations, (H, W, C), nor ten pictures of L-BFGS's memory.
    for shape in shapes:
        sums = len(shape) < 2 or shape[-1] == shape[-2]
        picture = len(shape) == 3 and shape[-1] == 3
        assert sums or picture, shape


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_rows_through_the_command_line(process, optimizer: str):
    run = ("network=vgg16", "tracking=disabled", "size=48", "steps=10", "check_every=5")
    for name, devices in (("one", "auto"), ("rows", "rows")):
        count = 3 if devices == "rows" else 1
        own = (f"devices={devices}", f"optimizer={optimizer}", f"hydra.run.dir={name}")
        done = process(*run, *SHALLOW, *own, env=with_devices(count))
        assert done.returncode == 0, done.stderr
    folders = process.folder / "one", process.folder / "rows"
    for first, second in zip(*map(losses, folders), strict=True):
        assert float(second["total"]) == pytest.approx(float(first["total"]), rel=1e-5)
    # Half a gray level may round to a whole one.
    one, other = (pixels(folder / "result.png").astype(int) for folder in folders)
    assert np.abs(one - other).max() <= 1
    said = (process.folder / "rows" / "run.log").read_text()
    assert "48 x 32 pixels are computed in strips of 11 rows over 3 devices" in said


def test_more_devices_than_rows_are_refused(process):
    line = refusal(process, *FOUR_STEPS, "size=32", "devices=rows", env=with_devices(4))
    assert line == (
        "nst: devices=rows needs a row of conv5_1 for each of 4 devices, and at 32 x 21 pixels "
        "there are 1: take a larger size, or devices=lanes"
    )


def test_lanes_and_rows_at_once(process):
    """Two runs side by side, each over two of four devices; the third has the place of one."""
    base = ("-m", "network=vgg16", "tracking=disabled", "size=48", "steps=4", "check_every=2")
    grid = (*base, *SHALLOW, "tv.gamma=0,1,2")
    rows = ("devices=rows", "hydra.launcher.lanes=2")
    done = process(*grid, *rows, "hydra.sweep.dir=both", env=with_devices(4))
    assert done.returncode == 0, done.stderr
    assert process(*grid, "hydra.sweep.dir=one").returncode == 0
    for number in "012":
        folders = process.folder / "one" / number, process.folder / "both" / number
        for first, second in zip(*map(losses, folders), strict=True):
            assert float(second["total"]) == pytest.approx(float(first["total"]), rel=1e-5)


#: The devices that exchange sums where two runs have two each.
PAIRED = """
import dataclasses, json, re
import test_strips as one
from nst.engine.lanes import Lane, begun
from nst.engine.program import advance_lanes, compute_targets

layers = {"content_layers": ("conv1_1",), "style_layers": ("conv1_1",)}
static = dataclasses.replace(one.REPORT, devices=2, strips=16, **layers)
picture, *sources = one.pictures(*[(32, 24, 3)] * 3)
params, numbers = one.random_params("vgg16", 0), one.weighted(static)
targets = compute_targets(static, params, *sources)
states, several = begun(static, [Lane(picture, numbers)] * 2)
text = advance_lanes.lower(static, 2, params, targets, states, several).compile().as_text()
print(json.dumps(sorted(set(re.findall(r"replica_groups=(\\S+), ", text)))))
"""


@pytest.mark.slow
def test_a_lane_exchanges_sums_with_its_own_devices_alone():
    # Devices 0 and 1 have the first run, 2 and 3 the second; XLA writes that in either way.
    assert set(apart(PAIRED)) <= {"{{0,1},{2,3}}", "[2,2]<=[4]"}


@pytest.mark.parametrize("plan", [(), ("sweep.plan=true",)], ids=["run", "plan"])
def test_lanes_without_devices_for_rows_are_refused(command: Command, plan: tuple[str, ...]):
    grid = ("-m", "tv.gamma=0,1", "hydra.launcher.lanes=2", "hydra.sweep.dir=sweep")
    line = refusal(command, *grid, *FOUR_STEPS, *SHALLOW, *plan, "devices=rows")
    assert "devices=rows spreads each over two devices or more, of which there are 1" in line
