"""Sync code inside async agents: it gives way too, because each agent stands for a process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar

import pytest
import trio
from support.exhaust import all_runs

import pileup
from pileup.fakes import World

Agent = Callable[..., object]
mark: ContextVar[int] = ContextVar("mark", default=0)


def bump(world: World) -> None:
    world.memory.store("n", (world.memory.load("n") or 0) + 1)


async def alone(world: World) -> None:
    bump(world)


async def on_trio(world: World) -> None:
    await trio.lowlevel.checkpoint()
    bump(world)


async def in_a_trio_task(world: World) -> None:
    async def child() -> None:
        bump(world)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(child)


async def on_asyncio(world: World) -> None:
    await asyncio.sleep(0)
    bump(world)


async def in_an_asyncio_task(world: World) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(on_asyncio(world))


AGENTS = [alone, on_trio, in_a_trio_task, on_asyncio, in_an_asyncio_task]


def totals(agent: Agent, backend: str | None = None) -> set[int]:
    scenario = pileup.Scenario(agent, agents=2, backend=backend)
    return {run.world.memory.peek("n") for run in all_runs(scenario.explorer())}


@pytest.mark.parametrize("agent", AGENTS)
def test_two_blocking_increments_can_lose_one(agent: Agent) -> None:
    assert totals(agent) == {1, 2}


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_every_runtime_finds_the_same(backend: str) -> None:
    assert totals(alone, backend) == {1, 2}


def test_awaits_before_and_after_a_blocking_call_go_on_as_before() -> None:
    async def agent(world: World) -> int:
        await world.memory.set("n", 5)
        bump(world)
        await pileup.sleep(3)
        return int(await world.memory.get("n"))

    run = pileup.Scenario(agent, agents=1).explorer().once(pileup.strategies.Dull())
    assert list(run.results.values()) == [6]
    assert run.seconds == 3


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_a_context_variable_set_before_a_blocking_call_is_there_after_it(backend: str) -> None:
    async def agent(world: World) -> None:
        mark.set(7)
        bump(world)
        assert mark.get() == 7
        await pileup.checkpoint()
        assert mark.get() == 7

    pileup.explore(agent, agents=1, runs=5, backend=backend).assert_clean()


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_a_deadlock_of_blocking_calls_names_the_lines(backend: str) -> None:
    async def agent(world: World, me: pileup.Agent) -> None:
        first, second = ("a", "b") if me.index else ("b", "a")
        with world.memory.lock(first), world.memory.lock(second):
            pass

    found = pileup.explore(agent, runs=30, backend=backend).findings
    assert [each.kind for each in found] == ["deadlock"]
    assert "test_blocking_calls.py" in found[0].explanation


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_a_blocking_call_can_time_out(backend: str) -> None:
    async def agent(world: World, me: pileup.Agent) -> None:
        if me.index == 0:
            async with world.memory.lock("l"):
                await pileup.sleep(100)
            return
        await pileup.sleep(1)
        with pytest.raises(TimeoutError):
            await waits_at_most(5, world)

    async def waits_at_most(seconds: float, world: World) -> None:
        async with pileup.timeout(seconds):
            with world.memory.lock("l"):
                pytest.fail("the lock was held")

    pileup.explore(agent, runs=5, strategy="round_robin", backend=backend).assert_clean()


def test_an_error_in_sync_code_reaches_the_async_code_around_it() -> None:
    async def agent(world: World) -> None:
        with pytest.raises(RuntimeError, match="held by nobody"):
            world.memory.lock("l").__exit__(None, None, None)

    pileup.explore(agent, runs=2).assert_clean()


def test_an_agent_that_swallows_everything_does_not_hide_that_it_blocks() -> None:
    async def agent(world: World) -> None:
        for _ in range(2):
            with suppress(BaseException):
                bump(world)

    assert totals(agent) >= {2, 4}


def test_a_callback_of_the_loop_cannot_block() -> None:
    async def agent(world: World) -> None:
        asyncio.get_running_loop().call_soon(bump, world)
        await asyncio.sleep(1)

    with pytest.raises(pileup.UsageError, match="callback of the event loop"):
        pileup.explore(agent, runs=1, agents=1)
