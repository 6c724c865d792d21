"""Hydra's grammar of values: how a text is quoted for it, and what it makes of one.

Imports Hydra when it is asked, since nst.sweep reads its file before.
"""

import functools
import re
from typing import Any

#: What Hydra reads as it stands, without a look by its parser, which takes a millisecond.
PLAIN = re.compile(r"(?!(?:null|true|false|inf|nan)$)[a-z_/][\w/.-]*|", re.ASCII | re.IGNORECASE)


def quoted(text: str) -> str:
    """Return `text` as Hydra's grammar quotes it; interpolations in it stay."""
    mark = '"' if "'" in text and '"' not in text else "'"
    # A backslash counts only before a quote.
    inside = re.sub(rf"(\\*)({mark}|\Z)", lambda at: 2 * at[1] + (at[2] and f"\\{mark}"), text)
    return f"{mark}{inside}{mark}"


def literal(text: str) -> str:
    """Return `text` quoted where that is needed, with nothing in it for OmegaConf to resolve."""
    return text if PLAIN.fullmatch(text) else quoted(re.sub(r"(\\*)\$\{", r"\1\1\${", text))


def split(text: str) -> list[str]:
    """Return the parts between commas that stand outside of quotes and brackets."""
    parts, depth, start, at = [], 0, 0, 0
    word = re.compile(r"""\\.|(?<![^\s,(\[{:=])(?:'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|.""", re.S)
    while at < len(text):
        found = word.match(text, at)
        assert found is not None
        token, at = found[0], found.end()
        if token in "([{":
            depth += 1
        elif token in ")]}":
            depth = max(0, depth - 1)
        elif token == "," and depth == 0:
            parts.append(text[start : at - 1])
            start = at
    return [*parts, text[start:]]


def unclosed(text: str) -> bool:
    """Return whether a text begins with a quote that doesn't end: a slip, and none of its own."""
    return text[:1] in ("'", '"') and text.count(text[0]) == 1


#: What `read` returns of a value that Hydra can't read.
UNREAD: Any = object()


def unread(text: str) -> bool:
    """Return whether Hydra's grammar can't read a value."""
    return read(text) is UNREAD


@functools.lru_cache(maxsize=1024)
def read(text: str) -> Any:
    """Return what Hydra's grammar makes of a value, quotes kept; or `UNREAD`."""
    from nst.command import hydra_private

    try:
        return hydra_private.value(_parser().parse_override(f"key={text}"))
    except Exception:  # Hydra's or ANTLR's: deep brackets, numbers of too many digits.
        return UNREAD


def text_of(read: Any) -> str | None:
    """Return the text that Hydra has read, quoted or not; None where it read no text."""
    text = getattr(read, "text", read)
    return text if isinstance(text, str) else None


@functools.cache
def _parser() -> Any:
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return OverridesParser.create()
