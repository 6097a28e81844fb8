"""Inside async tests: pytest-trio's own order is one for all examples, a schedule's is drawn."""

from __future__ import annotations

import pytest

UNRELATED = ("-W", "ignore", "-p", "no:anyio", "-p", "no:respx", "-p", "no:randomly")

TRIO = """
import trio
from hypothesis import given, settings, strategies as st
from pileup.hypothesis import schedules

OWN, DRAWN = [], []

async def race(seen):
    async def goes(name):
        for _ in range(3):
            await trio.sleep(0)
            seen.append(name)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(goes, "a")
        nursery.start_soon(goes, "b")

@settings(max_examples=30, deadline=None)
@given(order=schedules())
async def test_it(order):
    own = []
    await race(own)
    OWN.append("".join(own))

    async def agent(world, me):
        for _ in range(3):
            await world.memory.set(me.name, 1)

    DRAWN.append("".join(event.agent[-1] for event in order.play(agent).history))

def test_the_trap():
    assert len(OWN) >= 20
    assert len(set(OWN)) == 1, set(OWN)

def test_a_schedule_varies_the_order():
    assert len(set(DRAWN)) >= 8, set(DRAWN)
"""

AGENTS_ON_TRIO = """
import trio
from hypothesis import Phase, given, settings
from pileup.hypothesis import schedules

async def adds(world):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(one, world)
        nursery.start_soon(one, world)

async def one(world):
    n = await world.memory.get("n") or 0
    await trio.sleep(0)
    await world.memory.set("n", n + 1)

@settings(deadline=None, phases=set(Phase) - {Phase.explain})
@given(order=schedules())
async def test_it(order):
    await trio.sleep(0)
    order.play(adds, agents=1).assert_clean()
"""

ASYNCIO = """
import asyncio, pytest
from hypothesis import Phase, given, settings
from pileup.hypothesis import schedules

async def adds(world):
    n = await world.memory.get("n") or 0
    await asyncio.sleep(0)
    await world.memory.set("n", n + 1)

@pytest.mark.asyncio
@settings(deadline=None, phases=set(Phase) - {Phase.explain})
@given(order=schedules())
async def test_it(order):
    await asyncio.sleep(0)
    order.play(adds).assert_clean()
    await asyncio.sleep(0)
"""


def test_pytest_trio_tries_one_order_and_a_schedule_many(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\ntrio_mode = true")
    pytester.makepyfile(test_it=TRIO)
    result = pytester.runpytest_subprocess(*UNRELATED, "-p", "no:asyncio")
    result.assert_outcomes(passed=3)


@pytest.mark.parametrize(
    ("ini", "text", "off"),
    [("trio_mode = true", AGENTS_ON_TRIO, "asyncio"), ("", ASYNCIO, "trio")],
    ids=["trio", "asyncio"],
)
def test_an_async_test_plays_agents_of_its_own_loop(
    pytester: pytest.Pytester, ini: str, text: str, off: str
) -> None:
    pytester.makeini(f"[pytest]\n{ini}")
    pytester.makepyfile(test_it=text)
    result = pytester.runpytest_subprocess(*UNRELATED, "-p", f"no:{off}")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*pileup.hypothesis.LostWrite: *"])
