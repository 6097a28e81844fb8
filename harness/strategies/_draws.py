"""What the strategies that draw have in common: their sources, and how long a run is.

All are seeded alike, so that the same seed and run number come upon the same
faults and the same data whichever of them draws, and upon a clock that is as
eager.
"""

from __future__ import annotations

import random as real_random
from typing import Final

from pileup.choices import STREAMS, Point
from pileup.errors import UsageError

EAGERNESS: Final = (0.0, 0.01, 0.05, 0.3)
SEED_STEP: Final = 1_000_003

GUESS: Final = 50
"""How many steps a run is taken to have before one has been counted."""


class Draws:
    """Seeded sources, one a stream, and a clock that is eager in some runs and calm in others.

    `draw` draws from the schedule's source.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._sources = {stream: real_random.Random() for stream in STREAMS}  # noqa: S311
        self._fresh = set(STREAMS)
        self.draw = self._sources["schedule"].random
        self._eager = 0.0
        self._run = 0

    def begin(self, run: int) -> None:
        """Seed the schedule; the other streams are seeded when they are first asked."""
        self._run = run
        self._fresh = {"faults", "data"}
        self._sources["schedule"].seed(self._seed * SEED_STEP + run)
        self._eager = EAGERNESS[int(self.draw() * len(EAGERNESS))]

    def other(self, point: Point) -> int:
        """Answer a question that is not about the schedule: uniformly, or as its odds say."""
        source = self._sources[point.stream]
        if point.stream in self._fresh:
            self._fresh.remove(point.stream)
            # A text as seed, because numbers near each other start alike.
            source.seed(f"{self._seed}/{self._run}/{point.stream}")
        draw = source.random()
        return int(draw * point.count if point.odds is None else draw < point.odds)

    def wants_clock(self, point: Point) -> bool:
        """Whether the next deadline passes first; nothing is drawn where there is none."""
        return point.jump and self.draw() < self._eager

    def places(self, count: int, among: int) -> list[int]:
        """Draw `count` different numbers from 1 to `among`, or all of them, in random order."""
        # Not `sample`, because what it draws is the standard library's to change.
        found: dict[int, None] = {}
        while len(found) < min(count, among):
            found.setdefault(1 + int(self.draw() * among))
        return list(found)


class Length:
    """How many steps a run is taken to have, by a strategy that deviates at some of them.

    Either it is given, or the first run that is answered is played on a guess,
    and its steps are counted: all that were taken, where its trail is seen, and
    not only those that were asked about, because an agent that happens to be
    left alone is not asked about, and another run asks far more. It is not
    learned from later runs as well, because then a run would depend on all
    those before it, and two workers that share out a campaign would play the
    same run differently. Workers that do not begin with the same run must be
    given the length.
    """

    def __init__(self, given: int | None) -> None:
        self._known = 0 if given is None else at_least(1, "steps", given)
        self._first: int | None = None

    def begin(self, run: int, before: int) -> int:
        """Say how long to take this run to be, after a run of `before` steps."""
        if self._told:
            return self._known
        if self._first is None:
            self._first = run
        if run == self._first:  # once more, because an explorer may have to start over
            return GUESS
        self.learn(before)
        return self._known

    @property
    def _told(self) -> bool:
        """Whether the length was known beforehand: given, or learned from another's run."""
        return bool(self._known) and self._first is None

    @property
    def wanted(self) -> bool:
        """Whether the present run is still to be counted."""
        return not self._known

    def learn(self, steps: int) -> None:
        """Take a run to be as long as the first one was; what comes later changes nothing."""
        self._known = self._known or max(steps, 1)

    def after(self, now: int) -> int:
        """Say how long a run is, where the present one has had `now` steps so far."""
        return self._known or now or GUESS

    def counted(self, runs: int) -> int:
        """Say in how many of these runs the length was not a guess."""
        return runs if self._told else max(runs - 1, 0)

    def such(self, runs: int) -> str:
        """Name those runs."""
        counted = self.counted(runs)
        named = f"{counted:,} run{'' if counted == 1 else 's'}"
        return named if self._told else f"the {named} after the first"


def at_least(least: int, name: str, value: int) -> int:
    """Return `value` if it is a whole number not below `least`; refuse anything else."""
    if type(value) is int and value >= least:
        return value
    raise UsageError(f"`{name}` must be a whole number from {least} on; {value!r} was given.")
