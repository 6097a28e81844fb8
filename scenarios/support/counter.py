"""The counter: each instance takes tickets from the bus and has them handled, until none come.

Naive, a ticket is acknowledged when it is taken, and lost with whoever has it.
Hardened, when it is settled; till then it comes back, and goes on from its
checkpoints.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

import pileup
from pileup.scenarios.controls.not_now import NotNow
from pileup.scenarios.controls.retrying import LONGEST, OUTSIDE, backoff
from pileup.scenarios.documents.calling import QUICK
from pileup.scenarios.documents.intake import NOTHING, handle_all, unless_hopeless
from pileup.scenarios.documents.papers import Outcome
from pileup.scenarios.documents.tasks import Claim, Task
from pileup.scenarios.support.desk import SETTLED, SupportDesk
from pileup.scenarios.support.floor import HELD, TICKETS, Floor
from pileup.scenarios.support.papers import Ticket, session_of
from pileup.scenarios.support.stages import handle

if TYPE_CHECKING:
    from pileup.fakes.bus import Message

LONG_ENOUGH: Final = HELD + LONGEST
"""Seconds after which no ticket comes any more, not even one whose worker has died."""


async def instance(floor: Floor, me: pileup.Agent) -> dict[int, Outcome]:
    """Handle tickets until there are none."""
    return await handle_all(Counter(floor, me), floor.controls)


class Taken(NamedTuple):
    """A ticket in the hands of an instance, and the message that it came with."""

    ticket: Ticket
    message: Message

    @property
    def number(self) -> int:
        """Which ticket it is."""
        return self.ticket.number


class Counter:
    """One instance at the place where tickets come in."""

    def __init__(self, floor: Floor, me: pileup.Agent) -> None:
        self._floor, self._me = floor, me
        self._controls = floor.controls
        self._idle = self._desk_for(NOTHING)

    def _desk_for(self, claim: Claim) -> SupportDesk:
        task = Task(claim, self._me.name)
        task.session = session_of(claim.number)
        return SupportDesk(self._floor, task, self._me)

    async def next(self) -> Taken | None:
        """Take the next ticket, and wait for it if another may give one back."""
        wait = LONG_ENOUGH if self._controls.standby else 0.0
        claim = partial(self._floor.bus.claim, TICKETS, wait)
        message = await self._idle.call("take a ticket", claim, QUICK + wait)
        return None if message is None else Taken(Ticket(**message.body), message)

    async def handle(self, taken: Taken) -> Outcome:
        """Have a ticket handled, and acknowledge it: before that, or when it is settled."""
        desk = self._desk_for(Claim(taken.number, "new", taken.message.deliveries - 1))
        if not self._controls.checkpoints:
            await desk.call("acknowledge", taken.message.ack)
        if not self._controls.one_retry_owner:
            return await self._settled(desk, taken.ticket)
        try:
            outcome = await self._settled(desk, taken.ticket)
            await desk.call("acknowledge", taken.message.ack)
        except Exception as error:  # noqa: BLE001 - of whatever it died, it comes up again
            return await self._put_back(desk, taken.message, error)
        return outcome

    async def _settled(self, desk: SupportDesk, ticket: Ticket) -> Outcome:
        """Have it answered, unless it was; or leave it to a human."""
        status = await desk.status() if self._controls.deduplication else "new"
        if status in SETTLED:
            return Outcome("put back", reason=f"it is {status} already")
        outcome = None
        if status == "new":
            work = partial(desk.delegate, handle, ticket, role="support")
            outcome = await unless_hopeless(desk, work)
        if outcome is not None:
            return outcome
        await desk.escalate()
        return Outcome("escalated", reason=desk.task.reason)

    async def _put_back(self, desk: SupportDesk, message: Message, error: Exception) -> Outcome:
        """Let it come up again, soon; if that cannot be said, it comes back by itself."""
        wait = backoff(message.deliveries) if self._controls.backoff else 0.0
        if isinstance(error, NotNow):
            wait = error.retry_after
        with suppress(*OUTSIDE):
            await desk.call("give back", partial(message.nack, wait))
        return Outcome("put back", reason=type(error).__name__)
