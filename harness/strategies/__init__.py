"""Who answers the choices: one strategy a file, all on the protocol of `pileup.choices`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pileup.choices import Strategy
from pileup.errors import UsageError
from pileup.strategies.auto import Auto
from pileup.strategies.delay import Delay
from pileup.strategies.dull import Dull
from pileup.strategies.pct import Pct
from pileup.strategies.pos import Pos
from pileup.strategies.random import Random
from pileup.strategies.replay import Replay
from pileup.strategies.round_robin import RoundRobin
from pileup.strategies.surw import Surw
from pileup.strategies.systematic import Systematic


def _portfolio(seed: int) -> Auto:
    surw = Surw(seed)
    others: list[Strategy] = [Random(seed), Pos(seed), Pct(seed, 2), Pct(seed, 3)]
    rotation = [each for other in others for each in (surw, surw, other, surw)]
    return Auto([Dull(), surw, surw, RoundRobin()], rotation)


STRATEGIES: Final[dict[str, Callable[[int], Strategy]]] = {
    "auto": _portfolio,
    "delay": Delay,
    "pct": Pct,
    "pos": Pos,
    "random": Random,
    "round_robin": lambda _: RoundRobin(),
    "surw": Surw,
    "systematic": lambda _: Systematic(),
}

DEEP: Final[dict[str, Callable[[int, int], Strategy]]] = {"delay": Delay, "pct": Pct}
"""Strategies that take a number: how many delays there are, how deep the bug lies."""


def make(strategy: object, seed: int) -> Strategy:
    """Return the strategy of that name, seeded; a strategy object is its own answer."""
    if isinstance(strategy, Strategy):
        return strategy
    name, _, number = strategy.partition(":") if isinstance(strategy, str) else ("", "", "")
    if name in DEEP and number.isdecimal() and int(number) > 0:
        return DEEP[name](seed, int(number))
    if not isinstance(strategy, str) or strategy not in STRATEGIES:
        raise UsageError(
            f"There is no strategy {strategy!r}; there are {', '.join(sorted(STRATEGIES))}, and "
            "with a number pct:3 and delay:2. To see one run again, use "
            "pileup.replay(token, agent, ...)."
        )
    return STRATEGIES[strategy](seed)


__all__ = [
    "STRATEGIES",
    "Auto",
    "Delay",
    "Dull",
    "Pct",
    "Pos",
    "Random",
    "Replay",
    "RoundRobin",
    "Surw",
    "Systematic",
    "make",
]
