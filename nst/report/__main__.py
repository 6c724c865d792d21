"""``nst report DIR``: finished runs as a picture grid, a page and a table."""

import re
import webbrowser
from functools import partial

from nst.base.commands import Parser, ended, folder, say_line
from nst.base.errors import UserError
from nst.report.animate import KINDS
from nst.report.build import say, write
from nst.report.draw import FORMATS
from nst.report.watch import wait_for_a_run, watch

HELP = """\
Show the runs of one or more folders side by side, at any depth below them.

  nst report DIR [DIR ...]

Writes into DIR, or into the deepest folder that several have in common:
  grid.png      pictures by the keys that vary: rows, columns, and a panel for each further one;
                grid.pdf or grid.svg with --format
  index.html    the same to look at and to sort, in a browser
  metrics.csv   a row a run

  nst report outputs/pooling/2026-11-22_10-00-00
  nst report DIR --rows style.layers --cols tv.gamma
  nst report DIR --format pdf
  nst report DIR --watch --open
  nst report DIR --animate"""


def main() -> None:
    """Report what the command line names; exit 0, 1 for an error, 130 after Ctrl-C."""
    with ended():
        options = _parser().parse_args()
        chosen = (
            options.rows,
            options.cols,
            options.cell,
            options.out,
            options.animate,
            options.format,
            options.metric,
            options.bare,
        )
        if options.watch:
            wait_for_a_run(options.folders, say_line)
        report = write(options.folders, *chosen)
        say(report)
        if options.watch:
            again = partial(write, options.folders, *chosen)
            shown = _open if options.open else None
            watch(options.folders, report.root, again, say_line, opened=shown)
        elif options.open:
            _open((report.root / "index.html").as_uri())


def _parser() -> Parser:
    parser = Parser("nst report", HELP)
    parser.add_argument("folders", nargs="+", type=folder, metavar="DIR", help="folder with runs")
    parser.add_argument("--rows", metavar="KEY", help="the grid's rows: style.layers, alpha/beta")
    parser.add_argument("--cols", metavar="KEY", help="the grid's columns")
    parser.add_argument(
        "--cell", metavar="PIXELS", type=_cell, help="long edge of the grid's pictures, 16 to 4096"
    )
    parser.add_argument(
        "--format",
        metavar="FORMAT",
        default=FORMATS[0],
        type=_format,
        help=f"of the grid: {', '.join(FORMATS[:-1])} or {FORMATS[-1]}",
    )
    parser.add_argument(
        "--metric", metavar="NAME", help="a number below each picture: ssim, preference"
    )
    parser.add_argument("--bare", action="store_true", help="a grid without title and settings")
    parser.add_argument("--out", metavar="FOLDER", type=folder, help="write into another folder")
    parser.add_argument(
        "--animate",
        metavar="KIND",
        nargs="?",
        const=KINDS[0],
        type=_kind,
        help="write steps.webp, or steps.gif, into the folder of each run with several pictures",
    )
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument(
        "--watch",
        action="store_true",
        help="serve the page to this machine, from the first run on, and keep it up to date",
    )
    return parser


def _open(address: str) -> None:
    """Open the page in the browser; where there is none, a person opens it elsewhere."""
    if not webbrowser.open(address):
        say_line(f"no browser could be started: {address}")


def _cell(text: str) -> int:
    if not re.fullmatch("[0-9]{2,4}", text) or not 16 <= int(text) <= 4096:
        raise UserError(f"--cell must be a whole number of pixels from 16 to 4096, not {text!r}")
    return int(text)


def _format(text: str) -> str:
    if text not in FORMATS:
        raise UserError(f"--format must be png, pdf or svg, not {text!r}")
    return text


def _kind(text: str) -> str:
    if text not in KINDS:
        raise UserError(f"--animate must be webp or gif, not {text!r}: name folders before it")
    return text


if __name__ == "__main__":
    main()
