"""Selectively uniform random walk: every order of the events that matter is about equally likely.

A plain random walk is far from uniform: an agent with much to do hardly ever
comes first throughout. Here each agent is picked with the weight of what it
still has to do, counted in a first run, so that orders are drawn as if from a
well shuffled pack. And because events that do not matter would spoil the
count, each run takes an interest in few of what agents contend for: one item,
one resource, or all. Whoever is picked goes on to its next event of interest;
what is of no interest goes on at random meanwhile.

After Zhao, Wolff, Mathur and Roychoudhury (ASPLOS 2025), for whom it beats the other
random strategies on nearly all published programs.
"""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate
from typing import Final

from pileup.choices import Point, Trail
from pileup.operations import Operation
from pileup.strategies._census import Census, Thing
from pileup.strategies._draws import Draws

NOBODY: Final = -1

PATIENCE: Final = 200
"""For so many steps nothing of interest happens before anybody may be intended."""

TRIES: Final = 4
"""How often somebody is drawn who may not go on, before all are looked at."""


class Surw:
    """Seeded; run 0 is the dull one, in which it counts."""

    name = "surw"
    done = False

    def __init__(self, seed: int) -> None:
        self._draws = Draws(seed)
        self._census = Census(Trail())
        self._counting = False
        self._interest: frozenset[Thing] = frozenset()
        self._left: dict[int, int] = {}
        self._most = 1
        self._born: set[int] = set()
        self._idle = 0
        self._intended = NOBODY

    @property
    def studies(self) -> bool:
        """Only the run in which it counts."""
        return self._counting

    def begin(self, run: int) -> None:
        """Draw what this run takes an interest in, and who is to do the first of it."""
        self._draws.begin(run)
        self._counting = run == 0
        self._interest = self._census.interest(self._draws.draw)
        self._left = self._census.weights(self._interest)
        self._most = max(self._left.values(), default=0)
        self._born = set()
        self._idle = 0
        self._intend()

    def learn(self, trail: Trail) -> None:
        """Count who does what."""
        self._census = Census(trail)

    def choose(self, point: Point) -> int:
        """Let the intended one go on, or any whose next event is of no interest."""
        if self._counting:
            return point.usual
        if point.stream != "schedule":
            return self._draws.other(point)
        if self._draws.wants_clock(point):
            return point.count - 1
        count = point.count - point.jump
        self._idle += 1
        if self._idle > PATIENCE:  # whoever is intended may be polling for one who is held back
            self._intended = point.strand(int(self._draws.draw() * count)).number
        for _ in range(TRIES):
            index: int = int(self._draws.draw() * count)
            if self._goes(point, index):
                return index
        return self._search(point, count)

    def claim(self, runs: int) -> str:
        """Say what it means that nothing was found."""
        return (
            f"Each of {runs} runs drew one of the orders of what agents contend for, all of them "
            "about equally likely"
        )

    def _search(self, point: Point, count: int) -> int:
        """Find somebody who may go on; where all are held back, intend another."""
        start = int(self._draws.draw() * count)
        for step in range(count):
            index = (start + step) % count
            if self._goes(point, index):
                return index
        self._left.pop(self._intended, None)  # it has ended, or waits for one of these
        weights = [max(1, self._left.get(point.strand(each).number, 1)) for each in range(count)]
        sums = list(accumulate(weights))
        index = bisect(sums, self._draws.draw() * sums[-1])
        self._intended = point.strand(index).number
        self._goes(point, index)
        return index

    def _goes(self, point: Point, index: int) -> bool:
        """Whether this one may go on; if so, it does."""
        strand = point.strand(index)
        number = strand.number
        if number not in self._born:
            self._bear(number)
        op = strand.op
        if op is None or not self._concerns(op):
            return True
        if number not in self._left:  # nobody has counted it, so it is not waited for
            return True
        if number != self._intended:
            return False
        self._idle = 0
        self._left[number] = max(0, self._left.get(number, 0) - 1)
        self._intend()
        return True

    def _concerns(self, op: Operation) -> bool:
        interest = self._interest
        return any((item.resource, item.key) in interest for item, _ in op.touches)

    def _bear(self, number: int) -> None:
        """Take what a strand will do off the account of the one that started it."""
        self._born.add(number)
        parent = self._census.parents.get(number)
        if parent is None:
            return
        mine = self._left.get(number, 0)
        both = self._left.get(parent, 0)
        self._left[parent] = max(0, both - mine)
        if self._intended == parent and self._draws.draw() * both < mine:
            self._intended = number

    def _intend(self) -> None:
        """Draw who is to do the next event of interest, by the weight of what each has left."""
        strands = self._census.strands
        for _ in range(TRIES if strands else 0):
            number = strands[int(self._draws.draw() * len(strands))]
            if self._is_there(number) and self._draws.draw() * self._most < self._left[number]:
                self._intended = number
                return
        left = [(number, weight) for number, weight in self._left.items() if self._is_there(number)]
        sums = list(accumulate(weight for _, weight in left))
        # Nobody, where all have done what was counted: who does more of it may be polling.
        self._intended = NOBODY
        if sums and sums[-1]:
            self._intended = left[bisect(sums, self._draws.draw() * sums[-1])][0]

    def _is_there(self, number: int) -> bool:
        """Whether a strand counts by itself: until it is born its parent has its weight."""
        return number in self._left and (number in self._born or number not in self._census.parents)
