"""What the history notes of requests: intents, keys, effects, refusals; and who overwrites whom."""

from __future__ import annotations

from typing import Any

import pytest

import pileup
from pileup.fakes import World
from pileup.fakes.http import NoAnswer
from pileup.faults import Rule
from pileup.notes import Note
from pileup.strategies import Dull


def start(sim: pileup.Sim) -> World:
    world = World(sim)
    world.http.state.update(item={"n": 0}, version=1)

    @world.http.route("GET", "/items/1")
    def read(_: Any, state: Any) -> Any:
        return 200, state["item"], {"ETag": str(state["version"])}

    @world.http.route("PUT", "/items/1")
    def write(request: Any, state: Any) -> Any:
        if request.headers.get("if-match", str(state["version"])) != str(state["version"]):
            return 412
        state.update(item=request.json(), version=state["version"] + 1)
        return 204

    @world.http.route("PUT", "/checked/1", touch="change")
    def write_checked(request: Any, state: Any) -> Any:
        return 204 if request.json()["was"] == state["version"] else 409

    world.http.route("POST", "/charges", lambda *_: (201, {"paid": 7}))
    world.http.route("POST", "/noted", lambda *_: 201, repeatable=True)
    world.http.route("DELETE", "/items/1", lambda *_: 204)
    world.http.route("POST", "/busy", lambda *_: (503, {}, {"Retry-After": "7"}))
    world.http.route("POST", "/wrong", lambda *_: 400)
    return world


def notes(*calls: tuple[str, str], faults: Any = None, **sending: Any) -> list[Note]:
    async def agent(world: World) -> None:
        for method, path in calls:
            try:
                await world.http.request(method, path, **sending)
            except NoAnswer:
                continue

    scenario = pileup.Scenario(agent, setup=start, agents=1, faults=faults)
    history = scenario.explorer().once(Dull()).history
    return [each.note for each in history if each.note is not None]


def test_the_intent_is_method_path_and_body_without_the_key() -> None:
    one, two = notes(("POST", "/charges"), ("POST", "/noted"), json={"order": 7})
    assert (one.intent, two.intent) == ('POST /charges {"order":7}', 'POST /noted {"order":7}')
    (keyed,) = notes(("POST", "/charges"), json={"order": 7}, headers={"Idempotency-Key": "k"})
    assert (keyed.intent, keyed.key) == (one.intent, "k")
    (asked,) = notes(("GET", "/items/1?page=2"))
    assert asked.intent == "GET /items/1?page=2 "
    (long,) = notes(("POST", "/charges"), json={"order": "x" * 99})
    assert long.intent is not None
    assert len(long.intent) < 40


def test_what_is_counted_is_an_effect() -> None:
    calls = [("POST", "/charges"), ("POST", "/noted"), ("DELETE", "/items/1"), ("GET", "/items/1")]
    assert [each.effect for each in notes(*calls)] == [True, False, False, False]
    assert [each.effect for each in notes(("POST", "/wrong"), ("POST", "/busy"))] == [False, False]


def test_a_stored_answer_is_no_effect() -> None:
    twice = notes(("POST", "/charges"), ("POST", "/charges"), headers={"Idempotency-Key": "k"})
    assert [each.effect for each in twice] == [True, False]


def test_a_refusal_is_noted_with_how_long_it_holds() -> None:
    wrong, busy = notes(("POST", "/wrong"), ("POST", "/busy"))
    assert (wrong.refused, wrong.wait, wrong.path) == ("400", None, ())
    assert (busy.refused, busy.wait, bool(busy.path)) == ("503", 7.0, True)
    (struck,) = notes(("POST", "/charges"), faults=Rule("throttled"))
    assert (struck.refused, struck.wait, bool(struck.path)) == ("429", 1.0, True)


async def reads_and_writes(world: World) -> None:
    n = (await world.http.get("/items/1")).json()["n"]
    await world.http.put("/items/1", json={"n": n + 1})


async def writes_what_it_has_seen(world: World) -> None:
    while True:
        answer = await world.http.get("/items/1")
        tag = {"If-Match": answer.headers["etag"]}
        body = {"n": answer.json()["n"] + 1}
        if (await world.http.put("/items/1", json=body, headers=tag)).ok:
            return


def test_a_blind_put_over_anothers_is_a_lost_write() -> None:
    result = pileup.explore(reads_and_writes, setup=start, runs=50)
    assert [each.kind for each in result.findings] == ["lost_write"]


def test_a_put_with_a_condition_is_none() -> None:
    def check(world: World) -> None:
        assert world.http.state["item"]["n"] == 3

    result = pileup.explore(writes_what_it_has_seen, setup=start, agents=3, runs=100, check=check)
    result.assert_clean()


@pytest.mark.parametrize(
    ("method", "path", "headers", "access"),
    [
        ("PUT", "/items/1", {}, "write"),
        ("PUT", "/items/1", {"if-match": "1"}, "change"),
        ("PUT", "/items/1", {"if-match": "9"}, "read"),
        ("PUT", "/checked/1", {}, "change"),
        ("DELETE", "/items/1", {}, "write"),
        ("DELETE", "/items/1", {"if-none-match": "1"}, "change"),
        ("POST", "/charges", {"if-match": "1"}, "update"),
        ("GET", "/items/1", {}, "read"),
    ],
)
def test_how_a_request_touches_its_item(method: str, path: str, headers: Any, access: str) -> None:
    async def agent(world: World) -> None:
        await world.http.request(method, path, json={"n": 1, "was": 1}, headers=headers)

    history = pileup.Scenario(agent, setup=start, agents=1).explorer().once(Dull()).history
    (event,) = (each for each in history if each.name == method)
    assert event.items[0].access == access
