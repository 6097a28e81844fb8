"""What one operation costs over the agents' own code, and over the cheapest way to give way."""

from __future__ import annotations

from dataclasses import dataclass

from peers import asyncio_sleeps, trio_checkpoints
from searches import performed
from timing import ROUNDS, Case, costs
from workloads import Workload, driven, one_for_each

TURNS = 5_000


@dataclass(frozen=True)
class Surcharge:
    """Microseconds an operation: under pileup, of the agents alone, of a bare turn of the loop."""

    total: float
    own: float
    turn: float
    turn_in_company: float

    @property
    def over_own(self) -> float:
        """What pileup adds."""
        return self.total - self.own

    @property
    def turns(self) -> float:
        """What pileup adds, in turns of one lonely task of the loop."""
        return self.over_own / self.turn


def surcharge(
    workload: Workload, backend: str, runs: int, turns: int = TURNS, rounds: int = ROUNDS
) -> Surcharge:
    """Measure pileup, the agents alone and the loop alone in turns."""
    found = costs(
        {
            "total": performed(workload, backend, runs),
            "own": one_for_each(driven(workload, runs), workload),
            "turn": bare_turns(backend, 1, turns),
            "turn_in_company": bare_turns(backend, 8, turns // 8),
        },
        rounds,
    )
    return Surcharge(**{name: cost.microseconds for name, cost in found.items()})


def bare_turns(backend: str, tasks: int, turns: int) -> Case:
    """Give way in the cheapest manner of a loop, again and again."""
    if backend == "trio":
        return trio_checkpoints(tasks, turns)
    if backend == "asyncio":
        return asyncio_sleeps(tasks, turns)
    return one_for_each(driven(Workload("", tasks, turns // 2), 1), Workload("", tasks, turns // 2))
