"""The wheel and the sdist: built, installed elsewhere, used from an empty folder."""

import os
import site
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from helpers import ROOT, environment
from PIL import Image

pytestmark = pytest.mark.slow


#: As in the README, but smaller.
FROM_PYTHON = """
import nst
result = nst.transfer("me.png", "painting.png", size=64, steps=4)
result.image.save("painted.png")
results = nst.grid({"beta": [1e3, 1e4]}, content="chelsea", style="night", size=64, steps=4)
results.show().save("grid.png")
print(results.best("style_distance").values["beta"])
"""


def said(*command: str | Path, cwd: Path) -> str:
    """Return what a command prints, with nothing of the checkout on its path."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment({"PYTHONPATH": None}),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist of the checkout, and the wheel of that sdist."""
    pytest.importorskip("build", reason="needs PyPA's build and hatchling, of the extra dev")
    folder = tmp_path_factory.mktemp("dist")
    said(sys.executable, "-m", "build", "--no-isolation", "-o", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an environment's programs: the wheel, over what this environment has."""
    folder = tmp_path_factory.mktemp("environment")
    said(sys.executable, "-m", "venv", folder, cwd=folder)
    python = folder / "bin" / "python"
    (wheel,) = built.glob("*.whl")
    said(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    # Its packages alone: the .pth file among them, which leads to the checkout, is not read there.
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    found = said(
        python, "-c", "import nst, hydra_plugins.nst_sweep_file as p; print(nst, p)", cwd=folder
    )
    assert str(ROOT) not in found
    return folder / "bin"


def test_the_sdist_holds_what_the_tests_need(built: Path):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    folders = ("nst", "conf", "sweeps", "tests", "docs")
    files = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    own = {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}
    assert own <= names
    assert {"README.md", "LICENSE", "pyproject.toml", "constraints.txt", "Makefile"} <= names


def test_the_wheel_holds_nst_alone(built: Path):
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"nst", "hydra_plugins"}
    assert "nst/py.typed" in names
    for folder in ("conf", "sweeps"):
        own = {f"nst/{path.relative_to(ROOT)}" for path in (ROOT / folder).rglob("*.yaml")}
        assert own == {name for name in names if name.startswith(f"nst/{folder}/")}


def test_the_demo_runs_from_an_empty_folder(installed: Path, tmp_path: Path):
    said(installed / "nst", "experiment=demo", "size=64", "steps=10", cwd=tmp_path)
    assert len(list(tmp_path.glob("outputs/demo/*/result.png"))) == 1


def test_a_shipped_sweep_runs_by_its_name(installed: Path, tmp_path: Path):
    said(installed / "nst", "sweep", "pooling", "size=64", "steps=10", cwd=tmp_path)
    assert len(list(tmp_path.glob("outputs/pooling/*/*/result.png"))) == 4
    assert len(list(tmp_path.glob("outputs/pooling/*/grid.png"))) == 1


def test_python_needs_no_checkout_either(installed: Path, tmp_path: Path):
    for name in ("me.png", "painting.png"):
        Image.effect_noise((96, 72), 60).convert("RGB").save(tmp_path / name)
    best = said(installed / "python", "-c", FROM_PYTHON, cwd=tmp_path)
    assert float(best.split()[-1]) in (1e3, 1e4)
    assert Image.open(tmp_path / "painted.png").size == (64, 48)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("grid.png", "me.png", "painted.png", "painting.png")
    ]


def test_the_commands_answer_without_the_checkout(installed: Path, tmp_path: Path):
    version = said(installed / "nst", "--version", cwd=tmp_path)
    assert said(installed / "python", "-m", "nst", "--version", cwd=tmp_path) == version
    for command in ("weights", "paper", "bench", "paint", "report", "choose", "stats"):
        said(installed / "nst", command, "--help", cwd=tmp_path)
    said(installed / "nst", "paint", "bay.jpg", "--size", "64", cwd=tmp_path)
    assert os.path.getsize(tmp_path / "bay.jpg") > 1000
