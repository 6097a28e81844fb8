"""Unmodified httpx and httpx2 clients: they reach the fake, and the race shows through them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from functools import cached_property
from typing import Any

import httpx
import httpx2
import pytest
import respx
import trio
from support.exhaust import all_runs

import pileup
from pileup.errors import UsageError
from pileup.fakes import World
from pileup.fakes._wire.httpx_client import stand_in_for_clients
from pileup.fakes.http import Disconnected, HttpApi, Request
from pileup.faults import Rule
from pileup.results import Run
from pileup.sim.world import controlled
from pileup.strategies import Dull

PACKAGES = [httpx, httpx2]
CLIENTS = {package: package.Client() for package in PACKAGES}
ASYNC_CLIENTS = {package: package.AsyncClient() for package in PACKAGES}
BASE = "https://api.example.com"

State = dict[str, Any]


def counter(sim: pileup.Sim) -> HttpApi:
    api = HttpApi(sim, BASE)
    api.state["n"] = 0
    api.route("GET", "/n", lambda _, state: {"n": state["n"]})
    api.route("PUT", "/n", lambda request, state: state.update(request.json()))
    return api


def in_sync_code(package: Any) -> Callable[[HttpApi], None]:
    def raises(_: HttpApi) -> None:
        client = CLIENTS[package]
        n = client.get(f"{BASE}/n").json()["n"]
        client.put(f"{BASE}/n", json={"n": n + 1})

    return raises


def in_async_code(package: Any) -> Callable[[HttpApi], Any]:
    async def raises(_: HttpApi) -> None:
        client = ASYNC_CLIENTS[package]
        n = (await client.get(f"{BASE}/n")).json()["n"]
        await client.put(f"{BASE}/n", json={"n": n + 1})

    return raises


def sync_client_in_async_code(package: Any) -> Callable[[HttpApi], Any]:
    raises_in_sync_code = in_sync_code(package)

    async def raises(api: HttpApi) -> None:
        raises_in_sync_code(api)

    return raises


WAYS = [
    way(package)
    for package in PACKAGES
    for way in (in_sync_code, in_async_code, sync_client_in_async_code)
]


def ends(agent: Any, backend: str | None = None) -> set[int]:
    """Try every order of two agents; the drop-ins are there as long as the exploration is."""
    explorer = pileup.Scenario([agent, agent], setup=counter, backend=backend).explorer()
    with controlled(pileup.Budgets()):
        return {run.world.state["n"] for run in all_runs(explorer)}


@pytest.mark.parametrize("agent", WAYS)
def test_the_race_is_found_through_the_real_client(agent: Any) -> None:
    """The clients were made before the run. Where respx answers, no order shows it at all."""
    assert ends(agent) == {1, 2}


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
@pytest.mark.parametrize("agent", WAYS)
def test_every_runtime_finds_the_same(agent: Any, backend: str) -> None:
    assert ends(agent, backend) == {1, 2}


def test_what_respx_answers_by_itself_shows_no_race() -> None:
    """The trap: its answers come without giving way, so two clients never meet."""
    held = {"n": 0}

    def put(request: httpx.Request) -> httpx.Response:
        held["n"] = int(request.content)
        return httpx.Response(204)

    async def raises() -> None:
        client = ASYNC_CLIENTS[httpx]
        n = int((await client.get("https://other.example.com/n")).text)
        await client.put("https://other.example.com/n", content=str(n + 1))

    async def both() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(raises())
            group.create_task(raises())

    with respx.mock:
        respx.get("https://other.example.com/n").mock(
            side_effect=lambda _: httpx.Response(200, text=str(held["n"]))
        )
        respx.put("https://other.example.com/n").mock(side_effect=put)
        asyncio.run(both())
    assert held["n"] == 2


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("loop", [trio, asyncio])
def test_tasks_of_one_agent_race_as_well(package: Any, loop: Any) -> None:
    raises = in_async_code(package)

    async def both(api: HttpApi) -> None:
        if loop is trio:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(raises, api)
                nursery.start_soon(raises, api)
        else:
            await asyncio.gather(raises(api), raises(api))

    seen: set[int] = set()
    check = lambda api: seen.add(api.state["n"])  # noqa: E731
    pileup.explore(both, setup=counter, agents=1, runs=60, check=check)
    assert seen == {1, 2}


# What passes through ----------------------------------------------------------------------


def once(agent: Any, setup: Any, **options: Any) -> Run:
    run = pileup.Scenario(agent, setup=setup, agents=1, **options).explorer().once(Dull())
    for finding in run.findings:
        raise AssertionError(finding.title)
    return run


def with_route(method: str, path: str, handler: Any) -> Callable[[pileup.Sim], HttpApi]:
    def setup(sim: pileup.Sim) -> HttpApi:
        api = HttpApi(sim, BASE)
        api.route(method, path, handler)
        return api

    return setup


def got(package: Any, setup: Any, method: str, url: str, **sending: Any) -> list[Any]:
    """Ask once with the sync client and once with the async one."""
    answers: list[Any] = []

    async def asks(_: HttpApi) -> None:
        answers.append(await ASYNC_CLIENTS[package].request(method, url, **sending))

    def asks_in_sync_code(_: HttpApi) -> None:
        answers.append(CLIENTS[package].request(method, url, **sending))

    once(asks, setup)
    once(asks_in_sync_code, setup)
    return answers


def echo(request: Request, _: State) -> Any:
    kept = ("x-id", "content-type", "authorization")
    return {
        "url": request.url,
        "path": request.path,
        "headers": {name: request.headers[name] for name in kept if name in request.headers},
        "body": request.body.decode(),
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_the_handler_gets_what_the_client_sent(package: Any) -> None:
    setup = with_route("POST", "/a b/{rest:path}", echo)
    url = f"{BASE}/a%20b/c?x=1&y=%20"
    for answer in got(package, setup, "POST", url, json={"k": 1}, headers={"X-Id": "7"}):
        assert answer.json() == {
            "url": f"{BASE}/a b/c?x=1&y=%20",
            "path": "/a b/c",
            "headers": {"x-id": "7", "content-type": "application/json"},
            "body": '{"k":1}',
        }


@pytest.mark.parametrize("package", PACKAGES)
def test_the_client_gets_what_the_handler_answered(package: Any) -> None:
    setup = with_route("GET", "/x", lambda *_: (201, {"a": 1}, {"X-Id": "7"}))
    for answer in got(package, setup, "GET", f"{BASE}/x"):
        assert (answer.status_code, answer.reason_phrase, answer.json()) == (
            201,
            "Created",
            {"a": 1},
        )
        assert (answer.headers["x-id"], answer.http_version) == ("7", "HTTP/1.1")
        assert answer.elapsed.total_seconds() == 0


@pytest.mark.parametrize("package", PACKAGES)
def test_what_the_client_does_itself_stays_its_own(package: Any) -> None:
    def setup(sim: pileup.Sim) -> HttpApi:
        api = HttpApi(sim, BASE)
        api.route("GET", "/old", lambda *_: (302, None, {"Location": "/new", "Set-Cookie": "a=1"}))
        api.route("GET", "/new", lambda request, _: request.headers["cookie"])
        return api

    def asks(_: HttpApi) -> str:
        with package.Client(follow_redirects=True, base_url=BASE) as client:
            return str(client.get("/old").text)

    assert once(asks, setup).results == {"asks-0": "a=1"}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_port_is_a_part_of_the_host(package: Any) -> None:
    def setup(sim: pileup.Sim) -> HttpApi:
        api = HttpApi(sim)
        api.route("GET", "http://localhost:8080/x", lambda *_: "8080")
        api.route("GET", "http://localhost/x", lambda *_: "80")
        return api

    for url, text in (("http://localhost:8080/x", "8080"), ("http://localhost:80/x", "80")):
        assert {answer.text for answer in got(package, setup, "GET", url)} == {text}


@pytest.mark.parametrize("package", PACKAGES)
def test_uploads_may_come_in_pieces(package: Any) -> None:
    def parts() -> Iterator[bytes]:
        yield from (b"one ", b"two")

    async def async_parts() -> AsyncIterator[bytes]:
        for part in parts():
            yield part

    async def asks(_: HttpApi) -> list[str]:
        client, async_client = CLIENTS[package], ASYNC_CLIENTS[package]
        url = f"{BASE}/x"
        return [
            client.post(url, content=parts()).json()["body"],
            (await async_client.post(url, content=async_parts())).json()["body"],
        ]

    run = once(asks, with_route("POST", "/x", echo))
    assert run.results == {"asks-0": ["one two", "one two"]}


# Answers in pieces ------------------------------------------------------------------------


def two_parts(*_: Any) -> Iterator[bytes]:
    yield b"data: 1\n\n"
    yield b"data: 2\n\n"


def breaks_off(*_: Any) -> Iterator[bytes]:
    yield b"data: 1\n\n"
    raise Disconnected("cut")


def reads_stream(package: Any) -> Callable[[HttpApi], list[str]]:
    def reads(_: HttpApi) -> list[str]:
        with CLIENTS[package].stream("GET", f"{BASE}/x", timeout=4) as response:
            return list(response.iter_lines())

    return reads


def reads_async_stream(package: Any) -> Callable[[HttpApi], Any]:
    async def reads(_: HttpApi) -> list[str]:
        async with ASYNC_CLIENTS[package].stream("GET", f"{BASE}/x", timeout=4) as response:
            return [line async for line in response.aiter_lines()]

    return reads


READERS = [way(package) for package in PACKAGES for way in (reads_stream, reads_async_stream)]


@pytest.mark.parametrize("reader", READERS)
def test_an_answer_in_pieces_is_received_piece_by_piece(reader: Any) -> None:
    run = once(reader, with_route("GET", "/x", two_parts))
    assert run.results == {"reads-0": ["data: 1", "", "data: 2", ""]}
    names = [event.name for event in run.history]
    assert names == ["start", "GET", "receive", "receive", "receive", "receive", "end"]


@pytest.mark.parametrize("reader", READERS)
def test_an_answer_can_break_off_in_the_middle(reader: Any) -> None:
    found = pileup.explore(reader, setup=with_route("GET", "/x", breaks_off), agents=1, runs=1)
    assert "raised RemoteProtocolError: cut" in found.findings[0].title


@pytest.mark.parametrize("reader", READERS)
def test_each_piece_has_the_whole_timeout(reader: Any) -> None:
    def setup(sim: pileup.Sim) -> HttpApi:
        return with_route("GET", "/x", two_parts)(sim)

    titles = {
        finding.title for finding in pileup.explore(reader, setup=setup, agents=1, runs=80).findings
    }
    assert titles == {"reads-0 raised ReadTimeout: no answer within 4 s"}


# Timeouts ---------------------------------------------------------------------------------


def once_charged(api: HttpApi) -> None:
    assert api.ledger.count("POST") <= 1, "charged twice"


def buys(package: Any) -> Callable[[HttpApi], None]:
    def buys_in_sync_code(_: HttpApi) -> None:
        for _attempt in range(2):
            try:
                CLIENTS[package].post(f"{BASE}/charges", json={"order": 7}, timeout=3)
            except package.ReadTimeout:
                continue
            return

    return buys_in_sync_code


@pytest.mark.parametrize("package", PACKAGES)
def test_a_clients_own_timeout_and_retry_charge_twice(package: Any) -> None:
    setup = with_route("POST", "/charges", lambda *_: 201)
    found = pileup.explore(buys(package), setup=setup, agents=1, check=once_charged, runs=100)
    named, checked = found.findings
    assert named.kind == "duplicate_effect"
    assert "charged twice" in checked.title


@pytest.mark.parametrize("package", PACKAGES)
def test_a_timeout_that_nobody_has_chosen_runs_out_where_something_is_slow(package: Any) -> None:
    def asks(_: HttpApi) -> None:
        CLIENTS[package].get(f"{BASE}/n")

    def explored(**how: Any) -> list[str]:
        found = pileup.explore([asks, asks], setup=counter, runs=60, **how)
        return [finding.title.partition(" raised ")[2] for finding in found.findings]

    assert explored() == []
    assert explored(faults=Rule("slow", on="GET*", nth=1)) == ["ReadTimeout: no answer within 5 s"]
    assert explored(timed=True) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_of_a_clients_timeouts_only_the_one_for_reading_counts(package: Any) -> None:
    timeout = package.Timeout(connect=1, write=1, pool=1, read=None)

    def asks(_: HttpApi) -> None:
        CLIENTS[package].get(f"{BASE}/n", timeout=timeout)

    assert pileup.explore([asks, asks], setup=counter, runs=60).clean


@pytest.mark.parametrize("package", PACKAGES)
def test_the_error_is_the_clients_own_and_carries_its_request(package: Any) -> None:
    def asks(_: HttpApi) -> str:
        try:
            CLIENTS[package].get(f"{BASE}/x")
        except package.RemoteProtocolError as error:
            return f"{error.request.url} {error}"
        return ""

    def cut(*_: Any) -> None:
        raise Disconnected("server went away")

    run = once(asks, with_route("GET", "/x", cut))
    assert run.results == {"asks-0": f"{BASE}/x server went away"}


# What is refused, and what is left alone --------------------------------------------------


def mistake(agent: Any, setup: Any) -> str:
    with pytest.raises(UsageError) as caught:
        pileup.explore(agent, setup=setup, runs=1)
    return str(caught.value)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_host_that_nobody_claims_is_refused_by_its_url(package: Any) -> None:
    async def asks(_: HttpApi) -> None:
        await ASYNC_CLIENTS[package].get("https://other.example.com/x?page=2")

    said = mistake(asks, counter)
    assert "asks-0 asked for GET https://other.example.com/x?page=2, which no fake serves" in said
    assert "GET api.example.com/n" in said
    assert "api.route('GET', 'https://other.example.com/x', handler)" in said


def test_a_run_that_fakes_no_http_leaves_the_client_to_the_guard() -> None:
    def asks() -> None:
        CLIENTS[httpx].get("http://localhost:1/x")

    said = mistake(asks, lambda _: stand_in_for_clients())
    assert "localhost" in said
    assert "the real world" in said


def test_after_the_exploration_the_clients_are_real_again() -> None:
    before = [vars(package.HTTPTransport)["handle_request"] for package in PACKAGES]
    once(in_sync_code(httpx), counter)
    assert before == [vars(package.HTTPTransport)["handle_request"] for package in PACKAGES]


def test_a_transport_of_the_users_own_is_left_alone() -> None:
    def asks(_: HttpApi) -> str:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, text="mine"))
        with httpx.Client(transport=transport) as client:
            return client.get(f"{BASE}/n").text

    assert once(asks, counter).results == {"asks-0": "mine"}


def test_in_another_thread_a_client_is_the_real_one() -> None:
    seen: list[str] = []

    def asks() -> None:
        seen.append(CLIENTS[httpx].get(f"{BASE}/n").text)

    def starts_a_thread(_: HttpApi) -> None:
        thread = threading.Thread(target=asks)
        thread.start()
        thread.join()

    with respx.mock:
        respx.get(f"{BASE}/n").respond(200, text="outside")
        once(starts_a_thread, counter, allow_real={"thread"})
    assert seen == ["outside"]


def test_a_run_through_a_client_is_the_same_in_every_process() -> None:
    code = """
import httpx, pileup
from pileup.fakes.http import HttpApi
from pileup.strategies import Random

def setup(sim):
    api = HttpApi(sim, "https://api.example.com")
    api.limit(calls=3, per=60, by="user-agent")
    api.route("POST", "/x", lambda request, _: {"key": request.headers.get("x-id")})
    return api

client = httpx.Client()

def agent(_, me):
    for _ in range(2):
        client.post("https://api.example.com/x", headers={"X-Id": me.name})

run = pileup.Scenario(agent, agents=3, setup=setup).explorer().once(Random(7))
print(run.history.digest)
"""
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1] != ""


def test_nothing_heavy_is_imported_with_the_fake() -> None:
    code = (
        "import sys, pileup.fakes.http; "
        "print([name for name in ('httpx', 'httpx2', 'respx', 'asyncio') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_a_package_that_is_imported_in_the_run_is_found_too() -> None:
    code = """
import platform
import sys
import pileup
from pileup.fakes.http import HttpApi

def setup(sim):
    api = HttpApi(sim)
    api.route("GET", "/x", lambda *_: "fake")
    import httpx
    return api

def agent(api):
    platform.platform()  # as SDKs do; it starts a process the first time
    return sys.modules["httpx"].Client().get("https://api.example.com/x").text

assert "httpx" not in sys.modules
found = pileup.explore(agent, setup=setup, agents=1, runs=1)
print(found.clean, "httpx" in sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (said.stdout.strip(), said.stderr) == ("True True", "")


def served_by(*hosts: str) -> Callable[[pileup.Sim], list[HttpApi]]:
    def setup(sim: pileup.Sim) -> list[HttpApi]:
        apis = [HttpApi(sim, f"https://{host}" if host else "", name=host) for host in hosts]
        for host, api in zip(hosts, apis, strict=True):
            api.route("GET", "/{rest:path}", lambda *_, host=host: host)
        return apis

    return setup


@pytest.mark.parametrize(
    "hosts", [("", "*.example.com", "a.example.com"), ("a.example.com", "*.example.com", "")]
)
def test_who_claims_a_host_most_exactly_answers_for_it(hosts: tuple[str, ...]) -> None:
    def asks(_: Any) -> list[str]:
        asked = ("a.example.com", "b.example.com", "example.org")
        return [CLIENTS[httpx].get(f"https://{host}/x").text for host in asked]

    assert once(asks, served_by(*hosts)).results == {
        "asks-0": ["a.example.com", "*.example.com", ""]
    }


def test_a_part_of_the_world_that_nobody_has_touched_claims_its_hosts_in_time() -> None:
    class Lazy(World):
        @cached_property
        def http(self) -> HttpApi:
            api = HttpApi(self.sim)
            api.route("GET", "/{rest:path}", lambda *_: "anything else")
            return api

        @cached_property
        def model(self) -> HttpApi:  # type: ignore[override] # it stands for one
            api = HttpApi(self.sim, "https://model.example.com", name="model")
            api.route("GET", "/x", lambda *_: "the model")
            return api

    def setup(sim: pileup.Sim) -> World:
        world = Lazy(sim)
        assert world.http is not None
        return world

    def asks(_: World) -> list[str]:
        return [CLIENTS[httpx].get(f"https://{host}.example.com/x").text for host in ("model", "b")]

    assert once(asks, setup).results == {"asks-0": ["the model", "anything else"]}


# respx ------------------------------------------------------------------------------------


def router() -> respx.Router:
    routes = respx.MockRouter(assert_all_called=False, base_url=BASE)
    held = {"n": 0}

    def put(request: httpx.Request) -> httpx.Response:
        held["n"] = int(request.content)
        return httpx.Response(204)

    async def post(request: httpx.Request, kind: str) -> httpx.Response:
        return httpx.Response(201, json={"kind": kind, "body": request.content.decode()})

    routes.get("/n").mock(side_effect=lambda _: httpx.Response(200, text=str(held["n"])))
    routes.put("/n").mock(side_effect=put)
    routes.post(path__regex=r"^/(?P<kind>\w+)s$").mock(side_effect=post)
    routes.get("/slow").mock(side_effect=httpx.ConnectTimeout)
    routes.get("/fixed").respond(200, json={"a": 1}, headers={"X-Id": "7"})
    routes.get("/turns").mock(side_effect=[httpx.Response(503), httpx.Response(200)])
    routes.get("/through").pass_through()
    return routes


def with_router(sim: pileup.Sim) -> HttpApi:
    return HttpApi(sim, router=router())


@pytest.mark.parametrize("package", PACKAGES)
def test_routes_of_respx_race(package: Any) -> None:
    ends: set[int] = set()

    async def raises(_: HttpApi) -> None:
        client = ASYNC_CLIENTS[package]
        n = int((await client.get(f"{BASE}/n")).text)
        await client.put(f"{BASE}/n", content=str(n + 1))

    async def looks(_: HttpApi) -> None:
        await pileup.sleep(1)
        ends.add(int((await ASYNC_CLIENTS[package].get(f"{BASE}/n")).text))

    pileup.explore([raises, raises, looks], setup=with_router, runs=100)
    assert {1, 2} <= ends


@pytest.mark.parametrize("package", PACKAGES)
def test_respx_decides_who_answers_and_what(package: Any) -> None:
    fixed, _ = got(package, with_router, "GET", f"{BASE}/fixed")
    assert (fixed.json(), fixed.headers["x-id"]) == ({"a": 1}, "7")
    posted, _ = got(package, with_router, "POST", f"{BASE}/charges", content="seven")
    assert (posted.status_code, posted.json()) == (201, {"kind": "charge", "body": "seven"})


def test_respx_answers_in_turns() -> None:
    async def asks(api: HttpApi) -> list[int]:
        return [(await api.get(f"{BASE}/turns")).status for _ in range(2)]

    assert once(asks, with_router).results == {"asks-0": [503, 200]}


@pytest.mark.parametrize("package", PACKAGES)
def test_errors_of_respx_are_those_of_the_client(package: Any) -> None:
    def asks(_: HttpApi) -> str:
        with pytest.raises(package.ConnectTimeout):
            CLIENTS[package].get(f"{BASE}/slow")
        return "refused"

    assert once(asks, with_router).results == {"asks-0": "refused"}


def test_errors_of_respx_reach_the_native_handle_as_ours() -> None:
    async def asks(api: HttpApi) -> None:
        await api.get(f"{BASE}/slow")

    found = pileup.explore(asks, setup=with_router, agents=1, runs=1)
    assert "raised TimedOut" in found.findings[0].title


def test_effects_through_respx_are_in_the_ledger() -> None:
    async def posts(api: HttpApi) -> None:
        await api.post(f"{BASE}/charges", content=b"1", headers={"Idempotency-Key": "k"})
        await api.post(f"{BASE}/charges", content=b"1", headers={"Idempotency-Key": "k"})
        await api.get(f"{BASE}/n")

    ledger = once(posts, with_router).world.ledger
    assert [(entry.method, entry.path, entry.status) for entry in ledger] == [
        ("POST", "/charges", 201)
    ]


@pytest.mark.parametrize("path", ["/nowhere", "/through"])
def test_what_respx_has_no_answer_for_is_refused(path: str) -> None:
    async def asks(api: HttpApi) -> None:
        await api.get(f"{BASE}{path}")

    said = mistake(asks, with_router)
    assert f"GET {BASE}{path}, which no fake serves" in said
    assert "the routes of a respx router" in said


def test_a_respx_side_effect_must_not_wait() -> None:
    async def waits(_: httpx.Request) -> httpx.Response:
        await pileup.sleep(1)
        return httpx.Response(200)

    def setup(sim: pileup.Sim) -> HttpApi:
        routes = respx.Router()
        routes.get(f"{BASE}/x").mock(side_effect=waits)
        return HttpApi(sim, router=routes)

    async def asks(api: HttpApi) -> None:
        await api.get(f"{BASE}/x")

    assert "awaits something" in mistake(asks, setup)


def test_a_router_of_all_runs_goes_on_where_it_was() -> None:
    routes = respx.Router(assert_all_mocked=False)
    route = routes.get(f"{BASE}/x").respond(200)

    async def asks(api: HttpApi) -> None:
        await api.get(f"{BASE}/x")

    for calls in (1, 2):
        once(asks, lambda sim: HttpApi(sim, router=routes))
        assert route.call_count == calls


def test_a_plain_respx_mock_is_not_asked_in_a_run() -> None:
    with respx.mock(assert_all_called=False) as mock:
        route = mock.get(f"{BASE}/n").respond(200, json={"n": 41})
        run = once(in_sync_code(httpx), counter)
    assert (run.world.state["n"], route.called) == (1, False)


def test_respx_in_place_of_the_transport_answers_before_the_fake() -> None:
    with respx.mock(using="httpx", assert_all_called=False) as mock:
        mock.get(f"{BASE}/n").respond(200, json={"n": 41})
        mock.put(f"{BASE}/n").respond(204)
        run = once(in_sync_code(httpx), counter)
        assert (run.world.state["n"], mock.calls.call_count) == (0, 2)


def test_the_worlds_own_api_may_never_have_been_touched() -> None:
    """Then a URL is refused by the world's API, or by the guard where the world has none."""

    def asks(_: World) -> None:
        CLIENTS[httpx].get(f"{BASE}/n")

    assert "api.example.com" in mistake(asks, World)
