"""One small shop, served twice: by the fake, and by a real server on loopback.

The handlers are the same functions; all that the fake does around them, the
real one does by itself: HTTP from the standard library, connections that break
because sockets are closed, and idempotency keys written down once more.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import unquote

import trio

import pileup
from pileup.fakes.http import ConnectionReset, Disconnected, HttpApi, Request
from pileup.faults import Rule
from pileup.strategies import Dull

T = TypeVar("T")

State = dict[str, Any]
Handler = Callable[[Request, State], Any]
FAKE = "http://shop.example.com"
STATUSES = (200, 201, 204, 400, 404, 409, 418, 422, 429, 500, 503)
LATE = 0.3


def reset(state: State) -> None:
    state.clear()
    state.update(items={}, charges=0, hits=0)


def listed(_: Request, state: State) -> Any:
    return 200, sorted(state["items"])


def shown(request: Request, state: State) -> Any:
    name = request.params["name"]
    if name not in state["items"]:
        return 404, {"error": f"no {name}"}
    return 200, {"name": name, "value": state["items"][name]}, {"ETag": f'"{name}"'}


def stored(request: Request, state: State) -> Any:
    name, new = request.params["name"], request.params["name"] not in state["items"]
    state["items"][name] = request.json()
    return (201 if new else 200), {"new": new}


def removed(request: Request, state: State) -> Any:
    known = state["items"].pop(request.params["name"], None) is not None
    return (204, None) if known else (404, {"error": "gone"})


def charged(request: Request, state: State) -> Any:
    state["charges"] += 1
    return 201, {"id": state["charges"], "order": request.json()}


def echoed(request: Request, _: State) -> Any:
    headers = {name: text for name, text in request.headers.items() if name.startswith("x-")}
    return 200, {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": headers,
        "type": request.headers.get("content-type"),
        "length": len(request.body),
    }


def answered(request: Request, _: State) -> Any:
    status = int(request.params["status"])
    return status, None if status == 204 else {"status": status}


def moved(*_: Any) -> Any:
    return 307, None, {"Location": "/echo/there?a=1"}


def welcomed(*_: Any) -> Any:
    return 200, "welcome", {"Set-Cookie": "visit=1; Path=/"}


def recognised(request: Request, _: State) -> Any:
    return 200, request.headers.get("cookie", "nobody")


def streamed(*_: Any) -> Any:
    return 200, iter([b"data: 1\n\n", b"data: 2\n\n", b"x" * 100_000])


def broken_off(*_: Any) -> Any:
    def parts() -> Iterator[bytes]:
        yield b"data: 1\n\n"
        raise Disconnected("cut")

    return 200, parts()


def hung_up(_: Request, state: State) -> Any:
    state["hits"] += 1
    raise Disconnected("hung up")


def was_reset(_: Request, state: State) -> Any:
    state["hits"] += 1
    raise ConnectionReset("reset")


def was_slow(_: Request, state: State) -> Any:
    state["hits"] += 1
    return 200, {"hits": state["hits"]}


def hits(_: Request, state: State) -> Any:
    return 200, {"hits": state["hits"]}


ROUTES: list[tuple[str, str, Handler]] = [
    ("GET", "/items", listed),
    ("GET", "/items/{name}", shown),
    ("HEAD", "/items/{name}", shown),
    ("PUT", "/items/{name}", stored),
    ("DELETE", "/items/{name}", removed),
    ("POST", "/charges", charged),
    *[(method, "/echo/{rest:path}", echoed) for method in ("GET", "POST", "PUT", "PATCH")],
    ("GET", "/status/{status}", answered),
    ("GET", "/moved", moved),
    ("POST", "/moved", moved),
    ("GET", "/welcome", welcomed),
    ("GET", "/me", recognised),
    ("GET", "/stream", streamed),
    ("GET", "/broken", broken_off),
    ("POST", "/hangs-up", hung_up),
    ("POST", "/resets", was_reset),
    ("POST", "/slow", was_slow),
    ("GET", "/hits", hits),
]


class FakeShop:
    """The shop on HttpApi, in one run of its own for each visit."""

    base = FAKE
    nowhere = "http://nowhere.example.com/x"

    def __init__(self) -> None:
        self.effects = 0

    def visit(self, body: Callable[[], T]) -> T:
        """Let clients do something in the shop."""
        answers: list[T] = []

        def visits() -> None:
            answers.append(body())

        self._open_for(visits, None)
        return answers[0]

    def visit_under(self, loop: str, body: Callable[[], Awaitable[T]]) -> T:
        """Let async clients do something in the shop."""
        answers: list[T] = []

        async def visits() -> None:
            answers.append(await body())

        self._open_for(visits, loop)
        return answers[0]

    def _open_for(self, visits: Any, loop: str | None) -> None:
        rules = [
            Rule("late", on="POST http[*/slow]", seconds=LATE),
            Rule("refused", on="GET http[*/x]"),
        ]
        scenario = pileup.Scenario(visits, agents=1, setup=self._opened, faults=rules, backend=loop)
        run = scenario.explorer().once(Dull())
        self.effects = run.world.ledger.count()
        for finding in run.findings:
            if finding.kind == "agent_failed":  # what it does twice, it means to do twice
                raise AssertionError(finding.title)

    def _opened(self, sim: pileup.Sim) -> HttpApi:
        api = HttpApi(sim, FAKE)
        reset(api.state)
        for method, path, handler in ROUTES:
            api.route(method, path, handler)
        api.route("GET", self.nowhere, lambda *_: 200)
        return api


class RealShop:
    """The shop on a socket."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self.base = f"http://127.0.0.1:{server.server_port}"
        self.nowhere = f"http://127.0.0.1:{_free_port()}/x"

    @property
    def effects(self) -> int:
        """How many effects there were in the last visit."""
        return self._server.effects

    def visit(self, body: Callable[[], T]) -> T:
        """Let clients do something in the shop."""
        self._server.begin()
        return body()

    def visit_under(self, loop: str, body: Callable[[], Awaitable[T]]) -> T:
        """Let async clients do something in the shop."""
        self._server.begin()
        if loop == "trio":
            return trio.run(body)

        async def visit() -> T:
            return await body()

        return asyncio.run(visit())


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.state: State = {}
        self.lock = threading.Lock()
        self.begin()
        super().__init__(("127.0.0.1", 0), _Connection)

    def begin(self) -> None:
        """Forget everything."""
        with self.lock:
            reset(self.state)
            self.effects = 0
            self.keys: dict[str, tuple[object, Any]] = {}

    def handle_error(self, *_: Any) -> None:
        """Say nothing of connections that a client has left."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: _Server

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        request = self._request()
        try:
            with self.server.lock:
                status, body, headers = (*self._served(request), {})[:3]
        except Disconnected:
            self._hang_up()
        except ConnectionReset:
            self._reset()
        else:
            if request.path == "/slow":
                time.sleep(LATE)
            self._send(status, body, headers)

    def _request(self) -> Request:
        target, _, query = self.path.partition("?")
        headers = {name.lower(): ", ".join(self.headers.get_all(name, [])) for name in self.headers}
        if headers.get("transfer-encoding") == "chunked":
            body = b"".join(iter(self._chunk, b""))
        else:
            body = self.rfile.read(int(headers.get("content-length", 0)))
        return Request(self.command, headers["host"], unquote(target), query, headers, body, "http")

    def _chunk(self) -> bytes:
        size = int(self.rfile.readline(), 16)
        chunk = self.rfile.read(size)
        self.rfile.readline()
        return chunk

    def _served(self, request: Request) -> Any:
        """Honour a key, as the fake says that servers do."""
        key, keys = request.headers.get("idempotency-key"), self.server.keys
        asked = (request.method, request.path, request.query, request.body)
        if key is None or request.method in ("GET", "HEAD"):
            return self._handled(request)
        if key in keys and keys[key][0] != asked:
            return 422, {"error": f"the idempotency key {key} belongs to another request"}
        if key in keys:
            status, body, headers = (*keys[key][1], {})[:3]
            return status, body, {**headers, "Idempotent-Replayed": "true"}
        answer = self._handled(request)
        keys[key] = (asked, answer)
        return answer

    def _handled(self, request: Request) -> Any:
        for method, path, handler in ROUTES:
            params = _fit(path, request.path)
            if method == request.method and params is not None:
                return self._noted(method, handler, request._replace(params=params))
        return 404, {"error": "no route"}

    def _noted(self, method: str, handler: Handler, request: Request) -> Any:
        status = 0
        try:
            answer = handler(request, self.server.state)
            status = answer[0]
        finally:
            self.server.effects += method not in ("GET", "HEAD") and status < 400
        return answer

    def _reset(self) -> None:
        """Close the socket itself, unread and at once, so that the other side sees a reset."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def _hang_up(self) -> None:
        self.close_connection = True
        self.wfile.flush()

    def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        if isinstance(body, Iterator):
            self._send_parts(body, headers)
            return
        kind, content = _encoded(body)
        sent = {"Content-Type": kind, **headers} if kind else headers
        if status != 204:
            sent = {**sent, "Content-Length": str(len(content))}
        self._send_headers(sent)
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def _send_parts(self, parts: Iterator[bytes], headers: dict[str, str]) -> None:
        fixed = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}
        self._send_headers({**fixed, **headers})
        try:
            for part in parts:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()
        except Disconnected:
            self._hang_up()

    def _send_headers(self, headers: dict[str, str]) -> None:
        for name, text in headers.items():
            self.send_header(name, text)
        self.end_headers()


def _fit(pattern: str, path: str) -> dict[str, str] | None:
    wanted, given = pattern.split("/"), path.split("/")
    if wanted[-1].endswith(":path}"):
        given = [*given[: len(wanted) - 1], "/".join(given[len(wanted) - 1 :])]
    if len(wanted) != len(given):
        return None
    params: dict[str, str] = {}
    for one, other in zip(wanted, given, strict=True):
        if one.startswith("{"):
            params[one.strip("{}").partition(":")[0]] = other
        elif one != other:
            return None
    return params


def _encoded(body: Any) -> tuple[str | None, bytes]:
    if body is None:
        return None, b""
    if isinstance(body, str):
        return "text/plain; charset=utf-8", body.encode()
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return "application/json", text.encode()


@contextmanager
def real_shop() -> Iterator[RealShop]:
    """Open the real shop for a while."""
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield RealShop(server)
        finally:
            server.shutdown()
            thread.join()
