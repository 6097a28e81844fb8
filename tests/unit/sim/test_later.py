"""What happens by itself: operations that nobody waits for."""

from __future__ import annotations

import pytest
from support.exhaust import all_runs

import pileup
from pileup.fakes import World
from pileup.operations import WRITE, Operation, Touch
from pileup.strategies import Dull

BACKENDS = ["native", "trio", "asyncio"]


def arrival(world: World, delay: float = 0.0) -> Operation:
    item = world.sim.item("mail", "box")
    return Operation(
        "arrive", (Touch(item, WRITE),), lambda: world.memory.seed(mail=1), None, delay
    )


async def waits_a_second(world: World) -> object:
    world.sim.later(arrival(world, delay=1))
    await pileup.sleep(1)
    return await world.memory.get("mail")


def results(agent: object, backend: str = "native") -> set[object]:
    scenario = pileup.Scenario(agent, agents=1, backend=backend)  # type: ignore[arg-type] # any body
    return {next(iter(run.results.values())) for run in all_runs(scenario.explorer())}


@pytest.mark.parametrize("backend", BACKENDS)
def test_its_moment_is_a_choice(backend: str) -> None:
    assert results(waits_a_second, backend) == {None, 1}


@pytest.mark.parametrize("backend", BACKENDS)
def test_it_is_in_the_history_as_the_worlds(backend: str) -> None:
    async def agent(world: World) -> None:
        world.sim.later(arrival(world, delay=1))
        await pileup.sleep(2)

    run = pileup.Scenario(agent, agents=1, backend=backend).explorer().once(Dull())
    (event,) = [each for each in run.history if each.name == "arrive"]
    assert (event.agent, event.time, event.outcome) == ("world", 1.0, "ok")
    assert [each.name for each in run.history.agents] == ["agent-0", "world"]


def test_what_has_not_come_when_the_last_agent_ends_does_not_come() -> None:
    async def agent(world: World) -> None:
        world.sim.later(arrival(world, delay=1))

    run = pileup.Scenario(agent, agents=1).explorer().once(Dull())
    assert run.world.memory.peek("mail") is None
    assert "arrive" not in [each.name for each in run.history]


def test_what_is_taken_back_does_not_come() -> None:
    async def agent(world: World) -> object:
        coming = world.sim.later(arrival(world, delay=1))
        world.sim.forget(coming)
        await pileup.sleep(5)
        return await world.memory.get("mail")

    assert results(agent) == {None}


def test_the_dullest_is_that_it_comes_late() -> None:
    async def agent(world: World) -> object:
        world.sim.later(arrival(world))
        await pileup.checkpoint()
        return await world.memory.get("mail")

    run = pileup.Scenario(agent, agents=1).explorer().once(Dull())
    assert list(run.results.values()) == [None]
    assert results(agent) == {None, 1}


def test_it_can_wake_an_agent_that_waits_for_it() -> None:
    async def agent(world: World) -> None:
        item = world.sim.item("mail", "box")
        world.sim.later(arrival(world, delay=3))
        touches = (Touch(item, "read"),)
        await world.sim.perform(
            Operation("fetch", touches, lambda: 1, lambda: world.memory.peek("mail") == 1)
        )

    run = pileup.Scenario(agent, agents=1).explorer().once(Dull())
    assert run.clean
    assert run.seconds == 3


def test_the_check_is_made_although_the_world_has_acted() -> None:
    async def agent(world: World) -> None:
        world.sim.later(arrival(world, delay=1))
        await pileup.sleep(2)

    def check(_: World) -> None:
        raise AssertionError("looked at")

    assert pileup.explore(agent, check=check, runs=1).findings[0].title == "looked at"
