"""Runs whose records hold markup, scripts, paths and junk: shown as text, with nothing done."""

import csv
import http.client
import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_runs import record, serving
from PIL import Image

from nst.report import build
from nst.report.watch import Server

MARKUP = [
    "<script>window.__pwned=1</script>",
    "</script><script>window.__pwned=1</script>",
    "<img src=x onerror=window.__pwned=1>",
    "\"'><svg/onload=window.__pwned=1>",
    "<!--<script>",
    "<a href='javascript:window.__pwned=1'>link</a>",
    "<a href='https://example.com/'>link</a><br><b>bold</b>",
    "<iframe srcdoc='<script>parent.__pwned=1</script>'>",
    "<style>body{display:none}</style>",
    "<base href='https://example.com/'>",
    "&lt;b&gt;&#x3c;script&#x3e;",
    "{{ 7 * 7 }}{% raw %}${7*7}`",
    "javascript:window.__pwned=1",
    "data:text/html,<script>window.__pwned=1</script>",
]
PATHS = ["../../../etc/passwd", "/etc/passwd", "..\\..\\x", "//example.com/x", "file:///etc/passwd"]
PATHS += ["~/.ssh/id_rsa", "a?b#c%2e%2e%2f", "C:\\x", "./", ".."]
JUNK = ["\u202egnp.exe", "\u2066\u200f\u200b", "a\u2028b\u2029c", "nul\0nul", "\x1b[31mred\x07"]
JUNK += ["\ud800", "a\nb\r\nc\td", "\ufeff", "__proto__", "constructor", "toString", "=1+1", "@x"]
JUNK += ["x" * 10_000, "x " * 5000, "\U0001f9d1\u200d\U0001f680" * 3000, "e" + "\u0301" * 1000, ""]
TEXTS = MARKUP + PATHS + JUNK

#: What a server is asked for that it must not give.
ELSEWHERE = """
/folder/secret.txt /folder/ /folder /file /chain /up/outside/secret.txt /up/ /loop /up
/etc/passwd /folder/../index.html/../../outside/secret.txt /%2e%2e%2foutside
/..%2foutside%2fsecret.txt /..%5coutside%5csecret.txt /%252e%252e/outside/secret.txt
/sub/../../outside/secret.txt /..;/outside/secret.txt //outside/secret.txt ///etc/passwd
/./../outside/secret.txt /sub/%00/../../outside/secret.txt /sub/?x=../../outside
../outside/secret.txt outside/secret.txt file:///etc/passwd
http://127.0.0.1/../outside/secret.txt /version.txt/../../outside /%ff%fe
"""


def write_runs(sweep: Path, texts: list[str]) -> Path:
    """Write a run for each text: in its name, and in every field of its run.json."""
    for number, text in enumerate(texts):
        # As much of it as can be the name of a folder.
        name = re.sub(r"[/\0\ud800]", "_", f"{number} {text}").encode()[:200]
        write_hostile(sweep / name.decode(errors="ignore"), text, number)
    return sweep


def write_hostile(folder: Path, text: str, number: int) -> None:
    fields: dict[str, Any] = record(
        seed=number,
        beta=10.0**number,
        pooling=text,
        preset=text,
        status="failed" if number % 5 == 4 else "finished",
        error=text,
        metrics={"style_distance": number / 10, "ssim": 0.5, text: 1.0},
    )
    config = fields["config"]
    config |= {"name": text, text: text, "other": {text: [text]}}
    config["style"] |= {"name": text, "path": text, "layers": {text: 1.0, "conv1_1": number + 0.5}}
    config["content"] |= {"name": text, "file": text, "layers": [text]}
    config["tracking"] |= {"tags": [text], "project": text}
    for source in fields["sources"].values():
        source |= {"used": text, "title": text, "requested": text, "fallback": True}
        source |= {"reason": text, "url": text, "sha256": f"{number:064x}"}
    fields |= {"overrides": [text], "config_hash": text, "versions": {text: text}}
    fields["timings"]["started"] = text
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(fields))
    rows = f"step,seconds,total,{json.dumps(text)}\n0,0.0,9.0,1\n{text}"
    (folder / "history.csv").write_bytes(rows.encode(errors="replace"))
    Image.new("RGB", (60, 40), (5 * number % 256, 90, 120)).save(folder / "result.png")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reported folder of hostile runs, and of folders that can't be read, with its report."""
    sweep = write_runs(tmp_path_factory.mktemp("hostile") / "<b>a &amp; sweep<i> 'co'", TEXTS)
    for number, text in enumerate(MARKUP):
        broken = sweep / f"broken {number} {text.replace('/', '_')}"
        broken.mkdir()
        (broken / "run.json").write_text(json.dumps({"schema": text}))
    build.write([sweep])
    return sweep


def test_the_sheet_and_the_table_are_written(sweep: Path):
    with Image.open(sweep / "grid.png") as sheet:
        sheet.load()
        assert max(sheet.size) < 20_000
        assert np.asarray(sheet.convert("L")).std() > 5
    with (sweep / "metrics.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == len(TEXTS)
    by_number = {int(row["run"].split()[0]): row for row in rows}
    for number in range(len(MARKUP)):
        assert by_number[number]["error"] == TEXTS[number]


@pytest.mark.parametrize(
    ("key", "texts"),
    [
        pytest.param("style.layers", JUNK, id="short"),
        *(
            pytest.param(key, TEXTS, id=key, marks=pytest.mark.slow)
            for key in ("style.layers", "pooling", "style", "content", "preset")
        ),
    ],
)
def test_a_sheet_with_hostile_headers_is_written(tmp_path: Path, key: str, texts: list[str]):
    build.write([write_runs(tmp_path, texts)], rows=key, cols=None, cell=16)
    with Image.open(tmp_path / "grid.png") as sheet:
        sheet.load()
        assert max(sheet.size) < 20_000


def test_the_page_shows_texts_and_does_nothing(sweep: Path):
    pages = pytest.importorskip("pages", reason="the page is tried in a browser")
    with pages.chromium() as chrome:
        look_at(chrome, sweep)


def look_at(chrome: Any, sweep: Path) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    def js(code: str, *arguments: Any) -> Any:
        return chrome.execute_script(code, *arguments)

    def until(code: str) -> None:
        WebDriverWait(chrome, 20, 0.05).until(lambda _: js(code))

    chrome.get((sweep / "index.html").as_uri())
    until("return document.documentElement.dataset.ready")
    assert js("return document.querySelector('h1').textContent") == sweep.name
    sections = js("return [...document.querySelectorAll('main section[id]')].map(e => e.id)")
    assert len(sections) > 4
    for section in sections:
        js("document.getElementById(arguments[0]).scrollIntoView()", section)
        js("document.querySelectorAll('details').forEach(one => one.open = true)")
    until("return document.querySelector('.chart svg')")
    for view in ("gallery", "grid"):
        js("location.hash = arguments[0]", f"view={view}&rows=pooling&columns=style.layers&q=<b>")
        until(f"return document.querySelector('#grid') && location.hash.includes('{view}')")
    js("location.hash = ''")
    look = """return [...document.querySelectorAll('.row-open')].map(row => {
        row.click();
        const seen = document.getElementById('viewer').open;
        document.getElementById('viewer-close').click();
        return seen;
    })"""
    assert js(look) == [True] * len(TEXTS)
    assert js("return window.__pwned") is None
    # Whatever comes from a record is text: no element of it has become one of the page's.
    odd = "base, iframe, object, embed, form, style:not(head style), a[href^='javascript'], bdi *"
    odd += ", [onerror], [src=x], [onload], svg a"
    assert js("return document.querySelectorAll(arguments[0]).length", odd) == 0
    assert js("return getComputedStyle(document.body).display") != "none"
    links = js("return [...document.querySelectorAll('a[href]')].map(one => one.href)")
    pictures = js("return [...document.images].map(one => one.src).filter(Boolean)")
    inside = (sweep.as_uri() + "/", "data:image/")
    assert [one for one in links + pictures if not one.startswith(inside)] == []
    asked = js("return performance.getEntriesByType('resource').map(one => one.name)")
    assert [one for one in asked if not one.startswith(inside)] == []
    assert js("return document.documentElement.scrollWidth") <= js("return innerWidth")
    assert chrome.get_log("browser") == []


# --- The served page ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose folder has links that lead out of it and round in circles."""
    around = tmp_path_factory.mktemp("around")
    outside = around / "outside"
    (outside / "inner").mkdir(parents=True)
    (outside / "secret.txt").write_text("of somebody else")
    root = around / "root"
    (root / "sub").mkdir(parents=True)
    (root / "index.html").write_text("the page")
    (root / "sub" / "a b#?%.png").write_bytes(b"the picture")
    (root / "folder").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret.txt")
    (root / "chain").symlink_to("folder/secret.txt")
    (root / "up").symlink_to("..")
    (root / "loop").symlink_to("loop")
    (root / "own").symlink_to("index.html")
    (root / "etc").symlink_to("/etc")
    with serving(root) as server:
        yield server


def ask(server: Server, lines: str, host: str | None = "127.0.0.1:{port}") -> bytes:
    """Return all that the server answers to a request, which may be none of HTTP's."""
    port = server.server_port
    named = f"Host: {host.format(port=port)}\r\n" if host else ""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"{lines}\r\n{named}Connection: close\r\n\r\n".encode("latin-1"))
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


@pytest.mark.parametrize("path", ELSEWHERE.split())
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_nothing_outside_its_folder_is_served(server: Server, method: str, path: str):
    answer = ask(server, f"{method} {path} HTTP/1.1")
    assert re.match(rb"HTTP/1\.[01] (301|400|404) ", answer), answer
    for told in (b"somebody", b"root:", b"secret.txt\n", b"the page", b"the picture"):
        assert told not in answer


def test_what_lies_in_its_folder_is_served(server: Server):
    for path, text in (("/", b"the page"), ("/own", b"the page"), ("/index.html?x", b"the page")):
        assert ask(server, f"GET {path} HTTP/1.1").endswith(text)
    answer = ask(server, "GET /sub/a%20b%23%3F%25.png HTTP/1.1")
    assert answer.endswith(b"the picture")
    assert b"X-Content-Type-Options: nosniff" in answer


FOREIGN = """
evil.example evil.example:{port} 127.0.0.1.evil.example:{port} localhost.evil.example:{port}
127.0.0.1:{port}@evil.example 0.0.0.0:{port} [::1]:{port} 127.0.0.1 127.0.0.1:1
"""
TWO = ("127.0.0.1:{port}, evil.example", "evil.example:{port}\r\nHost: 127.0.0.1:{port}")


@pytest.mark.parametrize("host", [None, "", *TWO, *FOREIGN.split()])
@pytest.mark.parametrize("path", ["/", "/version.txt", "http://127.0.0.1/"])
def test_a_foreign_host_gets_nothing(server: Server, host: str | None, path: str):
    for version in ("1.0", "1.1"):
        answer = ask(server, f"GET {path} HTTP/{version}", host)
        assert b" 421 " in answer.split(b"\r\n")[0]
        assert b"the page" not in answer
        assert b"first" not in answer


def test_it_listens_on_the_loopback_address_alone(server: Server):
    tables = [path for path in map(Path, ("/proc/net/tcp", "/proc/net/tcp6")) if path.exists()]
    if not tables:
        pytest.skip("there is no /proc/net/tcp that tells who listens")
    port = f":{server.server_port:04X}"
    rows = [line.split() for path in tables for line in path.read_text().splitlines()[1:]]
    listening = [row[1] for row in rows if row[3] == "0A" and row[1].endswith(port)]
    assert listening == [f"0100007F{port}"]  # 127.0.0.1, the last byte first


@pytest.mark.parametrize(
    "lines",
    [
        "GET",
        "GET /",
        "\0\1\2\x16\x03\x01",
        "GET / HTTP/9.9",
        "GET /" + "x" * 70_000 + " HTTP/1.1",
        "GET / HTTP/1.1\r\n" + "".join(f"X-{n}: y\r\n" for n in range(200)),
        "PUT /index.html HTTP/1.1\r\nContent-Length: 1",
        "DELETE /index.html HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "CONNECT evil.example:443 HTTP/1.1",
    ],
)
def test_what_is_no_request_for_a_file_changes_nothing(server: Server, lines: str):
    try:
        answer = ask(server, lines)
    except ConnectionError:  # it hung up in the middle of what is too long
        answer = b""
    assert not re.match(rb"HTTP/1\.\d 2", answer)
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("GET", "/index.html")
    assert connection.getresponse().read() == b"the page"


def test_a_hostile_report_is_served_whole(sweep: Path):
    with serving(sweep) as server:
        assert ask(server, "GET / HTTP/1.1").endswith((sweep / "index.html").read_bytes())
