"""What the runtimes promise beyond the primitives: order, cancelling, one loop for many runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import trio

import pileup
from pileup.fakes import World
from pileup.search.explorer import Explorer
from pileup.settings import Budgets
from pileup.sim.on_trio import TrioRuntime
from pileup.strategies import Dull, Random


def explorer(agent: Any, backend: str, agents: int = 1, **budgets: int) -> Explorer:
    limits = Budgets(**budgets)
    return pileup.Scenario(agent, agents=agents, backend=backend, budgets=limits).explorer()


async def sets_of_tasks(_: World) -> None:
    tasks = [asyncio.create_task(asyncio.sleep(1), name=str(number)) for number in range(20)]
    assert [task.get_name() for task in set(tasks)] == [str(number) for number in range(20)]
    futures = [asyncio.get_running_loop().create_future() for _ in range(20)]
    assert list(set(futures)) == futures
    await asyncio.wait(tasks)


def test_a_set_of_tasks_or_futures_is_in_order_of_creation() -> None:
    # CPython puts small consecutive hashes into a set's table in their order.
    pileup.explore(sets_of_tasks, agents=1, runs=3).assert_clean()


fired: list[str] = []


async def leaves_a_timer() -> None:
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(10, fired.append, "from the run before")


async def sleeps_long() -> None:
    await asyncio.sleep(100)


def test_a_timer_does_not_outlive_its_run() -> None:
    first, second = explorer(leaves_a_timer, "asyncio"), explorer(sleeps_long, "asyncio")
    second.runtime = first.runtime
    try:
        first.run(Dull(), 0)
        second.run(Dull(), 0)
    finally:
        first.runtime.close()
    assert fired == []


async def cancels(world: World) -> None:
    task = asyncio.create_task(world.memory.set("x", 1))
    await world.memory.get("y")
    task.cancel()
    await asyncio.wait([task])
    for _ in range(3):
        await world.memory.get("y")


def test_a_cancelled_operation_takes_no_effect_later() -> None:
    seen = set()
    subject = explorer(cancels, "asyncio")
    try:
        for number in range(150):
            run = subject.run(Random(0), number)
            assert run.clean, run.findings
            deeds = [event.name for event in run.history if event.outcome == "ok"]
            assert "write" not in deeds[deeds.index("read") + 2 :]  # the next, or none
            seen |= {event.outcome for event in run.history if event.name == "write"}
    finally:
        subject.runtime.close()
    assert seen == {"ok", "info"}


async def works_beside_its_loop(world: World) -> None:
    order: list[str] = []

    async def writes() -> None:
        await world.memory.set("x", 1)
        order.append("written")

    async def turns() -> None:
        for number in range(4):
            await asyncio.sleep(0)
            order.append(str(number))

    await asyncio.gather(writes(), turns())
    await world.memory.set("order", " ".join(order))


def test_an_operation_may_take_effect_between_two_turns_of_the_loop() -> None:
    orders = set()
    pileup.explore(
        works_beside_its_loop,
        agents=1,
        runs=200,
        check=lambda world: orders.add(world.memory.peek("order")),
    ).assert_clean()
    assert {"0 1 2 3 written", "0 1 written 2 3"} <= orders


async def holds_tasks_back(world: World) -> None:
    async def polls() -> None:
        while not await world.memory.get("never"):
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(polls)


def test_a_trio_loop_survives_a_run_that_was_cut_off_while_tasks_were_held_back() -> None:
    subject = explorer(holds_tasks_back, "trio", steps=40)
    runtime = subject.runtime
    assert isinstance(runtime, TrioRuntime)
    loops = set()
    try:
        for number in range(10):
            assert not subject.run(Random(0), number).clean
            loops.add(runtime._loop)
    finally:
        runtime.close()
    assert len(loops) == 1
    assert None not in loops


def test_async_generators_work_in_every_run_of_an_exploration() -> None:
    async def count() -> AsyncIterator[int]:
        for number in range(3):
            await asyncio.sleep(1)
            yield number

    async def agent() -> int:
        return sum([number async for number in count()])

    found = pileup.explore(agent, runs=10)
    found.assert_clean()
    assert found.stats.backend == "asyncio"
