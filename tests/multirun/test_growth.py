"""A sweep grown in its folder: what is there keeps its number and its bytes, the rest is run."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from helpers import QUIET, SHALLOW, Command, await_rows, pixels, record
from PIL import Image

from nst.base import home
from nst.base.errors import UserError
from nst.config.schema import Config, to_mapping
from nst.multirun import growth

Compose = Callable[..., Config]

SWEEP = ("-m", *QUIET, "sweep.report=false", "hydra.sweep.dir=sweep")
FILE = """\
command: ['${env}', python, -m, nst, '${args_no_hyphens}']
method: grid
parameters: {tv.gamma: {values: [0.0, 1000.0]}}
"""


def cells(sweep: Path) -> dict[str, tuple[int, float]]:
    """Return seed and gamma of each run, which share a program."""
    configs = {path.parent.name: record(path.parent)["config"] for path in sweep.glob("*/run.json")}
    return {name: (own["seed"], own["tv"]["gamma"]) for name, own in sorted(configs.items())}


def seen(sweep: Path) -> dict[str, bytes]:
    """Return the files of a sweep's runs."""
    files = [path for path in sorted(sweep.glob("*/**/*")) if path.is_file()]
    return {path.relative_to(sweep).as_posix(): path.read_bytes() for path in files}


def test_a_grid_grows_in_its_folder(command: Command):
    sweep = command.folder / "sweep"
    assert command(*SWEEP, "tv.gamma=0,1e3").returncode == 0
    first = {"0": (0, 0.0), "1": (0, 1e3)}
    assert cells(sweep) == first
    before = seen(sweep)
    # One more key, a longer axis, another order.
    done = command(*SWEEP, "tv.gamma=1e3,0,1e4", "seed=1,0")
    assert done.returncode == 0, done.stderr
    new = {"2": (1, 1e3), "3": (1, 0.0), "4": (1, 1e4), "5": (0, 1e4)}
    assert cells(sweep) == first | new
    after = seen(sweep)
    assert {name: after[name] for name in before} == before
    # The table has the runs in the order of the command.
    names = [line.split()[0] for line in done.stdout.splitlines()[2:8]]
    assert names == ["2", "1", "3", "0", "4", "5"]
    assert not list(sweep.glob(".*cells*"))


@pytest.mark.parametrize("launcher", ["basic", "batched"])
def test_numbers_need_not_follow_each_other(command: Command, launcher: str):
    sweep = command.folder / "sweep"
    assert command(*SWEEP, "tv.gamma=0,1,2,3").returncode == 0
    before = seen(sweep)
    own = ("tv.gamma=4,1,3,5", f"hydra/launcher={launcher}", "hydra.sweeper.max_batch_size=3")
    assert command(*SWEEP, *own).returncode == 0
    values = [float(gamma) for gamma in range(6)]
    assert cells(sweep) == {str(number): (0, values[number]) for number in range(6)}
    after = seen(sweep)
    assert {name: after[name] for name in before} == before


def test_a_sweep_file_grows_its_folder(command: Command):
    program = (sys.executable, "-m", "nst.sweep")
    own = ("own.yaml", *SWEEP[1:], "seed=1")
    for text in (FILE, FILE.replace("[", "[10.0, ")):
        (command.folder / "own.yaml").write_text(text)
        done = command(*own, program=program)
        assert done.returncode == 0, done.stderr
    found = cells(command.folder / "sweep")
    assert [gamma for _, gamma in found.values()] == [0.0, 1000.0, 10.0]


@pytest.mark.slow
def test_a_picture_that_changed_under_its_name_is_no_cell_of_the_folder(
    command: Command, picture: Path
):
    own = (*SWEEP, f"content.path={picture}")
    assert command(*own, "tv.gamma=0").returncode == 0
    Image.fromarray(255 - pixels(picture)).save(picture)
    before = seen(command.folder / "sweep")
    done = command(*own, "tv.gamma=1,0")
    assert done.returncode == 1
    assert "sweep/0 holds another run, which differs in the pictures' or weights'" in done.stderr
    assert seen(command.folder / "sweep") == before


@pytest.mark.slow
def test_a_growth_that_is_killed_goes_on(command: Command):
    sweep = command.folder / "sweep"
    assert command(*SWEEP, "tv.gamma=0,1").returncode == 0
    before = seen(sweep)
    # steps comes first, as in QUIET, so the new cells of 2 steps are 2 and 3.
    whole = (*SWEEP, "tv.gamma=3,2,1,0", "steps=2,1e5", "check_every=1")
    running = command.start(*whole)
    await_rows(sweep / "4", 3, running)
    running.kill()
    running.communicate()
    assert (sweep / growth.FILE).exists()
    numbers = sorted(path.name for path in sweep.glob("[0-9]*"))
    assert numbers == ["0", "1", "2", "3", "4"]
    done = command(*SWEEP, "tv.gamma=4,3,2,1,0", "check_every=1")
    assert done.returncode == 0, done.stderr
    assert (cells(sweep)["2"], cells(sweep)["3"]) == ((0, 3.0), (0, 2.0))
    # 5 to 7 stay reserved for the process that was killed.
    assert sorted(path.name for path in sweep.glob("[0-9]*")) == [*numbers, "8"]
    after = seen(sweep)
    assert {name: after[name] for name in before} == before


# --- Numbers, without a run ---------------------------------------------------------------------


def place(folder: Path) -> growth.Folder:
    found = growth.folder(folder, "${hydra:job.num}")
    assert found is not None
    return found


def keep(folder: Path, number: int, config: Config, **other: Any) -> None:
    """Leave the record of a run."""
    fields = {"schema": 1, "status": "finished", "config_hash": "0" * 16, "best": None}
    values = home.without_in(to_mapping(config))
    (folder / str(number)).mkdir(parents=True)
    written = fields | {"error": None, "config": values} | other
    (folder / str(number) / "run.json").write_text(json.dumps(written))


def given(folder: Path, configs: Sequence[Config]) -> list[int]:
    with growth.numbered(place(folder), configs) as numbers:
        return numbers


@pytest.fixture
def four(compose: Compose) -> list[Config]:
    return [compose(f"tv.gamma={gamma}") for gamma in range(4)]


def test_cells_count_from_0(tmp_path: Path, four: list[Config]):
    assert given(tmp_path / "new", four) == [0, 1, 2, 3]
    assert list((tmp_path / "new").iterdir()) == []


def test_a_sweep_that_was_cut_off_goes_on_under_its_numbers(tmp_path: Path, four: list[Config]):
    keep(tmp_path, 2, four[2], status="running")
    assert given(tmp_path, four) == [0, 1, 2, 3]
    assert given(tmp_path, [four[3], four[2], four[0]]) == [0, 2, 1]


def test_of_runs_that_are_the_same_each_keeps_its_number(tmp_path: Path, compose: Compose):
    same = [compose("tv.gamma=0", f"tracking.images_every={every}") for every in (0, 20)]
    for number, config in enumerate(same):
        keep(tmp_path, number, config)
    assert given(tmp_path, same) == [0, 1]
    assert given(tmp_path, [*same, same[0]]) == [0, 1, 2]
    assert given(tmp_path, [compose("beta=1"), *same]) == [2, 1, 0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("name=a tracking=disabled sweep.retry=true", "search.objective=ssim tracking.tags=[b]"),
        ("style.size=256", ""),
        ("precision=auto", "precision=float32"),
        ("size=128 scales=[64,128] steps=10", "scales=[64,128] steps=[10,10]"),
        ("style.blend={starry:7,night:3}", "style.blend={night:0.3,starry:0.7}"),
        ("content.title=mine", ""),
    ],
)
def test_the_same_cell(tmp_path: Path, compose: Compose, one: str, other: str):
    keep(tmp_path, 4, compose(*one.split()))
    assert given(tmp_path, [compose(*other.split())]) == [4]


@pytest.mark.parametrize("other", ["style=starry", "seed=1", "style.layers=[conv1_1]"])
def test_another_cell(tmp_path: Path, compose: Compose, other: str):
    keep(tmp_path, 0, compose())
    assert given(tmp_path, [compose(other)]) == [1]


def test_a_record_of_an_earlier_version_lacks_a_key(tmp_path: Path, compose: Compose):
    values = to_mapping(compose("seed=3"))
    del values["color"], values["sweep"]
    keep(tmp_path, 1, compose())
    fields = record(tmp_path / "1") | {"config": values}
    (tmp_path / "1" / "run.json").write_text(json.dumps(fields))
    assert given(tmp_path, [compose("seed=3")]) == [1]


def test_two_processes_that_grow_a_folder(tmp_path: Path, compose: Compose, four: list[Config]):
    keep(tmp_path, 0, four[0])
    more = [compose(f"beta={beta}") for beta in (1, 2)]
    with growth.numbered(place(tmp_path), four) as first:
        with growth.numbered(place(tmp_path), [four[0], *more, four[3]]) as second:
            assert first == [0, 1, 2, 3]
            assert second == [0, 4, 5, 3]
        keep(tmp_path, 4, more[0])
        assert given(tmp_path, more) == [4, 5]
        # That a second has the same cells and ends first gives nothing away.
        assert given(tmp_path, four) == first
        assert given(tmp_path, [compose("beta=3")]) == [5]


PROCESS = """
import dataclasses, json, pathlib, sys
from nst.config.schema import Config
from nst.multirun import growth

place = growth.folder(pathlib.Path(sys.argv[1]), "${hydra:job.num}")
cells = [dataclasses.replace(Config(), seed=int(sys.argv[2]) + at) for at in range(25)]
with growth.numbered(place, cells) as numbers:
    print(json.dumps(numbers), flush=True)
    sys.stdin.read()
"""


def test_processes_at_once_take_no_number_twice(tmp_path: Path):
    command = (sys.executable, "-c", PROCESS, str(tmp_path / "sweep"))
    pipe = subprocess.PIPE
    running = [
        subprocess.Popen((*command, str(seed)), stdin=pipe, stdout=pipe, text=True)
        for seed in (0, 1000, 2000)
    ]
    taken = [json.loads(one.stdout.readline()) for one in running if one.stdout]
    assert sorted(number for numbers in taken for number in numbers) == list(range(75))
    for one in running:
        one.communicate()
    assert list((tmp_path / "sweep").iterdir()) == []


def test_numbers_of_a_process_that_was_killed(tmp_path: Path, compose: Compose, four: list[Config]):
    killed = growth.numbered(place(tmp_path), four)
    assert killed.__enter__() == [0, 1, 2, 3]
    kept = (tmp_path / growth.FILE).read_bytes()
    assert given(tmp_path, [compose("beta=1"), four[2]]) == [4, 2]
    assert (tmp_path / growth.FILE).read_bytes() == kept
    for number, config in enumerate(four):
        keep(tmp_path, number, config)
    given(tmp_path, four)
    assert not (tmp_path / growth.FILE).exists()


def test_a_number_that_is_taken_by_nobody_knows_what(tmp_path: Path, four: list[Config]):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "run.json").write_text("{")
    (tmp_path / "1").mkdir()  # a folder by itself takes none
    assert given(tmp_path, four) == [0, 1, 2, 3]
    keep(tmp_path, 0, four[0], schema=2)
    with pytest.raises(UserError, match=r"0/run\.json has layout 2"):
        given(tmp_path, four)


def test_a_users_own_file_of_that_name(tmp_path: Path, four: list[Config]):
    for text in ("mine", "[]", '{"numbers taken by processes of nst": {"a": 1}}'):
        (tmp_path / growth.FILE).write_text(text)
        with pytest.raises(UserError, match=r"\.cells\.json is no record of nst's"):
            given(tmp_path, four)
        assert (tmp_path / growth.FILE).read_text() == text


@pytest.mark.parametrize(
    ("subdir", "found"),
    [
        ("${hydra:job.num}", "3"),
        ("cell [${hydra.job.num}]", "cell [3]"),
        ("a/${hydra:job.num}/", "a/3"),
        ("${pooling}/${hydra:job.num}", None),
        ("${hydra:job.override_dirname}", None),
    ],
)
def test_a_place_of_the_users_own(
    tmp_path: Path, four: list[Config], subdir: str, found: str | None
):
    here = growth.folder(tmp_path, subdir)
    if found is None:
        assert here is None
        return
    assert here is not None
    assert here.of(3) == tmp_path / found
    keep(tmp_path, 3, four[0])
    if found != "3":
        here.of(3).parent.mkdir(exist_ok=True)
        (tmp_path / "3").rename(here.of(3))
    assert here.numbers() == [3]


def test_a_cell_that_depends_on_its_number_has_it(command: Command):
    own = (*SWEEP, *SHALLOW, "seed=${hydra:job.num}")
    assert command(*own, "tv.gamma=0,1").returncode == 0
    done = command(*own, "tv.gamma=1,0")
    assert done.returncode == 1
    assert "sweep/0 holds another run" in done.stderr
