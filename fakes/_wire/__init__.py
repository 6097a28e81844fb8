"""HTTP between fakes and clients: messages, hosts that are claimed, and the way back and forth.

Shared by all fakes that are reached by URL. A fake claims its hosts and
answers each request with a course of operations that ends with the response:

    claim(port, "api.example.com", respond, offers)

    def respond(request: Request) -> Course[Response]:
        effect = Operation("POST", port.cells["/charges"].updates, partial(apply, request))
        return exchange(port, effect)       # `apply` returns the Response

Sync and async clients share that one course: `port.walk(course)` drives it in
async code, `port.walk_sync(course)` in sync code.
"""

from __future__ import annotations

from pileup.fakes._wire.claims import refusal
from pileup.fakes._wire.errors import (
    Answered,
    BadStatus,
    ConnectFailed,
    ConnectionReset,
    Disconnected,
    HttpError,
    NoAnswer,
    TimedOut,
)
from pileup.fakes._wire.exchange import FAILURES, answering, exchange, refuse, within
from pileup.fakes._wire.messages import Request, Response, encoded, reply
from pileup.fakes._wire.serving import claim

__all__ = [
    "FAILURES",
    "Answered",
    "BadStatus",
    "ConnectFailed",
    "ConnectionReset",
    "Disconnected",
    "HttpError",
    "NoAnswer",
    "Request",
    "Response",
    "TimedOut",
    "answering",
    "claim",
    "encoded",
    "exchange",
    "refusal",
    "refuse",
    "reply",
    "within",
]
