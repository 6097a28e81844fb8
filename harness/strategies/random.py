"""A random walk: at each step every parked operation is as likely as any other.

Deadlines are another matter. Were the clock one option among equals, hardly
any call would ever beat its timeout; were it never chosen, no timeout would
ever fire. So each run draws how eager its clock is, from never to often, and
some runs are calm while others are hasty.
"""

from __future__ import annotations

import random as real_random
from typing import Final

from pileup.choices import STREAMS, Point

EAGERNESS: Final = (0.0, 0.01, 0.05, 0.3)
SEED_STEP: Final = 1_000_003


class Random:
    """Seeded uniform choices; each stream draws from its own source."""

    name = "random"

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._sources = {stream: real_random.Random() for stream in STREAMS}  # noqa: S311
        self._used = set(STREAMS)
        self._draw = self._sources["schedule"].random
        self._eager = 0.0
        self._run = 0

    def begin(self, run: int) -> None:
        """Seed the schedule; the other streams are seeded when they are first asked."""
        self._run = run
        self._used = {"schedule"}
        self._sources["schedule"].seed(self._seed * SEED_STEP + run)
        self._eager = EAGERNESS[int(self._draw() * len(EAGERNESS))]

    def choose(self, point: Point) -> int:
        """Pick uniformly, but the clock only as often as this run is hasty."""
        if point.stream != "schedule":
            draw = self._source(point).random()
            return int(draw * point.count if point.odds is None else draw < point.odds)
        if not point.jump:
            return int(self._draw() * point.count)
        if self._draw() < self._eager:
            return point.count - 1
        return int(self._draw() * (point.count - 1))

    def _source(self, point: Point) -> real_random.Random:
        source = self._sources[point.stream]
        if point.stream not in self._used:
            self._used.add(point.stream)
            # A text as seed, because numbers near each other start alike.
            source.seed(f"{self._seed}/{self._run}/{point.stream}")
        return source
