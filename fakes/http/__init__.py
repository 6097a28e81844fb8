"""An HTTP API that agents share: routes, an effect for each request, and a ledger of effects.

    api = HttpApi(sim, "https://api.example.com")
    api.state["charges"] = []

    @api.route("POST", "/charges")
    def charge(request, state):
        state["charges"].append(request.json())
        return 201, {"id": len(state["charges"])}

    await api.post("/charges", json={"order": 7})          # natively
    await client.post("https://api.example.com/charges")   # by any httpx or httpx2 client
    api.ledger.count("POST", "/charges")

Models: the moment of the effect and the moment in which its answer arrives,
with scheduling points before, between and after, so that a caller may give up
on a request that has taken effect, or that is still on its way and takes
effect later; idempotency keys (409, 422, stored answers, expiry); quotas (429
and Retry-After); versions of a schema; webhooks back; answers that come piece
by piece; connections that are refused, that break, and that never answer.

Divergence from the real thing
------------------------------
* What no route fits is refused as a mistake, where a real server answers 404 or
  405; declare `/{rest:path}` for those.
* A handler is one effect: a real one can be interrupted half-way, and two of
  them can mix. A handler that raises is a mistake, where a real one is a 500.
* What a request touches is taken from its path: `PUT /users/1` writes `/users/1`
  and changes `/users` if there is such a route, and no other path, whatever the
  handler does to the state. POST counts as adding to what its path names.
* An answer of 400 and above is taken to have changed nothing.
* A header that comes several times is one, joined by commas; so there is one
  cookie to an answer. No Date, Server or Connection headers are made up.
* A key counts as under way from the effect until the answer is received, not
  already before the effect. An answer that comes piece by piece is not stored,
  nor is one that a handler did not give because it broke the connection.
* A quota's window begins with its first call; real ones often slide.
* A webhook is not a request of its own: nobody sees its status, and it is sent
  again whether or not it was taken.
* A respx router that was made before the run is the same in all runs: its call
  lists grow, and side effects that are lists are used up. Make it in setup.
"""

from __future__ import annotations

from pileup.fakes._wire import (
    BadStatus,
    ConnectFailed,
    ConnectionReset,
    Disconnected,
    HttpError,
    NoAnswer,
    Request,
    Response,
    TimedOut,
)
from pileup.fakes.http.api import HttpApi
from pileup.fakes.http.ledger import Entry, Ledger

__all__ = [
    "BadStatus",
    "ConnectFailed",
    "ConnectionReset",
    "Disconnected",
    "Entry",
    "HttpApi",
    "HttpError",
    "Ledger",
    "NoAnswer",
    "Request",
    "Response",
    "TimedOut",
]
