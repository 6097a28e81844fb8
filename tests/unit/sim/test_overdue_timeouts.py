"""Timeouts that pass while their agent cannot hear of it: it hears as soon as it can."""

from __future__ import annotations

import pytest

import pileup
from pileup.fakes import World
from pileup.faults import Rule

BACKENDS = pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
HANG = Rule("hang", on="write memory[b]")


async def work(world: World) -> str:
    try:
        async with pileup.timeout(20):
            await world.memory.set("a", 1)
            await world.memory.set("b", 1)
    except TimeoutError:
        await world.memory.set("c", 1)
        return "late"
    return "in time"


async def nested(world: World) -> list[str]:
    heard = []
    try:
        async with pileup.timeout(25):
            try:
                async with pileup.timeout(20):
                    await world.memory.set("a", 1)
                    await world.memory.set("b", 1)
            except TimeoutError:
                heard.append("inner")
                await world.memory.set("b", 2)
    except TimeoutError:
        heard.append("outer")
    return heard


def once(agent: object, *rules: Rule, backend: str | None = None) -> object:
    scenario = pileup.Scenario(agent, agents=1, faults=list(rules), backend=backend)  # type: ignore[arg-type]
    (result,) = scenario.explorer().once(pileup.strategies.Dull()).results.values()
    return result


@BACKENDS
def test_a_timeout_that_passes_in_a_pause_is_heard_of_after_it(backend: str) -> None:
    pause = Rule("pause", on="write memory[a]", seconds=60)
    assert once(work, pause, HANG, backend=backend) == "late"


@BACKENDS
def test_without_the_pause_it_is_heard_of_at_once(backend: str) -> None:
    assert once(work, HANG, backend=backend) == "late"
    assert once(work, backend=backend) == "in time"


def test_both_of_two_timeouts_are_heard_of_the_inner_one_first() -> None:
    pause = Rule("pause", on="write memory[a]", seconds=60)
    assert once(nested, pause, HANG) == ["inner", "outer"]
