"""A search that leaves out orders which footprints say make no difference: sleep sets.

If it finds fewer outcomes than every order together, a footprint has lied:
either what an operation said that it would touch, while it was parked, or
what it said that it had touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pileup.choices import Point
from pileup.operations import COMMUTING, Footprint
from pileup.results import Run
from pileup.search.explorer import Explorer

Who = tuple[int, int]
"""An agent and one of its strands."""

Touched = frozenset[tuple[str, str]]
"""A footprint by the names of its items, because each run has items of its own."""

CLOCK: Who = (-2, 0)
"""The option that lets a deadline pass first. It never sleeps: time touches everything."""

AGENT, BRANCH, TIME = 3, 4, 7
"""Where they are in a row of the history."""


def touched(footprint: Footprint) -> Touched:
    return frozenset((touch.item.name, touch.access) for touch in footprint)


def conflict(one: Touched, other: Touched) -> bool:
    return any(
        name == another and not (access == access_2 and access in COMMUTING)
        for name, access in one
        for another, access_2 in other
    )


def who(strand: Any) -> Who:
    return CLOCK if strand is None else (strand.agent.index, strand.branch)


class _Node:
    """One point of the search: who sleeps there, and who is tried now."""

    def __init__(self, asleep: dict[Who, Touched]) -> None:
        self.asleep = asleep
        self.now: Who | None = None
        self.touches: Touched = frozenset()


class Sleeping:
    """Answer so that of two orders which differ only in what commutes, one is run."""

    name = "sleeping"

    def __init__(self) -> None:
        self._nodes: list[_Node] = []
        self.begin(0)

    def begin(self, run: int) -> None:
        self._depth = self._seen = run * 0
        self._rows: list[Any] = []
        self._asleep: dict[Who, Touched] = {}
        self._time = 0.0
        self.idle = False

    def choose(self, point: Point) -> int:
        options: list[Any] = [point.candidate(index) for index in range(point.count)]
        self._rows = options[0].sim._rows
        self.look_back()
        if self.idle:
            return 0
        if self._depth == len(self._nodes):
            self._nodes.append(_Node(dict(self._asleep)))
        node = self._nodes[self._depth]
        names = [who(each) for each in options]
        if node.now is None:
            awake = [each for each in options if who(each) not in node.asleep]
            if not awake:  # all that could go on here has been seen in another order
                self.idle = True
                self._nodes.pop()
                return 0
            node.now = who(awake[0])
            node.touches = touched(awake[0].op.touches if awake[0] is not None else ())
        self._depth += 1
        self._asleep = dict(node.asleep) if node.now != CLOCK else {}
        return names.index(node.now)

    def look_back(self) -> None:
        """Wake those whom what has happened since concerns; nobody may have walked asleep."""
        for row in self._rows[self._seen :]:
            if row[TIME] != self._time:
                self._time, self._asleep = row[TIME], {}
            if (row[AGENT], row[BRANCH]) in self._asleep:
                self.idle = True
            done = touched(row[1])
            self._asleep = {w: op for w, op in self._asleep.items() if not conflict(op, done)}
        self._seen = len(self._rows)

    def advance(self) -> bool:
        """Let what was tried last sleep, and try another there; False when all are tried."""
        del self._nodes[self._depth :]
        if not self._nodes:
            return False
        node = self._nodes[-1]
        assert node.now is not None
        node.asleep[node.now] = node.touches
        node.now = None
        return True


def fewer_runs(explorer: Explorer) -> Iterator[Run]:
    """Run once for each way in which orders can differ."""
    strategy = Sleeping()
    try:
        while True:
            run = explorer.run(strategy, 0)
            strategy.look_back()
            if not strategy.idle:
                yield run
            if not strategy.advance():
                return
    finally:
        explorer.runtime.close()
