"""Limits: who stands by goes on when nobody else can, or never; under every runtime, for all."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

import pileup
from pileup.choices import Tape
from pileup.errors import BadToken
from pileup.fakes import World
from pileup.results import Run
from pileup.settings import Limits
from pileup.strategies import Dull, Random
from pileup.strategies.follow import Follow
from pileup.tokens import PREFIX, Ticket, decode, encode

BACKENDS = ("native", "trio", "asyncio")
FREE = 1 << 30


async def adds(world: World) -> None:
    n = await world.memory.get("n") or 0
    await world.memory.set("n", n + 1)


def adds_in_sync_code(world: World) -> None:
    n = world.memory.load("n") or 0
    world.memory.store("n", n + 1)


def play(
    agent: Any,
    most: dict[int, int],
    *,
    agents: int = 3,
    stops: bool = False,
    backend: str | None = None,
    strategy: Any = None,
) -> Run:
    scenario = pileup.Scenario(agent, agents=agents, backend=backend)
    limits = Limits(agents, tuple(most.items()), stops)
    return scenario.explorer().once(Follow(strategy or Dull()), limits=limits)


def deeds(run: Run) -> list[str]:
    return [
        f"{event.agent} {event.name}"
        for event in run.history
        if event.items and event.name != "end"
    ]


def kinds(run: Run) -> list[str]:
    return [finding.kind for finding in run.findings]


# Who acts, and who stands by ----------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("agent", [adds, adds_in_sync_code])
@pytest.mark.parametrize("seed", range(3))
def test_who_is_not_named_does_not_begin_before_the_others_are_done(
    agent: Callable[..., Any], backend: str, seed: int
) -> None:
    run = play(agent, {1: FREE}, backend=backend, strategy=Random(seed))
    name = agent.__name__
    assert deeds(run)[:2] == [f"{name}-1 read", f"{name}-1 write"]
    assert len(deeds(run)) == 6
    assert len(run.results) == 3


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("agent", [adds, adds_in_sync_code])
def test_a_run_that_stops_is_over_when_all_have_done_what_they_may(
    agent: Callable[..., Any], backend: str
) -> None:
    run = play(agent, {0: 1, 2: 2}, stops=True, backend=backend)
    name = agent.__name__
    assert deeds(run) == [f"{name}-0 read", f"{name}-2 read", f"{name}-2 write"]
    assert run.clean
    assert list(run.results) == [f"{name}-2"]
    assert [event.name for event in run.history if event.agent == f"{name}-1"] == []


def test_who_has_done_what_he_may_goes_on_when_nobody_else_can() -> None:
    run = play(adds, {0: 1, 1: FREE, 2: FREE})
    assert deeds(run)[0] == "adds-0 read"
    assert deeds(run)[-1] == "adds-0 write"
    assert kinds(run) == ["lost_write"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_run_with_limits_is_the_same_under_every_runtime(backend: str) -> None:
    for stops in (True, False):
        native, other = (
            play(adds, {0: 1, 1: FREE}, stops=stops, backend=each, strategy=Random(1))
            for each in ("native", backend)
        )
        assert native.history.lines() == other.history.lines()


def test_without_limits_for_anybody_it_is_a_run_like_any_other() -> None:
    free = pileup.Scenario(adds, agents=3).explorer().once(Follow(Random(4)))
    all_of_them = play(adds, {0: FREE, 1: FREE, 2: FREE}, strategy=Random(4))
    assert all_of_them.history.lines() == free.history.lines()


# Sub-agents --------------------------------------------------------------------------------


async def starts_a_helper(world: World, me: pileup.Agent) -> None:
    await me.spawn(adds)
    await world.memory.get("done")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sub_agent_may_act_although_it_is_not_named(backend: str) -> None:
    run = play(starts_a_helper, {0: FREE}, agents=2, stops=True, backend=backend)
    assert [each.split("-")[0] for each in deeds(run)] == ["adds read", "adds write"] or len(
        deeds(run)
    ) == 4
    assert run.clean
    assert list(run.results)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_sub_agent_can_be_told_to_stand_by(backend: str) -> None:
    run = play(starts_a_helper, {0: FREE, 2: 1}, agents=2, stops=True, backend=backend)
    assert [each for each in deeds(run) if "read" in each or "write" in each] == ["adds-2 read"]
    assert run.clean, "its parent waits for it, and it would go on"


# Time --------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_time_passes_for_those_who_act_while_others_stand_by(backend: str) -> None:
    async def sleeps(world: World) -> None:
        await pileup.sleep(5)
        await world.memory.add("n", 1)

    run = play(sleeps, {0: FREE}, stops=True, backend=backend)
    assert deeds(run) == ["sleeps-0 add"]
    assert run.seconds == 5


@pytest.mark.parametrize("backend", BACKENDS)
def test_who_stands_by_may_run_out_of_time(backend: str) -> None:
    async def hurries(world: World, me: pileup.Agent) -> str:
        try:
            async with pileup.timeout(1):
                await world.memory.get("a")
                await world.memory.get("b")
        except TimeoutError:
            return "late"
        if me.index:
            await pileup.sleep(10)
        return "in time"

    run = play(hurries, {0: 1, 1: FREE}, agents=2, backend=backend)
    assert run.results == {"hurries-0": "late", "hurries-1": "in time"}


@pytest.mark.parametrize("backend", BACKENDS)
def test_who_stands_by_sleeps_after_that(backend: str) -> None:
    async def sleeps_on(world: World) -> None:
        await world.memory.get("a")
        await pileup.sleep(3)
        await world.memory.get("b")

    run = play(sleeps_on, {0: 1, 1: FREE}, agents=2, backend=backend)
    assert deeds(run)[-1] == "sleeps_on-0 read"
    assert run.seconds == 6
    assert run.clean


# Ends --------------------------------------------------------------------------------------


async def crosses(world: World, me: pileup.Agent) -> None:
    first, second = ("a", "b") if me.index % 2 else ("b", "a")
    async with world.memory.lock(first), world.memory.lock(second):
        await world.memory.add("n", 1)


def crosses_in_sync_code(world: World, me: pileup.Agent) -> None:
    first, second = ("a", "b") if me.index % 2 else ("b", "a")
    with world.memory.lock(first), world.memory.lock(second):
        pass


class Switching(Dull):
    """Let another go each time there is a choice."""

    def choose(self, point: Any) -> int:
        return 1 if point.stream == "schedule" and point.count > 1 else 0


@pytest.mark.parametrize("stops", [True, False])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("agent", [crosses, crosses_in_sync_code])
def test_a_deadlock_among_those_who_act_is_one(
    agent: Callable[..., Any], backend: str, stops: bool
) -> None:
    run = play(
        agent, {0: FREE, 1: FREE}, agents=4, stops=stops, backend=backend, strategy=Switching()
    )
    (finding,) = run.findings
    assert finding.kind == "deadlock"
    told = set(finding.agents)
    assert {f"{agent.__name__}-0", f"{agent.__name__}-1"} <= told
    if stops:
        assert len(told) == 2
        assert {run.history[number].agent for number in finding.evidence} == told


@pytest.mark.parametrize("backend", BACKENDS)
def test_to_wait_for_one_who_stands_by_is_no_deadlock(backend: str) -> None:
    async def holds(world: World) -> None:
        async with world.memory.lock():
            await world.memory.add("n", 1)

    for stops in (True, False):
        run = play(holds, {0: 1, 1: FREE, 2: FREE}, stops=stops, backend=backend)
        assert run.clean
        assert deeds(run)[0] == "holds-0 acquire"
    assert len(run.results) == 3


@pytest.mark.parametrize("backend", BACKENDS)
def test_nor_is_it_to_wait_for_one_who_waits_for_one(backend: str) -> None:
    async def queues(world: World, me: pileup.Agent) -> None:
        async with world.memory.lock(str(me.index)):
            await world.memory.add("n", 1)
            if me.index:
                async with world.memory.lock(str(me.index - 1)):
                    pass

    run = play(queues, {0: 1, 1: FREE, 2: FREE}, stops=True, backend=backend)
    assert run.clean


@pytest.mark.parametrize("backend", BACKENDS)
def test_who_waits_for_a_lock_that_nobody_will_give_back_is_stuck_all_the_same(
    backend: str,
) -> None:
    async def takes_twice(world: World) -> None:
        async with world.memory.lock(), world.memory.lock():
            pass

    run = play(takes_twice, {0: FREE}, stops=True, backend=backend)
    assert kinds(run) == ["deadlock"]
    assert run.findings[0].agents == ("takes_twice-0",)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("stops", [True, False])
def test_who_stands_by_is_unwound_when_the_run_is_over(backend: str, stops: bool) -> None:
    left: list[int] = []

    async def tidies(world: World, me: pileup.Agent) -> None:
        try:
            await world.memory.add("n", 1)
            await world.memory.add("n", 1)
        finally:
            left.append(me.index)
            await world.memory.add("tidied", 1)

    run = play(tidies, {0: 1, 1: FREE}, stops=stops, backend=backend)
    assert sorted(left) == ([0, 1] if stops else [0, 1, 2])
    assert run.clean
    assert len(deeds(run)) == (4 if stops else 9)


def test_a_spent_budget_ends_it_whoever_stands_by() -> None:
    async def polls(world: World) -> None:
        while not await world.memory.get("go"):
            pass

    scenario = pileup.Scenario(polls, agents=2, budgets=pileup.Budgets(steps=50))
    run = scenario.explorer().once(Follow(Dull()), limits=Limits(2, ((0, FREE),), stops=True))
    assert kinds(run) == ["overrun"]


def test_one_who_crashes_and_begins_anew_is_no_deadlock() -> None:
    rule = pileup.faults.Rule("restart", on="write*", most=1)
    explorer = pileup.Scenario(adds, agents=1, faults=rule).explorer()
    for most in range(4):
        run = explorer.once(Follow(Dull()), limits=Limits(1, ((0, most),), stops=True))
        assert "deadlock" not in kinds(run)


# Tokens ------------------------------------------------------------------------------------


@pytest.mark.parametrize("stops", [True, False])
def test_a_token_remembers_the_limits(stops: bool) -> None:
    limits = Limits(5, ((0, 3), (4, FREE)), stops)
    token = encode(Ticket(Tape((0, 1)), "adds x5", 5, limits=limits))
    assert decode(token).limits == limits
    assert encode(decode(token)) == token
    assert decode(encode(Ticket(Tape((0, 1))))).limits is None


def hostile(limits: object) -> str:
    """Seal a token whose limits are anything."""
    page = {
        "program": "adds x2",
        "agents": 2,
        "backend": "native",
        "digest": "",
        "names": [],
        "choices": {},
        "labels": {},
        "limits": limits,
    }
    packed = zlib.compress(json.dumps(page).encode(), 9)
    body = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return f"{PREFIX}-{zlib.crc32(body.encode()):08x}-{body}"


@pytest.mark.parametrize(
    "limits",
    [
        None,
        7,
        [],
        "all",
        {},
        {"agents": 2, "most": [[0, 1]]},
        {"agents": -1, "most": [], "stops": True},
        {"agents": 2.5, "most": [], "stops": True},
        {"agents": True, "most": [], "stops": True},
        {"agents": 2, "most": [[0]], "stops": True},
        {"agents": 2, "most": [[0, 1, 2]], "stops": True},
        {"agents": 2, "most": [[0, -1]], "stops": True},
        {"agents": 2, "most": [["0", 1]], "stops": True},
        {"agents": 2, "most": 3, "stops": True},
        {"agents": 2, "most": {"0": 1}, "stops": True},
    ],
)
def test_limits_that_are_none_are_refused(limits: object) -> None:
    with pytest.raises(BadToken) as caught:
        decode(hostile(limits))
    assert len(str(caught.value)) < 500


def test_limits_that_fit_no_agent_do_no_harm() -> None:
    token = hostile({"agents": 10**9, "most": [[10**9, 10**18]], "stops": True})
    run = pileup.replay(token, adds, agents=2)
    assert len(run.history) == 0
    assert run.clean
