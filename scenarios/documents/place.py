"""A place where agents work: the world that they share, and what their controls have in common."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import pileup
from pileup.fakes import World
from pileup.latency import Latency
from pileup.scenarios.controls.breaker import Breaker
from pileup.scenarios.controls.limiter import RateLimiter

if TYPE_CHECKING:
    from pileup.scenarios.controls import Controls
    from pileup.scenarios.documents.desk import Work

LATENCY: Final = {
    "model": Latency(2.0, 6.0),
    "http": Latency(0.1, 0.4),
    "database": Latency(0.005, 0.02),
    "cache": Latency(0.001, 0.004),
    "files": Latency(0.001, 0.01),
    "bus": Latency(0.005, 0.02),
}

GONE: Final = 410
"""The answer for what was withdrawn."""


class Place(World):
    """Where any kind of work is done under controls; what the work is, a subclass says."""

    def __init__(self, sim: pileup.Sim, controls: Controls, quota: int) -> None:
        super().__init__(sim, LATENCY)
        self.controls = controls
        self.quota = quota
        self.work: dict[str, Work] = {}
        """What each sub-agent was asked to do, by its name."""
        self._breakers: dict[str, Breaker] = {}

    def now(self) -> float:
        """Tell the time of the run."""
        return self.sim.now

    @cached_property
    def limiter(self) -> RateLimiter:
        """The one place where all ask before they call the model."""
        return RateLimiter(self.now, pileup.sleep, calls=self.quota)

    def breaker(self, name: str) -> Breaker:
        """Return the breaker for a kind of call."""
        if name not in self._breakers:
            self._breakers[name] = Breaker(self.now)
        return self._breakers[name]
