"""Where everything of a diagram stands: lanes have places from left to right, rows come by CSS."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from pileup.reports.story.model import Diagram, Lane, Link, Moment, Touch

WIDTHS: Final = ((4, 30), (6, 24), (10, 20), (20, 16), (30, 11))
"""So many lanes are so far apart; more are nearer still."""

LEAST: Final = 7
GAP: Final = 12
"""Between agents and what they share."""

GUTTER: Final = 22
"""To the right of the lanes, for lines that join moments."""

HUES: Final = 6
MOST_FOLDED: Final = 10_000
"""Moments in folds; a page of 5,000 takes 3 MB."""

MANY: Final = 500
"""With more moments, a browser lays out only those in folds that are near."""

LABEL: Final = 26
TAIL: Final = 8
"""Of a name that is too long its end is kept, because there agents of one role differ."""

LETTER: Final = 5.7
"""How much higher a letter more makes a label that leans."""

EVENTS: Final = re.compile(r"(?<=\bevent )\d+|(?<=\bevents )\d+")


class Mark(NamedTuple):
    """What is drawn of a touch: where, and in which shape."""

    x: float
    shape: str
    """`read` is hollow, `write` full; `change` looks and writes in one."""


class Row(NamedTuple):
    """What is drawn of a moment."""

    x: float
    hue: str
    left: float
    right: float
    marks: tuple[Mark, ...]


class Rows(NamedTuple):
    """Moments in a row, if there is room for them on a page; else how many there are."""

    moments: tuple[Moment, ...]
    is_folded: bool
    left_out: int = 0

    @property
    def title(self) -> str:
        """Return what stands on a fold."""
        count, first, last = len(self.moments), self.moments[0].number, self.moments[-1].number
        told = sum(bool(each.is_evidence or each.ended or each.remarks) for each in self.moments)
        holds = f"{told} of which matter, too" if told else "in which nothing of this happens"
        return f"{count:,} moments, {first} to {last}, {holds}"


class Piece(NamedTuple):
    """A part of a sentence; with a number, it leads to that moment."""

    text: str
    number: int | None = None


class Drawing:
    """A diagram with places: what a template needs to draw it under a name of its own."""

    def __init__(self, diagram: Diagram, name: str, room: int = MOST_FOLDED) -> None:
        self.diagram = diagram
        self.name = name
        self.step = next((far for most, far in WIDTHS if len(diagram.lanes) <= most), LEAST)
        self.width = GAP * 2 + self.step * len(diagram.lanes) + GUTTER
        self.rows = tuple(_rows(diagram, room))
        self._by_number = {each.number: each for part in self.rows for each in part.moments}
        self.numbers = self._by_number.keys()
        self.is_long = len(self.numbers) > MANY

    @property
    def lanes(self) -> list[tuple[float, str, Lane]]:
        """Return the lanes with their places and hues."""
        return [
            (self.x(place), self._hue(place), lane) for place, lane in enumerate(self.diagram.lanes)
        ]

    @property
    def head(self) -> int:
        """How high the labels above the lanes are."""
        longest = max((len(self.title(lane)) for lane in self.diagram.lanes), default=0)
        return 22 + round(LETTER * longest)

    def x(self, lane: int) -> float:
        """Return where a lane is."""
        is_shared = not self.diagram.lanes[lane].is_agent
        return self.step * (lane + 0.5) + GAP * is_shared + GAP / 2

    def _hue(self, lane: int) -> str:
        return f"hue{lane % HUES}" if self.diagram.lanes[lane].is_agent else "shared"

    def row(self, moment: Moment) -> Row:
        """Place what is drawn of a moment."""
        x = self.x(moment.lane)
        marks = tuple(dict.fromkeys(self._mark(each) for each in moment.touches))
        places = [x, *(each.x for each in marks)]
        return Row(x, self._hue(moment.lane), min(places), max(places), marks)

    def _mark(self, touch: Touch) -> Mark:
        shape = touch.access if touch.access in ("read", "write") else "change"
        return Mark(self.x(touch.lane), shape)

    def ends(self) -> Iterator[tuple[Link, float, float]]:
        """Return the lines that join moments, with the places of their ends."""
        for link in self.diagram.links:
            if not {link.start, link.end} <= self.numbers:
                continue
            start, end = self._by_number[link.start], self._by_number[link.end]
            shared = [each.lane for each in start.touches if _touches(end, each.lane)]
            if shared:
                yield link, self.x(shared[0]), self.x(shared[0])
            else:
                yield link, self.x(start.lane), self.x(end.lane)

    def title(self, lane: Lane) -> str:
        """Return what stands above a lane."""
        if len(lane.name) <= LABEL:
            return lane.name
        return f"{lane.name[: LABEL - TAIL - 1]}…{lane.name[-TAIL:]}"


def _rows(diagram: Diagram, room: int) -> Iterator[Rows]:
    """Leave folds out that would make a page too long to be opened."""
    for moments, is_folded in diagram.stretches:
        count = len(moments)
        fits = not is_folded or count <= room
        yield Rows(moments, is_folded) if fits else Rows((), is_folded, count)
        room -= count * is_folded


def _touches(moment: Moment, lane: int) -> bool:
    return any(each.lane == lane for each in moment.touches)


def pieces(line: str, numbers: Collection[int]) -> Iterator[Piece]:
    """Part a sentence so that the events that it names lead to their moments."""
    last = 0
    for found in EVENTS.finditer(line):
        number = int(found[0]) if len(found[0]) < LABEL else -1
        if number in numbers:
            yield Piece(line[last : found.start()])
            yield Piece(found[0], number)
            last = found.end()
    yield Piece(line[last:])
