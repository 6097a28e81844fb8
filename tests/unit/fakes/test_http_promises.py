"""What an API promises beyond its routes: keys, quotas, versions, webhooks, the ledger."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from support.exhaust import all_runs

import pileup
from pileup.fakes import World
from pileup.fakes.http import Disconnected, Entry, HttpApi, Request, Response
from pileup.faults import Rule
from pileup.history import Event
from pileup.results import Run
from pileup.strategies import Dull

State = dict[str, Any]
ORDER = {"order": 7}
KEY = {"Idempotency-Key": "k"}


def shop(**options: Any) -> Callable[[pileup.Sim], HttpApi]:
    def setup(sim: pileup.Sim) -> HttpApi:
        api = HttpApi(sim, **options)
        api.route("POST", "/charges", lambda *_: (201, {"id": len(api.ledger)}))
        api.route("POST", "/refused", lambda *_: (402, {"error": "no money"}))
        api.route("POST", "/told", lambda *_: (201, {"id": len(api.ledger)}), idempotency=False)
        api.route("GET", "/charges", lambda *_: [len(api.ledger)])
        return api

    return setup


def once(agent: Any, setup: Any, **options: Any) -> Run:
    scenario = pileup.Scenario(agent, setup=setup, agents=options.pop("agents", 1), **options)
    run = scenario.explorer().once(Dull())
    for finding in run.findings:
        raise AssertionError(finding.title)
    return run


async def post(api: HttpApi, path: str = "/charges", body: Any = ORDER, key: str = "k") -> Response:
    return await api.post(path, json=body, headers={"Idempotency-Key": key})


def statuses(setup: Any, *bodies: Any, path: str = "/charges", pause: float = 0) -> list[int]:
    found: list[int] = []

    async def asks(api: HttpApi) -> None:
        for body in bodies:
            found.append((await post(api, path, body)).status)
            await pileup.sleep(pause)

    once(asks, setup)
    return found


# Idempotency keys -------------------------------------------------------------------------


def test_a_key_gets_the_first_answer_again() -> None:
    async def asks(api: HttpApi) -> list[Any]:
        first, second = await post(api), await post(api)
        return [first.json() == second.json(), second.headers.get("idempotent-replayed")]

    run = once(asks, shop())
    assert (run.results["asks-0"], run.world.ledger.count()) == ([True, "true"], 1)


def test_another_key_is_another_effect() -> None:
    async def asks(api: HttpApi) -> None:
        await post(api, key="k")
        await post(api, key="l")

    assert once(asks, shop()).world.ledger.count() == 2


def test_a_key_with_another_request_is_refused() -> None:
    assert statuses(shop(), ORDER, {"order": 8}) == [201, 422]


def test_a_key_of_another_path_is_refused_too() -> None:
    async def asks(api: HttpApi) -> int:
        await post(api)
        return (await post(api, "/refused")).status

    assert once(asks, shop()).results["asks-0"] == 422


def test_an_error_is_an_answer_too() -> None:
    assert statuses(shop(), ORDER, ORDER, path="/refused") == [402, 402]


@pytest.mark.parametrize(("options", "path"), [({"idempotency": False}, "/charges"), ({}, "/told")])
def test_keys_that_are_ignored_do_nothing(options: Any, path: str) -> None:
    assert statuses(shop(**options), ORDER, ORDER, {"order": 8}, path=path) == [201] * 3


def test_a_key_says_nothing_of_what_has_no_effect() -> None:
    async def asks(api: HttpApi) -> list[Any]:
        first = await api.get("/charges", headers=KEY)
        await api.post("/charges")
        return [first.json(), (await api.get("/charges", headers=KEY)).json()]

    assert once(asks, shop()).results["asks-0"] == [[0], [1]]


@pytest.mark.parametrize(("seconds", "effects"), [(9.0, 1), (10.0, 2)])
def test_a_key_is_forgotten_after_its_time(seconds: float, effects: int) -> None:
    async def asks(api: HttpApi) -> None:
        await post(api)
        await pileup.sleep(seconds)
        assert (await post(api)).status == 201

    assert once(asks, shop(idempotency=10.0)).world.ledger.count() == effects


async def posts_with_key(api: HttpApi) -> int:
    return (await post(api)).status


def test_two_with_one_key_at_once_take_effect_once_and_one_may_be_told_to_wait() -> None:
    explorer = pileup.Scenario([posts_with_key] * 2, setup=shop()).explorer()
    runs = list(all_runs(explorer))
    assert {run.world.ledger.count() for run in runs} == {1}
    told = {tuple(run.results.values()) for run in runs}
    assert told == {(201, 201), (201, 409), (409, 201)}


async def gives_up(api: HttpApi) -> None:
    try:
        await api.post("/charges", json=ORDER, headers=KEY, timeout=1)
    except TimeoutError:
        assert (await post(api)).status == 201, "still told to wait"


def test_a_caller_that_has_gone_holds_no_key() -> None:
    assert pileup.explore(gives_up, setup=shop(), agents=1, runs=60).clean


def test_a_caller_that_has_crashed_holds_no_key() -> None:
    async def comes_later(api: HttpApi) -> None:
        await pileup.sleep(60)
        assert (await post(api)).status == 201, "still told to wait"

    crash = [Rule("crash", on="POST*", nth=1)]
    agents = [posts_with_key, comes_later]
    found = pileup.explore(agents, setup=shop(), faults=crash, runs=10)
    assert [f.title for f in found.findings if "still" in f.title] == []


def test_a_body_in_pieces_is_not_kept_under_a_key() -> None:
    def setup(sim: pileup.Sim) -> HttpApi:
        api = HttpApi(sim)
        api.route("POST", "/charges", lambda *_: iter([b"a", b"b"]))
        return api

    async def asks(api: HttpApi) -> list[bytes]:
        return [(await post(api)).body for _ in range(2)]

    run = once(asks, setup)
    assert (run.results["asks-0"], run.world.ledger.count()) == ([b"ab", b"ab"], 2)


def test_an_answer_that_was_never_given_is_not_kept_under_a_key() -> None:
    def setup(sim: pileup.Sim) -> HttpApi:
        def cut(*_: object) -> None:
            raise Disconnected

        api = HttpApi(sim)
        api.route("POST", "/charges", cut)
        return api

    async def retries(api: HttpApi) -> None:
        for _ in range(2):
            with suppress(Disconnected):
                await post(api)

    run = pileup.Scenario(retries, setup=setup, agents=1).explorer().once(Dull())
    assert [entry.status for entry in run.world.ledger] == [0, 0]
    (finding,) = run.findings
    assert (finding.kind, finding.receipt["keys"]) == ("duplicate_effect", "the same")


# Quotas -----------------------------------------------------------------------------------


def limited(by: Any = None) -> Callable[[pileup.Sim], HttpApi]:
    def setup(sim: pileup.Sim) -> HttpApi:
        api = shop()(sim)
        api.limit(calls=2, per=60.0, by=by)
        return api

    return setup


def gets(setup: Any, *pauses: float, **headers: str) -> list[tuple[int, str | None]]:
    found: list[tuple[int, str | None]] = []

    async def asks(api: HttpApi) -> None:
        for pause in pauses:
            await pileup.sleep(pause)
            answer = await api.get("/charges", headers=headers)
            found.append((answer.status, answer.headers.get("retry-after")))

    once(asks, setup)
    return found


def test_more_calls_than_the_quota_are_told_when_to_come_again() -> None:
    assert gets(limited(), 0, 0, 0, 20.5) == [(200, None), (200, None), (429, "60"), (429, "40")]


def test_the_quota_is_there_again_when_its_window_has_passed() -> None:
    assert [status for status, _ in gets(limited(), 0, 0, 60, 0, 0)] == [200, 200, 200, 200, 429]


def test_a_window_begins_with_its_first_call_and_does_not_slide() -> None:
    assert [status for status, _ in gets(limited(), 0, 59, 1, 0)] == [200] * 4


def test_of_two_quotas_the_one_that_refuses_leaves_the_other_alone() -> None:
    def setup(sim: pileup.Sim) -> HttpApi:
        api = shop()(sim)
        api.limit(calls=3, per=100.0)
        api.limit(calls=2, per=10.0)
        return api

    assert [status for status, _ in gets(setup, 0, 0, 0, 10, 0)] == [200, 200, 429, 200, 429]


def test_a_refused_call_takes_no_effect_and_nothing_from_the_quota() -> None:
    async def asks(api: HttpApi) -> None:
        for _ in range(5):
            await api.post("/charges")
        await pileup.sleep(60)
        assert (await api.post("/charges")).status == 201

    run = once(asks, limited())
    assert run.world.ledger.count() == 3


@pytest.mark.parametrize("by", ["Authorization", lambda request: request.headers["authorization"]])
def test_each_client_can_have_a_quota_of_its_own(by: Any) -> None:
    async def asks(api: HttpApi) -> list[int]:
        return [
            (await api.get("/charges", headers={"Authorization": who})).status for who in "aabba"
        ]

    assert once(asks, limited(by)).results["asks-0"] == [200, 200, 200, 200, 429]


def test_the_history_shows_whose_quota_was_taken_from() -> None:
    async def asks(api: HttpApi) -> None:
        for _ in range(3):
            await api.post("/charges", headers={"authorization": "a"})

    found = [
        event for event in once(asks, limited("authorization")).history if event.name == "POST"
    ]
    touched = [[(item.name, item.access) for item in event.items] for event in found]
    quota = "http[quota of a]"
    assert touched[0] == [("http[/charges]", "update"), (quota, "update")]
    assert touched[2] == [("http[/charges]", "read"), (quota, "update")]


def test_who_is_refused_depends_on_the_order() -> None:
    async def asks_twice(api: HttpApi) -> bool:
        return [(await api.get("/charges")).status for _ in range(2)] == [200, 200]

    explorer = pileup.Scenario([asks_twice] * 2, setup=limited()).explorer()
    served = {tuple(run.results.values()) for run in all_runs(explorer)}
    assert served == {(True, False), (False, True), (False, False)}


# Versions of a schema ---------------------------------------------------------------------


def versioned(sim: pileup.Sim) -> HttpApi:
    api = HttpApi(sim)
    old = {"2024": lambda body: {"fullname": body["name"]}, "2023": lambda body: [body["name"]]}
    api.route("GET", "/me", lambda *_: {"name": "Ada"}, versions=old)
    api.route("GET", "/gone", lambda *_: (404, {"error": "gone"}), versions=old)
    return api


@pytest.mark.parametrize(
    ("asked", "body"),
    [
        ({}, {"name": "Ada"}),
        ({"Api-Version": "2024"}, {"fullname": "Ada"}),
        ({"Api-Version": "2023"}, ["Ada"]),
        ({"Api-Version": "1999"}, {"name": "Ada"}),
    ],
)
def test_a_client_gets_the_version_that_it_asks_for(asked: Any, body: Any) -> None:
    async def asks(api: HttpApi) -> Any:
        return (await api.get("/me", headers=asked)).json()

    assert once(asks, versioned).results["asks-0"] == body


def test_an_error_has_no_version() -> None:
    async def asks(api: HttpApi) -> Any:
        return (await api.get("/gone", headers={"Api-Version": "2024"})).json()

    assert once(asks, versioned).results["asks-0"] == {"error": "gone"}


@pytest.mark.parametrize(
    ("asked", "others"), [({}, ["2023", "2024"]), ({"Api-Version": "2024"}, [None, "2023"])]
)
def test_a_changed_schema_answers_in_a_version_that_was_not_asked_for(
    asked: Any, others: list[str | None]
) -> None:
    seen: dict[str | None, None] = {}

    async def asks(api: HttpApi) -> None:
        seen[(await api.get("/me", headers=asked)).headers.get("api-version")] = None

    pileup.explore(asks, setup=versioned, agents=1, runs=20, faults=[Rule("schema", on="GET*")])
    assert sorted(seen, key=str) == sorted(others, key=str)


# Webhooks ---------------------------------------------------------------------------------


def hooked(to: Callable[[World], Any], **options: Any) -> Callable[[pileup.Sim], World]:
    def setup(sim: pileup.Sim) -> World:
        world = World(sim)
        api = world.__dict__["api"] = HttpApi(sim)

        @api.route("POST", "/charges")
        def charge(request: Request, _: State) -> int:
            api.deliver(to(world), request.json(), **options)
            return 202

        return world

    return setup


async def orders(world: Any) -> None:
    await world.api.post("/charges", json=ORDER)
    await pileup.sleep(10)


def inbox(world: Any) -> Any:
    return world.__dict__.setdefault("inbox", []).append


def arrivals(setup: Any) -> set[int]:
    runs = all_runs(pileup.Scenario(orders, agents=1, setup=setup).explorer())
    return {len(run.world.__dict__.get("inbox", [])) for run in runs}


def test_a_webhook_comes_by_itself_or_not_before_the_end() -> None:
    assert arrivals(hooked(inbox)) == {0, 1}


def test_a_webhook_that_is_due_later_comes_later() -> None:
    explorer = pileup.Scenario(orders, agents=1, setup=hooked(inbox, delay=9)).explorer()
    events = [event for run in all_runs(explorer) for event in run.history]
    assert min(event.time for event in events if event.name == "deliver") == 9.0


def test_a_webhook_may_come_again() -> None:
    assert arrivals(hooked(inbox, redeliveries=1)) == {0, 1, 2}


def test_a_webhook_is_what_nobody_asked_for_in_the_history() -> None:
    explorer = pileup.Scenario(orders, agents=1, setup=hooked(inbox)).explorer()
    found = [
        event for run in all_runs(explorer) for event in run.history if event.name == "deliver"
    ]
    assert {(event.agent, event.items[0].name, event.detail) for event in found} == {
        ("world", "http[webhook append]", '{"order":7}')
    }


def test_an_async_receiver_is_an_agent_and_may_use_the_world() -> None:
    async def paid(payload: Any, world: World) -> None:
        await world.memory.set("paid", payload["order"])

    explorer = pileup.Scenario(orders, agents=1, setup=hooked(lambda _: paid)).explorer()
    runs = list(all_runs(explorer))
    assert {run.world.memory.peek("paid") for run in runs} == {None, 7}
    assert any("webhook-0" in str(run.history.lines()) for run in runs)


def test_a_fault_can_deliver_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    from pileup.fakes._port import Port

    monkeypatch.setattr(Port, "later", lambda _, op: op.twists["duplicated"]())
    run = once(orders, hooked(inbox))
    assert run.world.__dict__["inbox"] == [ORDER, ORDER]


# The ledger -------------------------------------------------------------------------------


async def uses_the_shop(api: HttpApi) -> None:
    await api.post("/charges", json={"order": 1})
    await pileup.sleep(3)
    await post(api, body={"order": 2})
    await api.get("/charges")
    await post(api, "/refused", key="other")


def test_the_ledger_has_what_happened_and_nothing_else() -> None:
    ledger = once(uses_the_shop, shop()).world.ledger
    who = "uses_the_shop-0"
    assert list(ledger) == [
        Entry(0, "POST", "/charges", "/charges", b'{"order":1}', who, 0.0, None, 201),
        Entry(1, "POST", "/charges", "/charges", b'{"order":2}', who, 3.0, "k", 201),
    ]
    assert (len(ledger), ledger[1].json()) == (2, {"order": 2})


def test_the_ledger_counts_by_method_and_path_or_route() -> None:
    def setup(sim: pileup.Sim) -> HttpApi:
        api = HttpApi(sim)
        api.route("PUT", "/users/{id}", lambda *_: None)
        api.route("DELETE", "/users/{id}", lambda *_: None)
        return api

    async def puts(api: HttpApi) -> None:
        for user in (1, 1, 2):
            await api.put(f"/users/{user}")
        await api.delete("/users/1")

    ledger = once(puts, setup).world.ledger
    assert ledger.count() == 4
    assert ledger.count("PUT") == ledger.count("PUT", "/users/{id}") == 3
    assert ledger.count("PUT", "/users/1") == 2
    assert ledger.count(path="/users/1") == 3


def test_duplicates_are_grouped_by_what_makes_them_the_same() -> None:
    async def posts(api: HttpApi) -> None:
        for order, amount in ((1, 10), (2, 10), (1, 20), (1, 10)):
            await api.post("/charges", json={"order": order, "amount": amount})

    ledger = once(posts, shop()).world.ledger

    def numbers(by: Any = None) -> list[list[int]]:
        return [[entry.number for entry in group] for group in ledger.duplicates(by)]

    assert numbers() == [[0, 3]]
    assert numbers("order") == [[0, 2, 3]]
    assert numbers(lambda entry: entry.json()["amount"]) == [[0, 1, 3]]


def test_equal_bodies_are_the_same_however_they_are_spelled() -> None:
    async def posts(api: HttpApi) -> None:
        await api.post("/charges", json={"order": 1, "amount": 10})
        await api.post("/charges", json={"amount": 10, "order": 1})

    ledger = once(posts, shop()).world.ledger
    assert ledger.duplicates() == []
    assert len(ledger.duplicates(by=lambda entry: entry.json())) == 1


def test_what_lacks_the_field_is_no_duplicate() -> None:
    async def posts(api: HttpApi) -> None:
        for body in (b"", b"", b"[1]", b"[1]", b"{}", b"{}", b"order=1", b"order=1"):
            await api.post("/charges", content=body)

    ledger = once(posts, shop()).world.ledger
    assert (len(ledger), ledger.duplicates(by="order")) == (8, [])


def test_a_route_can_declare_what_counts_as_an_effect() -> None:
    def setup(sim: pileup.Sim) -> HttpApi:
        api = HttpApi(sim)
        api.route("POST", "/search", lambda *_: [], effect=False)
        api.route("GET", "/unsubscribe", lambda *_: "done", effect=True)
        return api

    async def asks(api: HttpApi) -> None:
        await api.post("/search")
        await api.get("/unsubscribe")

    assert [entry.path for entry in once(asks, setup).world.ledger] == ["/unsubscribe"]


def test_effects_are_told_from_looks_in_the_history() -> None:
    found: list[Event] = [
        event
        for event in once(uses_the_shop, shop()).history
        if event.items and event.name == "POST"
    ]
    assert [event.items[0].access for event in found] == ["update", "update", "read"]
