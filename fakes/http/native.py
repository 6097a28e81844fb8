"""The native handle: calls straight to the handlers, without any client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypedDict, Unpack
from urllib.parse import urlencode

from pileup.fakes._port import Port
from pileup.fakes._suffering import Course
from pileup.fakes._wire import Request, Response, encoded, within
from pileup.fakes._wire.messages import JSON, NONE
from pileup.fakes.http.routes import Place
from pileup.operations import Operation, nothing


class Sending(TypedDict, total=False):
    """What goes with a request; `timeout` is in seconds of virtual time."""

    json: object
    content: bytes
    headers: Mapping[str, str]
    params: Mapping[str, object]
    timeout: float | None


class Line:
    """The way from a call to the server, for sync and async code alike."""

    def __init__(
        self, port: Port, respond: Callable[[Request], Course[Response]], base: Place
    ) -> None:
        self.port = port
        self._respond = respond
        self._base = base

    def course(self, method: str, path: str, sending: Sending) -> Course[Response]:
        """Return the operations of one call."""
        course = self._collected(self._respond(self._request(method, path, sending)))
        timeout = sending.get("timeout")
        return course if timeout is None else within(self.port.sim, timeout, course)

    def _request(self, method: str, path: str, sending: Sending) -> Request:
        scheme, host, above = self._base
        if path.startswith(("http://", "https://")):
            scheme, _, rest = path.partition("://")
            host, slash, path = rest.partition("/")
            above, path = "", slash + path
        path, _, query = path.partition("?")
        params = sending.get("params")
        if params:
            query = urlencode(params, doseq=True)
        body, headers = _content(sending)
        return Request(method, host, above + path, query, headers, body, scheme)

    def _collected(self, course: Course[Response]) -> Course[Response]:
        """Receive a body that comes piece by piece as a whole."""
        response = yield from course
        if response.chunks is None:
            return response
        pieces: list[bytes] = []
        for chunk in response.chunks:
            pieces.append(chunk)
            yield Operation("receive", (), nothing)
        return response._replace(body=b"".join(pieces), chunks=None)


def _content(sending: Sending) -> tuple[bytes, Mapping[str, str]]:
    given = sending.get("headers")
    headers = NONE if given is None else {name.lower(): text for name, text in given.items()}
    value = sending.get("json")
    if value is not None:  # as with httpx, where None is no body
        return encoded(value), {**JSON, **headers} if headers else JSON
    return sending.get("content", b""), headers


class Calls:
    """The verbs, for async code: `await api.post("/charges", json={...}, timeout=5)`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def request(self, method: str, path: str, **sending: Unpack[Sending]) -> Awaitable[Response]:
        """Send a request, and wait for the response."""
        return self._line.port.walk(self._line.course(method, path, sending))

    def get(self, path: str, **sending: Unpack[Sending]) -> Awaitable[Response]:
        """Send a GET request."""
        return self.request("GET", path, **sending)

    def head(self, path: str, **sending: Unpack[Sending]) -> Awaitable[Response]:
        """Send a HEAD request."""
        return self.request("HEAD", path, **sending)

    def post(self, path: str, **sending: Unpack[Sending]) -> Awaitable[Response]:
        """Send a POST request."""
        return self.request("POST", path, **sending)

    def put(self, path: str, **sending: Unpack[Sending]) -> Awaitable[Response]:
        """Send a PUT request."""
        return self.request("PUT", path, **sending)

    def patch(self, path: str, **sending: Unpack[Sending]) -> Awaitable[Response]:
        """Send a PATCH request."""
        return self.request("PATCH", path, **sending)

    def delete(self, path: str, **sending: Unpack[Sending]) -> Awaitable[Response]:
        """Send a DELETE request."""
        return self.request("DELETE", path, **sending)


class SyncCalls:
    """The verbs, for sync code: `api.sync.post("/charges", json={...})`."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def request(self, method: str, path: str, **sending: Unpack[Sending]) -> Response:
        """Send a request, and wait for the response."""
        return self._line.port.walk_sync(self._line.course(method, path, sending))

    def get(self, path: str, **sending: Unpack[Sending]) -> Response:
        """Send a GET request."""
        return self.request("GET", path, **sending)

    def head(self, path: str, **sending: Unpack[Sending]) -> Response:
        """Send a HEAD request."""
        return self.request("HEAD", path, **sending)

    def post(self, path: str, **sending: Unpack[Sending]) -> Response:
        """Send a POST request."""
        return self.request("POST", path, **sending)

    def put(self, path: str, **sending: Unpack[Sending]) -> Response:
        """Send a PUT request."""
        return self.request("PUT", path, **sending)

    def patch(self, path: str, **sending: Unpack[Sending]) -> Response:
        """Send a PATCH request."""
        return self.request("PATCH", path, **sending)

    def delete(self, path: str, **sending: Unpack[Sending]) -> Response:
        """Send a DELETE request."""
        return self.request("DELETE", path, **sending)
