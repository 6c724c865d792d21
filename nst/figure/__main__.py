"""``nst figure KIND DIR``: figures for a paper, from finished runs."""

import argparse
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from nst.base.commands import Parser, ended, folder, say_line
from nst.base.errors import UserError, did_you_mean
from nst.figure import curves, effects, front, gathered, grid
from nst.figure.look import WIDTHS, Drawn
from nst.report import own
from nst.report.draw import FORMATS
from nst.report.summary import Report

HELP = """\
Draw a figure for a paper from the runs of one or more folders, at any depth below them.

  nst figure KIND DIR [DIR ...]

KIND is one of
  grid      results by the keys that vary, with the photograph and the painting
  effects   what each setting does to a number, within blocks of equal other settings
  front     one number against another, the runs that no other one beats, pictures of some
  curves    the losses by step

Writes KIND.pdf into DIR/figures, or the folder of that name in the deepest one that several DIRs
have in common: as wide as it is printed, with its fonts, in letters of 7 to 8 points. Prints what a
caption can say.

  nst figure grid outputs/pooling/2026-11-22_10-00-00 --width page
  nst figure effects DIR --metric style_distance
  nst figure front DIR --metric content_distance,style_distance --by pooling
  nst figure curves DIR --metric loss/style,loss/content --format svg"""

#: What each option belongs to, where that isn't all figures.
_OF = {
    "by": ("effects", "front", "curves"),
    "rows": ("grid",),
    "cols": ("grid",),
    "bare": ("grid",),
}
_NARROWEST, _WIDEST = 40, 400
_FOLDER = "figures"


def main() -> None:
    """Draw what the command line asks for; exit 0, 1 for an error, 130 after Ctrl-C."""
    with ended():
        options = _parser().parse_args()
        options.kind = _kind(options.kind, options.folders)
        for name, kinds in _OF.items():
            if getattr(options, name) and options.kind not in kinds:
                raise UserError(f"--{name} is for {', '.join(kinds)}, not for {options.kind}")
        report = gathered.of(options.folders)
        root = Path(os.path.abspath(options.out)) if options.out else report.root / _FOLDER
        name = f"{_name(options)}.{options.format}"
        own.check(root, (name,))
        drawn = _DRAWN[options.kind](report, options)
        try:
            own.put(root / name, drawn.data)
        except OSError as error:
            raise UserError(
                f"{root} can't be written ({error}): name another folder with --out"
            ) from error
        say_line(os.path.relpath(root / name))
        say_line(f"caption: {drawn.caption}")


def _grid(report: Report, options: argparse.Namespace) -> Drawn:
    if len(options.metric) > 1:
        raise UserError("--metric of a grid is one number, which stands below each picture")
    return grid.draw(
        report, options.rows, options.cols, (*options.metric, None)[0], options.bare,
        options.width, options.format,
    )  # fmt: skip


def _effects(report: Report, options: argparse.Namespace) -> Drawn:
    if len(options.metric) > 1:
        raise UserError("--metric of effects is one number: draw a figure for each")
    found = gathered.metrics(report, options.metric)
    return effects.draw(report, found, options.by, options.width, options.format)


def _front(report: Report, options: argparse.Namespace) -> Drawn:
    found = gathered.metrics(report, options.metric)
    return front.draw(report, found, _one_key(options), options.width, options.format)


def _curves(report: Report, options: argparse.Namespace) -> Drawn:
    return curves.draw(report, options.metric, _one_key(options), options.width, options.format)


#: How each kind of figure is drawn.
_DRAWN: dict[str, Callable[[Report, argparse.Namespace], Drawn]] = {
    "grid": _grid,
    "effects": _effects,
    "front": _front,
    "curves": _curves,
}


def _one_key(options: argparse.Namespace) -> str | None:
    if len(options.by) > 1:
        raise UserError(f"--by of {options.kind} is one key, not {len(options.by)}")
    return (*options.by, None)[0]


def _name(options: argparse.Namespace) -> str:
    """Return the file's name: figures of other numbers and keys lie beside each other."""
    words = [options.kind, *options.metric, *options.by]
    return "-".join(re.sub(r"[^\w.]+", "_", word) for word in words)


def _parser() -> Parser:
    parser = Parser("nst figure", HELP)
    parser.add_argument("kind", metavar="KIND", help=", ".join(_DRAWN))
    parser.add_argument("folders", nargs="+", type=folder, metavar="DIR", help="folder with runs")
    parser.add_argument(
        "--width", metavar="WIDTH", type=_width, default="column",
        help="as printed: column (89 mm), page (183 mm), or millimeters",
    )  # fmt: skip
    parser.add_argument(
        "--format", metavar="FORMAT", type=_format, default="pdf", help="pdf, svg or png"
    )
    parser.add_argument(
        "--metric", metavar="NAME", type=_names, action="extend", default=[],
        help="numbers, with commas between them: two of a front, losses of curves",
    )  # fmt: skip
    parser.add_argument(
        "--by", metavar="KEY", type=_names, action="extend", default=[],
        help="keys of the effects; the key that tells points or lines apart",
    )  # fmt: skip
    parser.add_argument("--rows", metavar="KEY", help="the grid's rows: style.layers, alpha/beta")
    parser.add_argument("--cols", metavar="KEY", help="the grid's columns")
    parser.add_argument(
        "--bare", action="store_true", help="a grid without photograph and painting"
    )
    parser.add_argument("--out", metavar="FOLDER", type=folder, help="write into another folder")
    return parser


def _kind(text: str, folders: Sequence[Path]) -> str:
    if text in _DRAWN:
        return text
    later = next((str(one) for one in folders if str(one) in _DRAWN), None)
    if later:
        raise UserError(f"the kind comes first: nst figure {later} {text}")
    hint = did_you_mean(text, list(_DRAWN))
    raise UserError(f"there is no figure {text!r}{hint}; there are {', '.join(_DRAWN)}")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _width(text: str) -> float:
    if text in WIDTHS:
        return WIDTHS[text]
    number = re.fullmatch(r"(\d{1,4}(?:\.\d+)?)(mm)?", text)
    if not number or not _NARROWEST <= float(number[1]) <= _WIDEST:
        raise UserError(
            f"--width must be {', '.join(WIDTHS)} or {_NARROWEST} to {_WIDEST} millimeters, "
            f"not {text!r}"
        )
    return float(number[1])


def _format(text: str) -> str:
    if text not in FORMATS:
        raise UserError(f"--format must be pdf, svg or png, not {text!r}")
    return text


if __name__ == "__main__":
    main()
