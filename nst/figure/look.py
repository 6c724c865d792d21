"""How every figure looks: as wide as a column or a page, its letters and colors, its file."""

import contextlib
import io
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from nst.report import draw
from nst.report.lettering import drawable, families, matplotlib, wrapped

#: Widths in millimeters: of a column and of a page with two, as Nature and the IEEE print them.
WIDTHS = {"column": 89.0, "page": 183.0}
#: Sizes of letters in points, as they are printed.
SMALL, TEXT, HEAD = 7.0, 7.5, 8.0
POINT = 72 / 25.4  # a millimeter in points

# The page's own, on paper: nst/report/page_files/base.css and inks.js.
INK, SOFT, FAINT, LINE = "#1c1b19", "#57534c", "#8a857b", "#e4e0d8"
ACCENT, BAD = "#17507f", "#9c2b1c"
_INKS = ("#4269d0", "#ff725c", "#3ca951", "#a463f2", "#efb118", "#6cc5b0", "#ff8ab7", "#9c6b4e")
#: What tells the values of a key apart without color.
_DASHES = ("-", (0, (5, 1.6)), (0, (1.2, 1.2)), (0, (6, 1.6, 1.2, 1.6)), (0, (9, 2)), (0, (3, 3)))
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
MOST_VALUES = len(_MARKERS)


@dataclass(frozen=True)
class Drawn:
    """A figure as a file, and what its caption should say."""

    data: bytes
    caption: str


@contextlib.contextmanager
def look(words: Iterable[str]) -> Iterator[None]:
    """Let matplotlib draw as a paper wants it, whatever the user's own settings.

    Args:
      words: that the figure shows: their letters say which fonts are needed.
    """
    with warnings.catch_warnings(action="ignore"), matplotlib().rc_context():
        matplotlib().rcdefaults()
        matplotlib().rcParams.update(
            {
                **draw.LOOK,
                **draw.PRINTED,
                "font.family": families("".join(set("".join(words)))),
                "font.size": TEXT,
                "text.color": INK,
                "axes.labelsize": TEXT,
                "axes.labelcolor": INK,
                "axes.titlesize": HEAD,
                "axes.titleweight": "bold",
                "axes.titlelocation": "left",
                "axes.titlepad": 4,
                "axes.labelpad": 2.5,
                "axes.edgecolor": FAINT,
                "axes.linewidth": 0.6,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.grid": True,
                "axes.axisbelow": True,
                "grid.color": LINE,
                "grid.linewidth": 0.5,
                "xtick.labelsize": SMALL,
                "ytick.labelsize": SMALL,
                "xtick.color": FAINT,
                "ytick.color": FAINT,
                "xtick.labelcolor": INK,
                "ytick.labelcolor": INK,
                "xtick.major.size": 2.5,
                "ytick.major.size": 2.5,
                "xtick.major.width": 0.6,
                "ytick.major.width": 0.6,
                "legend.fontsize": SMALL,
                "legend.frameon": False,
                "lines.linewidth": 1.0,
                "figure.constrained_layout.h_pad": 2.5 / 72,
                "figure.constrained_layout.w_pad": 2.5 / 72,
            }
        )
        yield


def page(width: float, height: float) -> Any:
    """Return an empty figure; what stands in it is laid out so that nothing is cut.

    Args:
      width: in millimeters.
      height: in millimeters.
    """
    from matplotlib.figure import Figure

    return Figure((width / 25.4, height / 25.4), facecolor="white", layout="constrained")


def saved(figure: Any, form: str, caption: str) -> Drawn:
    """Return a figure as a file that says in its description what it shows.

    Args:
      figure: of matplotlib's.
      form: one of `nst.report.draw.FORMATS`.
      caption: of the figure.
    """
    file = io.BytesIO()
    said = drawable_whole(caption)
    metadata: dict[str, Any] = {
        "pdf": {"CreationDate": None, "Subject": said},
        "svg": {"Date": None, "Description": said},
        "png": {"Software": None, "Description": said},
    }[form]
    figure.savefig(file, format=form, dpi=300, metadata=metadata)
    return Drawn(file.getvalue(), said)


def drawable_whole(text: str) -> str:
    """Return text of any length without what steers text."""
    return " ".join(map(drawable, text.split(" ")))


def tones(count: int, ordered: bool) -> list[str]:
    """Return a color for each of some values, from dark to bright where they have an order.

    Args:
      count: of the values.
      ordered: whether they are numbers.
    """
    if not ordered:
        return [_INKS[at % len(_INKS)] for at in range(count)]
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    # The end that fades on white is left out, as on the page.
    shares = [0.78 * (1 - at / max(1, count - 1)) for at in range(count)]
    return [to_hex(colormaps["viridis"](share)) for share in shares]


def dash(at: int) -> Any:
    """Return the dashes of the lines of a value."""
    return _DASHES[at % len(_DASHES)]


def marker(at: int) -> str:
    """Return the marker of the points of a value."""
    return _MARKERS[at % len(_MARKERS)]


def fitting(text: str, room: float, size: float, most: int) -> list[str]:
    """Return the lines of a text that is to be so many points wide; what is longer is cut.

    Args:
      text: any.
      room: in points.
      size: of the letters.
      most: lines allowed.
    """
    return wrapped(text, 10 * room, round(10 * size), most)
