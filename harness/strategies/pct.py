"""Probabilistic concurrency testing: random priorities, and a few moments at which they change.

Each strand draws a priority, and the highest always goes. At `depth - 1` random
steps the strand that has just gone falls behind all others. A bug that needs
`depth` ordering constraints is hit if the first strand of the story drew the
lowest priority and each change came where the story needs one. That is one of
n places and d - 1 of k steps, so each run hits with a probability of at least
1 / (n k^(d-1)) (Burckhardt, Kothari, Musuvathi, Nagarakatte: A Randomized
Scheduler with Probabilistic Guarantees of Finding Bugs, 2010).

A step is a question that a strand won. What is not asked, because nobody else
could go, does not count: there a priority has no effect. A run depends on the
seed, its number and k; see `Length` for where k comes from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from math import ceil, expm1, log1p
from operator import attrgetter
from typing import Final

from pileup.choices import Candidate, Point, Trail
from pileup.strategies._draws import Draws, Length, at_least

TURN: Final = 100
"""How many steps pass between two falls beyond the expected end of a run."""

number_of = attrgetter("number")


class Pct:
    """The strand of the highest priority goes; at some steps the one that went falls behind all."""

    done = False
    """There is always another order to draw."""

    def __init__(self, seed: int, depth: int = 3, steps: int | None = None) -> None:
        self.name = f"pct:{at_least(1, 'depth', depth)}"
        self._depth = depth
        self._draws = Draws(seed)
        self._length = Length(steps)
        self._priorities: defaultdict[int, float] = defaultdict(self._priority)
        self._changes: dict[int, int] = {}
        self._seen: Sequence[Candidate] = ()
        self._best = 0
        self._step = 0
        self._end = 0
        self._floor = 0
        self._most = 0
        self._longest = 0

    def begin(self, run: int) -> None:
        """Draw the steps at which priorities change; strands draw theirs when first seen."""
        self._most = self.strands
        self._longest = max(self._longest, self._step)
        self._end = self._length.begin(run, self._step)
        self._draws.begin(run)
        places = self._draws.places(self._depth - 1, self._end)
        self._changes = {place: 1 + number for number, place in enumerate(places)}
        self._priorities.clear()
        self._seen = ()
        self._step = self._floor = 0

    def choose(self, point: Point) -> int:
        """Pick the strand of the highest priority, or now and then the clock."""
        if point.stream != "schedule":
            return self._draws.other(point)
        if self._draws.wants_clock(point):
            return point.count - 1
        candidates = point.candidates
        # Compared as a whole, because that costs a nanosecond a candidate, and a search
        # through their priorities fifty. Mostly the same ones stand there as before.
        if candidates != self._seen:
            self._best = self._highest(candidates)
            self._seen = candidates[:]
        best = self._best
        self._step += 1
        if self._step in self._changes:
            self._lower(candidates[best].number, self._changes[self._step])
        elif self._step > self._end and not self._step % TURN:
            self._rotate(candidates[best].number)
        return (best - point.at) % len(candidates)

    def _highest(self, candidates: Sequence[Candidate]) -> int:
        levels = [*map(self._priorities.__getitem__, map(number_of, candidates))]
        return levels.index(max(levels))

    def _priority(self) -> float:
        """Draw a strand's first priority, above all to which one may fall."""
        return self._depth + self._draws.draw()

    def _lower(self, number: int, priority: int) -> None:
        self._priorities[number] = priority
        self._seen = ()

    def _rotate(self, number: int) -> None:
        """Let the others go: nothing is promised of so long a run, and this one may be polling.

        The strand that it polls for would otherwise wait for ever.
        """
        self._floor -= 1
        self._lower(number, self._floor)

    @property
    def studies(self) -> bool:
        """Whether this is the run that is counted."""
        return self._length.wanted

    def learn(self, trail: Trail) -> None:
        """Count the steps of the first run, also those that nobody was asked about."""
        self._length.learn(max(len(trail.turns), self._step))

    # What it is worth --------------------------------------------------------------------

    @property
    def strands(self) -> int:
        """How many strands there were in the run that had most."""
        return max(self._most, len(self._priorities))

    @property
    def steps(self) -> int:
        """How many steps a run is taken to have."""
        return self._length.after(self._step)

    def bound(self, agents: int) -> float:
        """Say how probably one run hits a bug of this depth, at least."""
        return 1 / (max(agents, 1) * float(self.steps) ** (self._depth - 1))

    def claim(self, runs: int) -> str:
        """Say what so many clean runs are worth."""
        strands = max(self.strands, 1)
        missed = missing(self.bound(strands), self._length.counted(runs))
        longest = max(self._longest, self._step)
        beyond = (
            f" Runs had up to {longest:,} steps: of what takes more than {self.steps:,}, "
            "nothing is promised."
        )
        changed = f" x {self.steps:,}^{self._depth - 1}" if self._depth > 1 else ""
        return (
            f"A bug that needs up to {self._depth} ordering constraints among {strands:,} agents "
            f"or tasks and {self.steps:,} steps, and no deadline or fault, is missed by each run "
            f"with probability at most 1 - 1/({strands:,}{changed}): by all of "
            f"{self._length.such(runs)} with at most {ceil(missed * 1000) / 10:g}%."
            f"{beyond if longest > self.steps else ''}"
        )


def missing(bound: float, runs: int) -> float:
    """Say how probably so many runs all miss what each of them hits with this probability."""
    if not runs:
        return 1.0
    return 1.0 + expm1(runs * log1p(-bound)) if bound < 1 else 0.0
