"""The memory of one process: cells, their races, and locks."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from support.exhaust import all_runs

import pileup
from pileup.fakes import World
from pileup.history import Event
from pileup.search.explorer import Explorer
from pileup.strategies import Dull, RoundRobin


def explorer(*agents: Any, **options: Any) -> Explorer:  # Any: agents of every form
    return pileup.Scenario(list(agents), **options).explorer()


def outcomes(*agents: Any) -> set[Any]:
    return {run.world.memory.peek("n") for run in all_runs(explorer(*agents))}


async def increments(world: World) -> None:
    await world.memory.set("n", (await world.memory.get("n") or 0) + 1)


async def adds(world: World) -> None:
    await world.memory.add("n", 1)


async def swaps(world: World) -> None:
    while True:
        seen = await world.memory.get("n")
        if await world.memory.swap("n", seen, (seen or 0) + 1):
            return


async def locks(world: World) -> None:
    async with world.memory.lock("n"):
        await increments(world)


def locks_in_sync_code(world: World) -> None:
    with world.memory.lock("n"):
        world.memory.store("n", (world.memory.load("n") or 0) + 1)


def test_an_increment_in_two_steps_can_be_lost() -> None:
    assert outcomes(increments, increments) == {1, 2}


@pytest.mark.parametrize("agent", [adds, swaps, locks, locks_in_sync_code])
def test_a_right_increment_is_never_lost(agent: Any) -> None:
    assert outcomes(agent, agent) == {2}


def events(strategy: Any, *agents: Any) -> list[Event]:
    run = explorer(*agents).once(strategy)
    return [event for event in run.history if event.name not in ("start", "end")]


def test_versions_tell_who_read_what() -> None:
    found = events(RoundRobin(), increments, increments)
    assert [(event.name, event.items[0].version) for event in found] == [
        ("read", 0),
        ("read", 0),
        ("write", 1),
        ("write", 2),
    ]


def test_a_refused_swap_only_read() -> None:
    async def swaps_once(world: World) -> None:
        assert not await world.memory.swap("n", "something else", 1)

    (event,) = events(Dull(), swaps_once)
    assert (event.name, event.items[0].access, event.items[0].version) == ("swap", "read", 0)


def test_a_lock_that_is_held_is_no_option() -> None:
    """Start, acquire, add, release (with the add), twice: one goes in first (2), and the other
    starts before, between or after its three steps (4), but acquires after them (1): 8 orders."""

    async def enters(world: World) -> None:
        async with world.memory.lock():
            await world.memory.add("n", 1)

    assert len({tuple(run.history.lines()) for run in all_runs(explorer(enters, enters))}) == 8


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_no_timeout_keeps_a_lock_from_being_released(backend: str) -> None:
    async def gives_up(world: World) -> None:
        with suppress(TimeoutError):
            async with pileup.timeout(1), world.memory.lock():
                await world.memory.add("n", 1)

    async def comes_later(world: World) -> None:
        async with world.memory.lock():
            await world.memory.add("n", 1)

    found = pileup.explore([gives_up, comes_later], runs=100, backend=backend)
    assert found.clean, str(found)


def test_releasing_what_another_holds_is_an_error_in_the_agent() -> None:
    async def steals(world: World) -> None:
        await world.memory.lock().__aexit__(None, None, None)

    found = pileup.explore(steals, agents=1, runs=1).findings
    assert "released memory.lock, which is held by nobody" in found[0].title
