"""The smallest fake that every fault can befall: one counter behind a port."""

from __future__ import annotations

from functools import partial

import pileup
from pileup.fakes._port import Port
from pileup.operations import Operation


class Told(Exception):
    """What a client of the counter is told when something went wrong."""


FAILURES = {
    name: partial(Told, name)
    for name in (
        *("error", "timeout", "refused", "throttled", "unavailable", "full", "denied"),
        *("lost", "reset"),
    )
}
TWISTED = (
    *("stale", "torn", "evicted", "expired", "duplicated", "reordered", "schema"),
    *("wrong", "invented", "truncated", "malformed", "refusal"),
)


class Counter:
    """A number to which agents add one; a twisted adding adds a hundred."""

    def __init__(self, sim: pileup.Sim) -> None:
        self.sim = sim
        self.port = Port(sim, "counter", FAILURES)
        self.value = 0

    def adding(self) -> Operation:
        op = Operation("add", self.port.cells["n"].updates, partial(self._add, 1))
        op.twists = dict.fromkeys(TWISTED, partial(self._add, 100))
        return op

    def _add(self, amount: int) -> int:
        self.value += amount
        return self.value


async def adds(counter: Counter) -> object:
    return await counter.port.perform(counter.adding())


def adds_in_sync_code(counter: Counter) -> object:
    return counter.port.call(counter.adding())
