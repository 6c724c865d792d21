"""What a contact sheet is made of: texts, pictures and cells, each with its place in pixels."""

from dataclasses import dataclass, field
from pathlib import Path

from nst.report.layout import Cell, Layout


@dataclass(frozen=True)
class Sheet:
    """What a contact sheet says and shows."""

    layout: Layout
    title: str
    facts: list[str]  # the settings that all runs share
    notes: list[str]  # sentences that a reader must know
    strip: list[tuple[str, Path]]  # caption and picture of what served
    headers: dict[str, dict[str, Path]] = field(default_factory=dict)  # key -> label -> picture
    asked: dict[tuple[str, str], str] = field(default_factory=dict)  # key, label -> "in place of x"


@dataclass(frozen=True)
class Measures:
    """Lengths that everything else follows from, in pixels."""

    cell: int  # long edge of a run's picture
    text: int  # size of the letters
    gap: int  # between two pictures
    margin: int


@dataclass(frozen=True)
class Text:
    """Lines of text."""

    x: float  # of the side that `align` names
    y: float  # of the upper edge; of the middle where it is upright
    lines: tuple[str, ...]
    size: int
    colour: str
    align: str = "left"  # "left", "middle" or "right"
    upright: bool = False  # turned to the left, the first line leftmost


@dataclass(frozen=True)
class Picture:
    """A picture of what served, as large as its box allows."""

    x: int
    y: int
    box: tuple[int, int]  # width and height
    file: Path


@dataclass(frozen=True)
class Place:
    """A cell with its run's picture, or with the reason why there is none."""

    x: int
    y: int
    box: tuple[int, int]
    cell: Cell


Mark = Text | Picture | Place
