"""The HTTP API's native handle: routes, what handlers return, what agents are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from support.exhaust import all_runs

import pileup
from pileup.errors import UsageError
from pileup.fakes.http import (
    BadStatus,
    ConnectFailed,
    ConnectionReset,
    Disconnected,
    HttpApi,
    Request,
    Response,
)
from pileup.history import Event
from pileup.results import Run
from pileup.strategies import Dull

State = dict[str, Any]


def with_routes(**handlers: object) -> Callable[[pileup.Sim], HttpApi]:
    """Make a setup: `post_charges=...` is the handler of POST /charges."""

    def setup(sim: pileup.Sim) -> HttpApi:
        api = HttpApi(sim)
        for name, handler in handlers.items():
            method, _, path = name.partition("_")
            answer = handler if callable(handler) else lambda *_, handler=handler: handler
            api.route(method, "/" + path.replace("_", "/"), answer)
        return api

    return setup


def once(agent: Any, setup: Any, **options: Any) -> Run:
    run = pileup.Scenario(agent, setup=setup, agents=1, **options).explorer().once(Dull())
    for finding in run.findings:
        raise AssertionError(finding.title)
    return run


def told(setup: Any, *calls: tuple[Any, ...], **sending: Any) -> list[Response]:
    """Make calls one after another, and return what came back."""
    answers: list[Response] = []

    async def asks(api: HttpApi) -> None:
        answers.extend([await api.request(*call, **sending) for call in calls])

    once(asks, setup)
    return answers


def counter(sim: pileup.Sim) -> HttpApi:
    api = HttpApi(sim, "https://api.example.com")
    api.state["n"] = 0

    @api.route("GET", "/n")
    def read(_: Request, state: State) -> State:
        return {"n": state["n"]}

    @api.route("PUT", "/n")
    def write(request: Request, state: State) -> None:
        state["n"] = request.json()["n"]

    return api


async def raises_by_one(api: HttpApi) -> None:
    n = (await api.get("/n")).json()["n"]
    await api.put("/n", json={"n": n + 1})


def raises_by_one_in_sync_code(api: HttpApi) -> None:
    n = api.sync.get("/n").json()["n"]
    api.sync.put("/n", json={"n": n + 1})


BOTH = [raises_by_one, raises_by_one_in_sync_code]


@pytest.mark.parametrize("agent", BOTH)
def test_an_update_in_two_calls_can_be_lost(agent: Any) -> None:
    explorer = pileup.Scenario([agent, agent], setup=counter).explorer()
    assert {run.world.state["n"] for run in all_runs(explorer)} == {1, 2}


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
@pytest.mark.parametrize("agent", BOTH)
def test_every_runtime_finds_the_same_in_the_same_runs(agent: Any, backend: str) -> None:
    def losses(under: str) -> list[int]:
        seen: list[int] = []
        check = lambda api: seen.append(api.state["n"])  # noqa: E731
        pileup.explore(agent, setup=counter, runs=20, check=check, backend=under)
        return seen

    assert losses(backend) == losses("native")
    assert set(losses(backend)) == {1, 2}


def events(run: Run) -> list[Event]:
    return [event for event in run.history if event.name not in ("start", "end")]


def test_the_effect_and_its_answer_are_two_moments_of_the_history() -> None:
    found = [(event.name, event.detail) for event in events(once(raises_by_one, counter))]
    assert found == [
        ("GET", '200 {"n":0}'),
        ("receive", None),
        ("PUT", '{"n":1} -> 204'),
        ("receive", None),
    ]


def test_the_history_names_the_url_and_tells_reads_from_writes() -> None:
    get, _, put, _ = events(once(raises_by_one, counter))
    assert get.items[0].name == put.items[0].name == "http[api.example.com/n]"
    assert (get.items[0].access, put.items[0].access) == ("read", "write")
    assert (get.items[0].version, put.items[0].version) == (0, 1)


def test_the_native_handle_takes_paths_and_whole_urls() -> None:
    answers = told(counter, ("GET", "/n"), ("GET", "https://api.example.com/n"))
    assert [answer.json() for answer in answers] == [{"n": 0}, {"n": 0}]


def pieces(*_: Any) -> Iterator[bytes]:
    yield from (b"one ", b"two")


@pytest.mark.parametrize(
    ("returned", "status", "body", "kind"),
    [
        ({"a": 1}, 200, b'{"a":1}', "application/json"),
        (["é"], 200, '["é"]'.encode(), "application/json"),
        ("text", 200, b"text", "text/plain; charset=utf-8"),
        (b"raw", 200, b"raw", "application/octet-stream"),
        (None, 204, b"", None),
        (404, 404, b"", None),
        ((201, {"id": 1}), 201, b'{"id":1}', "application/json"),
        ((202, None), 202, b"", None),
        ((200, 7), 200, b"7", "application/json"),
        ((200, "<p>", {"Content-Type": "text/html"}), 200, b"<p>", "text/html"),
        (Response(418, body=b"teapot"), 418, b"teapot", None),
    ],
)
def test_what_a_handler_returns_is_what_its_caller_gets(
    returned: object, status: int, body: bytes, kind: str | None
) -> None:
    (answer,) = told(with_routes(get_x=lambda *_: returned), ("GET", "/x"))
    assert (answer.status, answer.body, answer.headers.get("content-type")) == (status, body, kind)


def test_a_body_in_pieces_is_received_piece_by_piece() -> None:
    setup = with_routes(get_x=lambda *_: pieces())
    (answer,) = told(setup, ("GET", "/x"))
    assert answer.body == b"one two"

    async def asks(api: HttpApi) -> None:
        await api.get("/x")

    assert [event.name for event in events(once(asks, setup))] == ["GET", *["receive"] * 3]


def test_a_head_has_no_body() -> None:
    (answer,) = told(with_routes(head_x={"a": 1}), ("HEAD", "/x"))
    assert (answer.status, answer.body) == (200, b"")


def echo(request: Request, _: State) -> State:
    return {
        "params": dict(request.params),
        "query": request.query,
        "headers": dict(request.headers),
        "body": request.body.decode(),
    }


def test_a_handler_sees_what_was_sent() -> None:
    sending = {"headers": {"X-Id": "7"}, "params": {"page": 2}, "content": b"hello"}
    (answer,) = told(with_routes(post_x=echo), ("POST", "/x"), **sending)
    assert answer.json() == {
        "params": {},
        "query": "page=2",
        "headers": {"x-id": "7"},
        "body": "hello",
    }


def test_a_parameter_may_have_several_values() -> None:
    (answer,) = told(with_routes(get_x=echo), ("GET", "/x"), params={"a": [1, 2], "b": "x y"})
    assert answer.json()["query"] == "a=1&a=2&b=x+y"


def test_json_says_that_it_is_json() -> None:
    (answer,) = told(with_routes(post_x=echo), ("POST", "/x"), json=[1], headers={"X": "y"})
    assert answer.json()["headers"] == {"content-type": "application/json", "x": "y"}


def users(sim: pileup.Sim) -> HttpApi:
    api = HttpApi(sim)
    api.route("GET", "/users", lambda *_: ["all"])
    api.route("GET", "/users/me", lambda *_: {"name": "me"})
    for method in ("GET", "PUT"):
        api.route(method, "/users/{id}", lambda request, _: dict(request.params))
    api.route("GET", "/users/{id}/{rest:path}", lambda request, _: dict(request.params))
    return api


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/users/7", {"id": "7"}),
        ("/users/me", {"name": "me"}),
        ("/users/7/a/b", {"id": "7", "rest": "a/b"}),
        ("/users?page=2", ["all"]),
    ],
)
def test_a_path_finds_the_first_route_that_fits(path: str, answer: object) -> None:
    assert told(users, ("GET", path))[0].json() == answer


def test_changing_a_part_changes_what_it_is_part_of() -> None:
    async def puts(api: HttpApi) -> None:
        await api.put("/users/7")

    touched = [(item.name, item.access) for item in events(once(puts, users))[0].items]
    assert touched == [("http[/users/7]", "write"), ("http[/users]", "update")]


def test_a_route_that_is_declared_in_between_counts_from_then_on() -> None:
    async def puts(api: HttpApi) -> None:
        await api.put("/a/b")
        api.route("GET", "/a", lambda *_: [])
        await api.put("/a/b")

    run = once(puts, with_routes(put_a_b=None))
    puts_seen = [event for event in events(run) if event.name == "PUT"]
    assert [len(event.items) for event in puts_seen] == [1, 2]


@pytest.mark.parametrize(
    ("promised", "access"),
    [({}, "update"), ({"touch": "write"}, "write"), ({"touch": "read"}, "read")],
)
def test_post_adds_to_what_its_path_names_unless_told_otherwise(promised: Any, access: str) -> None:
    def setup(sim: pileup.Sim) -> HttpApi:
        api = HttpApi(sim)
        api.route("POST", "/charges", lambda *_: 201, **promised)
        return api

    async def posts(api: HttpApi) -> None:
        await api.post("/charges")

    assert events(once(posts, setup))[0].items[0].access == access


def test_what_is_refused_has_only_read() -> None:
    async def puts(api: HttpApi) -> None:
        assert (await api.put("/n", json={})).status == 409

    put = events(once(puts, with_routes(put_n=409)))[0]
    assert (put.items[0].access, put.items[0].version) == ("read", 0)


def test_a_write_touches_no_other_path_whatever_its_handler_does() -> None:
    def setup(sim: pileup.Sim) -> HttpApi:
        api = HttpApi(sim)
        api.route("PUT", "/a", lambda _, state: state.update(b=1))
        api.route("GET", "/b", lambda _, state: state)
        return api

    async def puts(api: HttpApi) -> None:
        await api.put("/a")
        assert (await api.get("/b")).json() == {"b": 1}

    put, _, get, _ = events(once(puts, setup))
    assert [item.name for item in put.items + get.items] == ["http[/a]", "http[/b]"]


def test_an_error_is_taken_to_have_changed_nothing() -> None:
    """Even where its handler did change something before it said so."""

    def half(_: Request, state: State) -> int:
        state["half"] = True
        return 500

    async def puts(api: HttpApi) -> None:
        await api.put("/x")

    run = once(puts, with_routes(put_x=half))
    assert run.world.state == {"half": True}
    assert (events(run)[0].items[0].access, run.world.ledger.count()) == ("read", 0)


@pytest.mark.parametrize("touch", ["write", "update"])
def test_what_is_not_for_the_ledger_is_a_write_all_the_same(touch: Any) -> None:
    def setup(sim: pileup.Sim) -> HttpApi:
        api = HttpApi(sim)
        api.route("POST", "/seen", lambda *_: 204, effect=False, touch=touch)
        return api

    async def posts(api: HttpApi) -> None:
        await api.post("/seen")

    run = once(posts, setup)
    assert (events(run)[0].items[0].access, run.world.ledger.count()) == (touch, 0)


def test_no_headers_are_made_up() -> None:
    (answer,) = told(with_routes(get_x={"a": 1}), ("GET", "/x"))
    assert dict(answer.headers) == {"content-type": "application/json"}


def test_a_base_comes_before_every_path() -> None:
    def setup(sim: pileup.Sim) -> HttpApi:
        api = HttpApi(sim, "https://api.example.com/v1/")
        api.route("GET", "/x", echo)
        api.route("GET", "https://other.example.com/x", lambda *_: "other")
        return api

    (answer,) = told(setup, ("GET", "/x"))
    assert answer.status == 200
    (answer,) = told(setup, ("GET", "https://api.example.com/v1/x"))
    assert answer.status == 200
    (answer,) = told(setup, ("GET", "https://other.example.com/x"))
    assert answer.text == "other"


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "patch", "delete"])
def test_every_verb_is_there_in_async_and_in_sync_code(method: str) -> None:
    setup = with_routes(**{f"{method}_x": 202})

    async def asks(api: HttpApi) -> int:
        answer: Response = await getattr(api, method)("/x")
        return answer.status

    def asks_in_sync_code(api: HttpApi) -> int:
        answer: Response = getattr(api.sync, method)("/x")
        return answer.status

    for agent in (asks, asks_in_sync_code):
        assert list(once(agent, setup).results.values()) == [202]


@pytest.mark.parametrize(("status", "ok"), [(200, True), (399, True), (400, False), (500, False)])
def test_a_status_of_400_and_above_is_an_error(status: int, ok: bool) -> None:
    (answer,) = told(with_routes(post_x=status), ("POST", "/x"))
    assert answer.ok == ok


def test_an_error_status_raises_when_asked_to() -> None:
    good, bad = told(
        with_routes(get_a="fine", get_b=(402, "no money")), ("GET", "/a"), ("GET", "/b")
    )
    assert good.raise_for_status() is good
    with pytest.raises(BadStatus, match="402: no money") as caught:
        bad.raise_for_status()
    assert caught.value.response is bad


@pytest.mark.parametrize("error", [Disconnected, ConnectionReset, ConnectFailed])
def test_a_handler_can_break_the_connection(error: type[Exception]) -> None:
    def breaks(*_: object) -> None:
        raise error("cut")

    async def asks(api: HttpApi) -> None:
        with pytest.raises(error, match="cut"):
            await api.post("/x")

    run = once(asks, with_routes(post_x=breaks))
    happened = error is not ConnectFailed
    assert (run.world.ledger.count(), events(run)[0].outcome) == (
        int(happened),
        "info" if happened else "fail",
    )


# Mistakes ---------------------------------------------------------------------------------


def mistake(agent: Any, setup: Any) -> str:
    with pytest.raises(UsageError) as caught:
        pileup.explore(agent, setup=setup, runs=1)
    return str(caught.value)


def test_a_catch_all_answers_what_a_real_server_would() -> None:
    setup = with_routes(get_n={"n": 1})

    def forgiving(sim: pileup.Sim) -> HttpApi:
        api = setup(sim)
        api.route("GET", "/{rest:path}", lambda *_: 404)
        return api

    answers = told(forgiving, ("GET", "/n"), ("GET", "/else/where"))
    assert [answer.status for answer in answers] == [200, 404]


async def swallows(api: HttpApi) -> None:
    with suppress(Exception):  # it must not hide the mistake
        await api.post("/x", json={"a": 1})


def test_what_no_route_fits_is_refused_with_the_routes_there_are() -> None:
    said = mistake(swallows, counter)
    assert "POST https://api.example.com/x, which no fake serves" in said
    assert "GET api.example.com/n; PUT api.example.com/n" in said
    assert "api.route('POST', 'https://api.example.com/x', handler)" in said


def test_a_handler_that_raises_is_a_mistake_of_the_test() -> None:
    said = mistake(swallows, with_routes(post_x=lambda request, _: request.json()["b"]))
    assert "The handler of POST /x raised KeyError: 'b'" in said
    assert "return 400" in said


@pytest.mark.parametrize(
    ("returned", "said"),
    [(object(), "returned object"), (7, "7 as a status"), (("a", "b"), "'a' as a status")],
)
def test_a_handler_that_returns_something_else_is_a_mistake(returned: object, said: str) -> None:
    assert said in mistake(swallows, with_routes(post_x=lambda *_: returned))


async def handles(_: Request, __: State) -> None: ...


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (lambda api: api.route("GET", "charges", print), "has no path"),
        (lambda api: api.route("GET", "/x", handles), "not async"),
        (lambda api: api.route("GET", "/x", "text"), "must be a plain function"),
        (lambda api: [api.route("GET", "/x", print) for _ in range(2)], "is declared twice"),
        (lambda api: api.limit(calls=0, per=1.0), "lets nothing through"),
        (lambda api: HttpApi(api.sim), "Two fakes claim the host '*'"),
    ],
)
def test_a_wrong_declaration_says_what_to_write(declare: Any, said: str) -> None:
    def setup(sim: pileup.Sim) -> HttpApi:
        api = HttpApi(sim)
        api.__dict__["sim"] = sim
        declare(api)
        return api

    assert said in mistake(swallows, setup)
