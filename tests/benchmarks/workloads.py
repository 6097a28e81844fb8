"""The agents that are timed: the same user code under pileup, under its peers and under nothing.

An agent reads a cell, adds one and writes it back. Everybody is given the same
agents; only the memory that they are handed differs. Under pileup each access
is an operation of its own. Everywhere else the memory gives way once between
a read and its write, which is the least that lets the same update be lost, so
the peers have half as many scheduling points to decide as pileup has.
"""

from __future__ import annotations

import random
import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any, Protocol

from timing import Case

Sleep = Callable[[float], Awaitable[object]]


@dataclass(frozen=True)
class Workload:
    """So many agents, each with so many read-modify-writes on one cell, and pauses between."""

    name: str
    agents: int
    rounds: int
    pauses: bool = False

    @property
    def operations(self) -> int:
        """Reads, writes and sleeps; starts and ends come on top and are paid for by these."""
        return self.agents * self.rounds * (3 if self.pauses else 2)


A = Workload("A: 2 agents x 1", 2, 1)
B = Workload("B: 8 agents x 10", 8, 10)
C = Workload("C: 100 agents x 10, sleeping between", 100, 10, pauses=True)
LONG = Workload("8 agents x 500", 8, 500)
WORKLOADS = (A, B, C)
RUNS = {A: 1_000, B: 200, C: 30, LONG: 1}
"""How many runs are explored at a time. One of them is seen a second time, as a proof that the
program is deterministic; it must not weigh more than it does among the 200 that are the default."""


class Memory(Protocol):
    """What the agents use of `world.memory`."""

    async def get(self, key: str) -> Any: ...
    async def set(self, key: str, value: object) -> None: ...


class Shared(Protocol):
    """What the agents use of a world."""

    @property
    def memory(self) -> Memory: ...


Agent = Callable[[Shared], Coroutine[Any, Any, None]]


def agent_of(workload: Workload, sleep: Sleep) -> Agent:
    """Write the agent of a workload, with the sleep of whoever runs it."""

    async def add_one(world: Shared) -> None:
        for _ in range(workload.rounds):
            value = await world.memory.get("total")
            await world.memory.set("total", (value or 0) + 1)
            if workload.pauses:
                await sleep(1)

    return add_one


# Without pileup --------------------------------------------------------------------------------


class YieldingMemory:
    """A plain dict that gives way between a read and whatever follows it."""

    def __init__(self, give_way: Callable[[], Awaitable[object]]) -> None:
        self._values: dict[str, Any] = {}
        self._give_way = give_way

    async def get(self, key: str) -> Any:
        value = self._values.get(key)
        await self._give_way()
        return value

    async def set(self, key: str, value: object) -> None:
        self._values[key] = value


class DrivenMemory:
    """A plain dict that gives way before each access, as pileup's memory does."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    async def get(self, key: str) -> Any:
        await give_way()
        return self._values.get(key)

    async def set(self, key: str, value: object) -> None:
        await give_way()
        self._values[key] = value


@dataclass(frozen=True)
class PlainWorld:
    memory: Memory


@types.coroutine
def give_way() -> Generator[None, None, None]:
    yield


async def _give_way_once(_seconds: float) -> None:
    await give_way()


def driven(workload: Workload, runs: int) -> Case:
    """Send into coroutines in turn, and nothing else: the agents' own cost."""
    agent = agent_of(workload, _give_way_once)

    def drive() -> None:
        for _ in range(runs):
            _drive(agent, workload.agents)

    return Case(drive, runs)


def drawn(agents: int, rounds: int, runs: int) -> Case:
    """Send into coroutines drawn at random, each with a cell of its own, and nothing else.

    Whoever is drawn lies somewhere else in memory than whoever went before:
    what that costs among many is what no scheduler that draws can avoid.
    """

    async def add_one(memory: Memory, key: str) -> None:
        for _ in range(rounds):
            value = await memory.get(key)
            await memory.set(key, (value or 0) + 1)

    def drive() -> None:
        source = random.Random(0)
        for _ in range(runs):
            memory = DrivenMemory()
            running = [add_one(memory, f"agent-{number}") for number in range(agents)]
            while running:
                _send_to_one(running, int(source.random() * len(running)))

    return Case(drive, runs * agents * rounds * 2)


def _send_to_one(running: list[Coroutine[Any, Any, None]], place: int) -> None:
    try:
        running[place].send(None)
    except StopIteration:
        running[place] = running[-1]
        del running[-1]


def _drive(agent: Agent, agents: int) -> None:
    world = PlainWorld(DrivenMemory())
    running = [agent(world) for _ in range(agents)]
    while running:
        going_on = []
        for each in running:
            try:
                each.send(None)
            except StopIteration:
                continue
            going_on.append(each)
        running = going_on


def one_for_each(operations: Case, workload: Workload) -> Case:
    """Count the operations of a case instead of its runs."""
    return Case(operations.action, operations.times * workload.operations)
