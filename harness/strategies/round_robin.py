"""Round robin: each agent does one operation, then the next one's turn comes.

One deterministic run that already finds most lost updates, since all agents
read before any of them writes.
"""

from __future__ import annotations

from pileup.choices import Point


class RoundRobin:
    """Take turns."""

    name = "round_robin"
    draws = False

    def __init__(self) -> None:
        self._last = -1

    def begin(self, run: int) -> None:
        """Every run is the same."""
        self._last = -1

    def choose(self, point: Point) -> int:
        """Pick the next agent unless a new one has come up; never let a deadline pass first."""
        if point.stream != "schedule":
            return point.usual
        first = point.candidate(0)
        assert first is not None
        agents = point.count - point.jump
        index = 1 % agents if first.number == self._last else 0
        chosen = point.candidate(index)
        assert chosen is not None
        self._last = chosen.number
        return index
