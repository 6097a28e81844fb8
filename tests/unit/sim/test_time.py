"""Virtual time: deadlines pass in order, never backwards, and a cancelled one not at all."""

from __future__ import annotations

import time
from typing import Any

import pytest
import trio
from support.exhaust import all_runs

import pileup
from pileup.choices import CLOCK, Point
from pileup.fakes import World
from pileup.strategies import Dull

BACKENDS = ("native", "trio", "asyncio")


class Noting(Dull):
    """The dullest answers, and a note of all that was on offer."""

    def __init__(self) -> None:
        self.offered: list[str] = []

    def choose(self, point: Point) -> int:
        self.offered += point.options()
        return 0


def sleeper(name: str, seconds: float, order: list[str]) -> Any:
    async def agent() -> None:
        await pileup.sleep(seconds)
        order.append(name)

    return agent


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_earlier_deadline_passes_first_in_the_dullest_run(backend: str) -> None:
    order: list[str] = []
    agents = [sleeper(name, seconds, order) for name, seconds in (("late", 3), ("early", 1))]
    found = pileup.Scenario(agents, backend=backend).explorer().once(Dull())
    assert order == ["early", "late"]
    assert found.seconds == 3


def test_of_two_equal_deadlines_either_agent_may_go_first() -> None:
    order: list[str] = []
    orders = set()
    agents = [sleeper(name, 1, order) for name in "ab"]
    for _ in all_runs(pileup.Scenario(agents).explorer()):
        orders.add("".join(order))
        order.clear()
    assert orders == {"ab", "ba"}


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_deadline_of_a_withdrawn_operation_wakes_nobody(backend: str) -> None:
    async def agent(world: World) -> None:
        with pytest.raises(TimeoutError):
            async with pileup.timeout(1):
                await pileup.sleep(5)
        await pileup.sleep(10)
        await world.memory.set("done at", world.sim.now)

    found = pileup.Scenario(agent, agents=1, backend=backend).explorer().once(Dull())
    assert found.clean
    assert found.world.memory.peek("done at") == 11


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_timeout_that_was_left_in_time_offers_no_clock_any_more(backend: str) -> None:
    async def agent(world: World) -> None:
        async with pileup.timeout(100):
            await world.memory.get("inside")
        await world.memory.get("outside")

    noting = Noting()
    found = pileup.Scenario(agent, agents=1, backend=backend).explorer().once(noting)
    # Alone, an agent is asked about only where the clock is the other option.
    assert noting.offered == ["agent-0: read memory[inside]", CLOCK]
    assert found.seconds == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_time_never_goes_back_after_an_agent_blocked_the_loop(backend: str) -> None:
    seen: list[float] = []

    async def blocks(world: World) -> None:
        await world.memory.get("x")
        time.sleep(50)  # noqa: ASYNC251 - the mistake that is to be tested
        seen.append(time.monotonic())

    async def naps() -> None:
        await pileup.sleep(1)
        seen.append(time.monotonic())

    pileup.explore([naps, blocks], runs=30, backend=backend).assert_clean()
    pairs = list(zip(seen[::2], seen[1::2], strict=True))
    assert pairs
    assert all(first <= second for first, second in pairs)


async def gives_up_in_time(world: World) -> None:
    await trio.lowlevel.checkpoint()
    with trio.move_on_after(3) as scope:
        await pileup.sleep(4)
    assert scope.cancelled_caught
    await world.memory.add("n", 1)


async def keeps_the_loop_busy(world: World) -> None:
    for _ in range(4):
        await trio.lowlevel.checkpoint()
        await world.memory.add("n", 1)


def test_a_deadline_of_trio_passes_before_a_later_one_of_pileup() -> None:
    agents = [gives_up_in_time, keeps_the_loop_busy]
    pileup.explore(agents, runs=300, strategy="random").assert_clean()
