"""One request on the server: what it touches, whose it is, and what the history says of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from math import inf
from typing import TYPE_CHECKING, Final

from pileup.fakes._suffering import Course
from pileup.fakes._wire import Request, Response, refuse
from pileup.fakes._wire.messages import FIRST_ERROR
from pileup.fakes.http.answers import asked_version, in_version
from pileup.fakes.http.footprints import Found
from pileup.notes import blank
from pileup.operations import WRITE, Footprint, Operation
from pileup.sim.agents import Strand, here
from pileup.sim.mishaps import is_gone

if TYPE_CHECKING:
    from pileup.fakes.http.server import Server

LONGEST_STORY: Final = 32

CONDITIONS: Final = ("if-match", "if-none-match", "if-unmodified-since")
"""Headers that make a write look before: the server refuses it where something has changed."""

TRANSIENT: Final = (408, 429)
BROKEN: Final = 500
"""The answers after which a client tries again, as all the usual ones do."""


class Call:
    """One request on the server, from its arrival until its answer has been received."""

    __slots__ = (
        "_sent",
        "_server",
        "_sim",
        "_waiting",
        "effective",
        "found",
        "known_for",
        "note",
        "op",
        "request",
        "strand",
    )

    def __init__(self, server: Server, found: Found, request: Request) -> None:
        route = found.route
        self._server = server
        self._waiting = True
        self.found = found
        self.effective = False
        self.request = request._replace(params=found.params) if found.params else request
        self.strand: Strand = here.get()  # now, because the kernel applies it outside of any agent
        self.op = op = Operation(request.method, found.touches, self._apply)
        op.note = self.note = note = blank()
        self._sent = sent = _short(request.body) if request.body else ""
        query = f"?{request.query}" if request.query else ""
        note.intent = f"{request.method} {request.host}{request.path}{query} {sent}"
        self.known_for = 0.0
        headers = request.headers
        self._sim = sim = server.port.sim
        if sim.marked:
            note.sent = sim.marks_in([request.path, query, list(headers.values()), request.body])
        if "idempotency-key" in headers and route.effect:
            note.key = headers["idempotency-key"]
            self.known_for = _seconds(route.idempotency)
        if route.touch == WRITE and any(each in headers for each in CONDITIONS):
            op.touches = found.looking
        if server.limits:
            op.touches += self._quotas(server)
        if route.versions and sim.faults is not None:
            op.twists = {"schema": partial(self._apply_with, self._other_version)}

    def _quotas(self, server: Server) -> Footprint:
        quotas: Footprint = ()
        for limit in server.limits:
            client = limit.client(self.request)
            quotas += server.port.cells[f"quota of {client}" if client else "quota"].updates
        return quotas

    @property
    def waits(self) -> bool:
        """Whether its caller is still there and has not got the answer."""
        return self._waiting and not is_gone(self.strand)

    def until_received(self, course: Course[Response]) -> Course[Response]:
        """Note when the answer has been received, or its caller has gone."""
        try:
            return (yield from course)
        finally:
            self._waiting = False

    def _apply(self) -> Response:
        return self._apply_with(self._asked_version)

    def _apply_with(self, version: Callable[[], str | None]) -> Response:
        route, op = self.found.route, self.op
        response = self._server.serve(self)
        if not self.effective:
            # It was refused, or given a stored answer: it has only looked, and
            # to report it as a write would accuse it of what it did not do.
            op.touches = self.found.reads + op.touches[len(self.found.touches) :]
        if response.status >= FIRST_ERROR:
            self._refused(response)
        elif (tries := self._sim.tries) is not None:
            tries.answered(self.strand, op)
        if route.versions:
            response = in_version(response, route.versions, version())
        op.detail = _story(self._sent, response)
        if self._sim.marked:
            self.note.got = self._sim.marks_in([list(response.headers.values()), response.body])
        return response

    def _refused(self, response: Response) -> None:
        """Note an answer that is a failure; after some of them it may help to ask again."""
        refuse(self.note, response)
        sim = self._sim
        if response.status in TRANSIENT or response.status >= BROKEN:
            sim.note_failure(self.strand, self.op)
        elif sim.tries is not None:  # it is answered, if not as its caller would have liked
            sim.tries.answered(self.strand, self.op)

    def _asked_version(self) -> str | None:
        return asked_version(self.request, self.found.route.versions)

    def _other_version(self) -> str | None:
        """Pick a version that was not asked for: the server has been changed."""
        asked = self._asked_version()
        others = [each for each in (None, *self.found.route.versions) if each != asked]
        sim = self._sim
        return others[sim.choose("data", len(others), f"version of {self.found.route.name}")]


def _seconds(promise: bool | float) -> float:
    if promise is True:
        return inf
    return float(promise)


def _story(sent: str, response: Response) -> str:
    """Say what was sent and what came back, as short as the history wants it."""
    said = f"{response.status} {_short(response.body)}" if response.body else str(response.status)
    return f"{sent} -> {said}" if sent else said


def _short(body: bytes) -> str:
    if len(body) <= LONGEST_STORY:
        return body.decode("utf-8", "replace")
    return "#" + blake2b(body, digest_size=8).hexdigest()
