"""What is written down tells neither the API key nor where the user's home folder is."""

import io
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers import QUIET, TINY, Command, Done, record
from PIL import Image
from wandb_server import account, wandb_server

from nst.base import home
from nst.config.schema import Config, to_mapping
from nst.config.validation import validated

KEY = "0123456789abcdef0123456789abcdef01234567"
NIGHT = Path(home.__file__).parents[1] / "sources" / "data" / "night.jpg"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The home folder of these tests, with the working folder and a folder of pictures in it."""
    (tmp_path / "pictures").mkdir()
    for name in ("me.jpg", "you.jpg"):
        with Image.open(NIGHT) as night:
            night.resize((451, 300)).save(tmp_path / "pictures" / name)  # as large as chelsea
    return tmp_path


def start(command: Command, folder: Path, *arguments: str) -> Done:
    cache = folder / "cache"
    cache.mkdir(exist_ok=True)
    (cache / "starry_night.jpg").write_bytes(b"not the picture")
    env = {"HOME": str(folder), "NST_CACHE": str(cache), "WANDB_API_KEY": KEY}
    return command(*arguments, env=env)


def texts(path: Path) -> Iterator[bytes]:
    """Yield all that a file says, a picture's hidden texts as well."""
    yield path.read_bytes()
    if path.suffix in (".png", ".jpg"):
        with Image.open(path) as image:
            image.load()
            yield repr(image.info).encode()


def tell(folder: Path, secret: str, but: str = "wandb") -> list[str]:
    """Return the files that hold a text, those in folders of the name `but` left out."""
    files = [path for path in folder.rglob("*") if path.is_file() and but not in path.parts]
    assert files
    found = [path for path in files if any(secret.encode() in text for text in texts(path))]
    return [str(path.relative_to(folder)) for path in found]


def test_a_tracked_run_tells_neither_key_nor_home(command, folder: Path):
    pictures = folder / "pictures"
    run = [*TINY, "tracking=offline", f"content.path={pictures}/me.jpg", "init=file"]
    run += [f"init.path={pictures}/you.jpg", f"style.blend={{{pictures}/you.jpg:1,night:1}}"]
    done = start(command, folder, *run, "hydra.run.dir=run")
    assert done.returncode == 0, done.stderr
    assert tell(command.folder, str(folder)) == []
    assert tell(command.folder, KEY, but="") == []
    # W&B keeps the folder of a run and nothing else of the home folder.
    assert tell(command.folder, str(pictures), but="") == []
    written = record(command.folder / "run")
    assert written["config"]["content"]["path"] == "~/pictures/me.jpg"
    assert written["config"]["init"]["path"] == "~/pictures/you.jpg"
    assert written["sources"]["content"]["requested"] == "~/pictures/me.jpg"
    assert "content.path=~/pictures/me.jpg" in written["overrides"]
    settings = (command.folder / "run" / ".hydra" / "hydra.yaml").read_text()
    assert "cwd: ~/work\n" in settings
    # The same run, whichever way its pictures are given, so nothing is left to do.
    short = [one.replace(f"={folder}", "='~").replace(".jpg", ".jpg'") for one in run[:-1]]
    done = start(command, folder, *short, run[-1], "hydra.run.dir=run")
    assert done.returncode == 0, done.stderr
    assert record(command.folder / "run") == written


def test_a_warning_is_logged_and_recorded_without_it(command, folder: Path):
    (folder / "file").touch()  # where the cache folder can't be made
    env = {"HOME": str(folder), "NST_CACHE": str(folder / "file" / "cache")}
    done = command(*QUIET, "style=starry", "hydra.run.dir=run", env=env)
    assert done.returncode == 0, done.stderr
    assert "~/file/cache" in (command.folder / "run" / "run.log").read_text()
    assert "~/file/cache" in record(command.folder / "run")["sources"]["style"]["reason"]
    assert tell(command.folder, str(folder)) == []


@pytest.mark.parametrize("launcher", ["batched", pytest.param("basic", marks=pytest.mark.slow)])
def test_a_sweep_and_its_page_tell_neither_key_nor_home(command, folder: Path, launcher: str):
    pictures = folder / "pictures"
    paths = [f"content.path={pictures}/me.jpg,{pictures}/you.jpg"]
    paths += [f"{key}.mask={pictures}/{key}.png" for key in ("content", "style")]
    for key, size in (("content", (451, 300)), ("style", (768, 576))):
        Image.new("RGB", size, "red").save(pictures / f"{key}.png")
    paths += ["tracking=offline", "tracking.alert=true", f"tracking.notes={pictures}"]
    sweep = ("-m", f"hydra/launcher={launcher}", "hydra.sweep.dir=sweep")
    # The file of starry in the cache is a wrong one, and what is said of it names it.
    done = start(command, folder, *sweep, *TINY, *paths, "style=night,starry")
    assert done.returncode == 1, done.stderr
    errors = [record(command.folder / "sweep" / number)["error"] for number in "0123"]
    assert ["~/cache/starry_night.jpg" in str(one) for one in errors] == [False, True] * 2
    for name in ("index.html", "metrics.csv", "grid.png", "multirun.yaml", "0/.hydra/hydra.yaml"):
        assert (command.folder / "sweep" / name).is_file()
    assert tell(command.folder, str(folder)) == []
    assert tell(command.folder, KEY, but="") == []
    # W&B keeps the folder of a run, and its files have the notes, captions, names and the alert.
    assert tell(command.folder, str(pictures), but="") == []
    for shown in ("~/pictures", "regions of content", "content_image/you", "4 runs (2 finished"):
        assert [name for name in tell(command.folder, shown, but="") if name.endswith(".wandb")]
    if launcher == "batched":
        sent = sent_by_nst_sync(command, folder)
        assert "~/pictures" in sent
        for secret in (str(folder), KEY):
            assert secret not in sent


def sent_by_nst_sync(command: Command, folder: Path) -> str:
    """Return all that W&B's server gets of a sweep in the home folder."""
    import wandb

    wandb.teardown()  # its client reads its variables once
    with wandb_server() as store:
        env = account(store.url, folder) | {"WANDB_API_KEY": KEY}
        done = command("sweep", program=(sys.executable, "-m", "nst.sync"), env=env)
        wandb.teardown()
    assert done.returncode == 0, done.stderr
    assert "2 runs are at W&B in me/nst, 2 of them sent now" in done.stdout
    assert len(store.runs) == 3
    return repr((store.runs, store.artifacts, store.alerts))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/me/a.jpg", "~/a.jpg"),
        ("style.blend={/home/me/a.jpg: 1, /home/me//b: 2}", "style.blend={~/a.jpg: 1, ~/b: 2}"),
        ("file:///home/me/nst/conf", "file://~/nst/conf"),
        ("'/home/me'", "'~/'"),
        ("cwd: /home/me", "cwd: ~/"),
        ("/mnt/home/me/a.jpg", "/mnt/home/me/a.jpg"),
        ("/mnt//home/me/a.jpg", "/mnt//home/me/a.jpg"),
        ("/home/me-too/a.jpg", "/home/me-too/a.jpg"),
        ("/home/me2", "/home/me2"),
        ("a/home/me", "a/home/me"),
    ],
)
def test_a_path_below_home_is_shortened(monkeypatch: pytest.MonkeyPatch, text: str, shown: str):
    monkeypatch.setenv("HOME", "/home/me")
    assert home.without(text) == shown
    assert home.without_in({"a": [text, 1, None]}) == {"a": [shown, 1, None]}
    monkeypatch.setenv("HOME", "/home/me/")
    assert home.without(text) == shown
    for none in ("/", "", "me"):
        monkeypatch.setenv("HOME", none)
        assert home.without(text) == text


def test_only_a_path_that_begins_with_home_is_a_path_below_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert home.short("/home/me/a b.jpg") == "~/a b.jpg"
    assert home.short(None) is None
    for path in ("a.jpg", "x:/home/me/a.jpg", "/home/metoo/a.jpg", "./~/a", ""):
        assert home.short(path) == path


def test_a_home_that_is_a_link_is_known_by_both_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "disk").mkdir()
    (tmp_path / "me").symlink_to("disk")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert home.short(f"{tmp_path}/me/a") == home.short(f"{tmp_path}/disk/a") == "~/a"


def test_every_path_of_a_configuration_is_shortened(
    compose: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HOME", "/home/me")
    keys = ("content.path", "content.mask", "style.path", "style.mask", "network.weights")
    config = compose(*(f"{key}=/home/me/file" for key in (*keys, "init.path")), "init=file")
    assert "/home" not in str(to_mapping(config))
    assert str(to_mapping(config)).count("'~/file'") == 6
    assert validated(config) == config
    blended = compose("style.blend={/home/me/a.jpg:1,/mnt/b.jpg:3}")
    assert blended.style.blend == {"/mnt/b.jpg": 0.75, "~/a.jpg": 0.25}


def test_a_log_is_without_it_in_its_tracebacks_too(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/me")
    file = io.StringIO()
    handler = logging.StreamHandler(file)
    handler.setFormatter(home.Formatter("%(message)s"))
    log = logging.Logger("apart")
    log.addHandler(handler)
    try:
        raise OSError(2, "No such file", "/home/me/b")
    except OSError:
        log.exception("%s can't be read", "/home/me/a")
    assert file.getvalue().startswith("~/a can't be read\nTraceback")
    assert file.getvalue().endswith("'~/b'\n")


def test_hidden_bytes_that_are_no_text_stay(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/me")
    text = home.without(b"a: /home/me/\xff\nb: 1\n".decode("utf-8", "surrogateescape"))
    assert text.encode("utf-8", "surrogateescape") == b"a: ~/\xff\nb: 1\n"
