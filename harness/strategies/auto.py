"""The portfolio that runs when nothing else is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from pileup.choices import Point, Strategy


class Auto:
    """Some strategies once each, in order, then one for all the rest.

    The dull run comes first, because what fails there is not a race and the
    report should say so.
    """

    def __init__(self, first: Sequence[Strategy], rest: Strategy) -> None:
        self._first = first
        self._rest = rest
        self._now: Strategy = rest

    @property
    def name(self) -> str:
        """The strategy whose turn it is, so that statistics credit the finder."""
        return self._now.name

    def begin(self, run: int) -> None:
        """Hand this run to the strategy whose turn it is."""
        self._now = self._first[run] if run < len(self._first) else self._rest
        self._now.begin(run)

    def choose(self, point: Point) -> int:
        """Let it answer."""
        return self._now.choose(point)
