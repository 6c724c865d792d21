"""What was found as text: sentences, or a table for a terminal, a page or a paper."""

import textwrap
from collections.abc import Sequence

from nst.stats import columns, latex, notes, words
from nst.stats.compare import Finding
from nst.stats.gather import Sweep

#: Each format, and how a file of it ends.
FORMATS = {"words": ".txt", "table": ".txt", "csv": ".csv", "markdown": ".md", "latex": ".tex"}


def text(form: str, sweep: Sweep, found: Sequence[Finding], interval: str) -> str:
    """Return all that was found, ending with a newline.

    Args:
      form: one of FORMATS.
      sweep: of the runs.
      found: all findings.
      interval: "t" or "bootstrap".
    """
    if form == "csv":
        return columns.csv_text(found, interval)
    head, spoken = words.head(sweep, found), form == "words"
    said = notes.notes(sweep, found, interval, spoken)
    caption = words.caption(found, head)
    rows, parts = columns.comparisons(found), columns.shares(found)
    if form == "latex":
        return latex.text(caption, rows, parts, said)
    if form == "markdown":
        return _markdown(caption, rows, parts, said)
    return _plain(head, rows if form == "table" else [], _sentences(found), parts, said)


def _sentences(found: Sequence[Finding]) -> list[str]:
    return [words.sentence(one, each) for one in found for each in one.comparisons]


def _plain(
    head: str, rows: columns.Rows, sentences: list[str], parts: columns.Rows, said: list[str]
) -> str:
    blocks = [head]
    blocks.append(_aligned(columns.COMPARISONS, rows) if rows else "\n".join(sentences))
    if parts:
        blocks.append(f"{columns.OF_SHARES}\n" + _aligned(columns.SHARES, parts))
    blocks.append("\n".join(textwrap.fill(one, 110, break_on_hyphens=False) for one in said))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _aligned(head: list[str], rows: columns.Rows) -> str:
    """Return a table for letters of one width, those of Chinese and Japanese being two wide."""
    from rich.cells import cell_len  # takes a moment, so not before it is needed

    table = _filled(head, rows)
    widths = [max(map(cell_len, column)) for column in zip(*table, strict=True)]
    lines = [
        "  ".join(
            cell + " " * (wide - cell_len(cell)) for cell, wide in zip(row, widths, strict=True)
        )
        for row in table
    ]
    return "\n".join(line.rstrip() for line in lines)


def _filled(head: list[str], rows: columns.Rows) -> columns.Rows:
    """Return head and rows without the columns that are empty in each row."""
    kept = [at for at in range(len(head)) if any(row[at] for row in rows)]
    return [[row[at] for at in kept] for row in [head, *rows]]


def _markdown(head: str, rows: columns.Rows, parts: columns.Rows, said: list[str]) -> str:
    blocks = [_escaped(head), _piped(columns.COMPARISONS, rows)]
    if parts:
        blocks += [columns.OF_SHARES, _piped(columns.SHARES, parts)]
    blocks.append("\n".join(f"- {_escaped(one)}" for one in said))
    return "\n\n".join(block for block in blocks if block) + "\n"


def _piped(head: list[str], rows: columns.Rows) -> str:
    names, lines = columns.without_names(head, rows)
    table = [names, ["---"] * len(names), *lines]
    return "\n".join(f"| {' | '.join(map(_escaped, row))} |" for row in table)


def _escaped(text: str) -> str:
    """Return text in which Markdown finds no markup."""
    if set(text) == {"-"}:
        return text
    line = " ".join(text.split())
    return "".join(f"\\{one}" if one in r"\`*_[]<>|#~$" else one for one in line)
