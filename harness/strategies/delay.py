"""Delay-bounded search, sampled: the dull order, but for a few strands that are passed over.

Most bugs need few surprises. So each run is the dullest one, agents one after
another, but at `delays` random questions the strand that would go is passed
over, and the order goes on from the next (Emmi, Qadeer, Rakamaric:
Delay-Bounded Scheduling, 2011). Nobody is passed over twice at one question.
A run depends on the seed, its number and how many questions it is taken to
have; see `Length` for where that comes from.
"""

from __future__ import annotations

from math import comb, expm1, log1p

from pileup.choices import Point, Trail
from pileup.strategies._draws import Draws, Length, at_least


class Delay:
    """The dull option, but for some random questions, at which the next one is taken."""

    done = False
    """There is always another order to draw."""

    def __init__(self, seed: int, delays: int = 2, steps: int | None = None) -> None:
        self.name = f"delay:{at_least(0, 'delays', delays)}"
        self._delays = delays
        self._draws = Draws(seed)
        self._length = Length(steps)
        self._places: dict[int, None] = {}
        self._asked = 0

    def begin(self, run: int) -> None:
        """Draw the questions at which a strand is passed over."""
        length = self._length.begin(run, self._asked)
        self._draws.begin(run)
        self._places = dict.fromkeys(self._draws.places(self._delays, length))
        self._asked = 0

    def choose(self, point: Point) -> int:
        """Let the same agent go on, unless it is to be delayed or the clock is eager."""
        if point.stream != "schedule":
            return self._draws.other(point)
        self._asked += 1
        if self._asked in self._places:  # before the clock, because no delay may be lost to it
            return 1  # the next strand; if there is none, the clock
        return point.count - 1 if self._draws.wants_clock(point) else 0

    @property
    def studies(self) -> bool:
        """Whether this is the run that is counted."""
        return self._length.wanted

    def learn(self, trail: Trail) -> None:
        """Count the steps of the first run, also those that nobody was asked about."""
        self._length.learn(max(len(trail.turns), self._asked))

    # What it is worth --------------------------------------------------------------------

    @property
    def steps(self) -> int:
        """How many questions a run is taken to have."""
        return self._length.after(self._asked)

    @property
    def schedules(self) -> int:
        """In how many ways the delays can be placed: no more schedules than that can come of it."""
        return comb(self.steps, min(self._delays, self.steps))

    def claim(self, runs: int) -> str:
        """Say what so many clean runs are worth."""
        share = sampled(self.schedules, self._length.counted(runs))
        delays = "1 delay" if self._delays == 1 else f"{self._delays} delays"
        return (
            f"There are {self.schedules:,} ways to place {delays} among the {self.steps:,} "
            f"questions of a run; the share of them tried by {self._length.such(runs)} is about "
            f"{share:.2%}. What takes another number of delays was not looked for."
        )


def sampled(ways: int, runs: int) -> float:
    """Say which share of so many ways is expected to be drawn at least once."""
    if ways == 1:
        return float(runs > 0)
    return -expm1(runs * log1p(-1 / ways))
