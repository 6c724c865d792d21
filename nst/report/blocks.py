"""Blocks of a page: marks with the room that they take, set beside and below each other."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from nst.report.draw import Mark, Text
from nst.report.lettering import line_height, width


@dataclass(frozen=True)
class Block:
    """Marks, with their places in pixels from the block's upper left corner."""

    width: int
    height: int
    marks: list[Mark]

    def at(self, x: float, y: float) -> list[Mark]:
        """Return the marks of the block where it stands on another."""
        return [replace(mark, x=mark.x + x, y=mark.y + y) for mark in self.marks]


def text(lines: list[str], size: int, color: str = "black") -> Block:
    """Return lines of text as a block."""
    wide = max((width(line, size) for line in lines), default=0)
    return Block(wide, len(lines) * line_height(size), [Text(0, 0, tuple(lines), size, color)])


def below(blocks: Iterable[Block], gap: int = 0) -> Block:
    """Return blocks below each other, `gap` pixels apart; one without height is left out."""
    marks, y, wide = list[Mark](), -gap, 0
    for block in blocks:
        if block.height:
            marks += block.at(0, y + gap)
            y, wide = y + gap + block.height, max(wide, block.width)
    return Block(wide, max(0, y), marks)


def beside(blocks: Iterable[Block], gap: int) -> Block:
    """Return blocks beside each other, `gap` pixels apart."""
    marks, x, high = list[Mark](), -gap, 0
    for block in blocks:
        marks += block.at(x + gap, 0)
        x, high = x + gap + block.width, max(high, block.height)
    return Block(max(0, x), high, marks)
