"""Who must come before whom, item by item, from the versions: Adya's direct serialisation graph.

Every version's maker is known, so no search is needed. For each item in turn:

* ww: who wrote it comes before who wrote over it;
* wr: who wrote it comes before who read that;
* rw: who read it comes before who made the next version, which it did not see.

Updates commute, and so do changes (an append, a pop, a permit of a quota, a
lock taken): each looks for itself at the moment in which it writes. So
between them there is no edge, unless somebody read in between; a strict
reading orders them all, because their answers tell who was first; but not
where a whole is updated because parts of it were changed (`parts`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple

from pileup.detectors.accesses import Reading, entries, outlived
from pileup.detectors.case import Case, Look, looks_at
from pileup.detectors.eras import Chain, Sink
from pileup.detectors.graph import Graph, Sort
from pileup.detectors.parts import Entry, by_parts
from pileup.detectors.stretches import Stretch
from pileup.operations import READ, WRITE, Item, Past

MOST_BESIDE: Final = 8
"""How many accesses before and after a circle are looked at: they may tell what was there."""


MOST_OF_IT: Final = 0.9
"""From which share of a history on a stretch is taken for all of it."""


class Kept(NamedTuple):
    """The accesses to one item that count, and which looks were repeated."""

    item: Item
    entries: list[Entry]
    again: dict[int, bool]
    over: dict[int, int]
    """Of the rows that wrote a part of the item alone: the version that had put that there."""
    by_parts: dict[int, None]
    """The rows that update the item because they change parts of it, which are items as well."""

    def follow(self, sink: Sink, strict: bool) -> None:
        """Put the edges that the item makes."""
        chain = Chain(sink, strict, self.over, self.by_parts)
        again = self.again
        for entry in self.entries:
            if entry[2] != READ:
                chain.modify(entry)
            elif not again.get(entry[0], False):
                chain.read(entry, sees=entry[0] not in again)


class Dependencies:
    """The graph of the units of one stretch, and of the lone rows in it."""

    def __init__(self, reading: Reading, stretch: Stretch) -> None:
        self.graph = Graph(reading.units.are_nested)
        self.case = reading.case
        self.strict = reading.strict
        self._reading = reading
        self._stretch = stretch
        self._joins = len(reading.units.firsts) + len(self.case.rows)
        for item, looks in _looks_in(self.case, stretch).items():
            kept = self._keep(item, looks)
            if kept is not None:
                kept.follow(self, self.strict)

    def _keep(self, item: Item, looks: list[Look]) -> Kept | None:
        found = entries(self._reading, item, looks)
        if not found:
            return None
        again, over = outlived(self._reading, found), _over(self.case, item, found)
        parts = by_parts(self.case, item, found) if self.strict else {}
        return Kept(item, found, again, over, parts)

    def edge(self, source: int, target: int, sort: Sort, rows: tuple[int, int]) -> None:
        """Put an edge into the graph; its rows are found again where they are needed."""
        self.graph.edge(source, target, sort)

    def join(self) -> int:
        """Make a node that stands for no unit."""
        self._joins += 1
        self.graph.joins[self._joins] = None
        return self._joins

    def components(self) -> Iterator[list[int]]:
        """Return the sets of units that are in each other's way; lone rows alone are none."""
        proper = len(self._reading.units.firsts)
        return (each for each in self.graph.components() if each[0] < proper)

    def around(self, nodes: list[int]) -> Iterator[Kept]:
        """Return what was done to the items of a few units, in the time in which they went on."""
        rows = self._rows_of(nodes)
        items = [touch[0] for number in rows for touch in self.case.rows[number][1]]
        for item in dict.fromkeys([each.item if type(each) is Past else each for each in items]):
            looks = self.case.looks.get(item, [])
            start = bisect_left(looks, (rows[0],))
            end = bisect_right(looks, (rows[-1] + 1,))
            kept = self._keep(item, looks[max(0, start - MOST_BESIDE) : end + MOST_BESIDE])
            if kept is not None:
                yield kept

    def _rows_of(self, nodes: list[int]) -> list[int]:
        units = self._reading.units
        lone = len(units.firsts)
        inside = dict.fromkeys(nodes)
        start, end = self._stretch
        rows = [number for number in range(start, end + 1) if units.whose[number] in inside]
        rows += [node - lone for node in nodes if node >= lone]
        return sorted(rows)


def _over(case: Case, item: Item, found: list[Entry]) -> dict[int, int]:
    over: dict[int, int] = {}
    for number, _, access, _ in found:
        note = case.rows[number][11] if access == WRITE else None
        for name, version in note.over if note is not None else ():
            if name == item.name:
                over[number] = version
    return over


def _looks_in(case: Case, stretch: Stretch) -> dict[Item, list[Look]]:
    """Return what was done to each item in a stretch, in order."""
    start, end = stretch
    if end - start >= len(case.rows) * MOST_OF_IT:
        return case.looks
    return looks_at(case.rows[start : end + 1], start)
