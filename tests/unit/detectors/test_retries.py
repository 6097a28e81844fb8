"""Retry amplification: named with its layers, and one owner that retries is left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import ModuleType
from typing import Any

import openai
import pytest
import tenacity
import trio
from support.mutants import mutant

import pileup
from pileup.detectors import attempts, detect, retry_amplification, told
from pileup.detectors.case import Case
from pileup.fakes import World
from pileup.faults import Rule
from pileup.findings import Finding
from pileup.history import History

DEPTHS = ("agent.py:88", "tool.py:10", "client.py:42", "wire.py:7")


def attempt(path: str, end: str = "!", more: str = "", who: str = "a") -> str:
    """One attempt; its path is the numbers of its frames, and `~3` where a task began."""
    frames, depth = [], 0
    for each in path.split():
        if each.startswith("~"):
            frames.append(f"{-1 - int(each[1:])}>a_task_begins")
            continue
        frames.append(f"{each}>{DEPTHS[depth]}")
        depth += 1
    refused = "refused=503" if end == "!" else ""
    return f"{who}:GET(r x0){end}~unavailable{{intent=g {refused} path={'+'.join(frames)} {more}}}"


def history(*paths: str, end: str = "") -> History:
    """Attempts that all fail, and then one that ends otherwise if `end` is its path."""
    last = [f"a:GET(r x0){{intent=g path={attempt(end).partition('path=')[2]}"] if end else []
    return told(", ".join([*map(attempt, paths), *last]))


def found(text: History, module: ModuleType = retry_amplification) -> list[Finding]:
    return list(module.retry_amplification(Case(text)))


TWO_LAYERS = history("1 2 3", "1 2 3", "1 2 4")
THREE_LAYERS = history(
    *[f"1 {2 + t} {5 + 3 * t + c}" for t in (0, 1) for c in (0, 1) for _ in "12"]
)


def test_two_layers_that_multiply_are_named() -> None:
    (finding,) = found(TWO_LAYERS)
    assert finding.title.startswith("one call, GET x, became 3 attempts, of up to 4 = ")
    assert finding.title.endswith("2 client.py:42 x 2 tool.py:10")
    assert finding.receipt == {
        "attempts": 3,
        "layers": 2,
        "layer_1": "client.py:42",
        "factor_1": 2,
        "layer_2": "tool.py:10",
        "factor_2": 2,
    }
    assert finding.evidence == (0, 1, 2)


def test_three_layers_are_named_with_their_factors() -> None:
    (finding,) = found(THREE_LAYERS)
    assert "became 8 attempts: 8 = 2 client" in finding.title
    assert finding.receipt["layers"] == 3
    assert "agent.py:88 had all of that done up to 2 times." in finding.explanation


RIGHT = {
    "one layer": history("1 2 3", "1 2 3", "1 2 3"),
    "one layer, which is the outer one": history("1 2 3", "1 4 5", "1 6 7"),
    "nine attempts": history(*["1 2 3"] * 9),
    "it goes deeper each time": history("1 2", "1 2 3", "1 2 3 4"),
    "tasks beside each other": told(
        ", ".join(attempt(path) for path in ("1 ~0 2", "1 ~0 2", "1 ~0 3", "1 ~0 3"))
    ),
    "nothing in common": history("1 2 3", "1 2 3", "4 5 6", "4 5 6"),
    "a call of its own each": told(
        ", ".join(
            attempt(path).replace("intent=g", f"intent={what}")
            for what, path in (("g", "1 2 3"), ("g", "1 2 3"), ("h", "1 2 4"), ("h", "1 2 4"))
        )
    ),
    "it succeeded in between": told(
        f"{attempt('1 2 3')}, {attempt('1 2 3', '')}, {attempt('1 2 4')}, {attempt('1 2 4')}"
    ),
    "what polls asks again afterwards": told(
        ", ".join(
            [
                *map(attempt, ("1 2", "1 2", "1 3")),
                attempt("1 3", "").replace("~unavailable", ""),
                attempt("1 4", "").replace("~unavailable", ""),
            ]
        )
    ),
    "what polls has asked before": told(
        "a:GET(r x0){intent=g}, " + ", ".join(map(attempt, ("1 2", "1 2", "1 3")))
    ),
    "it waits as it was told to": told(
        ", ".join(
            f"a:GET(r x0)!@{second}{{intent=g refused=429 wait=1.0 path=1>x}}"
            for second in range(14)
        )
    ),
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_does_not_multiply_is_right(text: History) -> None:
    assert detect(text) == []


def test_ten_attempts_of_one_place_are_as_good_as_endless() -> None:
    (finding,) = found(history(*["1 2 3"] * 10))
    assert finding.title.endswith("10 = 10 client.py:42")
    assert "No bound was seen" in finding.explanation


def test_it_succeeds_at_last() -> None:
    (finding,) = found(history("1 2 3", "1 2 3", "1 2 4", end="1 2 4"))
    assert "3 failed, and then one succeeded." in finding.explanation


def test_a_task_that_was_started_afterwards_is_part_of_it() -> None:
    text = told(", ".join(attempt(path) for path in ("1 ~0 2", "1 ~0 2", "1 ~2 3")))
    assert len(found(text)) == 1


def test_the_same_bug_has_the_same_mark_however_far_it_goes() -> None:
    one, two = found(history("7 8 9", "7 8 9", "7 8 10"))[0], found(THREE_LAYERS)[0]
    assert one.fingerprint == two.fingerprint


def test_who_asks_anew_after_success_but_does_not_retry_is_no_excuse() -> None:
    ok = [attempt(path, "").replace("~unavailable", "") for path in ("1 2 4", "1 5 6")]
    text = told(", ".join([*map(attempt, ("1 2 3", "1 2 3", "1 2 4")), *ok]))
    assert len(found(text)) == 1


MUTANTS = {
    "any two loops multiply": ("inner & self.tries.keys()", "inner or self.tries.keys()"),
    "none multiply": ("any(inner & self.tries.keys()", "any(set() and inner"),
    "polling is forgotten": ("    if series.again is not None:", "    if False:"),
    "what was before is forgotten": ("if before < first.number else None", "if False else None"),
    "the wait does not count": ("self.polite += wait is not None", "self.polite += False"),
    "no end": ("ENDLESS: Final = 10", "ENDLESS: Final = 9"),
    "success ends nothing": ("elif series is not None and not each.failed", "elif False"),
}


@pytest.mark.parametrize(("old", "new"), MUTANTS.values(), ids=MUTANTS)
def test_a_mutant_of_the_detector_is_noticed(old: str, new: str) -> None:
    module = mutant(retry_amplification, old, new)
    clean = all(not found(text, module) for text in RIGHT.values())
    named = all(len(found(text, module)) == 1 for text in (TWO_LAYERS, THREE_LAYERS))
    assert not (clean and named)


def test_a_mutant_that_lets_tasks_beside_each_other_repeat_is_noticed() -> None:
    module = mutant(attempts, "begun <= earlier.known_after", "begun < 0")
    one, other = attempts.attempts(Case(RIGHT["tasks beside each other"])), module
    first, _, third, _ = one
    assert attempts.loop_of(first, third) is None
    assert other.loop_of(first, third) == 0


# Real programs ---------------------------------------------------------------------------------


class Down(Exception):
    """The service did not do it."""


Send = Callable[[World], Awaitable[object]]


def start(sim: pileup.Sim) -> World:
    world = World(sim)
    world.http.route("POST", "/charges", lambda *_: (201, {"paid": 7}))
    world.model.answer("*", "ok")
    return world


async def posts(world: World) -> None:
    for _ in range(3):
        if (await world.http.post("/charges", json={"order": 7})).ok:
            return
    raise Down


async def uses_a_tool(world: World) -> None:
    for _ in range(3):
        with suppress(Down):
            return await posts(world)
    raise Down


async def plainly(world: World) -> None:
    for _ in range(3):
        with suppress(Down):
            await uses_a_tool(world)
            return


async def in_asyncio(world: World) -> None:
    for _ in range(3):
        with suppress(Down):
            await asyncio.create_task(uses_a_tool(world))
            return


async def in_threads(world: World) -> None:
    for _ in range(3):
        with suppress(Down):
            await asyncio.to_thread(syncly, world)
            return


async def in_trio(world: World) -> None:
    for _ in range(3):
        with suppress(ExceptionGroup):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(uses_a_tool, world)
            return


async def in_sub_agents(_: World, me: pileup.Agent) -> None:
    for _attempt in range(3):
        with suppress(Down):
            await me.spawn(uses_a_tool)
            return


def syncly(world: World) -> None:
    def post() -> bool:
        return any(world.http.sync.post("/charges", json={"order": 7}).ok for _ in range(3))

    def tool() -> bool:
        return any(post() for _ in range(3))

    if not any(tool() for _ in range(3)):
        raise Down


def all_of_it_sync(world: World) -> None:
    with suppress(Down):
        syncly(world)


OUTAGE = Rule("unavailable", on="POST*")


@pytest.mark.parametrize(
    ("agent", "backend"),
    [
        (plainly, "native"),
        (plainly, "trio"),
        (plainly, "asyncio"),
        (in_asyncio, None),
        (in_trio, None),
        (in_sub_agents, "native"),
        (in_sub_agents, "trio"),
        (all_of_it_sync, "native"),
        (all_of_it_sync, "asyncio"),
    ],
)
def test_three_layers_are_found_under_any_loop(agent: Any, backend: str | None) -> None:
    result = pileup.explore(agent, setup=start, agents=2, runs=3, faults=OUTAGE, backend=backend)
    (finding,) = result.findings
    factors = [finding.receipt[f"factor_{n}"] for n in (1, 2, 3)]
    assert (finding.receipt["attempts"], factors) == (27, [3, 3, 3])


def test_layers_in_a_thread_are_found() -> None:
    (finding,) = pileup.explore(in_threads, setup=start, agents=1, runs=3, faults=OUTAGE).findings
    assert finding.receipt["layers"] == 4  # three of them in one line, and the one around


def asks(_: World) -> object:
    client = openai.OpenAI(api_key="any", max_retries=2)
    message: Any = {"role": "user", "content": "hello"}
    return client.chat.completions.create(model="gpt-4o", messages=[message])


asks_thrice = tenacity.retry(
    stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_fixed(1), reraise=True
)(asks)


def asks_in_a_loop(world: World) -> None:
    for _ in range(3):
        with suppress(openai.APIError):
            asks_thrice(world)
            return


def test_an_sdk_in_tenacity_in_a_loop_makes_27_calls() -> None:
    down = Rule("unavailable", on="complete*")
    result = pileup.explore(asks_in_a_loop, setup=start, agents=1, runs=3, faults=down)
    (finding,) = result.findings
    assert "27 = 3 openai/_base_client.py:" in finding.title
    assert " x 3 tenacity/__init__.py:" in finding.title
    assert finding.title.rpartition(" x ")[2].startswith("3 test_retries.py:")


async def one_owner(world: World) -> None:
    with suppress(Down):
        await posts(world)


async def order_by_order(world: World) -> None:
    for order in range(4):
        for _ in range(3):
            if (await world.http.post("/charges", json={"order": order})).ok:
                break


async def beats(world: World) -> None:
    for _ in range(6):
        for _ in range(2):
            if (await world.http.post("/charges", json={"alive": True})).ok:
                break


async def falls_back(world: World) -> None:
    for path in ("/charges", "/elsewhere/charges"):
        for _ in range(3):
            if (await world.http.post(path, json={"order": 7})).ok:
                return


def with_elsewhere(sim: pileup.Sim) -> World:
    world = start(sim)
    world.http.route("POST", "/elsewhere/charges", lambda *_: 201)
    return world


@pytest.mark.parametrize("agent", [one_owner, order_by_order, beats, falls_back])
@pytest.mark.parametrize("nth", [(1, 3), (2, 4), (3, 5)])
def test_one_owner_at_a_time_is_right(agent: Any, nth: tuple[int, int]) -> None:
    bad = Rule("unavailable", on="POST*", nth=nth)
    result = pileup.explore(agent, setup=with_elsewhere, agents=1, runs=10, faults=bad)
    assert [finding.kind for finding in result.findings] == []


def test_two_agents_with_one_owner_each_are_right_in_bad_weather() -> None:
    result = pileup.explore(one_owner, setup=start, agents=3, runs=300, faults="flaky-network")
    assert "retry_amplification" not in {finding.kind for finding in result.findings}
