"""What a consumer asks of the bus: messages, and to settle those that it has.

A receipt stands for one delivery. It is good until the message is delivered
again, also past the time that the consumer had, because a broker that nobody
has asked for the message in between knows of nobody else.
"""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from pileup.fakes.bus.claims import Claim, Make
from pileup.fakes.bus.errors import ReceiptExpired, misuse
from pileup.fakes.bus.office import Office
from pileup.fakes.bus.queues import Receipt
from pileup.fakes.bus.returns import Returns
from pileup.notes import Note
from pileup.operations import Operation
from pileup.sim.agents import here

M = TypeVar("M")


class Desk:
    """Where consumers of one bus come to."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.port = office.port
        self._returns = Returns(office)

    def claim(self, name: str, wait: float | None, make: Make[M]) -> Claim[M]:
        """Claim the next message of a queue."""
        if wait is not None and wait < 0:
            raise misuse(
                self.office.sim,
                f"claim({name!r}, wait={wait!r}): a claim waits for 0 seconds or more, or with "
                "wait=None until there is a message.",
            )
        return Claim(self.office, self._returns, self.office.queue(name), make, wait)

    # Acknowledge ---------------------------------------------------------------------------

    def acking(self, receipt: Receipt) -> Operation:
        """Take a message out of the queue for good."""
        queue, letter, _, _ = receipt
        op = Operation("ack", queue.cell.updates + letter.alters, _unset)
        op.apply = partial(self._ack, op, receipt, here.get().agent.name)
        op.note = letter.note
        return op

    def _ack(self, op: Operation, receipt: Receipt, agent: str) -> bool:
        queue, letter, turn, delivery = receipt
        if not receipt.is_good:
            op.touches = letter.reads
            known = letter.settled == turn
            op.detail = f"{letter.id}, {'acknowledged' if known else 'delivered again'} before"
            return known
        if letter.where == "taken" and not queue.options.fifo and letter.due >= self.office.sim.now:
            # Nobody else could have had it, so nobody can tell when it went.
            op.touches = letter.alters
        self._returns.release(queue, letter)
        queue.remove(letter)
        letter.settled = turn
        op.detail = letter.id
        self.office.ledger.acked.append(
            (queue.name, letter.id, letter.body, agent, self.office.sim.now, delivery)
        )
        return True

    # Give back -----------------------------------------------------------------------------

    def nacking(self, receipt: Receipt, delay: float) -> Operation:
        """Give a message back, so that it is delivered again."""
        op = Operation("nack", receipt.queue.giving_back + receipt.letter.alters, _unset)
        op.apply = partial(self._nack, op, receipt, delay)
        op.note = receipt.letter.note
        return op

    def _nack(self, op: Operation, receipt: Receipt, delay: float) -> bool:
        queue, letter, _, _ = receipt
        if not self._is_held(receipt):
            op.touches = letter.reads
            op.detail = f"{letter.id}, not held any more"
            return False
        letter.turn += 1  # whoever has given it back can settle it no more
        self._returns.give_back(op, queue, letter, delay)
        return True

    # Keep ----------------------------------------------------------------------------------

    def extending(self, receipt: Receipt, seconds: float) -> Operation:
        """Give a consumer more time, from now on."""
        queue, letter, _, _ = receipt
        if queue.options.visibility is None:
            raise misuse(
                self.office.sim,
                f"{letter.id} was extended, but the queue {queue.name!r} has visibility=None: its "
                "messages stay with their consumer for as long as that is connected. Leave "
                f"extend out, or declare bus.queue({queue.name!r}, visibility=30.0).",
            )
        op = Operation("extend", letter.alters, _unset)
        op.apply = partial(self._extend, op, receipt, seconds)
        op.note = Note(message=letter.id, lease=seconds)
        return op

    def _extend(self, op: Operation, receipt: Receipt, seconds: float) -> None:
        letter = receipt.letter
        if not self._is_held(receipt):
            op.touches = letter.reads
            raise ReceiptExpired(
                f"{letter.id} is no longer with this consumer: its time has run out, or it was "
                "settled. Extend before the visibility timeout is over, and stop the work here."
            )
        self._returns.expect(receipt.queue, letter, seconds)
        op.detail = f"{letter.id}, {seconds:g} s"

    def _is_held(self, receipt: Receipt) -> bool:
        letter = receipt.letter
        taken = receipt.is_good and letter.where == "taken"
        return taken and letter.due >= self.office.sim.now


def _unset() -> None:
    raise AssertionError("an operation was applied before it was made whole")
