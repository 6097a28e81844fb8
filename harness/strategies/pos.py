"""Partial-order sampling: a random priority for each operation, drawn anew where there was a race.

A random walk seldom lets an agent of many operations fall behind one of few,
and it spends its luck on the order of operations that have nothing to do with
each other. Here each parked operation draws a priority and the highest goes.
Those that conflict with it have been overtaken and draw again, so that every
race is decided afresh; the others keep theirs, so that one that drew low stays
behind whole stretches of other agents' work (Yuan, Yang, Gu: Partial Order
Aware Concurrency Sampling, 2018).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pileup.choices import Candidate, Point
from pileup.operations import (
    CHANGE,
    READ,
    UPDATE,
    WRITE,
    Access,
    Footprint,
    Item,
    Touch,
    conflict,
)
from pileup.strategies._draws import Draws

ACCESSES: Final[tuple[Access, ...]] = (READ, WRITE, CHANGE, UPDATE)


def rivals(mine: Access) -> tuple[Access, ...]:
    """Say what conflicts with this access, when it is done to the same item."""
    item = Item("any", "")
    one = (Touch(item, mine),)
    return tuple(theirs for theirs in ACCESSES if conflict(one, (Touch(item, theirs),)))


# Asked beforehand, and not of each two operations, because of a thousand parked
# ones most touch the same few items, and a run would ask a million times.
RIVALS: Final = {access: rivals(access) for access in ACCESSES}

CONFIDENCE: Final = 0.95

Strands = dict[int, None]
"""A set that keeps its order, because in this order priorities are drawn."""


class Pos:
    """The operation of the highest priority goes; those in conflict with it draw again."""

    name = "pos"

    def __init__(self, seed: int) -> None:
        self._draws = Draws(seed)
        self._priorities: dict[int, float] = {}
        self._parked: dict[int, object] = {}
        self._feet: dict[int, Footprint] = {}
        self._touching: dict[tuple[Item, Access], Strands] = {}

    def begin(self, run: int) -> None:
        """Forget the operations of the run before; each draws when it is first seen."""
        self._draws.begin(run)
        self._priorities.clear()
        self._parked.clear()
        self._feet.clear()
        self._touching.clear()

    def choose(self, point: Point) -> int:
        """Pick the operation of the highest priority, or now and then the clock."""
        if point.stream != "schedule":
            return self._draws.other(point)
        if self._draws.wants_clock(point):
            return point.count - 1
        candidates = point.candidates
        best = self._highest(candidates)
        self._go(candidates[best])
        return (best - point.at) % len(candidates)

    def _highest(self, candidates: Sequence[Candidate]) -> int:
        parked, priorities = self._parked, self._priorities
        levels = []
        for each in candidates:
            number = each.number
            # `self` stands for nothing known, because None is an operation, too.
            if parked.get(number, self) is not each.op:
                self._draw_for(each)
            levels.append(priorities[number])
        return levels.index(max(levels))

    def _draw_for(self, strand: Candidate) -> None:
        """Give an operation a priority when it is first seen, and note what it touches."""
        number = strand.number
        self._leave(number)  # what it wanted before may have been cancelled
        self._parked[number] = strand.op
        # As it is now, because an operation may come to know better what it touches.
        self._feet[number] = feet = footprint(strand.op)
        self._priorities[number] = self._draws.draw()
        for touch in feet:
            self._touching.setdefault(touch, {})[number] = None

    def _go(self, strand: Candidate) -> None:
        """Let an operation go, and those draw again that it has overtaken."""
        self._leave(strand.number)
        for touch in footprint(strand.op):
            for access in RIVALS[touch.access]:
                behind = self._touching.get((touch.item, access))
                if behind:
                    self._redraw(behind)

    def _redraw(self, strands: Strands) -> None:
        draw, priorities = self._draws.draw, self._priorities
        for number in strands:
            priorities[number] = draw()

    def _leave(self, number: int) -> None:
        self._parked.pop(number, None)
        for touch in self._feet.pop(number, ()):
            self._touching[touch].pop(number, None)

    def claim(self, runs: int) -> str:
        """Say what so many clean runs are worth."""
        if runs < 1:
            return "No run was made, so nothing is known."
        most = 1 - (1 - CONFIDENCE) ** (1 / runs)
        return (
            f"Each of the {runs:,} runs decided every race between two parked operations by "
            f"chance: if such runs can go wrong at all, fewer than {most:.1%} of them do (at "
            f"{CONFIDENCE:.0%} confidence); a bug that is rarer than that may have been missed."
        )


def footprint(op: object) -> Footprint:
    """Return what an operation touches; a strand that waits for nothing touches nothing."""
    return getattr(op, "touches", ())
