"""Taking times so that ratios mean something on a machine that others use too.

What is compared is measured in turns within one process, round by round, so
that a slow moment of the machine falls on all of it. The best round says what
the code costs; the median beside it, how quiet the machine was.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import NamedTuple

ROUNDS = 7


class Case(NamedTuple):
    """Something to time: one call does `times` of what is counted (runs, operations, timers)."""

    action: Callable[[], object]
    times: int


@dataclass(frozen=True)
class Cost:
    """Seconds for one of what is counted."""

    best: float
    median: float

    @property
    def rate(self) -> float:
        """How many fit into a second, at best."""
        return 1 / self.best

    @property
    def microseconds(self) -> float:
        return self.best * 1e6


def costs(
    cases: Mapping[str, Case], rounds: int = ROUNDS, *, frozen: bool = True
) -> dict[str, Cost]:
    """Time all cases in turns, after one call of each that does not count."""
    for case in cases.values():
        case.action()
    seconds: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            seconds[name].append(_seconds(case.action, frozen) / case.times)
    return {name: Cost(min(taken), median(taken)) for name, taken in seconds.items()}


def _seconds(action: Callable[[], object], frozen: bool) -> float:
    gc.collect()  # so that nobody pays for what the case before has left
    if frozen:
        gc.freeze()  # nor, where a tool collects after each run, for what others have imported
    start = perf_counter()
    action()
    return perf_counter() - start
