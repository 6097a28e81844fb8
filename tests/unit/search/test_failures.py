"""Which failures of agents are news, and which of them are one finding."""

from __future__ import annotations

import json
from typing import Any

import pytest

import pileup
from pileup.fakes import World
from pileup.faults import Rule


def failed(agent: Any, **options: Any) -> list[pileup.Finding]:  # Any: as explore takes them
    """Return the failures that are found, and make sure that nothing else is."""
    found = pileup.explore(agent, **{"runs": 40, "shrink": False, **options}).findings
    assert {each.kind for each in found} <= {"agent_failed"}
    return list(found)


# Whom nobody waits for any more ------------------------------------------------------------------


async def late() -> None:
    await pileup.sleep(10)
    raise ValueError("too late")


async def loses_patience(me: pileup.Agent, kid: pileup.Agent) -> str:
    try:
        async with pileup.timeout(5):
            await kid
    except TimeoutError:
        return f"{me.name} did without"
    return "it came"


def test_a_sub_agent_that_was_given_up_may_fail() -> None:
    async def parent(world: World, me: pileup.Agent) -> str:  # noqa: ARG001 - as users write it
        return await loses_patience(me, me.spawn(late))

    assert failed(parent, agents=1) == []


def test_a_sub_agent_for_which_nobody_ever_waited_may_not() -> None:
    async def parent(world: World, me: pileup.Agent) -> str:  # noqa: ARG001 - as users write it
        me.spawn(late, role="forgotten")
        return await loses_patience(me, me.spawn(late, role="awaited"))

    (finding,) = failed(parent, agents=1)
    assert "forgotten" in finding.title


def test_a_sub_agent_that_is_waited_for_when_the_run_is_stopped_has_not_been_given_up() -> None:
    async def child() -> None:
        raise ValueError("wrong")

    async def endless(world: World) -> None:
        while not await world.memory.get("done"):
            pass

    async def parent(world: World, me: pileup.Agent) -> None:  # noqa: ARG001 - as users write it
        await me.spawn(child)

    found = pileup.explore(
        [parent, endless], runs=60, budgets=pileup.Budgets(steps=8), shrink=False
    ).findings
    assert [each.title for each in found if each.title.startswith("child")]


def test_an_agent_at_the_top_may_not_fail_late() -> None:
    (finding,) = failed(late, agents=1)
    assert "too late" in finding.title


# What a fault explains ---------------------------------------------------------------------------


async def writes_here_and_there(world: World) -> None:
    await world.memory.set("a", 1)
    await world.cache.set("b", b"1")
    await world.cache.set("c", b"1")
    await world.cache.set("d", b"1")


def test_one_fault_is_one_finding_whichever_line_it_struck() -> None:
    rule = Rule("reset", on="*cache*", odds=0.4)
    (finding,) = failed(writes_here_and_there, agents=2, faults=rule)
    assert "The fault 'reset' that befell set cache[" in finding.explanation


def test_two_faults_are_two_findings() -> None:
    rules = [Rule(name, on="*cache*", odds=0.4) for name in ("reset", "refused")]
    found = failed(writes_here_and_there, agents=2, faults=rules)
    told = {each.explanation.partition("The fault '")[2].partition("'")[0] for each in found}
    assert told == {"reset", "refused"}
    assert len({each.fingerprint for each in found}) == len(found) == 2


def test_a_mistake_of_its_own_keeps_its_line_under_faults() -> None:
    async def wrong_twice(world: World, me: pileup.Agent) -> None:
        await world.cache.set("b", b"1")
        if me.index:
            raise ValueError("here")
        raise ValueError("there")

    found = failed(wrong_twice, agents=2, faults=Rule("slow", on="*cache*", odds=0.4))
    assert len(found) == 2
    assert not any("The fault" in each.explanation for each in found)


def test_a_mistake_of_the_handler_keeps_its_line() -> None:
    async def handles_badly(world: World) -> None:
        for key in ("b", "c"):
            try:
                await world.files.write_text(key, "1")
            except PermissionError:
                if key == "b":
                    raise ValueError("first") from None
                raise ValueError("second")  # noqa: B904 - as users forget it

    found = failed(handles_badly, agents=1, faults=Rule("denied", on="*files*", odds=0.5))
    assert len(found) == 2


def test_an_error_that_names_its_cause_is_explained_by_it() -> None:
    async def wraps(world: World) -> None:
        for key in ("b", "c"):
            try:
                await world.files.write_text(key, "1")
            except PermissionError as error:
                if key == "b":
                    raise ValueError("no b") from error
                raise ValueError("no c") from error

    (finding,) = failed(wraps, agents=1, faults=Rule("denied", on="*files*", odds=0.5))
    assert "denied" in finding.explanation


async def works(world: World) -> None:
    await world.memory.get("a")
    await world.memory.get("b")


@pytest.mark.parametrize("fault", ["crash", "cancel"])
def test_a_sub_agent_that_was_struck_is_one_finding_of_its_parent(fault: str) -> None:
    async def parent(world: World, me: pileup.Agent) -> None:  # noqa: ARG001 - as users write it
        await me.spawn(works, role="kid")
        await me.spawn(works, role="kid")

    (finding,) = failed(parent, agents=1, faults=Rule(fault, by="kid", odds=0.3))
    assert f"The fault '{fault}' that befell kid-" in finding.explanation


def test_what_a_parser_says_of_a_spoiled_answer_is_explained_by_the_fault() -> None:
    async def asks(world: World) -> object:
        first = await world.model.complete("one")
        one = json.loads(first.text)
        second = await world.model.complete("two")
        return one, json.loads(second.text)

    def start(sim: pileup.Sim) -> World:
        world = World(sim)
        world.model.answer("*", '{"total": 1}')
        return world

    rule = Rule("malformed", on="*model*", odds=0.4)
    (finding,) = failed(asks, agents=1, setup=start, faults=rule)
    assert "malformed" in finding.explanation


def test_what_its_own_code_says_of_a_spoiled_answer_keeps_its_line() -> None:
    async def asks(world: World) -> None:
        if (await world.model.complete("one")).text != "yes":
            raise ValueError("not one")
        if (await world.model.complete("two")).text != "yes":
            raise ValueError("not two")

    def start(sim: pileup.Sim) -> World:
        world = World(sim)
        world.model.answer("*", "yes")
        return world

    found = failed(asks, agents=1, setup=start, faults=Rule("refusal", on="*model*", odds=0.5))
    assert len(found) == 2
