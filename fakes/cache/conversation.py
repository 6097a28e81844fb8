"""A connection's conversation with the server: commands go out, answers and messages come in.

Each command that concerns others is an operation; its effect is there before
the next one is sent. Answers wait in the session's inbox until they are read,
so a connection that breaks between the two is what it is in production: the
effect is there, and its caller does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import Any

from fakeredis._helpers import NoResponse

from pileup.fakes._port import Port
from pileup.fakes._suffering import Course, suffer
from pileup.fakes.cache.commands import BLOCKING
from pileup.fakes.cache.engine import Reply, Session, parsed
from pileup.fakes.cache.failures import CONNECTING, line_of
from pileup.fakes.cache.server import Server
from pileup.operations import Firm, Operation, nothing
from pileup.sim.agents import Agent, here


class Conversation:
    """One connection. `patience` is how long its client waits for an answer, in seconds."""

    def __init__(
        self, server: Server, session: Session, port: Port, patience: float | None = None
    ) -> None:
        self.server = server
        self.session = session
        self.patience = patience
        session.patience = inf if patience is None else patience
        self.broken: Exception | None = None
        self.port = port
        strand = here.get(None)
        self._owner = strand.agent if strand is not None else None
        server.sim.on_crash.append(self._crashed)

    def _crashed(self, agent: Agent) -> None:
        """Close the connection of a process that is gone, as its system does."""
        if agent is self._owner:
            self.server.line.leave(self.session)
            self.session.close()

    def close(self) -> None:
        """Hang up."""
        on_crash = self.server.sim.on_crash
        if self._crashed in on_crash:
            on_crash.remove(self._crashed)
        self.server.line.leave(self.session)
        self.session.close()

    def connect(self) -> Course[None]:
        """Set the connection up; that may fail where faults are about."""
        if self.server.sim.faults is not None and here.get(None) is not None:
            op = Operation("connect", self.server.keyspace.whole.reads, nothing)
            yield from self._impatient(op, suffer(self.server.sim, op, CONNECTING))

    def send(self, commands: Iterable[Sequence[bytes]]) -> Course[None]:
        """Let commands take effect one after another, until the connection breaks."""
        inbox = self.session.inbox
        for fields in commands:
            try:
                reply = yield from self.command(fields)
            except Exception as error:  # noqa: BLE001 - what it means is found out by its kind
                if line_of(error) is None:
                    self.broken = error
                    return
                reply = error
            if type(reply) is not NoResponse:
                inbox.append(reply)

    def command(self, fields: Sequence[bytes]) -> Course[Reply]:
        """Let one command take effect; returns the answer."""
        name, args = parsed(fields)
        server, session = self.server, self.session
        if server.answers_at_once(session, name, args):
            return server.run(session, name, args)
        strand = here.get(None)
        if strand is not None:
            self._owner = strand.agent
        op = server.operation(session, name, args)
        if name not in BLOCKING:
            try:
                return (yield from self._suffered(op))
            finally:
                if name == "exec":
                    session.end_transaction()  # also where a fault has refused it
        try:
            reply = yield from self._suffered(op)
        except BaseException:
            server.line.leave(session)  # nobody is there any more to be served
            raise
        if type(reply) is not NoResponse:
            return reply
        return None if strand is None else (yield from server.line.wait(session))

    # Faults --------------------------------------------------------------------------------

    def _suffered(self, op: Operation) -> Course[Reply]:
        sim = self.server.sim
        if (sim.faults is None and not sim.timed) or here.get(None) is None:
            return (yield op)
        course = self.port.course(op)
        return (yield from self._impatient(op, course))

    def _impatient(self, op: Operation, course: Course[Reply]) -> Course[Reply]:
        """Give up on what takes longer than the client waits; it may still happen."""
        answer: Any = None
        error: BaseException | None = None
        while True:
            try:
                step = course.send(answer) if error is None else course.throw(error)
            except StopIteration as stop:
                return stop.value
            if self._takes_too_long(step):
                yield from self._give_up(op, step)
            answer = error = None
            try:
                answer = yield step
            except BaseException as raised:  # noqa: BLE001 - the course decides what it means
                error = raised

    def _takes_too_long(self, step: Operation) -> bool:
        if self.patience is None or type(step) is Firm:
            return False
        return step.delay > self.patience or step.fault == "hang"

    def _give_up(self, op: Operation, step: Operation) -> Course[None]:
        """Wait in vain. What was asked for is on its way, and may arrive later or never."""
        assert self.patience is not None
        vain = Operation("no answer", (), nothing, delay=self.patience)
        vain.fault = step.fault
        yield vain
        if step is op and step.fault == "slow":
            step.delay -= self.patience
            self.server.port.later(step)
        raise TimeoutError("timed out")
