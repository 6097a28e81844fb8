"""No recovery: named where work is left and nothing goes on, and only there."""

from __future__ import annotations

from typing import Any

import pytest
from support.mutants import mutant

import pileup
from pileup.detectors import detect, recovery, told
from pileup.detectors.case import Case
from pileup.fakes import World
from pileup.faults import Rule


def posts(first: int, last: int, end: str = "", every: int = 1, work: int = 0) -> list[str]:
    """One request a second, or so; `work` is what it is about, or each is about its own."""
    return [
        f"a:POST(u c){end}@{time}.5{{intent=i{work or time}}}" for time in range(first, last, every)
    ]


def idles(first: int, last: int) -> list[str]:
    return [f"a:read(r t){each}" for each in [f"@{time}.7" for time in range(first, last)]]


DOWN = "!~unavailable"
BEFORE, DURING = posts(0, 20), posts(20, 26, DOWN)


def story(*parts: list[str]) -> str:
    rows = ["a:start", *(each for part in parts for each in part)]
    return ", ".join(each for row in rows for each in (row, *(["a:tick"] if "POST" in row else [])))


LOST = {
    "it never tries again": story(BEFORE, DURING, idles(26, 60)),
    "it is never heard of again": story(BEFORE, DURING, posts(26, 60, "?"), idles(60, 61)),
    "next to nothing": story(BEFORE, DURING, idles(26, 60), posts(60, 61)),
}
RIGHT = {
    "it goes on": story(BEFORE, DURING, posts(26, 60)),
    "it goes on slowly": story(BEFORE, DURING, posts(26, 60, every=4), idles(60, 62)),
    "the run ends": story(BEFORE, DURING, sorted(idles(26, 30) * 4)),
    "nothing is left": story(BEFORE, DURING, posts(20, 26), idles(26, 70)),
    "nothing was done before": story(posts(0, 5), DURING, idles(26, 60)),
    "there was no fault": story(BEFORE, posts(20, 26, "!"), idles(26, 60)),
    "an agent crashed": story(BEFORE, posts(20, 26, "!~crash"), idles(26, 60)),
    "nothing was asked for": story(idles(0, 20), ["a:ack(u q)?~lost@20.0{message=m1}"] * 11)
    + ", a:ack(u q)?~lost@21.0{message=m1}, a:end@99.0",
    "nobody is there any more": story(BEFORE, DURING, ["a:end@90.0"]),
}
RIGHT["calls take no time"] = ", ".join(
    f"a:tick@{each.partition('@')[2].partition('{')[0]}, {each}" if "POST" in each else each
    for each in (*BEFORE, *DURING, *idles(26, 60))
)


def found(text: str, find: Any = recovery.no_recovery) -> list[str]:
    return [finding.title for finding in find(Case(told(text)))]


@pytest.mark.parametrize("text", LOST.values(), ids=LOST)
def test_work_that_does_not_go_on_is_named(text: str) -> None:
    assert found(text) == ["work did not go on after the fault was over (unavailable)"]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_goes_on_or_is_done_is_right(text: str) -> None:
    assert found(text) == []


def test_it_says_how_much_was_done_before_and_since() -> None:
    (finding,) = detect(told(LOST["it never tries again"]))
    assert "Before the fault, 1 requests succeeded in a second." in finding.explanation
    assert (finding.receipt["left"], finding.receipt["after"]) == (6, 0.0)


# Real programs ---------------------------------------------------------------------------------


def start(sim: pileup.Sim) -> World:
    world = World(sim)
    world.http.route("POST", "/jobs", lambda *_: 201)
    return world


async def _works(world: World, name: str, tries: Any) -> None:
    failures, todo = 0, list(range(40))
    for turn in range(90):
        if todo and (failures < 3 or tries(turn)):
            answer = await world.http.post("/jobs", json={"by": name, "number": todo[0]})
            failures = 0 if answer.ok else failures + 1
            if answer.ok:
                todo.pop(0)
        await world.memory.add("turns", 1)
        await pileup.sleep(1)


async def never_closes_its_breaker(world: World, me: pileup.Agent) -> None:
    await _works(world, me.name, lambda _: False)


async def tries_from_time_to_time(world: World, me: pileup.Agent) -> None:
    await _works(world, me.name, lambda turn: turn % 5 == 0)


OUTAGE = Rule("unavailable", on="POST*", window=(20, 30))


def test_a_breaker_that_stays_open_is_named() -> None:
    result = pileup.explore(
        never_closes_its_breaker,
        setup=start,
        agents=3,
        runs=5,
        faults=OUTAGE,
        timed=True,
        shrink=False,  # because to strike each of the many requests earlier takes ten seconds
    )
    assert [finding.kind for finding in result.findings] == ["no_recovery"]


@pytest.mark.parametrize("timed", [False, True])
def test_a_breaker_that_tries_again_is_right(timed: bool) -> None:
    result = pileup.explore(
        tries_from_time_to_time, setup=start, agents=3, runs=5, faults=OUTAGE, timed=timed
    )
    assert result.clean


def test_rates_are_not_spoken_of_where_calls_take_no_time() -> None:
    result = pileup.explore(
        never_closes_its_breaker, setup=start, agents=3, runs=5, faults=OUTAGE, timed=False
    )
    assert result.clean


MUTANTS = {
    "any fault": ("row[10] not in STRIKES_AGENTS", "True"),
    "takes time": ("or not _takes_time(case, requests)", ""),
    "enough": ("if goodput.before < ENOUGH or", "if"),
    "long enough": ("if after < before or after < goodput.end - goodput.start or", "if"),
    "left": ("or len(goodput.left) < LEFT", ""),
    "slowly": ("return goodput.after / after < BACK * goodput.before / before", "return True"),
    "still there": ("if sum(row[7] > goodput.end for row in case.rows) < ENOUGH:", "if False:"),
    "done since": ("self.left.pop(each.about, None)", "pass"),
}


@pytest.mark.parametrize(("old", "new"), MUTANTS.values(), ids=MUTANTS)
def test_a_mutant_of_the_detector_is_noticed(old: str, new: str) -> None:
    find = mutant(recovery, old, new).no_recovery
    try:
        assert any(found(text, find) for text in RIGHT.values())
    except IndexError:
        return  # it has nothing to name
