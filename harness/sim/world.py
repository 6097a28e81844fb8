"""Everything around the agents that an exploration takes over, and puts back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pileup.settings import Budgets
from pileup.sim.kernel import Sim


@contextmanager
def controlled(budgets: Budgets) -> Iterator[None]:
    """Take over clocks, random sources and the watchdog, once for an exploration."""
    yield


@contextmanager
def enclosed(sim: Sim, allow_real: frozenset[str]) -> Iterator[None]:
    """Seed the random sources and close the way to the real world, for one run."""
    yield
