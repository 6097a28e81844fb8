"""A claim: it takes the next message, whole and alone, or waits until there is one."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any, Generic, TypeAlias, TypeVar

from pileup.fakes.bus.bodies import copied
from pileup.fakes.bus.clocks import once_each
from pileup.fakes.bus.letters import Letter
from pileup.fakes.bus.office import Office
from pileup.fakes.bus.queues import Queue, Receipt
from pileup.fakes.bus.returns import Returns
from pileup.notes import blank
from pileup.operations import Footprint, Operation
from pileup.sim.agents import Strand, here
from pileup.sim.kernel import Sim

M = TypeVar("M")

Make: TypeAlias = Callable[[Receipt, Any], M]
"""What makes of a receipt and a body (Any: the user's own) the message that a consumer holds."""


class Patience:
    """Lets an operation wait for something to claim, and go on without it when time is up.

    The time counts from when the request has arrived, which is when the kernel
    first asks whether it is ready; a deadline is only set where it must wait.
    """

    __slots__ = ("_op", "_queue", "_seconds", "_sim", "_strand", "_until", "timer")

    def __init__(self, sim: Sim, op: Operation, queue: Queue, seconds: float) -> None:
        self._sim = sim
        self._op = op
        self._queue = queue
        self._seconds = seconds
        self._strand: Strand = here.get()
        self._until: float | None = None
        self.timer = 0
        op.ready = self.is_over

    def is_over(self) -> bool:
        """Whether there is something, or the time is up."""
        until = self._until
        if until is None:
            until = self._until = self._sim.now + self._seconds
        if self._queue.offers or until <= self._sim.now:
            return True
        if not self.timer and until < inf:
            self._sim.timers.set(until, self)
        return False

    def fire(self) -> None:
        """Make the operation go on: with something, if it has come by then."""
        op, strand = self._op, self._strand
        op.ready = None
        if strand.op is op and not strand.timer:
            self._sim.admit(strand)


class Claim(Generic[M]):
    """One claim, from when it is asked for until it takes effect."""

    def __init__(
        self,
        office: Office,
        returns: Returns,
        queue: Queue,
        make: Make[M],
        wait: float | None,
    ) -> None:
        self._office = office
        self._returns = returns
        self._queue = queue
        self._make = make
        self._agent = here.get().agent
        self.op = Operation("claim", queue.claiming, self._next)
        self._late: Footprint = ()
        self._story = ""
        self._patience: Patience | None = None
        if wait != 0:
            self._patience = Patience(office.sim, self.op, queue, inf if wait is None else wait)
        if office.sim.faults is not None:
            self.op.twists = {"reordered": self._other}
            if not queue.options.fifo:
                self.op.twists["duplicated"] = self._next_and_again

    def end(self) -> None:
        """Wait no longer: it has taken effect, or its caller has given up."""
        if self._patience is not None:
            self._patience.timer = 0

    # How it takes effect -------------------------------------------------------------------

    def _next(self) -> M | None:
        self._catch_up()
        return self._take(0)

    def _other(self) -> M | None:
        """Take another message than the next one; where there is none, nothing is out of order."""
        self._catch_up()
        others = len(self._queue.choices()) - 1
        if others < 1:
            self.op.fault = None
            return self._take(0)
        return self._take(1 + self._office.sim.choose("data", others, "message out of order"))

    def _next_and_again(self) -> M | None:
        """Take the next message and leave it there as well."""
        self._catch_up()
        queue = self._queue
        if not queue.waiting:
            self.op.fault = None
            return self._take(0)
        twin = queue.waiting[0].twin()
        taken = self._take(0)
        queue.bring_back(twin)
        return taken

    def _catch_up(self) -> None:
        queue, office = self._queue, self._office
        if queue.soonest < office.sim.now:
            self._late, self._story = office.clocks.catch_up(queue, office.sim.now)

    def _take(self, which: int) -> M | None:
        queue, op, office = self._queue, self.op, self._office
        if not queue.offers:
            op.touches = once_each(self._late) or queue.cell.reads
            op.detail = f"{self._story}nothing"
            return None
        letter = queue.take(queue.choices()[which] if which or queue.options.fifo else 0)
        letter.turn += 1
        letter.deliveries = count = letter.deliveries + 1
        op.touches = queue.cell.alters + letter.alters
        if self._late:
            op.touches = once_each(op.touches + self._late)
        op.detail = self._story + _story(letter)
        op.note = note = blank()
        note.message = letter.id
        if queue.options.visibility is not None:
            note.lease = queue.options.visibility
        if office.sim.marked:
            note.got = office.sim.marks_in(letter.body)
        self._returns.watch(queue, letter, self._agent, op.fault)
        office.ledger.delivered.append(
            (queue.name, letter.id, letter.body, self._agent.name, office.sim.now, count)
        )
        return self._make(Receipt(queue, letter, letter.turn, count), copied(letter.body))


def _story(letter: Letter) -> str:
    if letter.deliveries == 1:
        return f"{letter.id}: {letter.said}"
    return f"{letter.id}, delivery {letter.deliveries}: {letter.said}"
