"""Who did it: agent, session, role, parent and step reach every event, however deep the code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import anyio
import pytest
import trio

import pileup
from pileup.fakes import World
from pileup.history import Event
from pileup.search.explorer import Explorer
from pileup.strategies import Random, RoundRobin

BACKENDS = ("native", "trio", "asyncio")


def explorer(agent: Callable[..., object], backend: str | None = None, agents: int = 2) -> Explorer:
    return pileup.Scenario(agent, agents=agents, backend=backend).explorer()


def events(
    agent: Callable[..., object], backend: str | None = None, agents: int = 2
) -> list[Event]:
    run = explorer(agent, backend, agents).once(RoundRobin())
    assert not run.findings, run.findings
    return [event for event in run.history if event.name not in ("start", "end")]


async def in_trio(world: World, me: pileup.Agent) -> None:
    async def deep() -> None:
        await world.memory.set(me.name, "task")
        await trio.to_thread.run_sync(world.memory.store, me.name, "thread")

    with pileup.step("work"):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(deep)
            nursery.start_soon(deep)


async def in_asyncio(world: World, me: pileup.Agent) -> None:
    async def deep() -> None:
        await world.memory.set(me.name, "task")
        await asyncio.to_thread(world.memory.store, me.name, "thread")

    with pileup.step("work"):
        await asyncio.gather(deep(), deep())


async def in_anyio(world: World, me: pileup.Agent) -> None:
    async def deep() -> None:
        await world.memory.set(me.name, "task")
        await anyio.to_thread.run_sync(world.memory.store, me.name, "thread")

    with pileup.step("work"):
        async with anyio.create_task_group() as group:
            group.start_soon(deep)
            group.start_soon(deep)


@pytest.mark.parametrize("agent", [in_trio, in_asyncio, in_anyio])
def test_tasks_and_thread_calls_belong_to_their_agent_and_step(
    agent: Callable[..., object],
) -> None:
    found = events(agent)
    assert len(found) == 8
    assert all(event.items[0].key == event.agent for event in found)
    assert {event.step for event in found} == {"work"}
    assert all(event.strand > 0 for event in found)


def in_sync_code(world: World, me: pileup.Agent) -> None:
    with pileup.step("outer"):
        world.memory.store(me.name, 1)
        with pileup.step("inner"):
            world.memory.store(me.name, 2)
    world.memory.store(me.name, 3)


@pytest.mark.parametrize("backend", BACKENDS)
def test_steps_nest_and_end_in_greenlets(backend: str) -> None:
    found = events(in_sync_code, backend)
    mine = [event.step for event in found if event.agent == "in_sync_code-0"]
    assert mine == ["outer", "inner", None]
    assert all(event.items[0].key == event.agent for event in found)


async def child(world: World, me: pileup.Agent) -> str:
    await world.memory.set(me.name, me.session)
    return f"result of {me.name}"


async def parent(world: World, me: pileup.Agent) -> None:
    assert world.sim.agents[me.index] is me
    helper = me.spawn(child, role="helper")
    stranger = me.spawn(child, name=f"stranger of {me.name}", session="another")
    assert await helper == f"result of {helper.name}"
    await stranger
    assert helper.parent is me
    assert helper.secret == me.secret != stranger.secret
    assert (helper.session, stranger.session) == (me.session, "another")


@pytest.mark.parametrize("backend", BACKENDS)
def test_sub_agents_have_a_parent_and_its_session_unless_told_otherwise(backend: str) -> None:
    found = events(parent, backend)
    writers = {event.agent: event.detail for event in found if event.name == "write"}
    assert set(writers.values()) == {"session-0", "session-1", "another"}
    assert {"stranger of parent-0", "stranger of parent-1"} < set(writers)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_failure_of_a_sub_agent_reaches_whoever_awaits_it(backend: str) -> None:
    async def fails(world: World) -> None:
        await world.memory.add("n", 1)
        raise ValueError("from the child")

    async def awaits(me: World, agent: pileup.Agent) -> None:
        assert me is not None
        with pytest.raises(ValueError, match="from the child"):
            await agent.spawn(fails)

    pileup.explore(awaits, agents=1, runs=5, backend=backend).assert_clean()


def test_a_failure_that_nobody_awaits_is_a_finding() -> None:
    async def fails() -> None:
        raise ValueError("unseen")

    async def forgets(_: World, me: pileup.Agent) -> None:
        me.spawn(fails)

    found = pileup.explore(forgets, agents=1, runs=2)
    assert [finding.kind for finding in found.findings] == ["agent_failed"]


def test_two_sub_agents_of_one_name_are_told_apart() -> None:
    async def twins(_: World, me: pileup.Agent) -> None:
        for _number in range(2):
            await me.spawn(child, name="twin")

    run = explorer(twins, agents=1).once(Random(0))
    assert set(run.results) == {"twins-0", "twin", "twin-2"}


def test_a_sync_agent_joins_its_sub_agent() -> None:
    def joins(world: World, me: pileup.Agent) -> None:
        assert me.spawn(child).join() == "result of child-1"
        assert world.memory.load("child-1") == me.session

    pileup.explore(joins, agents=1, runs=5).assert_clean()


def test_spawning_on_another_agent_is_refused() -> None:
    async def meddles(world: World, me: pileup.Agent) -> None:
        await world.memory.set(me.name, 1)
        me._sim.agents[0].spawn(child)

    with pytest.raises(pileup.UsageError, match=r"meddles-1 called meddles-0.spawn"):
        pileup.explore(meddles, agents=2, runs=1)
