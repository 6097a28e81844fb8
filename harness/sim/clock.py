"""Virtual time: it stands still while agents work and moves only from deadline to deadline.

Nothing here looks at a real clock. Ties are broken by a counter, so that two
deadlines at the same instant pass in the order in which they were set.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf
from typing import Protocol


class Sleeper(Protocol):
    """Whoever a deadline wakes. `timer` is the ticket of its live deadline, 0 for none."""

    timer: int

    def fire(self) -> None:
        """The deadline has passed."""


class Timers:
    """Pending deadlines. A cancelled one stays in the heap and is skipped when it comes up."""

    __slots__ = ("_tickets", "pending")

    def __init__(self) -> None:
        self.pending: list[tuple[float, int, Sleeper]] = []
        self._tickets = 0

    def __bool__(self) -> bool:
        return bool(self.pending)

    def set(self, when: float, sleeper: Sleeper) -> None:
        """Wake `sleeper` at `when`; a deadline that it had before no longer counts."""
        self._tickets += 1
        sleeper.timer = self._tickets
        heappush(self.pending, (when, self._tickets, sleeper))

    def next(self) -> float:
        """When the earliest live deadline passes; infinity if there is none."""
        heap = self.pending
        while heap:
            when, ticket, sleeper = heap[0]
            if sleeper.timer == ticket:
                return when
            heappop(heap)
        return inf

    def expire(self, now: float) -> None:
        """Fire all deadlines up to `now`, earliest first."""
        heap = self.pending
        while heap and heap[0][0] <= now:
            _, ticket, sleeper = heappop(heap)
            if sleeper.timer == ticket:
                sleeper.timer = 0
                sleeper.fire()
