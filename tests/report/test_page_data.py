"""What the page is made of, without a browser."""

import base64
import hashlib
import html
import json
import re
from pathlib import Path

import pytest
from fake_runs import as_read

from nst.report import page, page_data
from nst.report.summary import Key, Report


@pytest.mark.parametrize(
    ("target", "link"),
    [
        ("3", "./3"),
        ("a b/c#d?.png", "./a%20b/c%23d%3F.png"),
        ("javascript:x", "./javascript%3Ax"),
        ("../root/3", "./3"),
        ("..", None),
        ("../other/3", None),
        ("../root-too", None),
        ("a/../../x", None),
        ("..dots", "./..dots"),
    ],
)
def test_links_stay_inside_the_folder(target: str, link: str | None):
    root = Path("/some/root")
    assert page_data.relative(root, root / target) == link


def report(root: Path, **changes: object) -> Report:
    text = "</script><!--<script>&\u2028\0\udcff"
    run = as_read(
        text,
        folder=root / "0",
        values={"note": text, "lr": 10.0},
        metrics={"style_distance": float("nan"), "of a later version": 2.0},
        losses={"style": float("inf"), "content": 1.0},
        steps_s=None,
        s_per_step=None,
        started="",
        picture=None,
    )
    key = Key("note", text, [text], {text: text}, [float("inf")])
    return Report(text, root, [run], [], [key], {}, [], [])


def written(root: Path) -> str:
    page.write(root / "index.html", report(root))
    return (root / "index.html").read_text(encoding="utf-8")


def test_data_stay_in_their_element_and_come_back_as_they_were(tmp_path: Path):
    text = written(tmp_path)
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert not set("<>&\u2028\u2029\0") & set(data)
    read = json.loads(data)
    assert read["runs"][0]["name"] == report(tmp_path).runs[0].name
    assert read["common"] == {"lr": "10.0"}
    assert read["keys"][0]["numbers"] is None
    assert [one["name"] for one in read["metrics"]] == ["of a later version", "content"]
    assert read["runs"][0]["metrics"] == [2.0, 1.0]


def test_the_policy_admits_only_the_scripts_that_the_page_carries(tmp_path: Path):
    text = written(tmp_path)
    (found,) = re.findall(r'Content-Security-Policy" content="(.*?)"', text)
    policy = html.unescape(found)
    scripts = re.findall(r'<script(?: type="text/plain" id="plotly")?>(.*?)</script>', text, re.S)
    digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts]
    assert len(digests) == 2
    assert "default-src 'none'" in policy
    (allowed,) = re.findall("script-src (.*?);", policy)
    quoted = {f"'sha256-{digest}'" for digest in digests}
    assert set(allowed.split()) == quoted
