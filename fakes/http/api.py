"""The face of the fake: routes are declared on it, and agents call it.

See the package's docstring for what it models.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, Unpack, overload

from pileup.fakes._port import Port
from pileup.fakes._wire import FAILURES, claim
from pileup.fakes.http.ledger import Ledger
from pileup.fakes.http.native import Calls, Line, SyncCalls
from pileup.fakes.http.quotas import By, Limit
from pileup.fakes.http.respx_routes import RespxRoutes, Router
from pileup.fakes.http.routes import Handler, Place, Promises, State
from pileup.fakes.http.server import Server
from pileup.fakes.http.webhooks import To, deliver
from pileup.sim.kernel import Sim

EVERY = "*"

H = TypeVar("H", bound=Handler)


class HttpApi(Calls):
    """A server that agents share, reached by httpx, httpx2, or directly.

    `base` is where its routes and calls are (`https://api.example.com/v1`);
    without one a route may name its host, and one that does not answers under any.
    """

    def __init__(
        self,
        sim: Sim,
        base: str = "",
        *,
        router: Router | None = None,
        idempotency: bool | float = True,
        name: str = "http",
    ) -> None:
        self._base = Place.of(base.rstrip("/"))
        self._sim = sim
        self._port = Port(sim, name, FAILURES)
        self._server = Server(self._port, idempotency)
        if router is not None:
            self._server.fallback = RespxRoutes(sim, router)
        line = Line(self._port, self._server.respond, self._base)
        super().__init__(line)
        self.sync = SyncCalls(line)
        self._hosts: dict[str, None] = {}
        self._claim(self._base.host or EVERY)
        sim.fakes.setdefault("http", self)

    @property
    def state(self) -> State:
        """What the handlers share; fill it in setup, look at it in check."""
        return self._server.state

    @property
    def ledger(self) -> Ledger:
        """The effects that have happened."""
        return self._server.ledger

    @overload
    def route(self, method: str, path: str, **promises: Unpack[Promises]) -> Callable[[H], H]: ...
    @overload
    def route(
        self, method: str, path: str, handler: Handler, **promises: Unpack[Promises]
    ) -> None: ...

    def route(
        self, method: str, path: str, handler: Handler | None = None, **promises: Unpack[Promises]
    ) -> Callable[[H], H] | None:
        """Declare who answers a method and path: `@api.route("GET", "/users/{id}")`.

        The handler takes the request (its `params` are the parts of the path in
        braces) and the api's state. It is the effect: it runs in one piece.
        """
        if handler is not None:
            self._add(method, path, handler, promises)
            return None

        def declare(function: H) -> H:
            self._add(method, path, function, promises)
            return function

        return declare

    def limit(self, calls: int, per: float, by: By = None) -> None:
        """Refuse (429) more than so many calls in so many seconds of virtual time.

        `by` gives each client a quota of its own: a header's name
        (`authorization`), or a function of the request.
        """
        self._server.limits.append(Limit(calls, per, by))

    def deliver(
        self, to: To, payload: object, *, delay: float = 0.0, redeliveries: int = 0
    ) -> None:
        """Send a webhook: call `to` with the payload, later, by itself.

        An async function runs as an agent of its own; any other is called in one
        piece (`queue.append`). It may come `redeliveries` times more, as with
        senders that promise at least once. For use in handlers.
        """
        deliver(self._port, to, payload, delay=delay, redeliveries=redeliveries)

    def _add(self, method: str, path: str, handler: Handler, promises: Promises) -> None:
        place = Place.of(path)
        if not place.host:
            place = Place(self._base.scheme, self._base.host, self._base.path + place.path)
        self._server.add(method, place, handler, promises)
        self._claim(place.host or EVERY)

    def _claim(self, host: str) -> None:
        if host not in self._hosts:
            self._hosts[host] = None
            first = len(self._hosts) == 1
            claim(self._port, host, self._server.respond, self._server.offers if first else list)
