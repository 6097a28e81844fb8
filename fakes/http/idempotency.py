"""Idempotency keys: the first answer is kept, and given again for the same key.

As payment providers do it: the same key with another request is refused (422),
and so is one whose first request is still under way (409), which here is from
its effect until its answer has been received or its caller has gone.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from pileup.fakes._wire import Request, Response, reply

REPLAYED: Final = "idempotent-replayed"


class Caller(Protocol):
    """Whoever asked, as long as it waits."""

    @property
    def waits(self) -> bool:
        """Whether it is still there and has not got its answer."""


class _Stored(NamedTuple):
    request: Request
    response: Response
    caller: Caller
    at: float


class Keys:
    """What is known of each key."""

    def __init__(self) -> None:
        self._stored: dict[str, _Stored] = {}

    def answer(self, request: Request, now: float, known_for: float) -> Response | None:
        """Return what a key that was seen before is answered with."""
        key = request.headers["idempotency-key"]
        stored = self._stored.get(key)
        if stored is None or now - stored.at >= known_for:
            return None
        if _whole(stored.request) != _whole(request):
            return reply(422, {"error": f"the idempotency key {key} belongs to another request"})
        # Known by who waits and not by a flag that somebody must take down, because
        # an agent that crashes takes nothing down.
        if stored.caller.waits:
            return reply(409, {"error": f"a request with the idempotency key {key} is under way"})
        response = stored.response
        return response._replace(headers={**response.headers, REPLAYED: "true"})

    def store(self, request: Request, response: Response, caller: Caller, now: float) -> None:
        """Keep the first answer, unless it comes piece by piece."""
        if response.chunks is None:
            key = request.headers["idempotency-key"]
            self._stored[key] = _Stored(request, response, caller, now)


def _whole(request: Request) -> tuple[str, str, str, str, bytes]:
    return (request.method, request.host, request.path, request.query, request.body)
