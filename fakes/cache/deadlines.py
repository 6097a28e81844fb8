"""Keys with a time to live: each is a deadline of the run's, so that the search can let it pass.

An expiry takes effect at a moment that the search chooses, from the instant
when it is due: whatever else is due at the same instant may come first or
second. Once time has moved past it, the key is gone, as it is for the real
server, which looks at its clock whenever somebody asks for the key.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import inf
from typing import Final, NamedTuple

from pileup.fakes._port import Cell, Port
from pileup.fakes.cache.shelves import Place
from pileup.operations import Operation
from pileup.sim.agents import Strand
from pileup.sim.virtual_time import EPOCH

DIGITS: Final = 3
"""Redis keeps time in milliseconds; without rounding, EPOCH + 0.1 s would be due a hair early."""


class Due(NamedTuple):
    """When a key expires, in the run's time, and what will do it; None if that is out of reach."""

    when: float
    at_server: float
    strand: Strand | None


class Deadlines:
    """When which key expires."""

    def __init__(
        self, port: Port, cell: Callable[[Place], Cell], delete: Callable[[Place], None]
    ) -> None:
        self._port = port
        self._cell = cell
        self._delete = delete
        self._due: dict[Place, Due] = {}
        self._soonest = inf

    def __contains__(self, place: Place) -> bool:
        return place in self._due

    def left(self, place: Place) -> float | None:
        """Return how long a key has to live yet; None if for ever."""
        due = self._due.get(place)
        return None if due is None else round(due.when - self._port.sim.now, DIGITS)

    def __bool__(self) -> bool:
        return bool(self._due)

    def order(self) -> list[Place]:
        """Return the keys that expire, soonest first."""
        return sorted(self._due, key=lambda place: (self._due[place].when, place))

    def set(self, place: Place, at_server: float | None) -> None:
        """Renew, or take back, the time to live of a key."""
        due = self._due.get(place)
        if due is not None:
            if due.at_server == at_server:
                return
            del self._due[place]
            if due.strand is not None:
                self._port.sim.forget(due.strand)
        if at_server is not None:
            self._due[place] = self._planned(place, at_server)

    def _planned(self, place: Place, at_server: float) -> Due:
        sim = self._port.sim
        when = round(at_server - EPOCH, DIGITS)
        self._soonest = min(self._soonest, when)
        # What lies beyond the run's budget would end the run as too long if time went there.
        if not sim.now < when < sim.budgets.seconds:
            return Due(when, at_server, None)
        expiry = Operation("expire", self._cell(place).writes, partial(self._expire, place))
        expiry.delay = when - sim.now
        return Due(when, at_server, self._port.later(expiry))

    def _expire(self, place: Place) -> None:
        del self._due[place]
        self._delete(place)

    def drop_overdue(self, let_go: Callable[[Place], None]) -> None:
        """Let those expire whose time has passed, or was over when it was set."""
        now = self._port.sim.now
        if now < self._soonest:
            return
        for place in self.order():
            due = self._due[place]
            # One that is due just now waits for its turn, unless it was over when it was set.
            if due.when < now or (due.when == now and due.strand is None):
                self.set(place, None)
                let_go(place)
        self._soonest = min((due.when for due in self._due.values()), default=inf)
