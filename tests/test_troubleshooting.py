"""docs/troubleshooting.md explains messages that nst does give."""

import ast
import re

import pytest
from helpers import ROOT

#: So many words in a row are a message's own.
WORDS = 3


def said() -> str:
    """Return all text that stands in the source."""
    files = [*(ROOT / "nst").rglob("*.py"), *(ROOT / "sweeps").rglob("*.py")]
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text())))
    return "\n".join(str(node.value) for node in nodes if isinstance(node, ast.Constant))


def explained() -> list[str]:
    """Return the messages of the page, but those in the words of other programs."""
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    own, _, _ = page.partition("## In the words of other programs")
    return re.findall(r"^\| `([^`]+)` \|", own, re.MULTILINE)


@pytest.fixture(scope="module")
def source() -> str:
    return said()


def test_the_page_has_rows():
    assert len(explained()) >= 25


@pytest.mark.parametrize("message", explained())
def test_a_message_of_the_page_is_one_of_the_source(message: str, source: str):
    words = message.split()
    rows = [" ".join(words[start : start + WORDS]) for start in range(len(words) - WORDS + 1)]
    assert any(row in source for row in rows)
