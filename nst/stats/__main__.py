"""``nst stats DIR --by KEY``: what a setting does to a metric, with intervals and tests."""

import os
import sys
from pathlib import Path

from nst.base.commands import Parser, ended, folder
from nst.base.errors import UserError, did_you_mean, of_file, one_line
from nst.report import own
from nst.stats import notes
from nst.stats.compare import INTERVALS, Finding, compare
from nst.stats.gather import Sweep, gather
from nst.stats.write import FORMATS, text

HELP = """\
Say what a setting does to a metric: paired differences within blocks of equal other settings,
with 95 % intervals, permutation tests, Holm's correction, and shares of the variation.

  nst stats DIR [DIR ...] --by KEY [--by KEY ...] [--metric NAME ...]

  nst stats outputs/pooling/2026-11-22_10-00-00 --by pooling
  nst stats DIR --by pooling,tv.gamma --metric style_distance
  nst stats DIR --by tv.gamma --against 0 --interval bootstrap
  nst stats DIR --by pooling --out pooling.tex

Runs that differ in their seed alone are replicates."""

_ELSEWHERE = "name another file with --out"
#: What a report writes, under its own record.
_REPORTS = (*own.FILES, "grid.pdf", "grid.svg", "statements.md")


def main() -> None:
    """Compare what the command line names; exit 0, 1 for an error, 130 after Ctrl-C."""
    with ended():
        options = _parser().parse_args()
        form = _form(options.format, options.out)
        if options.out:
            _check(options.out)
        sweep = gather(options.folders, _split(options.by), _split(options.metric))
        found = compare(sweep, options.interval, options.against)
        _refuse_nothing(found)
        whole = _printable(text(form, sweep, found, options.interval))
        if options.out:
            _put(options.out, whole)
            print(_printable(text("words", sweep, found, options.interval)), flush=True)
            print(one_line(os.path.relpath(options.out)))
            return
        sys.stdout.write(whole)
        sys.stdout.flush()
        if form == "csv":
            _say_beside(sweep, found, options.interval)


def _refuse_nothing(found: list[Finding]) -> None:
    """Refuse where there is no comparison at all: the first finding says why."""
    if not any(one.comparisons for one in found):
        first, *others = dict.fromkeys(one.why for one in found)
        more = f" Nor are {len(others)} more comparisons possible." if others else ""
        raise UserError(first + more)


def _say_beside(sweep: Sweep, found: list[Finding], interval: str) -> None:
    """Print the notes where a program that reads the table does not meet them."""
    for note in notes.notes(sweep, found, interval):
        print(_printable(note), file=sys.stderr)


def _printable(text: str) -> str:
    """Return text in which there is nothing that a terminal would obey."""
    return "".join(one if one.isprintable() or one == "\n" else "?" for one in text)


def _parser() -> Parser:
    parser = Parser("nst stats", HELP)
    parser.add_argument("folders", nargs="+", type=folder, metavar="DIR", help="folder with runs")
    parser.add_argument(
        "--by", metavar="KEY", action="append", help="what is compared: pooling, tv.gamma"
    )
    parser.add_argument(
        "--metric",
        metavar="NAME",
        action="append",
        help="in which number: ssim, loss/style, s_per_step; without it all metrics",
    )
    parser.add_argument(
        "--against",
        metavar="VALUE",
        help="compare with this value; without it each with each, of five or more with the first",
    )
    parser.add_argument(
        "--interval",
        metavar="KIND",
        default=INTERVALS[0],
        type=_interval,
        help="t (Student's) or bootstrap",
    )
    parser.add_argument(
        "--format", metavar="FORMAT", type=_format, help="words, table, csv, markdown or latex"
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=folder,
        help="write it there; .csv, .md and .tex say the format",
    )
    return parser


def _split(given: list[str] | None) -> list[str]:
    """Return names that were given one by one or with commas between them."""
    parts = [part.strip() for one in given or [] for part in one.split(",")]
    return list(dict.fromkeys(part for part in parts if part))


def _form(form: str | None, out: Path | None) -> str:
    """Return the format that was named, or that a file's name ends with."""
    if form:
        return form
    ends = {end: name for name, end in reversed(FORMATS.items())}
    return ends.get(out.suffix.lower(), "words") if out else "words"


def _check(path: Path) -> None:
    if path.name in _REPORTS:
        raise UserError(f"--out: {path.name} is what nst report writes: {_ELSEWHERE}")
    own.check(path.parent, [path.name], _ELSEWHERE)


def _put(path: Path, whole: str) -> None:
    try:
        own.put(path, whole.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise UserError(f"--out: {of_file(error)}: {_ELSEWHERE}") from error


def _interval(text: str) -> str:
    if text not in INTERVALS:
        raise UserError(f"--interval must be t or bootstrap, not {text!r}")
    return text


def _format(text: str) -> str:
    if text not in FORMATS:
        hint = did_you_mean(text, FORMATS)
        raise UserError(f"--format must be {', '.join(FORMATS)}, not {text!r}{hint}")
    return text


if __name__ == "__main__":
    main()
