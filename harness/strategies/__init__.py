"""Who answers the choices: one strategy a file, all on the protocol of `pileup.choices`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pileup.choices import Strategy
from pileup.errors import UsageError
from pileup.strategies.auto import Auto
from pileup.strategies.dull import Dull
from pileup.strategies.random import Random
from pileup.strategies.replay import Replay
from pileup.strategies.round_robin import RoundRobin

STRATEGIES: Final[dict[str, Callable[[int], Strategy]]] = {
    "auto": lambda seed: Auto([Dull(), RoundRobin()], Random(seed)),
    "random": Random,
    "round_robin": lambda _: RoundRobin(),
}


def make(strategy: object, seed: int) -> Strategy:
    """Return the strategy of that name, seeded; a strategy object is its own answer."""
    if isinstance(strategy, Strategy):
        return strategy
    if not isinstance(strategy, str) or strategy not in STRATEGIES:
        raise UsageError(
            f"There is no strategy {strategy!r}; there are {', '.join(sorted(STRATEGIES))}. "
            "To see one run again, use pileup.replay(token, agent, ...)."
        )
    return STRATEGIES[strategy](seed)


__all__ = ["STRATEGIES", "Auto", "Dull", "Random", "Replay", "RoundRobin", "make"]
