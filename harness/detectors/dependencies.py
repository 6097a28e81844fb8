"""Who must come before whom, item by item, from the versions: Adya's direct serialisation graph.

Every version's maker is known, so no search is needed. For each item in turn:

* ww: who wrote it comes before who wrote over it;
* wr: who wrote it comes before who read that;
* rw: who read it comes before who made the next version, which it did not see.

Updates commute, and so do changes (an append, a pop, a permit of a quota, a
lock taken): each looks for itself at the moment in which it writes. So
between them there is no edge, unless somebody read in between; a strict
reading orders them all, because their answers tell who was first.

The versions of an item are a row of *eras*: a write begins one, and so does
the first of several updates that nobody's read parts. The makers of an era
come before those who read in it, and they before the makers of the next one.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from pileup.detectors.accesses import Entry, Reading, entries, outlived
from pileup.detectors.case import Case, Look, looks_at
from pileup.detectors.graph import JOIN, RW, WR, WW, Graph, Sort
from pileup.detectors.stretches import Stretch
from pileup.operations import CHANGE, READ, UPDATE, Item, Past

COMMUTING: Final = frozenset((UPDATE, CHANGE))

MOST_BESIDE: Final = 8
"""How many accesses before and after a circle are looked at: they may tell what was there."""


MOST_OF_IT: Final = 0.9
"""From which share of a history on a stretch is taken for all of it."""


class Sink(Protocol):
    """Where edges go."""

    def edge(self, source: int, target: int, sort: Sort, rows: tuple[int, int]) -> None:
        """Take an edge, and the rows that it is because of."""

    def join(self) -> int:
        """Make a node that stands for no unit."""


class _Era:
    """The time from one version of an item to the next that does not commute with it."""

    __slots__ = ("before", "carried", "joined", "makers", "read_by", "readers", "upto")

    def __init__(self, since: int) -> None:
        self.upto = since
        self.makers: list[Entry] = []
        self.readers: list[Entry] = []
        self.before: list[tuple[int, Sort, int]] = []
        """What comes before each of its makers: the node, by which sort of edge, and the row."""
        self.carried: list[tuple[int, Sort, int]] = []
        """Updates of the eras before, which nobody has written over yet."""
        self.joined: int | None = None
        """The join of its makers, which leads to its readers."""
        self.read_by: int | None = None
        """The join of its readers, which leads to the makers of the next era."""


class _Chain:
    """The eras of one item."""

    def __init__(self, sink: Sink, strict: bool) -> None:
        self._sink = sink
        self._strict = strict
        self._eras = [_Era(-1)]
        self._starts = [-1]

    def modify(self, entry: Entry) -> None:
        """Take in a version that was made."""
        era = self._eras[-1]
        commutes = entry[2] in COMMUTING and not self._strict
        if not commutes or era.readers or not era.makers or era.makers[0][2] not in COMMUTING:
            era = self._next(era, entry)
        era.upto = entry[3]
        if entry[1] < 0:
            return  # nobody did it: it parts what came before from what comes after
        for node, sort, row in era.before:
            self._sink.edge(node, entry[1], sort, (row, entry[0]))
        if self._strict and entry[2] != "write":
            self._saw(era, entry)
        era.makers.append(entry)

    def _next(self, era: _Era, entry: Entry) -> _Era:
        after = _Era(entry[3])
        if entry[1] >= 0:
            commutes = entry[2] in COMMUTING and not self._strict
            if commutes and era.makers and era.makers[0][2] in COMMUTING:
                after.carried = era.carried
                after.carried += self._made(era, among_many=True)
            else:
                after.before += era.carried
                after.before += self._made(era, among_many=commutes)
            after.before += self._read(era, among_many=commutes)
        self._eras.append(after)
        self._starts.append(entry[3])
        return after

    def _saw(self, era: _Era, entry: Entry) -> None:
        """In a strict reading who changes an item has seen what it was."""
        for each in self._eras[-2].makers:
            self._sink.edge(each[1], entry[1], WR, (each[0], entry[0]))

    def _made(self, era: _Era, *, among_many: bool) -> list[tuple[int, Sort, int]]:
        """Return the makers of an era, by their join if they come before many."""
        if era.joined is None and (len(era.makers) < 2 or not among_many):  # noqa: PLR2004 - many
            return [(each[1], WW, each[0]) for each in era.makers]
        return [(self._join_makers(era), WW, -1)]

    def _join_makers(self, era: _Era) -> int:
        if era.joined is None:
            era.joined = self._sink.join()
            for each in era.makers:
                self._sink.edge(each[1], era.joined, JOIN, (each[0], -1))
        return era.joined

    def _read(self, era: _Era, *, among_many: bool) -> list[tuple[int, Sort, int]]:
        """Return the readers of an era, by their join if they come before many."""
        if len(era.readers) < 2 or not among_many:  # noqa: PLR2004 - many
            return [(each[1], RW, each[0]) for each in era.readers]
        return [(self._join_readers(era), JOIN, -1)]

    def _join_readers(self, era: _Era) -> int:
        if era.read_by is None:
            era.read_by = self._sink.join()
            for each in era.readers:
                self._sink.edge(each[1], era.read_by, RW, (each[0], -1))
        return era.read_by

    def read(self, entry: Entry, *, sees: bool) -> None:
        """Take in a look; who looked again only now does not count as having `seen`."""
        era = self._eras[-1]
        if entry[3] < era.upto:
            self._read_late(entry, sees=sees)
            return
        if era.readers and era.readers[-1][1::2] == entry[1::2]:
            return  # the same unit has seen the same already
        if sees:
            self._show(era, entry)
        era.readers.append(entry)

    def _show(self, era: _Era, entry: Entry) -> None:
        if len(era.makers) == 1:
            self._sink.edge(era.makers[0][1], entry[1], WR, (era.makers[0][0], entry[0]))
        elif era.makers:
            self._sink.edge(self._join_makers(era), entry[1], WR, (-1, entry[0]))

    def _read_late(self, entry: Entry, *, sees: bool) -> None:
        """Take in a look at what was there earlier: a snapshot, a replica that lags."""
        place = bisect_right(self._starts, entry[3]) - 1
        era = self._eras[place]
        version = entry[3]
        if version < era.upto:  # in the midst of updates: it saw some of them, and not the others
            for each in era.makers:
                sort = WR if each[3] <= version else RW
                self._order(each, entry, sort, sees=sees)
        elif sees:
            self._show(era, entry)
        if place + 1 == len(self._eras):
            era.readers.append(entry)
        else:
            self._precede(era, self._eras[place + 1], entry)

    def _precede(self, era: _Era, after: _Era, entry: Entry) -> None:
        """Put who has read in one era before the makers of the next, which there are already."""
        number, node = entry[:2]
        if era.read_by is not None:
            self._sink.edge(node, era.read_by, RW, (number, -1))
        else:
            join = era.read_by = self._sink.join()
            self._sink.edge(node, join, RW, (number, -1))
            after.before.append((join, JOIN, -1))
            for each in after.makers:
                self._sink.edge(join, each[1], JOIN, (-1, each[0]))

    def _order(self, made: Entry, look: Entry, sort: Sort, *, sees: bool) -> None:
        if sort == RW:
            self._sink.edge(look[1], made[1], RW, (look[0], made[0]))
        elif sees:
            self._sink.edge(made[1], look[1], WR, (made[0], look[0]))


class Kept(NamedTuple):
    """The accesses to one item that count, and which looks were repeated."""

    item: Item
    entries: list[Entry]
    again: dict[int, bool]

    def follow(self, sink: Sink, strict: bool) -> None:
        """Put the edges that the item makes."""
        chain = _Chain(sink, strict)
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
        return Kept(item, found, outlived(self._reading, found)) if found else None

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


def _looks_in(case: Case, stretch: Stretch) -> dict[Item, list[Look]]:
    """Return what was done to each item in a stretch, in order."""
    start, end = stretch
    if end - start >= len(case.rows) * MOST_OF_IT:
        return case.looks
    return looks_at(case.rows[start : end + 1], start)
