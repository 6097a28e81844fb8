"""The eras of an item: what comes before what, from the order of its versions.

The versions of an item are a row of *eras*: a write begins one, and so does
the first of several updates that nobody's read parts. The makers of an era
come before those who read in it, and they before the makers of the next one.

Who writes a part of an item alone (a column of a row) comes after those who
wrote that part, and is in nobody else's way.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from typing import Final, Protocol

from pileup.detectors.graph import JOIN, RW, WR, WW, Sort
from pileup.detectors.parts import Entry
from pileup.operations import CHANGE, UPDATE, WRITE

COMMUTING: Final = frozenset((UPDATE, CHANGE))


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


class Chain:
    """The eras of one item."""

    def __init__(
        self, sink: Sink, strict: bool, over: dict[int, int], by_parts: Collection[int]
    ) -> None:
        self._sink = sink
        self._strict = strict
        self._over = over
        self._by_parts = by_parts
        self._eras = [_Era(-1)]
        self._starts = [-1]

    def modify(self, entry: Entry) -> None:
        """Take in a version that was made."""
        era = self._eras[-1]
        commutes = self._commutes(entry)
        if not commutes or era.readers or not era.makers or not self._commutes(era.makers[0]):
            era = self._next(era, entry)
        era.upto = entry[3]
        if entry[1] < 0:
            return  # nobody did it: it parts what came before from what comes after
        for node, sort, row in era.before:
            self._sink.edge(node, entry[1], sort, (row, entry[0]))
        if self._strict and entry[2] != WRITE and not commutes:
            self._saw(era, entry)
        era.makers.append(entry)

    def _commutes(self, entry: Entry) -> bool:
        """Whether an access is in the way of none like it."""
        if self._strict and entry[0] not in self._by_parts:
            return False
        return entry[2] in COMMUTING

    def _next(self, era: _Era, entry: Entry) -> _Era:
        after = _Era(entry[3])
        if entry[0] in self._over and not self._strict:
            self._follow_part(after, self._over[entry[0]])
        elif entry[1] >= 0:
            commutes = self._commutes(entry)
            if commutes and era.makers and self._commutes(era.makers[0]):
                after.carried = era.carried
                after.carried += self._made(era, among_many=True)
            else:
                after.before += era.carried
                after.before += self._made(era, among_many=commutes)
            after.before += self._read(era, among_many=commutes)
        self._eras.append(after)
        self._starts.append(entry[3])
        return after

    def _follow_part(self, after: _Era, over: int) -> None:
        """Begin an era with who wrote a part alone: it follows who last wrote that part."""
        since = bisect_right(self._starts, over) - 1
        after.before += self._made(self._eras[since], among_many=False)
        for each in self._eras[since:]:
            after.before += self._read(each, among_many=False)

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
