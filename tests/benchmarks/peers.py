"""Other tools that run the same agents in other orders, each used as its own manual says.

Where a tool has a choice that makes it faster and loses nothing here, it is
made in the tool's favour: simloom without its simulated network, frontrun
without I/O detection and without the replays of a counterexample.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from importlib.util import find_spec
from typing import Any

from timing import Case
from workloads import PlainWorld, Workload, YieldingMemory, agent_of


async def _asyncio_gives_way() -> None:
    await asyncio.sleep(0)


def _asyncio_world() -> PlainWorld:
    return PlainWorld(YieldingMemory(_asyncio_gives_way))


def _gathered(workload: Workload) -> Callable[[], Coroutine[Any, Any, None]]:
    agent = agent_of(workload, asyncio.sleep)

    async def main() -> None:
        world = _asyncio_world()
        await asyncio.gather(*[agent(world) for _ in range(workload.agents)])

    return main


def simloop(workload: Workload, runs: int) -> Case:
    """Run once a seed, uniform random order."""
    from simloop import explore

    main = _gathered(workload)

    def search() -> None:
        assert explore(main, range(runs)) is None

    return Case(search, runs)


def simloom(workload: Workload, runs: int) -> Case:
    """Run once a seed, uniform random order, without hosts and network."""
    from simloom import explore

    main = _gathered(workload)

    def search() -> None:
        assert not explore(main, runs=runs, world=False).failed

    return Case(search, runs)


def _frontrun(workload: Workload, orders: int, **options: Any) -> Callable[[], None]:
    from frontrun import explore

    agent = agent_of(workload, asyncio.sleep)

    async def search() -> None:
        result = await explore(
            _asyncio_world,
            agent,
            lambda _: True,
            count=workload.agents,
            detect_io=False,
            **options,
        )
        assert result.num_explored == orders

    return lambda: asyncio.run(search())


def frontrun_random(workload: Workload, runs: int) -> Case:
    """Sample random orders of what lies between two awaits."""
    return Case(_frontrun(workload, runs, strategy="random", seed=0, max_attempts=runs), runs)


def frontrun_dpor(workload: Workload, runs: int) -> Case:
    """Go through all orders that it tells apart, again and again until there were enough runs."""
    search, times = _frontrun(workload, ORDERS_OF_A), -(-runs // ORDERS_OF_A)
    return Case(lambda: [search() for _ in range(times)], times * ORDERS_OF_A)


ORDERS_OF_A = 6
"""How many orders of workload A frontrun's search finds worth trying."""

PEERS: dict[str, Callable[[Workload, int], Case]] = {
    "simloop": simloop,
    "simloom": simloom,
    "frontrun random": frontrun_random,
    "frontrun DPOR": frontrun_dpor,
}


ONLY_SMALL = ("frontrun random", "frontrun DPOR")
"""Peers that are timed on A alone: on B and C a run of theirs takes from 20 ms to seconds."""


def is_installed(peer: str) -> bool:
    """Whether the package of a peer can be imported here."""
    return find_spec(peer.partition(" ")[0]) is not None


# References that search nothing ------------------------------------------------------------------


def trio_run(workload: Workload, runs: int) -> Case:
    """Run under trio itself, with its mock clock: no search, no history."""
    import trio
    import trio.testing

    agent = agent_of(workload, trio.sleep)

    async def main() -> None:
        world = PlainWorld(YieldingMemory(trio.lowlevel.checkpoint))
        async with trio.open_nursery() as nursery:
            for _ in range(workload.agents):
                nursery.start_soon(agent, world)

    def run() -> None:
        for _ in range(runs):
            trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))

    return Case(run, runs)


def trio_checkpoints(tasks: int, turns: int) -> Case:
    """Do nothing but `trio.lowlevel.checkpoint()`, in one task or in several."""
    import trio

    async def give_way() -> None:
        for _ in range(turns):
            await trio.lowlevel.checkpoint()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(tasks):
                nursery.start_soon(give_way)

    return Case(lambda: trio.run(main), tasks * turns)


def asyncio_sleeps(tasks: int, turns: int) -> Case:
    """Do nothing but `asyncio.sleep(0)`, in one task or in several."""

    async def give_way() -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    async def main() -> None:
        await asyncio.gather(*[give_way() for _ in range(tasks)])

    return Case(lambda: asyncio.run(main()), tasks * turns)
