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
from pileup.detectors import attempts, detect, layers, retry_amplification, told
from pileup.detectors.case import Case
from pileup.fakes import World
from pileup.fakes.database import DatabaseError
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


def at_times(*moments: float, wait: str = "", end: str = "") -> History:
    """Attempts of one place at these moments, which all fail, and then something else."""
    told_of = [
        f"a:GET(r x0)!@{moment}{{intent=g refused=429 {wait} path=1>x}}" for moment in moments
    ]
    return told(", ".join([*told_of, *([f"a:{end}@{moments[-1]}"] if end else [])]))


def along(*calls: str) -> History:
    """Twice what a function does: calls in one line after the other, which all fail."""
    paths = [
        f"1>agent.py:9_in_main+{2 + 9 * time}>tool.py:{10 + line}_in_tool+{5 + 9 * time + line}>"
        f"client.py:{7 + 2 * line}_in_{call}"
        for time in (0, 1)
        for line, call in enumerate(calls)
    ]
    return told(", ".join(f"a:GET(r x0)!~unavailable{{intent=g path={each}}}" for each in paths))


TWO_LAYERS = history("1 2 3", "1 2 3", "1 2 4")
THREE_LAYERS = history(
    *[f"1 {2 + t} {5 + 3 * t + c}" for t in (0, 1) for c in (0, 1) for _ in "12"]
)

OUTER_LAYERS = history("1 2 3", "1 2 4", "1 5 6")


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
    "what follows is another call": along("sends", "hears"),
    "it waits as it was told to": at_times(*range(14), wait="wait=1.0"),
    "it backs off": at_times(*[2.0**n for n in range(14)]),
    "it backs off, up to a bound": at_times(*[2.0**n for n in range(6)], *range(64, 640, 32)),
    "it waits, and gives up in the end": at_times(*range(14), end="end"),
}


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_does_not_multiply_is_right(text: History) -> None:
    assert detect(text) == []


def test_ten_attempts_of_one_place_are_as_good_as_endless() -> None:
    (finding,) = found(history(*["1 2 3"] * 10))
    assert finding.title.endswith("10 = 10 client.py:42")
    assert "No bound was seen" in finding.explanation


HAMMERING = {
    "it waits for as long each time": at_times(*range(14)),
    "it waits for a little longer each time": at_times(*[n + n * n / 100 for n in range(14)]),
    "now longer, now shorter": at_times(*[n + 0.4 * (n % 2) for n in range(14)]),
    "it gives up without having waited": at_times(*[n / 10 for n in range(14)], end="end"),
    "it has succeeded in the end": told(
        ", ".join(
            [
                *(f"a:GET(r x0)!@{n}{{intent=g refused=429 path=1>x}}" for n in range(14)),
                "a:GET(r x0)@14{intent=g path=1>x}, a:end",
            ]
        )
    ),
}


@pytest.mark.parametrize("text", HAMMERING.values(), ids=HAMMERING)
def test_who_hammers_is_named(text: History) -> None:
    (finding,) = found(text)
    assert "No bound was seen" in finding.explanation


def test_what_a_task_does_beside_its_starter_is_no_round_of_the_starter() -> None:
    own = ((1, "desk.py:5 in asks"), (2, "wire.py:7 in sends"))
    of_task = (*own, (-3, "a task begins"), (3, "desk.py:9 in helps"))
    assert not layers.is_round(of_task, own, 1)
    assert layers.is_round(own, own, 1)
    assert layers.is_round(of_task, (*own, (-9, "a task begins"), (4, "desk.py:9 in helps")), 1)


def test_the_same_call_once_more_further_down_is_an_attempt_of_its_own() -> None:
    (finding,) = found(along("sends", "sends"))
    assert finding.receipt["layers"] == 2


def test_it_succeeds_at_last() -> None:
    (finding,) = found(history("1 2 3", "1 2 3", "1 2 4", end="1 2 4"))
    assert "3 failed, and then one succeeded." in finding.explanation


def test_a_task_that_was_started_afterwards_is_part_of_it() -> None:
    text = told(", ".join(attempt(path) for path in ("1 ~0 2", "1 ~0 2", "1 ~2 3")))
    assert len(found(text)) == 1


def test_the_same_bug_has_the_same_mark_however_far_it_goes() -> None:
    one, two = found(history("7 8 9", "7 8 9", "7 8 10"))[0], found(THREE_LAYERS)[0]
    assert one.fingerprint == two.fingerprint


def test_the_same_bug_has_the_same_mark_whichever_of_the_outer_places_took_part() -> None:
    (skipped,) = found(history("1 2 3", "1 2 3", "1 4 5"))
    assert [skipped.receipt[f"layer_{place}"] for place in (1, 2)] == [
        "client.py:42",
        "agent.py:88",
    ]
    assert skipped.fingerprint == found(THREE_LAYERS)[0].fingerprint


def test_another_place_that_retries_is_another_bug() -> None:
    (outer,) = found(OUTER_LAYERS)
    assert outer.receipt["layer_1"] == "tool.py:10"
    assert outer.fingerprint != found(THREE_LAYERS)[0].fingerprint


def test_a_part_of_what_was_told_is_not_told_again() -> None:
    outer = [attempt(path).replace("=g", "=h") for path in ("1 2 3", "1 2 4", "1 5 6")]
    whole = [attempt(f"1 {2 + t} {5 + 3 * t + c}") for t in (0, 1) for c in (0, 1) for _ in "12"]
    both = told(", ".join([*outer, *whole]))
    assert [finding.receipt["layers"] for finding in found(both)] == [3]
    assert len(found(both, mutant(retry_amplification, "known.issuperset(marks)", "False"))) == 2


def test_who_asks_anew_after_success_but_does_not_retry_is_no_excuse() -> None:
    ok = [attempt(path, "").replace("~unavailable", "") for path in ("1 2 4", "1 5 6")]
    text = told(", ".join([*map(attempt, ("1 2 3", "1 2 3", "1 2 4")), *ok]))
    assert len(found(text)) == 1


MUTANTS = {
    "any two loops multiply": ("inner & self.tries.keys()", "inner or self.tries.keys()"),
    "none multiply": ("any(inner & self.tries.keys()", "any(set() and inner"),
    "polling is forgotten": ("    if series.again is not None:", "    if False:"),
    "what was before is forgotten": ("if before < first.number else None", "if False else None"),
    "the wait does not count": ("if wait is not None and gap >= wait:", "if False:"),
    "no backing off": ("return self.grown > STEPS", "return False"),
    "no bound to it": ("gap * GROWTH > self.longest >=", "gap > self.longest * GROWTH >="),
    "all goes round": ("if is_round(earlier.note.path, later.note.path, place):", "if True:"),
    "nobody gives up": ("or not _gave_up(case, series.attempts[-1])", "or True"),
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


def of_helpers(*rows: str) -> History:
    """What happens first, and then two helpers more, each with an attempt that fails."""
    begun = len(rows) + 2
    helpers = (
        "j<a:start",
        attempt(f"1 2 ~{begun} 5", who="j"),
        "l<a:start",
        attempt(f"1 6 ~{begun + 2} 7", who="l"),
    )
    return told(", ".join(("a:start", "k<a:start", *rows, *helpers)))


GIVEN_UP = "a:join(r agent[k])??"
OF_THE_FIRST = attempt("1 2 ~1 3", who="k")


def test_where_its_starter_is_by_now_says_nothing_of_who_was_given_up() -> None:
    assert found(of_helpers(GIVEN_UP, OF_THE_FIRST)) == []
    assert len(found(of_helpers("a:r y0", OF_THE_FIRST))) == 1


def test_a_frame_that_was_there_before_it_was_given_up_has_led_to_it() -> None:
    for rows, attempts_made in (
        ((OF_THE_FIRST, GIVEN_UP), 3),
        ((OF_THE_FIRST, GIVEN_UP, OF_THE_FIRST), 4),
    ):
        (finding,) = found(of_helpers(*rows))
        assert finding.receipt["attempts"] == attempts_made


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
    result = pileup.explore(
        asks_in_a_loop, setup=start, agents=1, runs=3, faults=down, shrink=False
    )
    (finding,) = result.findings
    client, decorator, loop = finding.title.partition("27 = ")[2].split(" x ")
    asked = asks.__code__.co_firstlineno + 3
    assert client == f"3 test_retries.py:{asked} (through openai)"
    assert decorator == f"3 test_retries.py:{asked} (through tenacity)"
    assert loop.startswith("3 test_retries.py:")


# Layers in a library -----------------------------------------------------------------------------


async def nap(seconds: float) -> None:
    await pileup.sleep(seconds)


THRICE: dict[str, Any] = {"stop": tenacity.stop_after_attempt(3), "reraise": True}
CLIENT, TOOL = (
    tenacity.AsyncRetrying(sleep=nap, **THRICE),
    tenacity.AsyncRetrying(sleep=nap, **THRICE),
)


async def pays(world: World) -> None:
    if not (await world.http.post("/charges", json={"order": 7})).ok:
        raise Down


async def asks_model(world: World) -> None:
    await world.model.complete("how much?")


async def in_the_client(call: Send, world: World) -> object:
    return await CLIENT(call, world)


async def in_the_tool(call: Send, world: World) -> object:
    return await TOOL(in_the_client, call, world)


@tenacity.retry(sleep=nap, **THRICE)
async def fetches(call: Send, world: World) -> object:
    return await call(world)


@tenacity.retry(sleep=nap, **THRICE)
async def looks_up(call: Send, world: World) -> object:
    return await fetches(call, world)


def of_one_call_and_another(stack: Callable[[Send, World], Awaitable[object]]) -> Any:
    async def agent(world: World, me: pileup.Agent) -> None:
        with suppress(Exception):
            if me.index == 0:
                await stack(pays, world)
            elif me.index == 1:
                await stack(asks_model, world)
            else:
                await stack(pays, world)

    return agent


def line_of(function: Any, down: int = 1) -> str:
    """Where a line of a function stands; tenacity's have what they wrap."""
    code = getattr(function, "__wrapped__", function).__code__
    return f"test_retries.py:{code.co_firstlineno + down}"


@pytest.mark.parametrize(
    ("stack", "client", "tool"),
    [
        (in_the_tool, line_of(in_the_client), line_of(in_the_tool)),
        (looks_up, line_of(fetches, 2), line_of(looks_up, 2)),
    ],
    ids=["called", "decorated"],
)
@pytest.mark.parametrize("backend", ["native", "asyncio"])
def test_layers_of_a_library_are_called_by_the_users_own_lines(
    stack: Any, client: str, tool: str, backend: str
) -> None:
    rules = [Rule("unavailable", on="POST*"), Rule("unavailable", on="complete*")]
    found = pileup.explore(
        of_one_call_and_another(stack),
        setup=start,
        agents=3,
        runs=10,
        faults=rules,
        shrink=False,
        backend=backend,
    )
    (finding,) = found.findings  # one stack, whatever is asked for, and from whichever line
    layers = f"9 = 3 {client} (through tenacity) x 3 {tool} (through tenacity)"
    assert finding.title.endswith(layers)
    assert str(finding.receipt["layer_1"]).startswith(f"{client} in ")
    assert "tenacity/" not in finding.explanation
    assert f"{client} in " in finding.explanation


def test_a_library_that_nobody_of_ours_has_called_keeps_its_line() -> None:
    path = ((1, "tenacity/a.py:9 in call"), (2, "wire.py:7 in send"))
    loop = layers.loop_at(path, 0)
    assert (loop.spot, loop.mark) == ("tenacity/a.py:9", "tenacity/a.py in call")


def test_two_functions_that_call_a_library_are_two_places() -> None:
    def mark(line: str) -> str:
        return layers.loop_at(((1, line), (2, "tenacity/a.py:9 in call")), 1).mark

    assert mark("client.py:4 in posts") == mark("client.py:5 in posts")
    assert mark("client.py:4 in posts") != mark("client.py:4 in gets")


def test_where_a_task_begins_is_no_line() -> None:
    path = ((1, "desk.py:5 in asks"), (-2, "a task begins"), (2, "tenacity/a.py:9 in call"))
    assert layers.loop_at(path, 2).spot == "desk.py:5 (through tenacity)"


async def one_owner(world: World) -> None:
    with suppress(Down):
        await posts(world)


async def takes_job_after_job(world: World) -> None:
    done = 0
    for _ in range(40):
        if done == 12:
            return
        try:
            async with world.database.transaction() as tx:
                (job,) = await tx.select(
                    "jobs", {"status": "new"}, limit=1, order_by="id", for_update=True
                )
                await tx.update("jobs", job["id"], status="done")
                done += 1
        except DatabaseError:
            await pileup.sleep(0.1)


def with_jobs(sim: pileup.Sim) -> World:
    world = start(sim)
    rows = [{"id": number, "status": "new"} for number in range(12)]
    world.database.table("jobs", key="id", rows=rows)
    return world


def test_what_is_asked_again_and_again_with_success_is_no_endless_call() -> None:
    bad = Rule("unavailable", on="select for update*", flap=1)
    result = pileup.explore(takes_job_after_job, setup=with_jobs, agents=1, runs=5, faults=bad)
    assert [finding.kind for finding in result.findings] == []


async def starts_it_thrice(_: World, me: pileup.Agent) -> None:
    for _attempt in range(3):
        with suppress(Exception):
            await me.spawn(posts_and_crashes)
            return


async def posts_and_crashes(world: World) -> None:
    await posts(world)


async def starts_it_once(_: World, me: pileup.Agent) -> None:
    with suppress(Down):
        await me.spawn(posts_and_crashes)


CRASHING = [
    Rule("restart", on="POST*", nth=3, moment="before"),
    Rule("unavailable", on="POST*"),
]


def test_who_begins_anew_after_a_crash_has_been_started_once() -> None:
    result = pileup.explore(starts_it_once, setup=start, agents=1, runs=5, faults=CRASHING)
    assert [finding.kind for finding in result.findings] == []


def test_who_is_started_anew_is_retried_whether_it_crashes_or_not() -> None:
    result = pileup.explore(starts_it_thrice, setup=start, agents=1, runs=5, faults=CRASHING)
    (finding,) = result.findings
    assert finding.receipt["layers"] == 2


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
