"""The tables as LaTeX, with booktabs: https://ctan.org/pkg/booktabs."""

import re
import unicodedata
from collections.abc import Sequence

from nst.stats import columns

#: What LaTeX reads as something else than itself, or has no letter for in its first encoding.
_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # A letter of some of babel's languages; half of what stands for the Spanish marks.
    '"': r"\symbol{34}",
    "`": "{`}",
    # After \\ they would be that command's own.
    "[": "{[}",
    "*": "{*}",
    "\u2212": "$-$",
    "×": r"$\times$",
    "…": r"\dots{}",
}
_RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
_LOWERED = str.maketrans(_RAISED, "-0123456789")
_HEAD = "% Needs \\usepackage{booktabs}; letters that are not Latin need XeLaTeX or LuaLaTeX.\n"
#: Columns of numbers, which end below each other.
_NUMBERS = ("difference", "p (Holm)", *columns.SHARES[2:])


def text(head: str, rows: columns.Rows, parts: columns.Rows, said: Sequence[str]) -> str:
    """Return a table of the comparisons, and one of the shares where there are any.

    Args:
      head: the caption.
      rows: under columns.COMPARISONS.
      parts: under columns.SHARES.
      said: the notes below, a sentence each.
    """
    tables = [_table(columns.COMPARISONS, rows, head, "comparisons", said)]
    if parts:
        tables.append(_table(columns.SHARES, parts, columns.OF_SHARES, "shares", []))
    return _HEAD + "\n".join(tables)


def escaped(text: str) -> str:
    """Return text as LaTeX prints it, whatever it has: a powers of ten as one, no line breaks.

    Args:
      text: of a cell, a caption or a note.
    """
    line = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    parts = re.split(f"([{_RAISED}]+)", line)
    return "".join(
        f"$^{{{part.translate(_LOWERED)}}}$"
        if at % 2
        else "".join(_SPECIAL.get(one, one) for one in part).replace("--", "-{}-")
        for at, part in enumerate(parts)
    )


def _table(
    head: list[str], rows: columns.Rows, caption: str, label: str, said: Sequence[str]
) -> str:
    names, lines = columns.without_names(head, rows)
    first, *rest = [" & ".join(map(escaped, line)) + r" \\" for line in [names, *lines]]
    kinds = "".join("r" if name in _NUMBERS else "l" for name in names)
    notes = [r"\par\smallskip\raggedright", *map(escaped, said)] if said else []
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escaped(caption)}}}",
            rf"\label{{tab:{label}}}",
            r"\smallskip",
            r"\footnotesize\setlength{\tabcolsep}{3pt}",
            rf"\begin{{tabular}}{{{kinds}}}",
            r"\toprule",
            first,
            r"\midrule",
            *rest,
            r"\bottomrule",
            r"\end{tabular}",
            *notes,
            r"\end{table}",
            "",
        ]
    )
