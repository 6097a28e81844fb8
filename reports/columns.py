"""Tables as text: figures under headings that may have several lines, and words that wrap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Final

GAP: Final = "  "
HEADING: Final = 9
"""Letters of a heading; what is longer goes on below itself."""

LEAST: Final = 8
"""Letters that a column of words keeps, however narrow the table is."""


def figures(
    heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]], width: int
) -> Iterator[str]:
    """Write figures under their headings; columns that find no room follow below the others."""
    names = ["", *(name for name, _ in rows)]
    edge = max(map(len, names))
    columns = [
        [_heading(head), *([cells[place]] for _, cells in rows)] for place, head in enumerate(heads)
    ]
    for number, block in enumerate(_blocks(columns, width - edge)):
        if number:
            yield ""
        for name, *cells in zip(names, *block, strict=True):
            yield from _lines(name.ljust(edge), cells, [_width(column) for column in block])


def words(rows: Sequence[Sequence[str]], width: int) -> Iterator[str]:
    """Write columns of words; the widest ones wrap until all fit beside each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    while sum(widths) + len(GAP) * (len(widths) - 1) > width and max(widths) > LEAST:
        widths[widths.index(max(widths))] -= 1
    for row in rows:
        cells = [_wrapped(cell, room) for cell, room in zip(row, widths, strict=True)]
        for parts in zip_longest(*cells, fillvalue=""):
            padded = (part.ljust(room) for part, room in zip(parts, widths, strict=True))
            yield GAP.join(padded).rstrip()


def paragraph(text: str, width: int, indent: str = "") -> list[str]:
    """Write a sentence or two."""
    return wrap(text, width, subsequent_indent=indent, break_on_hyphens=False)


def _wrapped(text: str, width: int) -> list[str]:
    lines = (_indented(line, width) or [""] for line in text.split("\n"))
    return [line for part in lines for line in part]


def _indented(line: str, width: int) -> list[str]:
    """Wrap a line so that what goes on below stands as far in as its beginning."""
    margin = line[: len(line) - len(line.lstrip())]
    return wrap(line, width, subsequent_indent=margin, break_on_hyphens=False)


def _heading(text: str) -> list[str]:
    """Break a heading: between its words, and a long word in its middle."""
    return [
        part
        for word in text.replace("_", " ").split()
        for part in ([word] if len(word) <= HEADING else [f"{word[:6]}-", word[6:]])
    ]


def _width(column: Sequence[Sequence[str]]) -> int:
    return max(len(line) for cell in column for line in cell)


def _blocks(columns: Sequence[list[list[str]]], width: int) -> Iterator[list[list[list[str]]]]:
    """Put as many columns side by side as there is room for."""
    block: list[list[list[str]]] = []
    used = 0
    for column in columns:
        needed = len(GAP) + _width(column)
        if block and used + needed > width:
            yield block
            block, used = [], 0
        block.append(column)
        used += needed
    yield block


def _lines(name: str, cells: Sequence[Sequence[str]], widths: Sequence[int]) -> Iterator[str]:
    """Write one row: its cells stand on their last lines, to the right."""
    height = max(map(len, cells), default=1)
    for number in range(height):
        parts = [
            (cell[number - height] if height - number <= len(cell) else "").rjust(room)
            for cell, room in zip(cells, widths, strict=True)
        ]
        lead = name if number == height - 1 else " " * len(name)
        yield GAP.join((lead, *parts)).rstrip()
