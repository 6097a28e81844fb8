"""Who takes part is drawn: how many agents, whose they are, what each has to do."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from support import property_agents as shops

import pileup
from pileup.fakes import World
from pileup.hypothesis import Member, Schedule, Team, schedules, teams
from pileup.sim import bodies

QUIET = settings(
    phases=(Phase.generate, Phase.shrink),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
QUESTIONS = st.lists(st.sampled_from(["pay", "send"]), max_size=2)


def seen_by(team: Team) -> list[tuple[str, str, object]]:
    seen: list[tuple[str, str, object]] = []

    async def looks(_: World, me: pileup.Agent, work: object) -> None:
        seen.append((me.name, me.session, copy.copy(work)))

    Schedule({(0, 9): 1}).play(team(looks))
    return seen


def test_each_agent_has_its_session_and_its_work() -> None:
    team = Team([Member("ann", work=[1, 2]), Member("bob", work=[])])
    assert seen_by(team) == [("looks-0", "ann", [1, 2]), ("looks-1", "bob", [])]


def test_without_sessions_each_has_its_own_as_ever() -> None:
    team = Team([Member(work=1), Member(work=2)])
    assert [session for _, session, _ in seen_by(team)] == ["session-0", "session-1"]


def test_agents_without_work_take_what_agents_take() -> None:
    played = Schedule().play(Team([Member(), Member()])(shops.adds_at_once))
    assert played.world.memory.peek("n") == 2


def test_sync_agents_are_bound_as_well() -> None:
    def adds(world: World, work: int) -> None:
        world.cache.sync.incrby("n", work)

    played = Schedule().play(Team([Member(work=2), Member(work=3)])(adds))
    assert played.world.cache.sync.get("n") == b"5"


def test_what_an_agent_does_to_its_work_is_no_news_to_the_next_run() -> None:
    async def takes(_: World, __: pileup.Agent, work: list[int]) -> int:
        return work.pop()

    team = Team([Member(work=[1, 2])])
    for _ in range(2):
        assert list(Schedule().play(team(takes)).results.values()) == [2]
    assert team.members[0].work == [1, 2]


def test_a_leak_shrinks_to_two_agents_of_two_sessions_with_one_thing_to_do() -> None:
    drawn = st.tuples(schedules(), teams(sessions=["ann", "bob", "eve"], work=QUESTIONS))

    async def reads(world: World, me: pileup.Agent, work: list[str]) -> object:
        await shops.keeps_answers_for_all(world, me, work)
        return [str(await world.cache.get(each)) for each in work]

    def tells(drawn: tuple[Schedule, Team]) -> bool:
        order, team = drawn
        played = order.play(team(reads), setup=shops.answers)
        return any(each.kind == "session_leak" for each in played.findings)

    order, team = find(drawn, tells, settings=QUIET)
    assert order == Schedule()
    assert len(team) == 2
    assert min(str(each.session) for each in team.members) == "ann"
    assert len({each.session for each in team.members}) == 2
    assert [each.work for each in team.members] == [["pay"], ["pay"]]


@QUIET
@given(teams(least=1, most=3, sessions=["ann"], work=st.integers(1, 3)))
def test_what_is_drawn_is_within_what_was_asked_for(team: Team) -> None:
    assert 1 <= len(team) <= 3
    assert {each.session for each in team.members} == {"ann"}
    assert eval(repr(team), {"Team": Team, "Member": Member}) == team


def test_examples_leave_nothing_behind() -> None:
    async def idles(_: World, __: pileup.Agent, work: int) -> int:
        return work

    team = Team([Member(work=1)])
    Schedule().play(team(idles))
    before = bodies.arguments.cache_info().currsize
    for _ in range(5):
        Schedule().play(team(idles))
    assert bodies.arguments.cache_info().currsize == before


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"least": 0}, r"teams\(least=2, most=5\)"),
        ({"least": 3, "most": 2}, "cannot be"),
        ({"sessions": "ann"}, r'teams\(sessions=\["ann", "bob"\]\)'),
        ({"sessions": [1]}, "a list of names"),
        ({"work": [1, 2]}, r"teams\(work=st\.lists"),
    ],
)
def test_a_team_that_cannot_be_says_what_to_write(wrong: Any, said: str) -> None:
    with pytest.raises(pileup.UsageError, match=said):
        teams(**wrong)


def test_an_agent_that_takes_no_work_says_how_to_take_it() -> None:
    with pytest.raises(pileup.UsageError, match=r"async def adds\(world, me, work\)"):
        Team([Member(work=1)])(shops.adds)
