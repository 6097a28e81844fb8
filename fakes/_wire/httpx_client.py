"""The drop-in for httpx and httpx2: their clients, sync and async, reach the fakes unmodified.

What is replaced is how their transports send a request, so it holds for
clients that were made before the run as well, and for SDKs that bring one of
their own. Everything above it stays real: timeouts, redirects, cookies,
authentication, hooks, retries.

Divergence from the real thing
------------------------------
* There is no connection: pools, keep-alive, proxies, TLS and HTTP/2 have no
  effect. Of a client's four timeouts only `read` counts, and it is for the
  time until the whole answer, or the next piece of one that comes in pieces.
* A timeout that nobody has chosen (httpx's 5 seconds, the SDKs' 600) runs out
  only where something is slow: under a fault plan, or in a timed run. One that
  is written down may run out at any call.
* A transport of the user's own (`MockTransport`, ASGI, WSGI) is left alone,
  and `respx.mock(using="httpx")`, which puts one in, answers before this does,
  without giving way. A plain `respx.mock` works below, so that in a run it is
  not asked; give its routes to `HttpApi(sim, router=...)`.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib import import_module
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from pileup.fakes._port import Port
from pileup.fakes._suffering import Course
from pileup.fakes._wire.claims import find
from pileup.fakes._wire.errors import NoAnswer
from pileup.fakes._wire.exchange import next_chunk, within
from pileup.fakes._wire.messages import Request, Response
from pileup.sim.drop_ins import drop_in
from pileup.sim.guard import accounted_for
from pileup.sim.kernel import Sim
from pileup.sim.presence import run_here
from pileup.sim.swapped import swapped

Theirs: TypeAlias = Any
"""Any: an object of httpx's or of httpx2's; which of them is known only when it is met."""

PACKAGES: Final = {"httpx": "httpcore", "httpx2": "httpcore2"}
"""What is stood in for, and what each of them imports when its first client is made."""

UNCHOSEN: Final = (
    dict.fromkeys(("connect", "read", "write", "pool"), 5.0),
    {"connect": 5.0, "read": 600, "write": 600, "pool": 600},
)
"""The timeouts that the packages, and the SDKs of OpenAI and Anthropic, have by themselves.

They run out only on what is slow, because else each test of a client that handles no
timeouts would find just that.
"""
USUAL_PORTS: Final = {"http": 80, "https": 443}
WITHOUT_BODY: Final = (204, 304)


def stand_in_for_clients() -> None:
    """Put the drop-in into each package, now or as soon as it is imported."""
    for package in PACKAGES:
        drop_in(package, INSTALLS[package])


@contextmanager
def _installed(package: str) -> Iterator[None]:
    module: Theirs = import_module(package)
    with accounted_for():
        # Once and now, because each of these starts a process the first time: what a
        # first client imports in turn (trio), and what SDKs tell of their machine.
        import_module(PACKAGES[package])
        platform.platform()
    with ExitStack() as stack:
        for owner, name, make in (
            (module.HTTPTransport, "handle_request", _sync_way),
            (module.AsyncHTTPTransport, "handle_async_request", _async_way),
        ):
            stack.enter_context(swapped(owner, name, make(module, vars(owner)[name])))
        yield


INSTALLS: Final = {package: partial(_installed, package) for package in PACKAGES}


def _sync_way(module: Theirs, original: Theirs) -> Callable[[Theirs, Theirs], Theirs]:
    def handle_request(transport: Theirs, request: Theirs) -> Theirs:
        sim = run_here()
        call = None if sim is None else _begun(sim, module, request, request.read())
        if call is None:
            return original(transport, request)
        try:
            answer: Response = call.port.walk_sync(call.course)
        except NoAnswer as error:
            raise call.in_their_words(error) from error
        return call.finished(answer, _Pieces)

    return handle_request


def _async_way(module: Theirs, original: Theirs) -> Callable[[Theirs, Theirs], Theirs]:
    async def handle_async_request(transport: Theirs, request: Theirs) -> Theirs:
        sim = run_here()
        call = None if sim is None else _begun(sim, module, request, await request.aread())
        if call is None:
            return await original(transport, request)
        try:
            answer: Response = await call.port.walk(call.course)
        except NoAnswer as error:
            raise call.in_their_words(error) from error
        return call.finished(answer, _AsyncPieces)

    return handle_async_request


def _begun(sim: Sim, module: Theirs, request: Theirs, body: bytes) -> _Call | None:
    """Find out who answers a request; None where the real transport does."""
    received = _received(request, body)
    claim = find(sim, received)
    if claim is None:
        return None
    timeout = request.extensions.get("timeout", {})
    chosen = timeout not in UNCHOSEN
    seconds = timeout.get("read") if chosen or sim.faults is not None or sim.timed else None
    course = within(sim, seconds, claim.respond(received), chosen=chosen)
    return _Call(module, request, claim.port, course, seconds)


def _received(request: Theirs, body: bytes) -> Request:
    """Turn a client's request into what a server would make of it."""
    url = request.url
    target, _, query = url.raw_path.partition(b"?")
    scheme = url.scheme
    port = "" if url.port in (None, USUAL_PORTS.get(scheme)) else f":{url.port}"
    path = url.path if b"%" in target else target.decode("ascii")
    return Request(
        request.method,
        f"{url.host}{port}",
        path,
        query.decode("ascii"),
        _headers(request.headers.raw),
        body,
        scheme,
    )


def _headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("ascii").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


class _Call(NamedTuple):
    """One request of a real client's on its way through the fakes."""

    module: Theirs
    request: Theirs
    port: Port
    course: Course[Response]
    seconds: float | None

    def in_their_words(self, error: NoAnswer) -> Exception:
        """Return what the client's own package raises."""
        theirs: Exception = getattr(self.module, error.kind)(str(error), request=self.request)
        return theirs

    def next_chunk(self, chunks: Iterator[bytes]) -> Course[bytes | None]:
        """Return the operations by which the next piece is received."""
        return next_chunk(self.port.sim, chunks, self.seconds)

    def finished(self, answer: Response, pieces: _MakePieces) -> Theirs:
        """Make the package's own response."""
        body: dict[str, Theirs]
        headers = dict(answer.headers)
        if answer.chunks is None:
            # As a stream, because a client looks at its watch when it has read one.
            body = {"stream": self.module.ByteStream(answer.body)}
            if answer.status not in WITHOUT_BODY:
                headers.setdefault("content-length", str(len(answer.body)))
        else:
            body = {"content": pieces(self, iter(answer.chunks))}
        version = {"http_version": b"HTTP/1.1"}
        sent = [(key.encode(), value.encode("latin-1")) for key, value in headers.items()]
        return self.module.Response(answer.status, headers=sent, extensions=version, **body)


class _MakePieces(Protocol):
    def __call__(self, call: _Call, chunks: Iterator[bytes]) -> object:
        """Make what the client takes a streamed body from."""


class _Pieces:
    """A body that comes piece by piece; each piece is received in its own time."""

    def __init__(self, call: _Call, chunks: Iterator[bytes]) -> None:
        self._call = call
        self._chunks = chunks

    def __iter__(self) -> _Pieces:
        return self

    def __next__(self) -> bytes:
        call = self._call
        try:
            chunk = call.port.walk_sync(call.next_chunk(self._chunks))
        except NoAnswer as error:
            raise call.in_their_words(error) from error
        if chunk is None:
            raise StopIteration
        return chunk


class _AsyncPieces:
    """The same for async clients."""

    def __init__(self, call: _Call, chunks: Iterator[bytes]) -> None:
        self._call = call
        self._chunks = chunks

    def __aiter__(self) -> _AsyncPieces:
        return self

    async def __anext__(self) -> bytes:
        call = self._call
        try:
            chunk = await call.port.walk(call.next_chunk(self._chunks))
        except NoAnswer as error:
            raise call.in_their_words(error) from error
        if chunk is None:
            raise StopAsyncIteration
        return chunk
