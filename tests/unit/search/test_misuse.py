"""What would never run, or cannot be called, is refused before anything is searched."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

import pileup
from pileup.fakes import World
from pileup.faults import Rule


async def adds(world: World) -> None:
    await world.memory.add("n", 1)


async def awaits_nothing(_: World) -> None:
    raise AssertionError("never runs")


def yields(_: World) -> Iterator[int]:
    yield 1


async def yields_in_async_code(_: World) -> AsyncIterator[int]:
    yield 1


def takes_nothing() -> bool:
    return True


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"check": awaits_nothing}, "`check` is called, never awaited"),
        ({"check": yields}, "without `yield`"),
        ({"setup": awaits_nothing}, "`setup` is called, never awaited"),
        ({"check": takes_nothing}, r"which takes_nothing\(\).* does not take"),
        ({"setup": takes_nothing}, r"def setup\(sim\)|def setup"),
    ],
)
def test_a_setup_or_check_that_cannot_be_is_refused(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(pileup.UsageError, match=said):
        pileup.explore(adds, **asked)


@pytest.mark.parametrize("agent", [yields, yields_in_async_code])
def test_a_generator_is_no_agent(agent: Any) -> None:
    with pytest.raises(pileup.UsageError, match="Leave the `yield` out"):
        pileup.explore(agent)


def test_a_mistake_in_a_check_is_no_finding() -> None:
    def check(world: World) -> None:
        world.database.peek("nowhere", 1)

    with pytest.raises(pileup.UsageError, match="There is no table 'nowhere'"):
        pileup.explore(adds, check=check)


def sleeps(seconds: Any) -> Any:
    async def agent() -> None:
        await pileup.sleep(seconds)

    return agent


@pytest.mark.parametrize("seconds", ["1", -1, None, float("inf")])
def test_to_sleep_takes_a_number_of_seconds(seconds: Any) -> None:
    with pytest.raises(pileup.UsageError, match=r"pileup.sleep\(1.5\)"):
        pileup.explore(sleeps(seconds))


WRONG = [
    {"window": 10},
    {"window": (5,)},
    {"nth": "3"},
    {"nth": 1.5},
    {"nth": (1, 2, 3)},
    {"odds": "0.5"},
    {"most": "2"},
    {"on": None},
    {"after": 3},
    {"seconds": "1"},
    {"victim": 1},
]


@pytest.mark.parametrize("given", WRONG, ids=str)
def test_a_rule_of_another_type_says_what_to_write(given: dict[str, Any]) -> None:
    (name,) = given
    with pytest.raises(pileup.UsageError, match=f"; write {name}="):
        Rule("slow", **given)


async def parses(world: World, me: pileup.Agent) -> None:
    import json

    await world.memory.set("x", me.name)
    if me.name.endswith("-0"):
        json.loads("")
    else:
        json.loads("")


def test_two_lines_of_the_user_that_a_library_refuses_are_two_findings() -> None:
    found = pileup.explore(parses)
    assert len(found.findings) == 2
    assert all("test_misuse.py" in finding.explanation for finding in found.findings)


def test_the_run_that_is_shown_is_the_one_that_is_told_of() -> None:
    async def fails(world: World, me: pileup.Agent) -> None:
        if await world.memory.add("n", 1) == 1:
            raise ValueError(me.name)

    found = pileup.explore(fails, agents=3)
    assert found.counterexample is not None
    assert found.findings[0] in found.counterexample.findings


def test_a_cancelled_agent_lets_go_of_the_locks_of_its_process() -> None:
    async def locks(world: World) -> None:
        async with world.memory.lock("l"):
            await world.memory.add("n", 1)

    found = pileup.explore(locks, faults=Rule("cancel", on="release*"))
    assert found.clean
