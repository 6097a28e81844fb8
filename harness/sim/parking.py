"""Parking: who waits to do what, what that waits for, and how it takes effect in the record.

A strand that is parked is a candidate as long as its operation is ready. An
operation that says when it is ready (a lock that is held) is asked again each
time an item that it touches has changed, and only then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pileup.errors import RunOver
from pileup.history import FAIL, OK, Outcome
from pileup.operations import READ, Firm, Footprint, Item, Operation, nothing
from pileup.settings import Budgets
from pileup.sim.agents import Strand
from pileup.sim.clock import Timers
from pileup.sim.endings import Ending, Overrun
from pileup.sim.line import Line
from pileup.sim.record import Record
from pileup.spelling import brief

RESUME = Operation("resume", (), nothing)
"""What a strand does that a loop has made runnable by itself; it leaves no row."""


class Parking:
    """The half of a run that knows no agents and asks no questions.

    It has slots, and so have all halves: with more than thirty attributes Python keeps
    each object's names for itself, and looks its methods up anew in every run.
    """

    __slots__ = (
        *("__dict__", "__weakref__"),  # for what `setup` hangs on a run, and for drop-ins
        *("_counts", "_line", "_most_events", "_record", "_rows", "_withdrawn", "budgets"),
        *("ending", "now", "timers", "where"),
    )

    def __init__(self, budgets: Budgets) -> None:
        self.budgets = budgets
        self.now = 0.0
        self.ending: Ending | None = None
        self.timers = Timers()
        self.where: Callable[[Strand], list[str]] = lambda _: []
        self._line = Line(budgets.patience)
        self._record = Record()
        self._rows = self._record.rows
        self._withdrawn = self._record.withdrawn
        self._most_events = budgets.events
        self._counts: dict[str, int] = {}

    def count(self, what: str) -> int:
        """Number things of one kind in the order in which the run meets them."""
        self._counts[what] = self._counts.get(what, -1) + 1
        return self._counts[what]

    def note_draw(self) -> None:
        """Hear that something was drawn at random; only who studies the run makes note of it."""

    def note_weather(self) -> None:
        """Hear that a fault rule has counted an operation; as above."""

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self.ending is not None

    def park(self, strand: Strand, op: Operation) -> None:
        """Hold a strand until its operation is chosen."""
        if self.ending is not None:
            raise RunOver
        strand.op = op
        strand.invoked = len(self._rows)
        if op.delay > 0:
            self._line.leave(strand)
            self.timers.set(self.now + op.delay, strand)
        elif op.ready is not None:
            self.admit(strand)
        elif not strand.listed:
            self._line.enter(strand)

    def admit(self, strand: Strand) -> None:
        """Make a parked strand a candidate as soon and as long as it is ready."""
        op = strand.op
        assert op is not None
        if op.ready is not None:
            strand.watching = True
            for touch in op.touches:
                touch.item.waiters.append(strand)
        self._review(strand)

    def _review(self, strand: Strand) -> None:
        op = strand.op
        assert op is not None
        if op.ready is not None and not op.ready():
            self._line.leave(strand)
        elif not strand.listed:
            self._line.enter(strand)

    def _unwatch(self, strand: Strand, op: Operation) -> None:
        strand.watching = False
        for touch in op.touches:
            touch.item.waiters.remove(strand)

    def withdraw(self, strand: Strand) -> None:
        """Take a strand's operation back before it took effect: its caller gave up."""
        op, strand.op = strand.op, None
        if op is None:
            return
        if op is not RESUME and type(op) is not Firm:
            self._record.withdraw(strand, op)
        strand.timer = 0
        if strand.watching:
            self._unwatch(strand, op)
        self._line.leave(strand)

    def witness(self, strand: Strand, op: Operation) -> Any:  # Any: what the operation returns
        """Apply an operation at once: async code between two awaits is not interrupted."""
        if self.over:  # it is being unwound, which is no part of what happened
            return op.apply()
        return self.happen(strand, op)

    def happen(self, strand: Strand, op: Operation) -> Any:  # Any: as above
        """Let an operation take effect at once, also where it is the last thing in the run."""
        strand.invoked = len(self._rows)
        value = op.apply()
        if op.detail is None:
            op.detail = brief(value)
        self._settle_effect(strand, op, OK)
        return value

    def _settle_effect(self, strand: Strand, op: Operation, outcome: Outcome) -> None:
        """Bring the items that were touched up to date, tell who waits on them, note the row."""
        touches = op.touches
        if len(touches) == 1:  # one item is the rule, and this is the hottest place of all
            item, access = touches[0]
            if access is not READ and outcome is not FAIL:
                item.version += 1
                if item.waiters:
                    self._tell(item)
            versions: tuple[int, ...] = (item.version,)
        else:
            versions = self._versions(touches, outcome)
        rows = self._rows
        rows.append(
            (
                op.name,
                touches,
                versions,
                strand.agent.index,
                strand.branch,
                strand.step,
                strand.invoked,
                self.now,
                outcome,
                op.detail,
                op.fault,
                op.note,
            )
        )
        if len(rows) > self._most_events:
            self.end(Overrun("events", self._most_events, self._last_place()))

    def _versions(self, touches: Footprint, outcome: Outcome) -> tuple[int, ...]:
        for item, access in touches:
            if access != READ and outcome != FAIL:
                item.version += 1
                self._tell(item)
        return tuple([item.version for item, _ in touches])

    def _tell(self, item: Item) -> None:
        """Ask again whether those can go on who wait for this item to change."""
        for waiter in tuple(item.waiters):
            self._review(waiter)

    def end(self, ending: Ending) -> None:
        """Stop the run before its agents have ended, for a reason that will be reported."""
        if self.ending is None:
            self.ending = ending

    def _last_place(self) -> tuple[str, ...]:
        last = self._line.last
        return tuple(self.where(last)) if last is not None else ()
