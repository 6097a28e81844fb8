"""What the detectors cost: beside the run that they judge, and an event of long histories."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from timing import Case
from workloads import B, Workload, agent_of

import pileup
from pileup.detectors import detect
from pileup.fakes import World
from pileup.history import History
from pileup.strategies import make

LENGTHS: Final = (10_000, 100_000, 1_000_000)
HISTORIES: Final = 50
ROOMY: Final = pileup.Budgets(steps=4_000_000, events=4_000_000)

Agent = Callable[[World], object]


async def add_one_in_steps(world: World, rounds: int) -> None:
    """As workload B, under a lock, each round a unit of work."""
    for _ in range(rounds):
        with pileup.step("add"):
            async with world.memory.lock():
                value = await world.memory.get("total")
                await world.memory.set("total", (value or 0) + 1)


def racing(rounds: int) -> Agent:
    """Lose writes wherever it can be."""
    return agent_of(Workload("", 0, rounds), pileup.sleep)


def guarded(rounds: int) -> Agent:
    """Lose none, and have each round judged as a unit of work."""

    async def agent(world: World) -> None:
        await add_one_in_steps(world, rounds)

    return agent


KINDS: Final[dict[str, Callable[[int], Agent]]] = {"racing": racing, "guarded, in steps": guarded}


def histories(agent: Agent, count: int) -> list[History]:
    """Run it so many times, in orders that are drawn."""
    explorer = pileup.Scenario(agent, agents=B.agents, budgets=ROOMY).explorer()
    return [explorer.once(make("random", seed)).history for seed in range(count)]


def running(agent: Agent) -> Case:
    """Run, and judge."""
    scenario = pileup.Scenario(agent, agents=B.agents)
    return Case(partial(pileup.explore, scenario, runs=HISTORIES, strategy="random"), HISTORIES)


def judging(agent: Agent) -> Case:
    """Judge what such runs have left."""
    found = histories(agent, HISTORIES)

    def judge_all() -> None:
        for history in found:
            detect(history)

    return Case(judge_all, HISTORIES)


def judging_long(agent: Callable[[int], Agent], events: int) -> Case:
    """Judge one history of about so many events; counted by its events."""
    rounds = events // (B.agents * (2 if agent is racing else 4))
    (history,) = histories(agent(rounds), 1)
    return Case(partial(detect, history), len(history))
