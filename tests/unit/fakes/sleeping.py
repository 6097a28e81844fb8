"""A search that leaves out orders which footprints say make no difference: sleep sets.

If it finds fewer outcomes than every order together, a footprint has lied:
either what an operation said that it would touch, while it was parked, or
what it said that it had touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pileup.choices import Point
from pileup.operations import WRITE, Footprint
from pileup.results import Run
from pileup.search.explorer import Explorer

Touched = frozenset[tuple[str, str]]
"""A footprint by the names of its items, because each run has items of its own."""


def touched(footprint: Footprint) -> Touched:
    return frozenset((touch.item.name, touch.access) for touch in footprint)


def conflict(one: Touched, other: Touched) -> bool:
    return any(
        name == another and not (access == access_2 != WRITE)
        for name, access in one
        for another, access_2 in other
    )


class _Clock:
    """The option that lets a deadline pass first. It never sleeps: time touches everything."""

    number = -1


CLOCK = _Clock()


class _Node:
    """One point of the search: who sleeps there, who has been tried, and who is tried now."""

    def __init__(self, asleep: dict[int, Touched | None]) -> None:
        self.asleep = asleep
        self.now = -1
        self.touches: Touched | None = None


class Sleeping:
    """Answer so that of two orders which differ only in what commutes, one is run."""

    name = "sleeping"

    def __init__(self) -> None:
        self._nodes: list[_Node] = []
        self._depth = 0
        self._seen = 0
        self.idle = False

    def begin(self, run: int) -> None:
        self._depth = self._seen = run * 0
        self.idle = False

    def choose(self, point: Point) -> int:
        options: list[Any] = [point.candidate(index) or CLOCK for index in range(point.count)]
        rows = options[0].sim._rows
        done = touched(tuple(touch for row in rows[self._seen :] for touch in row[1]))
        self._seen = len(rows)
        if self.idle:
            return 0
        if self._depth == len(self._nodes):
            self._nodes.append(_Node(self._still_asleep(done)))
        node = self._nodes[self._depth]
        if node.now < 0:
            awake = [each for each in options if each.number not in node.asleep]
            if not awake:  # all that could go on here has been seen in another order
                self.idle = True
                self._nodes.pop()
                return 0
            node.now = awake[0].number
            node.touches = None if awake[0] is CLOCK else touched(awake[0].op.touches)
        self._depth += 1
        return [each.number for each in options].index(node.now)

    def _still_asleep(self, done: Touched) -> dict[int, Touched | None]:
        if not self._nodes or self._nodes[-1].now == CLOCK.number:
            return {}
        above = self._nodes[-1].asleep
        return {
            who: op for who, op in above.items() if op is not None and not conflict(op, done)
        }

    def advance(self) -> bool:
        """Let what was tried last sleep, and try another there; False when all are tried."""
        if not self._nodes:
            return False
        node = self._nodes[-1]
        node.asleep[node.now] = node.touches
        node.now = -1
        return True


def fewer_runs(explorer: Explorer) -> Iterator[Run]:
    """Run once for each way in which orders can differ."""
    strategy = Sleeping()
    try:
        while True:
            run = explorer.run(strategy, 0)
            if not strategy.idle:
                yield run
            if not strategy.advance():
                return
    finally:
        explorer.runtime.close()
