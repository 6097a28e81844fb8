"""The server in a run: each command one atomic operation, with what it touches.

Two kinds of commands are answered without an operation, because nobody else
can tell when they happen: what concerns the connection alone, and what is
queued between MULTI and EXEC.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from math import inf
from typing import Final

from fakeredis._helpers import OK, SimpleError

from pileup.errors import Unacknowledged
from pileup.fakes._port import Port
from pileup.fakes._suffering import Course
from pileup.fakes.cache.commands import CHANNELS, PRIVATE, REFUSABLE
from pileup.fakes.cache.deadlines import Deadlines
from pileup.fakes.cache.engine import Reply, Session
from pileup.fakes.cache.failures import NATIVE, WIRE, refusal
from pileup.fakes.cache.keys import Keyspace, merged, narrowed, only_reads
from pileup.fakes.cache.leases import Leases
from pileup.fakes.cache.lua import reaches_out
from pileup.fakes.cache.notes import SCRIPTS, note_marks, noted_all, noted_of
from pileup.fakes.cache.outside import at_once, in_a_strand
from pileup.fakes.cache.room import OUT_OF_MEMORY, Room
from pileup.fakes.cache.scripts import stand_in_for, touches_of_scripts
from pileup.fakes.cache.shelves import Place, Watcher, new_server
from pileup.fakes.cache.waiting import Line
from pileup.operations import CHANGE, READ, WRITE, Footprint, Operation, Touch, nothing
from pileup.sim.kernel import Sim

EXACT: Final = frozenset(("exec", "eval", "evalsha", "fcall"))
"""Commands whose declared footprint is all that they might touch."""


SAID: Final = {"info": b"# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n", "auth": OK}
"""What libraries look for before they choose their commands; and whoever asks is let in, because
passwords are configured elsewhere."""


class Server(Watcher):
    """Keys, connections and channels of one cache in one run."""

    def __init__(self, sim: Sim, name: str, room: Room) -> None:
        self.sim = sim
        self.port = Port(sim, name, NATIVE)
        self.wire = Port(sim, name, WIRE)
        self.keyspace = Keyspace(sim, name)
        self.engine = new_server(self)
        self.line = Line(sim, self.keyspace, self.engine)
        self._room = room
        self._deadlines = Deadlines(self.port, self.keyspace.cell, self.delete)
        self._leases = Leases(self._deadlines)
        self._changed: list[Place] = []
        self._unseen = False

    @property
    def now(self) -> float:  # type: ignore[override] # it is only read
        """The run's time."""
        return self.sim.now

    def changed(self, place: Place) -> None:
        """Note that a key has been written or deleted."""
        self._changed.append(place)

    def expires(self, place: Place, when: float | None) -> None:
        """Plan, or take back, a key's expiry."""
        if when is not None or place in self._deadlines:
            self._deadlines.set(place, when)

    def connect(self, db: int = 0, protocol: int = 3) -> Session:
        """Make a connection."""
        return Session(self.engine, db, protocol)

    def do(self, course: Course[Reply]) -> Reply:
        """Take a course in sync code; in setup and check at once, because nobody else is there."""
        return self.port.walk_sync(course) if in_a_strand() else at_once(course, self.act)

    def act(self, apply: Callable[[], Reply]) -> Reply:
        """Take an effect without an operation."""
        self._unseen = True
        try:
            return apply()
        except Unacknowledged as lost:
            raise lost.reason from None
        finally:
            self._unseen = False

    # Commands ------------------------------------------------------------------------------

    def answers_at_once(self, session: Session, name: str, args: Sequence[bytes]) -> bool:
        """Whether a command needs no operation."""
        if name in PRIVATE or name.partition(" ")[0] in PRIVATE:
            return True
        return session.queues and name not in ("exec", "watch")

    def operation(self, session: Session, name: str, args: list[bytes]) -> Operation:
        """Describe a command that is about to be sent."""
        op = Operation(name, self._touches(session, name, args), nothing)
        op.apply = partial(self._apply, op, session, args)
        if self.sim.faults is not None:
            op.twists = self._twists(op)
        if self.sim.marked:
            queued = session.queued if name == "exec" else ()
            note_marks(self.sim, op, sent=[args, *(words for _, words in queued)])
        return op

    def _touches(self, session: Session, name: str, args: Sequence[bytes]) -> Footprint:
        if name == "exec":
            return self._transaction(session)
        if name in CHANNELS or name.startswith("pubsub "):
            return self.line.channels(session, name, args)
        touches = self.keyspace.touches(session.db, name, args)
        if name in ("eval", "evalsha") or name.startswith("script "):
            return merged(chain(touches, self._scripted(name, args)))
        return touches

    def _scripted(self, name: str, args: Sequence[bytes]) -> Footprint:
        """Say what a script touches beside the keys that it is given."""
        known = self.engine.script_cache
        touches = touches_of_scripts(self.keyspace.scripts, known, name, args)
        script = known.get(args[0]) if name == "evalsha" and args else args[0] if args else None
        if name.startswith("eval") and script is not None and reaches_out(script):
            touches += self.keyspace.everything(CHANGE)
        return touches

    def _transaction(self, session: Session) -> Footprint:
        watched = (self.keyspace.cell(place).reads for place in session.watched)
        queued = (self._touches(session, name, args) for name, args in session.queued)
        return merged(chain(chain.from_iterable(watched), chain.from_iterable(queued)))

    def _apply(self, op: Operation, session: Session, args: list[bytes]) -> Reply:
        name, changed = op.name, self._changed
        if self._deadlines:
            self._deadlines.drop_overdue(partial(self.vanish, name="expire"))
        if self._room.most is not None and self._room.refuses(self, name):
            raise refusal(OUT_OF_MEMORY)
        changed.clear()  # what went by itself has rows of its own
        queued = list(session.queued) if name == "exec" else ()
        reply = self.run(session, name, args)
        if self._deadlines:
            self._deadlines.drop_overdue(self.delete)
        if session.blocked is not None and not self._unseen:
            self.line.join(session, name, args)
        if changed and self.line.waits:
            self.line.serve(changed)
        self.line.deliver()
        self._settle(op)
        self._detail(op, session, args, reply)
        if queued and type(reply) is not SimpleError:
            op.detail = noted_all(queued, reply)
        if self._room.most is not None:
            self._room.trim(self)
        if type(reply) is SimpleError:
            error = refusal(reply.value)
            raise Unacknowledged(error) if changed else error
        return reply

    def run(self, session: Session, name: str, args: list[bytes]) -> Reply:
        """Execute a command now, outside of any operation."""
        if name == "evalsha" and not session.queues and (script := stand_in_for(args)):
            return script(session, args)
        if name in SAID:
            return SAID[name]
        return session.run(name, args)

    def _settle(self, op: Operation) -> None:
        """Bring the footprint up to date with what was changed."""
        changed, touches, keyspace = self._changed, op.touches, self.keyspace
        if self._room.most is not None:
            self._room.note(keyspace.places_of(touches))
        if not changed:
            if op.name in REFUSABLE:
                op.touches = only_reads(touches)
            return
        items = [keyspace.cell(place).item for place in changed]
        announced = {item: access for item, access in touches if access != READ}
        if op.name in EXACT or not all(item in announced for item in items):
            op.touches = narrowed(touches, items, exact=op.name in EXACT)
        if keyspace.scanned and keyspace.whole.item not in {each.item for each in touches}:
            op.touches += keyspace.whole.updates

    def _detail(self, op: Operation, session: Session, args: list[bytes], reply: Reply) -> None:
        """Say more of what a command did than which keys it touched."""
        name = op.name
        if type(reply) is not SimpleError:
            op.detail = noted_of(session, name, args, reply, wrote=bool(self._changed))
        if self.sim.marked:
            note_marks(self.sim, op, got=reply)
        if self._changed:
            if self._leases.may_come_of(name, args):
                self._leases.note(op, session, args, self._changed)
        elif name == "hgetall" and type(reply) in (dict, list):
            op.touches += self.keyspace.fields((session.db, args[0]), reply)
        if session.within:
            self._settle_script(op, session)

    def _settle_script(self, op: Operation, session: Session) -> None:
        """Say what a script has written over without having looked."""
        within, session.within = session.within, []
        if op.name not in SCRIPTS:
            return  # in a transaction others may have looked for it
        touches = (self.keyspace.touches(session.db, name, args) for name, args in within)
        blind = {item for item, access in merged(chain.from_iterable(touches)) if access == WRITE}
        if blind:
            op.touches = tuple(
                Touch(item, WRITE) if item in blind and access == CHANGE else Touch(item, access)
                for item, access in op.touches
            )

    # Keys that go by themselves ------------------------------------------------------------

    def delete(self, place: Place) -> None:
        """Take a key away."""
        shelf = self.engine.dbs[place[0]]
        if shelf.pop(place[1], None) is not None:
            shelf.notify_watch(place[1])

    def _twists(self, op: Operation) -> dict[str, Callable[[], Reply]]:
        """Offer the ways in which a key can be gone when a command comes to it."""
        places = self.keyspace.places_of(op.touches)
        offered = {"evicted": [place for place in places if place[1] in self.engine.dbs[place[0]]]}
        offered["expired"] = [place for place in offered["evicted"] if place in self._deadlines]
        return {
            fault: partial(self._apply_without, op, op.apply, gone)
            for fault, gone in offered.items()
            if gone
        }

    def _apply_without(
        self, op: Operation, apply: Callable[[], Reply], gone: Sequence[Place]
    ) -> Reply:
        for place in gone:
            self.vanish(place, op.fault or "evict")
        return apply()

    def places(self) -> list[Place]:
        """Return all keys, in the order in which they were made."""
        return [(number, key) for number, shelf in self.engine.dbs.items() for key in shelf]

    def expiring(self) -> list[Place]:
        """Return the keys with a time to live, soonest first."""
        return self._deadlines.order()

    def vanish(self, place: Place, name: str) -> None:
        """Let a key go; in the history it is the world's doing, in front of what it makes fail."""
        self._deadlines.set(place, None)
        if self._unseen:
            self.delete(place)
            return
        gone = Operation(name, self.keyspace.cell(place).writes, partial(self.delete, place))
        gone.delay = inf  # not in the line of those who could go on, while it is one of them
        world = self.port.later(gone)
        self.sim.forget(world)
        self.sim.witness(world, gone)
