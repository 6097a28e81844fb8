"""A statement on its way: one operation when nobody is in its way, and one more for each wait.

It begins when it arrives at the server: there it takes its snapshot, and locks
row after row. Where it has to wait it keeps what it has locked, and goes on
from that point as soon as it can.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from pileup.fakes.database.engine import Engine
from pileup.fakes.database.errors import (
    ConnectionLost,
    DatabaseError,
    LockNotAvailable,
    QueryCanceled,
)
from pileup.fakes.database.footprints import (
    as_seen,
    merged,
    of_cells,
    of_isolation,
    of_predicates,
    of_rows,
    settled,
)
from pileup.fakes.database.noting import of_unit
from pileup.fakes.database.reading import Steps
from pileup.fakes.database.rows import Version, story
from pileup.fakes.database.tables import Table
from pileup.fakes.database.waits import Wait, refuse_deadlock
from pileup.fakes.database.work import Isolation, Work
from pileup.notes import Question
from pileup.operations import Footprint, Operation, Past, Touch
from pileup.sim.agents import Strand, here

T = TypeVar("T")


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
        "_blind",
        "_declared",
        "_engine",
        "_isolation",
        "_limits",
        "_looks",
        "_name",
        "_saw",
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
    ) -> None:
        self._engine = engine
        self.work = work
        self._alone = work is None
        self._isolation: Isolation = engine.isolation if work is None else work.isolation
        self._name = name
        self._table = table
        self._begin = begin
        self._looks = looks
        self._writes = writes
        self._blind = blind
        """Whether it looks only where it finds nothing."""
        self._saw: int | None = None
        """The version of the table that it looked through, if it had to wait since."""
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
            op.touches += self._looked_through() + self._snapshot_taken(work, fresh=fresh)
            op.detail = f"waits for {work.wait.cell.item.holder}"
            return self
        touches = self._touched(work, answer, fresh=fresh)
        if self._alone:
            touches += work.locked() + work.changes()
            work.commit()
        if conflicts.stirred:
            touches += self._engine.items.serial.alters
        op.touches = settled(merged(touches))
        op.detail = self._story(answer)
        if answer is not None and type(op.note) is Question:
            op.note.effect = True
        return self._shape(answer)

    def _touched(self, work: Work, answer: Any, *, fresh: bool) -> Footprint:
        looks = () if self._blind and answer else self._looks
        if self._saw is not None:
            looks = tuple([self._then(touch) for touch in looks])
        if not self._writes:
            looks = merged(looks, of_rows(answer))
        touches = as_seen(work, looks) + of_cells(work.touched)
        work.end_statement()
        touches += self._snapshot_taken(work, fresh=fresh)
        if work.serial is not None:
            touches += of_predicates(self._table, writes=self._writes)
        return touches

    def _snapshot_taken(self, work: Work, *, fresh: bool) -> Footprint:
        taken = fresh and work.snapshot is not None
        return self._engine.items.commits.reads if taken else ()

    def _looked_through(self) -> Footprint:
        """Return what it looked at before it waits: the table, which may change meanwhile."""
        whole = self._table.whole
        if self._saw is not None or whole.reads[0] not in self._looks:
            return ()
        self._saw = whole.item.version
        return whole.reads

    def _then(self, touch: Touch) -> Touch:
        whole = self._table.whole.item
        if touch.item is not whole or self._saw in (None, whole.version):
            return touch
        return Touch(Past(whole, self._saw or 0), touch.access)

    def _story(self, answer: Any) -> Any:
        """Tell of an answer in the history: of one row what it holds."""
        if type(answer) is Version:
            return answer.text
        if type(answer) is not list:
            return story(answer)
        if len(answer) == 1:
            one = answer[0]
            return (one[1] if type(one) is tuple else one).text
        return None if self._name == "get" else f"{len(answer)} rows"

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


def break_off(work: Work, error: BaseException) -> None:
    """Clean up after an error in a transaction, of which its client has just heard."""
    if work.state != "open":
        return
    if isinstance(error, ConnectionLost):
        work.engine.abandon(work)
    else:
        fail(work.engine, work)


def fail(engine: Engine, work: Work) -> None:
    """Roll back what has failed, at once: nothing can come between, as on the server."""
    strand = here.get(None)
    if engine.sim.ending is not None:
        return
    if not work.cells or strand is None:
        work.fail()
        return
    touches = work.locked()
    if work.serial is not None:
        touches += engine.items.serial.alters
    op = Operation("rollback", touches, work.fail)
    op.note = of_unit(work)
    engine.sim.witness(strand, op)
