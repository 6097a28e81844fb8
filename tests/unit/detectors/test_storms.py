"""Rate-limit storms: agents that come back too early again and again, and none that wait."""

from __future__ import annotations

from typing import Any

import pytest
from support.mutants import mutant

import pileup
from pileup.detectors import detect, storms, told
from pileup.detectors.case import Case
from pileup.fakes import World
from pileup.fakes.model.errors import Throttled


def visits(*times: float, who: str = "a", wait: str = "60.0") -> list[str]:
    note = f"{{intent={who} refused=429 wait={wait}}}"
    return [f"{who}:POST(r c){note}".replace("{", f"@{float(time)}{{") for time in times]


def both(*times: float, wait: str = "60.0") -> str:
    """Two agents that do the same."""
    turns = zip(visits(*times, wait=wait), visits(*times, who="b", wait=wait), strict=True)
    return ", ".join(each for turn in turns for each in turn)


STORMS = {
    "at once": both(0, 0, 0, 0),
    "after a bit, each time": both(0, 0.5, 1, 1.5, 2),
    "earlier each time": both(0, 9, 11, 12, 12.5),
}
RIGHT = {
    "they wait": both(0, 60, 120, 180, 240),
    "they wait longer each time": both(0, 1, 3, 7, 15, 31),
    "they wait longer each time, if not for long": both(0, 0.01, 0.03, 0.07, 0.15, 0.31),
    "they give up": both(0, 0, 0),
    "one alone": ", ".join(visits(0, 0, 0, 0, 0)),
    "it went through in between": ", ".join(
        [both(0, 0, 0), "a:POST(u c)", "b:POST(u c)", both(0, 0, 0)]
    ).replace("(u c)", "(u c){intent=i}"),
}


@pytest.mark.parametrize("text", STORMS.values(), ids=STORMS)
def test_agents_that_do_not_wait_are_named(text: str) -> None:
    (finding,) = detect(told(text))
    assert (finding.kind, finding.agents) == ("rate_limit_storm", ("a", "b"))
    assert finding.receipt["retry_after"] == 60


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_agents_that_wait_or_give_up_are_right(text: str) -> None:
    assert detect(told(text)) == []


def test_it_says_who_and_how_often() -> None:
    (finding,) = detect(told(STORMS["at once"]))
    assert finding.title == "2 agents ran against c without waiting"
    assert "a was refused (429) and told to come back after 60 s (event 0)." in finding.explanation
    assert "2 agents came back 6 times before that" in finding.explanation


MUTANTS = {
    "how often": ("len(visit.rows) > AGAIN", "len(visit.rows) >= AGAIN"),
    "how many": ("MANY: Final = 2", "MANY: Final = 1"),
    "the wait": ("gap < (last.note.wait or SOON)", "True"),
    "the growth": ("gap <= before.gap\n", "True\n"),
    "at once": ("(steady or soon) and", "steady and"),
    "backing off": ("gap < SOON and not grows", "gap < SOON"),
    "in between": ("before = visits.pop(where, None)", "before = visits.get(where)"),
}


@pytest.mark.parametrize(("old", "new"), MUTANTS.values(), ids=MUTANTS)
def test_a_mutant_of_the_detector_is_noticed(old: str, new: str) -> None:
    find = mutant(storms, old, new).rate_limit_storms
    named = [len(list(find(Case(told(text))))) for text in (*STORMS.values(), *RIGHT.values())]
    assert named != [1] * len(STORMS) + [0] * len(RIGHT)


# Real programs ---------------------------------------------------------------------------------


def start(sim: pileup.Sim) -> World:
    world = World(sim)
    world.http.route("POST", "/jobs", lambda *_: 201)
    world.http.limit(2, 60.0)
    world.model.answer("*", "ok")
    world.model.limit(2, 60.0)
    return world


async def comes_back_at_once(world: World, me: pileup.Agent) -> None:
    for _ in range(6):
        if (await world.http.post("/jobs", json={"by": me.name})).ok:
            return


async def comes_back_when_told(world: World, me: pileup.Agent) -> None:
    for _ in range(6):
        answer = await world.http.post("/jobs", json={"by": me.name})
        if answer.ok:
            return
        await pileup.sleep(float(answer.headers["retry-after"]))


async def backs_off(world: World, me: pileup.Agent) -> None:
    for attempt in range(6):
        if (await world.http.post("/jobs", json={"by": me.name})).ok:
            return
        await pileup.sleep(2**attempt)


def asks_at_once(world: World, me: pileup.Agent) -> None:
    for _ in range(6):
        try:
            world.model.sync.complete(f"for {me.name}")
        except Throttled:
            continue
        return


@pytest.mark.parametrize("agent", [comes_back_at_once, asks_at_once])
@pytest.mark.parametrize("timed", [False, True])
def test_a_quota_that_is_run_against_is_named(agent: Any, timed: bool) -> None:
    result = pileup.explore(agent, setup=start, agents=5, runs=10, timed=timed)
    assert [finding.kind for finding in result.findings] == ["rate_limit_storm"]
    assert result.findings[0].key == "quota"


@pytest.mark.parametrize("agent", [comes_back_when_told, backs_off])
@pytest.mark.parametrize("timed", [False, True])
def test_patience_is_right(agent: Any, timed: bool) -> None:
    assert pileup.explore(agent, setup=start, agents=5, runs=30, timed=timed).clean
