"""A statement on its way: one operation when nobody is in its way, and one more for each wait.

It begins when it arrives at the server: there it takes its snapshot, and locks
row after row. Where it has to wait it keeps what it has locked, and goes on
from that point as soon as it can.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, Protocol, TypeVar

from pileup.fakes.database.engine import Engine
from pileup.fakes.database.errors import (
    DatabaseError,
    LockNotAvailable,
    QueryCanceled,
)
from pileup.fakes.database.failing import break_off
from pileup.fakes.database.footprints import (
    merged,
    of_cells,
    of_isolation,
    of_predicates,
    settled,
)
from pileup.fakes.database.looking import Anew, Looking
from pileup.fakes.database.noting import Inserting, note_answer, note_parts, of_unit
from pileup.fakes.database.reading import Steps
from pileup.fakes.database.rows import IN_VIEW, Version, several, story
from pileup.fakes.database.tables import Table
from pileup.fakes.database.waits import Wait, refuse_deadlock
from pileup.fakes.database.work import Isolation, Work
from pileup.operations import Footprint, Operation
from pileup.sim.agents import Strand, here

T = TypeVar("T")

FEW: Final = 8
"""Of so many rows that were read the history tells what they hold, and of all that were written."""


class Sendable(Protocol):
    """What can be sent to the server, and has to hear of how that went."""

    op: Operation

    def waiting(self) -> Operation:
        """Return what its caller does after an answer that is the statement itself: wait."""

    def end(self, error: BaseException | None) -> None:
        """Clean up after an answer, or after an error, which its client has just heard of."""


class Limits:
    """How long to wait, in seconds of virtual time; None is for ever."""

    __slots__ = ("lock", "statement")

    def __init__(self, lock: float | None = None, statement: float | None = None) -> None:
        self.lock = lock
        self.statement = statement


class Statement(Generic[T]):
    """One statement of a transaction, or one that is a transaction of its own (`work` is None)."""

    __slots__ = (
        "_alarm",
        "_alone",
        "_began",
        "_begin",
        "_declared",
        "_engine",
        "_isolation",
        "_limits",
        "_looking",
        "_name",
        "_shape",
        "_steps",
        "_table",
        "_writes",
        "op",
        "strand",
        "work",
    )

    def __init__(
        self,
        engine: Engine,
        work: Work | None,
        name: str,
        table: Table,
        begin: Callable[[Work], Steps[T]],
        declared: Footprint,
        looks: Footprint,
        shape: Callable[[Any], Any],
        *,
        writes: bool,
        limits: Limits,
        blind: bool = False,
        anew: Anew | None = None,
    ) -> None:
        self._engine = engine
        self.work = work
        self._alone = work is None
        self._isolation: Isolation = engine.isolation if work is None else work.isolation
        self._name = name
        self._table = table
        self._begin = begin
        self._writes = writes
        self._looking = Looking(table, looks, blind=blind, anew=anew)
        self._limits = limits
        self._shape = shape
        self.strand: Strand | None = here.get(None)
        self._began = 0.0
        self._alarm: Strand | None = None
        self._steps: Steps[T] | None = None
        extra = of_isolation(work, self._isolation, table, writes=writes)
        self._declared = declared + extra
        self.op = Operation(name, self._declared, self.arrive)
        self.op.note = of_unit(work)

    # On the server -----------------------------------------------------------------------

    def arrive(self) -> Any:
        """Begin; returns the answer, or itself where it has to wait."""
        work, engine = self.work, self._engine
        if work is None:
            work = self.work = engine.begin(self.strand, self._isolation, read_only=False)
        self._looking.begin(work)
        self._steps = self._begin(work)
        self._began = engine.sim.now
        try:
            return self._go_on()
        except Exception:
            if self._alone:
                work.rollback()  # within this operation, so nobody can tell that it ever began
            raise

    def _go_on(self) -> Any:
        """Go on to the next wait or to the end; returns itself where it has to wait."""
        work, steps, op = self.work, self._steps, self.op
        assert work is not None
        assert steps is not None
        conflicts = self._engine.conflicts
        conflicts.stirred = False
        work.touched.clear()
        waited, work.wait = work.wait, None
        if waited is not None and waited.failure is not None:
            raise waited.failure
        fresh = work.snapshot is None
        try:
            work.wait = next(steps)
        except StopIteration as stop:
            answer = stop.value
        else:
            refuse_deadlock(work)
            op.touches = of_cells(work.touched) + work.wait.cell.reads
            op.touches += self._looking.before_waiting()
            if fresh and work.snapshot is not None:
                op.touches += self._engine.items.commits.reads
            op.detail = f"waits for {work.wait.cell.item.holder}"
            return self
        touches = self._touched(work, answer, fresh=fresh)
        if self._alone:
            touches += work.locked() + work.changes()
            work.commit()
            note_parts(op, work)
        if conflicts.stirred:
            touches += self._engine.items.serial.alters
        op.touches = settled(merged(touches)) if self._alone and self._writes else merged(touches)
        op.detail = _story(self._name, answer)
        if self._engine.sim.marked:
            note_answer(self._engine.sim, op, answer)
        if type(op.note) is Inserting and answer is not None:
            op.note.effect = answer.way == IN_VIEW  # and no update of a row that was there
        return self._shape(answer)

    def _touched(self, work: Work, answer: Any, *, fresh: bool) -> Footprint:
        looking = self._looking
        looked = looking.wrote(work, answer) if self._writes else looking.read(work, answer)
        touches = looked + of_cells(work.touched)
        if fresh and work.snapshot is not None:
            touches += self._engine.items.commits.reads
        if work.serial is not None:
            touches += of_predicates(self._table, writes=self._writes)
        return touches

    # At the client -----------------------------------------------------------------------

    def waiting(self) -> Operation:
        """Return what its caller does now: wait until it can go on."""
        work = self.work
        assert work is not None
        wait = work.wait
        assert wait is not None
        self._disarm()
        touches = merged(wait.cell.alters, self._declared, of_cells(work.cells))
        alarm, note = self._arm(wait), self.op.note
        self.op = Operation(self._name, alarm + touches, self._go_on, wait.is_over)
        self.op.note = note
        return self.op

    def _arm(self, wait: Wait) -> Footprint:
        """Let the wait end by itself when it has taken too long."""
        limits, sim = self._limits, self._engine.sim
        left: list[tuple[float, int, DatabaseError]] = []
        if limits.lock is not None:
            said = f"canceling statement due to lock timeout ({limits.lock:g} s)"
            left.append((limits.lock, 0, LockNotAvailable(said)))
        if limits.statement is not None:
            said = f"canceling statement due to statement timeout ({limits.statement:g} s)"
            rest = max(0.0, self._began + limits.statement - sim.now)
            left.append((rest, 1, QueryCanceled(said)))
        if not left:
            return ()
        seconds, _, failure = min(left, key=lambda each: each[:2])
        cell = self._engine.port.cells[f"timeout {sim.count(f'{self._engine.name} timeout')}"]

        def expire() -> None:
            wait.failure = failure

        self._alarm = sim.later(Operation("timeout", cell.alters, expire, delay=seconds))
        return cell.reads

    def _disarm(self) -> None:
        alarm, self._alarm = self._alarm, None
        if alarm is not None and alarm.op is not None:
            self._engine.sim.forget(alarm)

    def end(self, error: BaseException | None) -> None:
        """Clean up after an answer, or after an error, which its client has just heard of."""
        self._disarm()
        if error is not None and self.work is not None:
            break_off(self.work, error)


def _story(verb: str, answer: Any) -> Any:
    """Tell of an answer in the history: of one row what it holds."""
    if type(answer) is Version:
        return answer.text
    if type(answer) is not list:
        return story(answer)
    if not answer:
        return None if verb == "get" else "0 rows"
    reads = type(answer[0]) is tuple
    if reads and len(answer) > FEW:
        return f"{len(answer)} rows"
    return several([(one[1] if reads else one).text for one in answer])
