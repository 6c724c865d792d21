"""What is typed is read as meant: expected values are the names of files, and the text itself."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers import SHALLOW, TWO_STEPS, Command, record, refusal
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from PIL import Image

import nst.run  # noqa: F401 - stores the schema
from nst.base.errors import UserError
from nst.base.files import conf_dir
from nst.base.own_files import own_path
from nst.command.given import check_options
from nst.command.grammar import literal, quoted
from nst.command.typed import understood
from nst.config import blend
from nst.config.groups import Source, Style
from nst.config.schema import Config
from nst.sources.resolve import own_file

#: Names that Hydra's grammar reads otherwise, or not at all.
NAMES = (
    *("my photo (1).jpg", "it's.jpg", 'say "hi".jpg', "a,b.jpg", "epoch=9.jpg", "img#1.jpg"),
    *("[x].jpg", "{x}.jpg", "${x}.jpg", "$HOME.jpg", "back\\slash.jpg", "end\\", "a: b.jpg"),
    *("李明.jpg", "1e3", "007", "1_000", "true", "nan", "~tilde.jpg", "glob(x)", "a\nb.jpg"),
)

TEXTS = "2024_11_25 1e3 1.10 0x10 true NaN +1 -5 007 rock'n'roll Café (1) 日本 a=b 50% [x {y"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of files with odd names, below a home folder with one."""
    home = tmp_path / "my home (1)"
    folder = home / "art, old"
    folder.mkdir(parents=True)
    for name in NAMES:
        (folder / name).touch()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(folder)
    return folder


def value(override: str) -> Any:
    """Return what Hydra and OmegaConf make of the value of an override."""
    read = OverridesParser.create().parse_override(override)
    assert not read.is_sweep_override(), override
    return OmegaConf.create({"value": read.value()}).value


def several(override: str) -> list[str]:
    """Return the overrides that Hydra makes of one of a sweep."""
    read = OverridesParser.create().parse_override(override)
    return [f"{read.get_key_element()}={one}" for one in read.sweep_string_iterator()]


@pytest.mark.parametrize("text", [*NAMES, "", "'", '\\"', "\\'\\", "${", "a\\${b}", "null"])
def test_what_is_quoted_is_read_as_it_stands(text: str):
    read = OverridesParser.create().parse_override(f"name={quoted(text)}")
    assert read.value() == text
    assert value(f"name={literal(text)}") == text


# --- Files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["{}", "'{}'", "./{}", "{here}/{}", "~/art, old/{}"])
def test_a_file_is_given_by_its_name(here: Path, name: str, form: str):
    if form == "'{}'" and ("'" in name or name.endswith("\\")):
        pytest.skip("Hydra's own quotes would need a backslash")
    (read,) = understood([f"content.path={form.format(name, here=here)}"])
    assert own_path(value(read)) == here / name
    assert str(here.parent) not in read  # what is recorded has ~
    assert understood([read]) == [read]
    if not set(name) & set("'\"\\$"):  # as it is without the quotes, which a shell takes away
        (again,) = understood([read.replace("'", "")])
        assert own_path(value(again)) == here / name


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_a_sweep_and_of_a_mapping(here: Path, name: str):
    one, other = several(*understood([f"style.path={literal('./' + name)},night.jpg"]))
    assert own_path(value(one)) == here / name
    assert value(other) == "night.jpg"
    (whole,) = understood([f"content={{path: {literal('./' + name)}}}"])
    assert own_path(value(whole).path) == here / name


@pytest.mark.parametrize("name", [name for name in NAMES if '"' not in name])
@pytest.mark.parametrize("form", ['{{"{}":3,night:1}}', '"{}" 3 night 1', '["{}",night]'])
def test_a_file_of_a_blend(here: Path, name: str, form: str):
    if form.startswith("[") and name.endswith("\\"):
        pytest.skip("Hydra's own quotes would need a backslash")
    (read,) = understood([f"style.blend={form.format(f'./{name}')}"])
    given = value(read)
    found = blend.checked(Style(Source("night"), blend=_plain(given)))
    assert found is not None
    share = 0.5 if form.startswith("[") else 0.75
    assert found == {f"./{name}": share, "night": 1 - share}
    assert understood([read]) == [read]


def _plain(given: Any) -> Any:
    return OmegaConf.to_container(given, resolve=True) if OmegaConf.is_config(given) else given


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("{./my photo (1).jpg:0.5,night:0.5}", ["./my photo (1).jpg", "night"]),
        ("{./a,b.jpg:1, ./it's.jpg: 1}", ["./a,b.jpg", "./it's.jpg"]),
        ("{~/art, old/a: b.jpg:1}", ["~/art, old/a: b.jpg"]),
        ("[./my photo (1).jpg,night]", ["./my photo (1).jpg", "night"]),
        ("./it's.jpg 1 night 1", ["./it's.jpg", "night"]),
        ("{./x.jpg:1,night:2}", ["./x.jpg", "night"]),
        ("my photo (1).jpg", ["my photo (1).jpg"]),
        ("starry 0.7 scream 0.3", ["scream", "starry"]),
    ],
)
def test_forms_of_a_blend(here: Path, typed: str, names: list[str]):
    (read,) = understood([f"style.blend={typed}"])
    found = blend.checked(Style(Source("night"), blend=_plain(value(read))))
    assert list(found or ()) == names


LONG = "{" + "./a b.jpg:1," * 2000 + "x}"  # which is refused at once


NO_WEIGHTS = r"style\.blend must be paintings with weights"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{./a b.jpg:.}", r"style\.blend: places are for two paintings or more"),
        ("{./a b.jpg:1__0}", r"style\.blend\../a b\.jpg must be a number .*, not '1__0'"),
        ("{:1}", NO_WEIGHTS),
        ("{a,b}", NO_WEIGHTS),
        ("{" * 99, NO_WEIGHTS),
        (LONG, NO_WEIGHTS),
    ],
)
def test_what_is_no_blend(text: str, why: str):
    with pytest.raises(UserError, match=why):
        blend.checked(Style(Source("night"), blend=text))


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("glob(*.jpg)", [name for name in NAMES if name.endswith(".jpg")]),
        ("glob(./[mi]*)", ["./img#1.jpg", "./it's.jpg", "./my photo (1).jpg"]),
        ("glob(~/art, old/my photo (1)*)", None),  # a comma divides patterns
        ("glob('~/art, old/my*')", ["~/art, old/my photo (1).jpg"]),
        ("glob([1*,0*],exclude=*_*)", ["007", "1e3"]),
        ("glob(include=[*1*],exclude=[*.jpg,1e3])", ["1_000"]),
        ("glob(zz*)", None),
        ("glob(..)", None),
        ("glob(a", None),
    ],
)
def test_glob_on_a_file_is_files(here: Path, call: str, names: list[str] | None):
    if names is None:
        with pytest.raises(UserError, match=r"style\.path(=glob.*finds no file|: can't read glob)"):
            understood([f"style.path={call}"])
        return
    (read,) = understood([f"style.path={call},last.jpg"])
    assert [value(one) for one in several(read)] == [*sorted(names), "last.jpg"]


# --- Texts and folders ----------------------------------------------------------------------------


@pytest.mark.parametrize("text", TEXTS.split())
@pytest.mark.parametrize("key", ["name", "tracking.project", "tracking.group", "++tracking.name"])
def test_a_text_stays_the_text(key: str, text: str):
    (read,) = understood([f"{key}={text}"])
    assert value(read) == text
    assert understood([read]) == [read]


def test_what_hydra_reads_as_meant_stays_as_typed():
    typed = """
        name=abc name=a-b.c style=night name=null name= name='1e3' name=${style.name} name='abc
        style.layers={conv1_1:1} tv={gamma:1} seed=range(1,3) ~style.path +style.blend.night=1
        style.blend={starry:1} -m --cfg job hydra/launcher=batched name=choice(a,b) size=1e3
        style=glob(s*)
    """
    assert understood(typed.split()) == typed.split()


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("name=1e3,2024_11", ["1e3", "2024_11"]),
        ("name=choice(1e3,a b (1))", ["1e3", "a b (1)"]),
        ("style=2024,night", ["2024", "night"]),
        ("tracking.tags=[1e3,2024_11],[1.10]", [["1e3", "2024_11"], ["1.10"]]),
        ("tracking={name:1e3},{tags:[5]}", [{"name": "1e3"}, {"tags": ["5"]}]),
        (
            "style.blend={./my photo (1).jpg:0.7,night:0.3},{./it's.jpg:1,night:1}",
            ["{./my photo (1).jpg:0.7,night:0.3}", "{./it's.jpg:1,night:1}"],
        ),
    ],
)
def test_texts_of_a_sweep(here: Path, typed: str, values: list[Any]):
    assert [value(one) for one in several(*understood([typed]))] == values


@pytest.mark.parametrize(
    ("typed", "folder"),
    [
        ("~/runs", "{home}/runs"),
        ("'~/runs'", "{home}/runs"),
        ('"~/it\'s"', "{home}/it's"),
        ("~", "{home}"),
        ("a,b", "a,b"),
        ("2024_11_25", "2024_11_25"),
        ("my runs (1)", "my runs (1)"),
        ("runs", "runs"),
        ("./~x", "./~x"),
    ],
)
@pytest.mark.parametrize("key", ["hydra.run.dir", "hydra.sweep.dir"])
def test_a_folder(here: Path, key: str, typed: str, folder: str):
    (read,) = understood([f"{key}={typed}"])
    assert value(read) == folder.format(home=here.parent)
    assert understood([read]) == [read]


def test_home_in_an_option(here: Path):
    home = str(here.parent)
    assert understood(["--config-dir=~/c"]) == [f"--config-dir={home}/c"]
    assert understood(["-cd", "~/c", "~style.path"]) == ["-cd", f"{home}/c", "~style.path"]


# --- Names in another form ------------------------------------------------------------------------


def test_a_name_in_another_unicode_form_is_that_file(tmp_path: Path):
    folder = tmp_path / "cafe\u0301"
    folder.mkdir()
    file = folder / "gro\u0308ße.jpg"
    file.write_bytes(b"x")
    found = own_file(str(tmp_path / "caf\u00e9" / "gr\u00f6ße.jpg"), key="style.path")
    assert os.path.samefile(found.path, file)


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        ("at 4.42 PM.jpg", r"(did you mean 'at 4.42\u202fPM.jpg'?)"),
        ("AT 4.42\u202fpm.JPG", r"(did you mean 'at 4.42\u202fPM.jpg'?)"),
        ("sub/x.jpg", "does not exist, but"),
        ("folde/x.jpg", "(did you mean 'folder'?)"),
    ],
)
def test_a_name_that_is_not_there_names_the_one_that_is(tmp_path: Path, typed: str, part: str):
    (tmp_path / "at 4.42\u202fPM.jpg").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError) as refused:
        own_file(str(tmp_path / typed), key="style.path")
    assert part in str(refused.value)


# --- By the door ----------------------------------------------------------------------------------


def test_records_of_a_sweep_can_be_typed_again(
    command: Command,
    picture: Path,
    tmp_path: Path,
    compose: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
):
    home = tmp_path / "my home (1)"
    names = ["a b (1).png", "it's,b.png", "${x}.png"]
    for folder in (home, command.folder):
        folder.mkdir(exist_ok=True)
        for name in names:
            Image.open(picture).resize((48, 32)).save(folder / name)
    style = ",".join(map(literal, (str(home / names[0]), f"./{names[2]}")))
    typed = [f"content.path=~/{names[1]}", f"style.path={style}", "name=1e3"]
    env = {"HOME": str(home)}
    typed += ["tracking.tags=[1.10]", "hydra.sweep.dir=~/s"]
    done = command("-m", *TWO_STEPS, *SHALLOW, "sweep.report=false", *typed, env=env)
    assert done.returncode == 0, done.stderr
    assert not (command.folder / "~").exists()
    found = [record(path.parent) for path in sorted((home / "s").rglob("run.json"))]
    paths = [[one["config"][key]["path"] for key in ("content", "style")] for one in found]
    assert paths == [[f"~/{names[1]}", f"~/{names[0]}"], [f"~/{names[1]}", f"./{names[2]}"]]
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(command.folder)
    for one in found:
        assert str(home) not in json.dumps(one["overrides"])
        again = compose(*understood(one["overrides"]))
        assert [again.content.path, again.style.path] in paths
        assert (again.name, again.tracking.tags) == ("1e3", ["1.10"])


@pytest.mark.parametrize(
    ("typed", "part"),
    [
        ("style=a b.png", "style.path=a b.png"),
        ("content=/abs/x.jpg", "content.path=/abs/x.jpg"),
        ("lr=5", "did you mean 'optimizer.lr'?"),
        ("name=~/x", "a folder named ~"),
        ("style.path=glob(p/*)", "finds no file: it must match one at least"),
    ],
)
def test_a_sentence_names_what_was_meant(command: Command, typed: str, part: str):
    assert part in refusal(command, typed)


def test_an_option_in_a_folder_of_its_group(tmp_path: Path):
    from hydra import compose, initialize_config_dir

    folder = tmp_path / "style" / "old"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text("# @package style\nname: night\ntitle: of my own\n")
    typed = [f"hydra.searchpath=[file://{tmp_path}]", "style=old/mine"]
    with initialize_config_dir(version_base="1.3", config_dir=str(conf_dir())):
        composed = compose("config", typed, return_hydra_config=True)
    check_options(composed.hydra)
    assert composed.style.title == "of my own"


def test_a_report_in_the_home_folder(command: Command, picture: Path, tmp_path: Path):
    from fake_runs import write_run

    write_run(tmp_path / "runs" / "0")
    program = (sys.executable, "-m", "nst.report")
    done = command("~/runs", "--out=~/page", program=program, env={"HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page" / "index.html").is_file()
    assert command.files() == []
