"""A random walk: at each step every parked operation is as likely as any other.

Deadlines are another matter. Were the clock one option among equals, hardly
any call would ever beat its timeout; were it never chosen, no timeout would
ever fire. So each run draws how eager its clock is, from never to often, and
some runs are calm while others are hasty.
"""

from __future__ import annotations

from math import trunc

from pileup.choices import Point
from pileup.strategies._draws import Draws


class Random:
    """Seeded uniform choices; each stream draws from its own source."""

    name = "random"

    def __init__(self, seed: int) -> None:
        self._draws = Draws(seed)
        self._draw = self._draws.draw  # here for the hot path

    def begin(self, run: int) -> None:
        """Seed the sources for this run."""
        self._draws.begin(run)

    def choose(self, point: Point) -> int:
        """Pick uniformly, but the clock only as often as this run is hasty."""
        if point.stream != "schedule":
            return self._draws.other(point)
        draw = self._draw  # called by a name of its own, and `trunc`: this is asked at every step
        if not point.jump:
            return trunc(draw() * point.count)
        if self._draws.wants_clock(point):
            return point.count - 1
        return trunc(draw() * (point.count - 1))
