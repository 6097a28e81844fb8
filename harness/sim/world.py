"""Everything around the agents that an exploration takes over, and puts back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pileup.errors import RunOver
from pileup.settings import Budgets
from pileup.sim import (
    asyncio_parts,
    certificates,
    dates,
    drop_ins,
    guard,
    locks,
    randomness,
    virtual_time,
    watchdog,
)
from pileup.sim.endings import Misuse
from pileup.sim.kernel import Sim
from pileup.sim.presence import occupying
from pileup.sim.swaps import Swaps

_swaps: Final = Swaps()


@contextmanager
def controlled(budgets: Budgets) -> Iterator[None]:
    """Take over clocks, random sources, locks and the watchdog, once for an exploration."""
    with occupying() as first:
        if not first:  # inside another exploration, which has it all
            yield
            return
        for part in (virtual_time, dates, randomness, locks, guard, asyncio_parts, certificates):
            _swaps.add(*part.stand_ins())
        with (
            virtual_time.universal(),
            dates.picklable(),
            randomness.unseeded_generators(),
            watchdog.watching(budgets),
            drop_ins.taken_out_afterwards(),
        ):
            try:
                _swaps.put_in()
                yield
            finally:
                _swaps.put_back()


@contextmanager
def enclosed(sim: Sim, allow_real: frozenset[str]) -> Iterator[None]:
    """Seed the random sources and close the way to the real world, for one run."""
    guard.check_allowed(allow_real)
    guard.close(sim, allow_real)
    if "thread" not in allow_real:  # real threads need real locks
        locks.park(sim)
    watchdog.wind()
    try:
        yield
    except RunOver:
        if not isinstance(sim.ending, Misuse):
            raise
    finally:
        guard.reopen()
        locks.leave_real()
        randomness.put_back()
    if isinstance(sim.ending, Misuse):
        raise sim.ending.error
