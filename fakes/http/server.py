"""The server's side: what one request does, in the moment in which it takes effect."""

from __future__ import annotations

from pileup.errors import Unacknowledged, UsageError
from pileup.fakes._port import Port
from pileup.fakes._suffering import Course
from pileup.fakes._wire import (
    ConnectFailed,
    NoAnswer,
    Request,
    Response,
    exchange,
    refusal,
)
from pileup.fakes.http.answers import answer
from pileup.fakes.http.calls import Call
from pileup.fakes.http.footprints import Found, found
from pileup.fakes.http.idempotency import Keys
from pileup.fakes.http.ledger import Entry, Ledger
from pileup.fakes.http.quotas import Limit
from pileup.fakes.http.routes import Handler, Match, Place, Promises, Route, Routes, State, make
from pileup.operations import READ
from pileup.sim.endings import Misuse


class Server:
    """Routes, state and what was promised: everything behind one api's hosts."""

    def __init__(self, port: Port, idempotency: bool | float) -> None:
        self.port = port
        self.routes = Routes()
        self.state: State = {}
        port.sim.contents[port.resource] = self.state.copy
        self.ledger = Ledger()
        self.limits: list[Limit] = []
        self.fallback: Handler | None = None
        self._idempotency = idempotency
        self._keys = Keys()
        self._found: dict[tuple[str, str, str], Found] = {}

    def add(self, method: str, place: Place, handler: Handler, promises: Promises) -> None:
        """Add a route."""
        promises.setdefault("idempotency", self._idempotency)
        self.routes.add(make(method, place, handler, promises))
        self._found.clear()

    def offers(self) -> list[str]:
        """Say what there is."""
        return self.routes.names() + ["the routes of a respx router"] * (self.fallback is not None)

    def respond(self, request: Request) -> Course[Response]:
        """Answer a request: its effect, and then its response."""
        key = (request.method, request.host, request.path)
        known = self._found.get(key)  # because to match patterns takes longer than all the rest
        if known is None:
            known = self._found[key] = self._find(request)
        call = Call(self, known, request)
        course = exchange(self.port, call.op)
        return call.until_received(course) if "idempotency-key" in request.headers else course

    # Who answers ---------------------------------------------------------------------------

    def _find(self, request: Request) -> Found:
        method, host, path = request.method, request.host, request.path
        match = self.routes.find(method, host, path)
        if match is None:
            if self.fallback is None:
                raise refusal(self.port.sim, request)
            promises = Promises(idempotency=self._idempotency)
            match = Match(make(method, Place("", host, path), self.fallback, promises), {})
        return found(self.port, self.routes, match, request)

    # What it does --------------------------------------------------------------------------

    def serve(self, call: Call) -> Response:
        """Take effect: quotas first, then keys, then the handler."""
        # In this order because a gateway that counts calls stands before the
        # application, which alone knows its keys. All quotas are asked before any
        # is taken from, because a call that one of them refuses must cost nothing.
        request, now = call.request, self.port.sim.now
        clients = [(limit, limit.client(request)) for limit in self.limits]
        for limit, client in clients:
            refused = limit.refuse(client, now)
            if refused is not None:
                return refused
        for limit, client in clients:
            limit.count(client, now)
        known_for = call.known_for
        known = self._keys.answer(request, now, known_for) if known_for else None
        return known if known is not None else self._handle(call)

    def _handle(self, call: Call) -> Response:
        request, route = call.request, call.found.route
        try:
            response = answer(route.handler(request, self.state), route.name)
        except NoAnswer as error:
            if isinstance(error, ConnectFailed) or route.touch == READ:
                raise
            self._note(call, 0)
            raise Unacknowledged(error) from error
        except UsageError as error:
            self.port.sim.end(Misuse(error))
            raise
        except Exception as error:
            raise self._broken(route, error) from error
        if request.method == "HEAD":
            length = {"content-length": str(len(response.body))}
            response = response._replace(headers={**length, **response.headers}, body=b"")
        if response.ok:
            call.effective = True
            self._note(call, response.status)
        if call.known_for:  # an error too: what was asked for has been answered
            self._keys.store(request, response, call, self.port.sim.now)
        return response

    def _note(self, call: Call, status: int) -> None:
        request = call.request
        if not call.found.route.effect:
            return
        call.note.effect = not call.found.route.repeatable
        self.ledger.write(
            Entry(
                len(self.ledger),
                request.method,
                call.found.route.path,
                request.path,
                request.body,
                call.strand.agent.name,
                self.port.sim.now,
                request.headers.get("idempotency-key"),
                status,
            )
        )

    def _broken(self, route: Route, error: Exception) -> UsageError:
        mistake = UsageError(
            f"The handler of {route.name} raised {type(error).__name__}: {error}. A handler is "
            "the fake's own code, so this is not what a client sees. Return a status for what "
            "the real server refuses, as in `return 400, {'error': ...}`; raise Disconnected "
            "or ConnectionReset for a connection that breaks."
        )
        self.port.sim.end(Misuse(mistake))  # an agent that swallows the error does not hide it
        return mistake
