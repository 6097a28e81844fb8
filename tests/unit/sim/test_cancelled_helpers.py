"""A sub-agent that is cancelled is gone, and whoever waits for it is not cancelled by that."""

from __future__ import annotations

import pytest

import pileup
from pileup.errors import Crashed
from pileup.fakes import World
from pileup.faults import Rule

CANCEL = Rule("cancel", by="helper")


async def help_out(world: World) -> None:
    await world.memory.set("a", 1)
    await world.memory.set("b", 1)


async def lead(world: World, me: pileup.Agent) -> str:
    helper = me.spawn(help_out, role="helper")
    try:
        await helper
    except Crashed as gone:
        await world.memory.set("after", 1)
        return str(gone)
    return "it came back"


def lead_in_sync_code(world: World, me: pileup.Agent) -> str:
    helper = me.spawn(help_out, role="helper")
    try:
        helper.join()
    except Crashed as gone:
        world.memory.store("after", 1)
        return str(gone)
    return "it came back"


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
@pytest.mark.parametrize("leader", [lead, lead_in_sync_code])
def test_who_waits_for_it_is_told_that_it_is_gone(leader: object, backend: str) -> None:
    scenario = pileup.Scenario(leader, agents=1, faults=CANCEL, backend=backend)  # type: ignore[arg-type]
    run = scenario.explorer().once(pileup.strategies.Dull())
    assert [*run.results.values()] == ["helper-1 was cancelled"]
    assert run.findings == ()


def test_without_the_fault_it_comes_back() -> None:
    run = pileup.Scenario(lead, agents=1).explorer().once(pileup.strategies.Dull())
    assert run.results["lead-0"] == "it came back"
