"""Who waits at the server: for an element, for a stream's next entry, for a message.

Redis serves whoever has waited longest, in the very moment in which there is
something to give: nobody can come in between. So it is done here within the
operation that brought it; whoever waits then only has to wake up. A blocking
command is thus two operations, one in which it arrives and finds nothing, and
one in which it goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import inf
from typing import Final

from fakeredis import FakeServer
from fakeredis._helpers import SimpleError, compile_pattern
from fakeredis.model import XStream, ZSet

from pileup.fakes._suffering import Course
from pileup.fakes.cache.commands import pick, plan_of
from pileup.fakes.cache.engine import Reply, Session
from pileup.fakes.cache.failures import refusal
from pileup.fakes.cache.keys import Keyspace
from pileup.fakes.cache.notes import note_marks
from pileup.fakes.cache.shelves import Place, Shelf
from pileup.operations import CHANGE, READ, UPDATE, Access, Footprint, Operation, Touch
from pileup.sim.kernel import Sim

HOLDS: Final = {"b": list, "bz": ZSet, "x": XStream}
NOTHING: Final = object()


class Wait:
    """One blocked command: which keys may end it, how to try again, and what came of it."""

    def __init__(self, session: Session, name: str, args: list[bytes], sim: Sim) -> None:
        blocked, now = session.blocked, sim.now
        self._sim = sim
        assert blocked is not None
        self.session = session
        self.name = name
        self.enough = now + (blocked.seconds or inf)
        """When it has waited for as long as it asked for; 0 seconds are for ever."""
        self.until = min(self.enough, now + session.patience)
        self.places = [(session.db, key) for key in dict.fromkeys(_keys(name, args))]
        self.reply: Reply = NOTHING
        self.op = Operation(name, (), self._take)
        self._again: Callable[[], Reply] = blocked.attempt

    def try_again(self) -> bool:
        """Try to be served; whether that succeeded, be it with an error."""
        kind = HOLDS["bz" if self.name.startswith("bz") else self.name[0]]
        shelf = self.session.shelf
        if not any(_holds(shelf, key, kind) for _, key in self.places):
            return False
        try:
            found = self._again()
        except SimpleError as error:
            found = error
        self.session.blocked = None
        if found is None:
            return False
        self.reply = found
        return True

    def _take(self) -> Reply:
        if type(self.reply) is SimpleError:
            raise refusal(self.reply.value)
        if self._sim.marked:
            note_marks(self._sim, self.op, got=self.reply)
        return None if self.reply is NOTHING else self.reply


def _holds(shelf: Shelf, key: bytes, kind: type) -> bool:
    item = shelf.get(key)
    return item is not None and type(item.value) is kind


def _keys(name: str, args: list[bytes]) -> Sequence[bytes]:
    """Return the keys that a blocked command waits for: of two lists, the one it takes from."""
    keys = [key for use in plan_of(name).uses for key in pick(use.place, args)]
    return keys[:1] if name in ("blmove", "brpoplpush") else keys


class Line:
    """All who wait at one server, in the order in which they came."""

    def __init__(self, sim: Sim, keyspace: Keyspace, engine: FakeServer) -> None:
        self._sim = sim
        self._keyspace = keyspace
        self._engine = engine
        self.waits: list[Wait] = []
        self._receivers: list[tuple[Session, Operation]] = []

    def join(self, session: Session, name: str, args: list[bytes]) -> None:
        """Get in line with a command that has found nothing."""
        wait = Wait(session, name, args, self._sim)
        cells = map(self._keyspace.cell, wait.places)
        wait.op.touches = tuple(each for cell in cells for each in cell.reads)
        self.waits.append(wait)

    def wait(self, session: Session) -> Course[Reply]:
        """Wait to be served, until it is too late."""
        wait = next(each for each in self.waits if each.session is session)
        if wait.reply is NOTHING:
            wait.op.delay = max(0.0, wait.until - self._sim.now)
        try:
            reply = yield wait.op
        finally:
            self.leave(session)
        if wait.reply is NOTHING and wait.until < wait.enough:
            raise TimeoutError("timed out")
        return reply

    def leave(self, session: Session) -> None:
        """Get out of the line."""
        self.waits[:] = [wait for wait in self.waits if wait.session is not session]

    def serve(self, changed: list[Place]) -> None:
        """Give what has come to those who wait for it; what that changes may serve others."""
        seen = 0
        while seen < len(changed):
            fresh, seen = dict.fromkeys(changed[seen:]), len(changed)
            for wait in [each for each in self.waits if not fresh.keys().isdisjoint(each.places)]:
                if wait.reply is NOTHING and self._sim.now <= wait.until and wait.try_again():
                    self._wake(wait.op)

    def _wake(self, op: Operation) -> None:
        """Let whoever is parked with this operation go on now, and not at its deadline."""
        for strand in self._sim.strands:
            if strand.op is op and not strand.listed:
                strand.timer = 0
                strand.fire()

    # Messages ------------------------------------------------------------------------------

    def channels(self, session: Session, name: str, args: Sequence[bytes]) -> Footprint:
        """Say what a command on channels touches."""
        if name in ("publish", "spublish"):
            heard_as = (*args[:1], *(self._matching(args[0]) if args else ()))
            return self._touches(heard_as, CHANGE) + self._keyspace.audience.reads
        if name.startswith("pubsub"):
            return self._touches(self._keyspace.channels, READ) + self._keyspace.audience.reads
        touches = self._touches(args or session.subscriptions, UPDATE)
        return touches + self._keyspace.audience.updates

    def _matching(self, channel: bytes) -> Iterator[bytes]:
        return (p for p in self._engine.psubscribers if compile_pattern(p).match(channel))

    def _touches(self, channels: Iterable[bytes], access: Access) -> Footprint:
        cells = self._keyspace.channels
        return tuple(Touch(cells[each].item, access) for each in dict.fromkeys(channels))

    def receive(self, session: Session, seconds: float) -> Course[bool]:
        """Wait for the next message; whether there is one."""
        # A message may come by a pattern whose name its sender could not announce.
        heard = self._touches(session.subscriptions, READ) + self._keyspace.audience.updates

        def hear() -> bool:
            if self._sim.marked:
                note_marks(self._sim, op, got=list(session.inbox)[:1])
            return bool(session.inbox)

        op = Operation("receive", heard, hear)
        op.delay = 0.0 if session.inbox else seconds
        waiting = (session, op)
        self._receivers.append(waiting)
        try:
            return bool((yield op))
        finally:
            self._receivers.remove(waiting)

    def deliver(self) -> None:
        """Wake those who wait for a message and have one now."""
        for session, op in self._receivers:
            if session.inbox:
                self._wake(op)
