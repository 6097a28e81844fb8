"""The kernel by itself: what is asked, in which order the options stand, and what ends a run."""

from __future__ import annotations

from typing import Any

import pytest

import pileup
from pileup.choices import Point
from pileup.errors import InternalError, Unacknowledged
from pileup.fakes import World
from pileup.history import Event
from pileup.operations import WRITE, Operation, Touch
from pileup.results import Run
from pileup.settings import Budgets
from pileup.strategies import Dull, Random

BACKENDS = ("native", "trio", "asyncio")


class Script:
    """Answer with the options named, and note all that were on offer."""

    name = "script"

    def __init__(self, *wanted: str) -> None:
        self._wanted = list(wanted)
        self.offered: list[list[str]] = []

    def begin(self, run: int) -> None:
        assert run == 0

    def choose(self, point: Point) -> int:
        options = point.options()
        self.offered.append(options)
        return options.index(self._wanted.pop(0)) if self._wanted else 0


def run(strategy: Any, *agents: Any, backend: str = "native", **budgets: int) -> Run:
    scenario = pileup.Scenario(list(agents), backend=backend, budgets=Budgets(**budgets))
    return scenario.explorer().once(strategy)


def story(found: Run) -> list[str]:
    return [f"{event.agent} {event.name}" for event in found.history]


async def a(world: World) -> None:
    await world.memory.get("x")
    await world.memory.set("x", 1)


async def b(world: World) -> None:
    await world.memory.get("x")
    await world.memory.set("x", 2)


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_dullest_run_is_one_agent_after_another(backend: str) -> None:
    lives = [
        f"{name} {what}" for name in ("a-0", "b-1") for what in ("start", "read", "write", "end")
    ]
    assert story(run(Dull(), a, b, backend=backend)) == lives


def test_option_0_lets_the_agent_go_on_that_went_last() -> None:
    script = Script("b-1: start", "b-1: read memory[x]", "a-0: start")
    run(script, a, b)
    assert script.offered == [
        ["a-0: start", "b-1: start"],
        ["b-1: read memory[x]", "a-0: start"],
        ["b-1: write memory[x]", "a-0: start"],
        ["a-0: read memory[x]", "b-1: write memory[x]"],
        ["a-0: write memory[x]", "b-1: write memory[x]"],
    ]


async def naps(world: World) -> None:
    await pileup.sleep(5)
    await world.memory.get("x")


def test_the_clock_is_the_last_option() -> None:
    script = Script("naps-0: start", "clock")
    found = run(script, naps, a)
    assert script.offered[1] == ["a-1: start", "clock"]
    assert next(event.time for event in found.history if event.agent == "a-1") == 5


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_child_comes_right_after_its_parent_and_the_parent_after_the_child(backend: str) -> None:
    async def parent(world: World, me: pileup.Agent) -> None:
        child = me.spawn(a, name="child")
        await world.memory.get("y")
        await child

    told = story(run(Dull(), parent, b, backend=backend))
    child = ["child start", "child read", "child write", "child end"]
    assert told[:7] == ["parent-0 start", "parent-0 read", *child, "parent-0 join"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_polling_agent_does_not_starve_the_one_it_polls_for(backend: str) -> None:
    async def polls(world: World) -> None:
        while not await world.memory.get("x"):
            pass

    found = run(Dull(), polls, b, backend=backend, patience=20, steps=1_000)
    assert found.clean


def test_a_strategy_that_answers_out_of_range_is_an_internal_error() -> None:
    class Wild(Dull):
        def choose(self, point: Point) -> int:
            return point.count

    with pytest.raises(InternalError, match="'dull' answered 2 to a question with 2 options"):
        run(Wild(), a, b)


def custom(world: World, apply: Any, **options: Any) -> Operation:
    return Operation("do", (Touch(world.sim.item("thing"), WRITE),), apply, **options)


def outcomes(agent: Any) -> list[Event]:
    found = run(Dull(), agent)
    assert found.clean, found.findings
    return [event for event in found.history if event.name == "do"]


def raises(error: Exception) -> Any:
    def apply() -> None:
        raise error

    return apply


def test_a_refused_operation_is_a_fail_and_changes_no_version() -> None:
    async def agent(world: World) -> None:
        with pytest.raises(KeyError):
            await world.sim.perform(custom(world, raises(KeyError("no"))))

    (event,) = outcomes(agent)
    assert (event.outcome, event.items[0].version, event.detail) == ("fail", 0, "KeyError")


def test_a_lost_acknowledgement_is_an_info_whose_effect_is_there() -> None:
    async def agent(world: World) -> None:
        with pytest.raises(TimeoutError):
            await world.sim.perform(custom(world, raises(Unacknowledged(TimeoutError("lost")))))

    (event,) = outcomes(agent)
    assert (event.outcome, event.items[0].version) == ("info", 1)


@pytest.mark.parametrize("backend", BACKENDS)
def test_giving_up_before_the_effect_is_an_info_without_a_version(backend: str) -> None:
    async def agent(world: World) -> None:
        with pytest.raises(TimeoutError):
            async with pileup.timeout(1):
                await world.sim.perform(custom(world, int, delay=5))

    found = run(Dull(), agent, backend=backend)
    (event,) = [event for event in found.history if event.name == "do"]
    assert (event.outcome, event.items[0].version) == ("info", None)


def test_what_is_still_parked_at_the_end_is_an_info() -> None:
    async def stuck(world: World) -> None:
        await world.sim.perform(custom(world, int, ready=lambda: False))

    found = run(Dull(), stuck)
    assert [finding.kind for finding in found.findings] == ["deadlock"]
    assert [event.outcome for event in found.history if event.name == "do"] == ["info"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("budget", ["steps", "events"])
def test_a_spent_budget_names_the_place(backend: str, budget: str) -> None:
    async def endless(world: World) -> None:
        while True:
            await world.memory.get("x")

    (finding,) = run(Random(0), endless, backend=backend, **{budget: 50}).findings
    assert finding.kind == "overrun"
    assert f"50 {budget}" in finding.title
    assert "test_kernel.py" in finding.explanation
    assert f"Budgets({budget}=...)" in finding.explanation


@pytest.mark.parametrize("backend", BACKENDS)
def test_virtual_time_has_a_budget_too(backend: str) -> None:
    async def endless() -> None:
        while True:
            await pileup.sleep(3600)

    (finding,) = run(Dull(), endless, backend=backend, seconds=24 * 3600).findings
    assert "86,400 seconds" in finding.title


def test_invoked_tells_what_had_happened_when_the_operation_was_asked_for() -> None:
    found = run(Script("a-0: start", "b-1: start", "b-1: read memory[x]"), a, b)
    reads = {event.agent: event for event in found.history if event.name == "read"}
    assert reads["a-0"].invoked < reads["b-1"].number < reads["a-0"].number
