"""Call paths: the frames of failed attempts, numbered, and nothing while all goes well."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import trio

import pileup
from pileup.fakes import World
from pileup.fakes.http import NoAnswer
from pileup.faults import Rule
from pileup.notes import Note
from pileup.results import Run
from pileup.sim.paths import MOST_CALLS, MOST_STRANDS, Tries
from pileup.strategies import Dull

DOWN = Rule("unavailable", on="GET*", nth=(1, 3))


def start(sim: pileup.Sim) -> World:
    world = World(sim)
    world.http.route("GET", "/x", lambda *_: {"x": 1})
    return world


def once(agent: Any, faults: Any = DOWN, **options: Any) -> Run:
    scenario = pileup.Scenario(agent, setup=start, agents=1, faults=faults, **options)
    return scenario.explorer().once(Dull())


def paths(run: Run) -> list[tuple[tuple[int, str], ...]]:
    return [each.note.path for each in run.history if each.name == "GET" and each.note is not None]


def numbers(run: Run) -> list[list[int]]:
    return [[number for number, _ in path] for path in paths(run)]


async def gets(world: World, times: int = 2) -> bool:
    for _ in range(times):
        if (await world.http.get("/x")).ok:
            return True
    return False


async def gets_in_a_loop(world: World) -> None:
    for _ in range(2):
        if await gets(world):
            return


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_a_frame_has_one_number_for_as_long_as_it_lives(backend: str) -> None:
    run = once(gets_in_a_loop, backend=backend)
    assert numbers(run) == [[1, 2], [1, 2], [1, 3], [1, 3]]
    lines = [line for _, line in paths(run)[0]]
    assert [line.split(" in ")[1] for line in lines] == ["gets_in_a_loop", "gets"]


def test_nothing_is_noted_while_all_goes_well() -> None:
    run = once(gets_in_a_loop, faults=None)
    assert paths(run) == [()]


def test_what_succeeds_is_looked_at_only_while_a_failure_is_open() -> None:
    async def agent(world: World) -> None:
        for _ in range(5):
            await world.http.get("/x")

    run = once(agent, Rule("unavailable", on="GET*", nth=2))
    assert [bool(path) for path in paths(run)] == [False, True, True, True, False]


def test_sync_code_has_its_frames() -> None:
    def agent(world: World) -> None:
        def get() -> bool:
            return any(world.http.sync.get("/x").ok for _ in range(2))

        while not get():
            pass

    run = once(agent)
    assert [line.split(" in ")[1] for _, line in paths(run)[0]] == ["agent", "get", "<genexpr>"]
    assert numbers(run)[0] == numbers(run)[1]
    assert numbers(run)[1][1] != numbers(run)[2][1]


async def in_asyncio(world: World) -> None:
    for _ in range(2):
        if await asyncio.create_task(gets(world)):
            return


async def in_trio(world: World) -> None:
    for _ in range(2):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(gets, world)


async def in_sub_agents(_: World, me: pileup.Agent) -> None:
    for _attempt in range(2):
        if await me.spawn(gets):
            return


@pytest.mark.parametrize("agent", [in_asyncio, in_trio, in_sub_agents])
def test_a_task_has_the_frames_of_its_spawner_above_its_own(agent: Any) -> None:
    run = once(agent)
    first, second, third, *_ = paths(run)
    assert first[0][1].endswith(f"in {agent.__name__}")
    assert first[-1][1].endswith("in gets")
    assert first[0][0] == second[0][0] == third[0][0]
    assert first[-1][0] == second[-1][0] != third[-1][0]
    begun = [[~number for number, _ in path if number < 0] for path in (first, second, third)]
    rows = [each.number for each in run.history if each.name == "GET"]
    assert begun[0][0] <= rows[0] < rows[1] < begun[2][0]


def test_an_async_generator_is_seen_through() -> None:
    async def answers(world: World) -> AsyncIterator[bool]:
        for _ in range(3):
            yield (await world.http.get("/x")).ok

    async def agent(world: World) -> None:
        async for _ in answers(world):
            pass

    run = once(agent)
    assert [line.split(" in ")[1] for _, line in paths(run)[0]] == ["agent", "answers"]


async def gives_up(world: World) -> None:
    for _ in range(2):
        with suppress(NoAnswer, TimeoutError):
            await world.http.get("/x", timeout=5)


@pytest.mark.parametrize("fault", ["slow", "late", "hang", "timeout", "lost"])
def test_who_gives_up_is_noted(fault: str) -> None:
    run = once(gives_up, Rule(fault, on="GET*", nth=1))
    assert numbers(run)[:2] == [[1], [1]]


def test_what_was_done_and_not_heard_of_says_so() -> None:
    run = once(gives_up, Rule("late", on="GET*", nth=1))
    first, second = (each.note for each in run.history if each.name == "GET")
    assert (first and first.unheard, second and second.unheard) == (True, False)


def test_a_timeout_of_the_loop_is_noted() -> None:
    async def agent(world: World) -> None:
        for _ in range(2):
            with trio.move_on_after(5):
                await world.http.get("/x")

    assert numbers(once(agent, Rule("slow", on="GET*", nth=1))) == [[1], [1]]


def test_a_task_that_another_cancels_has_all_its_frames() -> None:
    async def cancels(world: World) -> None:
        task = asyncio.create_task(gets(world))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])

    async def agent(world: World) -> None:
        await cancels(world)

    run = once(agent, Rule("hang", on="GET*", nth=1))
    names = [line.split(" in ")[1] for number, line in paths(run)[0] if number > 0]
    assert names[:2] == ["agent", "cancels"]
    assert names[-1] == "gets"


def test_a_library_is_named_by_its_package() -> None:
    run = once(in_trio)
    assert any(line.startswith("trio/_core/_run.py:") for _, line in paths(run)[0])


def test_other_operations_have_their_path_under_a_fault_plan() -> None:
    async def agent(world: World) -> None:
        for _ in range(3):
            with suppress(Exception):
                await world.memory.set("x", 1)
                return

    run = once(agent, Rule("slow", on="GET*"))
    assert all(each.note is None for each in run.history)
    run = once(agent, Rule("partition", on="write*", nth=1, seconds=1))
    assert all(each.note is None or isinstance(each.note, Note) for each in run.history)


def test_it_is_the_same_in_every_run() -> None:
    assert paths(once(gets_in_a_loop)) == paths(once(gets_in_a_loop))


def test_what_is_kept_is_bounded_and_let_go() -> None:
    kept: list[Tries] = []

    async def agent(world: World, me: pileup.Agent) -> None:
        for number in range(MOST_CALLS + 9):
            await world.http.get(f"/x?{number}")
        tries = me._sim.tries
        assert tries is not None
        kept.append(tries)
        assert len(tries.open) == MOST_CALLS
        for number in range(MOST_CALLS + 9):
            await world.http.get(f"/x?{number}")
            await world.http.get(f"/x?{number}")

    assert once(agent, Rule("unavailable", on="GET*", nth=(1, MOST_CALLS + 9))).findings == ()
    (tries,) = kept
    assert (tries.open, tries._numbers, tries._uses) == ({}, {}, {})


def test_of_one_call_the_last_tasks_are_kept() -> None:
    kept: list[int] = []

    async def agent(_: World, me: pileup.Agent) -> None:
        for _attempt in range(MOST_STRANDS + 3):
            await me.spawn(gets_once)
        tries = me._sim.tries
        assert tries is not None
        kept.extend(len(each) for each in tries.open.values())

    async def gets_once(world: World) -> None:
        await world.http.get("/x")

    once(agent, Rule("unavailable", on="GET*"))
    assert kept == [MOST_STRANDS]
