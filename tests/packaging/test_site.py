"""The site of docs/: it builds with no warning, and asks no other host for anything."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from helpers import ROOT, environment

pytestmark = pytest.mark.slow

#: What a browser fetches by itself, from another host.
FETCHED = re.compile(r"<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=\"?(?:https?:)?//[^>]*>")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site, built strictly."""
    for name in ("mkdocs", "material", "mkdocstrings_handlers.python"):
        pytest.importorskip(name, reason="needs MkDocs with its theme: pip install '.[docs]'")
    folder = tmp_path_factory.mktemp("site")
    page = ROOT / "docs" / "site" / "mkdocs.yml"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", page, "-d", folder]
    done = subprocess.run(
        list(map(str, command)),
        env=environment({"NO_MKDOCS_2_WARNING": "1"}),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_of_docs_is_there(site: Path):
    docs = ROOT / "docs"
    pages = {page.relative_to(docs).with_suffix(".html") for page in docs.rglob("*.md")}
    assert {page for page in pages if not (site / page).is_file()} == set()
    assert (site / "tour.html").is_file()


def test_the_api_comes_from_the_docstrings(site: Path):
    page = (site / "api.html").read_text()
    for name in ("transfer", "grid", "load", "Result", "Results", "UserError"):
        assert f'id="nst.{name}"' in page
    assert "Paint a content image in the style of a style image" in page


def test_its_search_knows_a_metric_and_where_it_is_explained(site: Path):
    index = json.loads((site / "search" / "search_index.json").read_text())
    found = {one["location"] for one in index["docs"] if "style_distance" in one["text"]}
    assert any(location.startswith("metrics.html") for location in found)


def test_nothing_is_fetched_from_another_host(site: Path):
    fetched = {tag for page in site.rglob("*.html") for tag in FETCHED.findall(page.read_text())}
    assert fetched == set()


def test_pictures_of_the_tutorials_are_small():
    pictures = list((ROOT / "docs" / "images" / "tutorials").iterdir())
    assert len(pictures) >= 3
    assert all(one.stat().st_size < 100_000 for one in pictures)


def test_pre_commit_runs_a_target_that_there_is():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    (target,) = [hook["entry"].removeprefix("make ") for hook in hooks]
    assert re.search(f"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
