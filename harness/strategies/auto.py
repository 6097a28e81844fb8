"""The portfolio that runs when nothing else is asked for.

First the dull run, because what fails there is not a race and the report
should say so; soon round robin, the one order that is far from it; else the
strategies that draw, in rotation. The one that has been best on published
programs has three runs of four; the others are there for what it is bad at.
"""

from __future__ import annotations

from collections.abc import Sequence

from pileup.choices import Point, Strategy, Student, Trail


class Auto:
    """One strategy a run, in order, then others in rotation."""

    done = False

    def __init__(self, first: Sequence[Strategy], rotation: Sequence[Strategy]) -> None:
        self._first = first
        self._rotation = rotation
        self._now: Strategy = rotation[0]
        self._run = 0

    @property
    def name(self) -> str:
        """The strategy whose turn it is, so that statistics credit the finder."""
        return self._now.name

    @property
    def studies(self) -> bool:
        """The first run, from which those learn that count."""
        return self._run == 0

    def begin(self, run: int) -> None:
        """Hand this run to the strategy whose turn it is."""
        self._run = run
        rotation, late = self._rotation, run - len(self._first)
        self._now = self._first[run] if late < 0 else rotation[late % len(rotation)]
        self._now.begin(run)

    def choose(self, point: Point) -> int:
        """Let it answer."""
        return self._now.choose(point)

    def learn(self, trail: Trail) -> None:
        """Let all look at the first run who want to."""
        for each in dict.fromkeys(self._rotation):
            if isinstance(each, Student):
                each.learn(trail)
