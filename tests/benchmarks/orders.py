"""All orders that make a difference, and orders drawn at random: beside the peer that has both.

frontrun goes through the orders that it tells apart as well, and draws others;
it is used as in `peers`. Both tools are asked for all orders of one program,
and what is counted is one order. Nothing is shrunk: frontrun is not asked to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from peers import is_installed
from timing import Case
from workloads import PlainWorld, Workload, YieldingMemory, agent_of

import pileup
from pileup.strategies import Systematic

SMALL: Final = (
    Workload("2 agents x 1", 2, 1),
    Workload("3 agents x 1", 3, 1),
    Workload("2 agents x 2", 2, 2),
    Workload("2 agents x 3", 2, 3),
    Workload("4 agents x 1", 4, 1),
)
MOST_ORDERS: Final = 1_000
DRAWN: Final = 200
FRONTRUN: Final = "frontrun"


def ours(workload: Workload) -> tuple[Case, int]:
    """Go through all orders; how many there are beside the case."""
    agent = agent_of(workload, pileup.sleep)

    def search() -> int:
        explorer = pileup.Scenario(agent, agents=workload.agents, backend="native").explorer()
        return explorer.explore(Systematic(), MOST_ORDERS, plain=False).runs

    orders = search()
    return Case(search, orders), orders


def ours_drawn(workload: Workload) -> Case:
    """Draw so many orders."""
    agent = agent_of(workload, pileup.sleep)
    scenario = pileup.Scenario(agent, agents=workload.agents, backend="native")
    return Case(
        lambda: pileup.explore(scenario, runs=DRAWN, strategy="random", shrink=False), DRAWN
    )


def theirs(workload: Workload) -> tuple[Case, int] | None:
    """Have frontrun do the same, where it is there; how many orders it thinks there are."""
    if not is_installed(FRONTRUN):
        return None
    search = _frontrun(workload)
    orders = search()
    return Case(search, orders), orders


def theirs_drawn(workload: Workload) -> Case | None:
    """Have frontrun draw so many orders."""
    if not is_installed(FRONTRUN):
        return None
    search = _frontrun(workload, strategy="random", seed=0, max_attempts=DRAWN)
    return Case(search, search())


async def _gives_way() -> None:
    await asyncio.sleep(0)


def _frontrun(workload: Workload, **options: Any) -> Callable[[], int]:
    from frontrun import explore

    agent = agent_of(workload, asyncio.sleep)

    async def search() -> int:
        result = await explore(
            lambda: PlainWorld(YieldingMemory(_gives_way)),
            agent,
            lambda _: True,
            count=workload.agents,
            detect_io=False,
            **(options or {"max_executions": MOST_ORDERS, "preemption_bound": None}),
        )
        explored: int = result.num_explored
        return explored

    return lambda: asyncio.run(search())
