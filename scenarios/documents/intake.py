"""What every instance does: take a document, have it handled, settle it, until none is left."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

import pileup
from pileup.scenarios.controls.caps import CapReached
from pileup.scenarios.controls.not_now import NotNow
from pileup.scenarios.controls.retrying import OUTSIDE, backoff, is_passing
from pileup.scenarios.documents.desk import Desk
from pileup.scenarios.documents.office import Office
from pileup.scenarios.documents.papers import Outcome
from pileup.scenarios.documents.tasks import Claim, NeedsHuman, Task

if TYPE_CHECKING:
    from pileup.scenarios.controls import Controls

LEASE: Final = 120.0
"""Seconds after which a document whose owner says nothing is another's."""

MOST_SEEN: Final = 100
"""So many documents somebody looks at who looks for one."""

HELD: Final = ("taken", "withdrawing")
MOST_WITHDRAWALS: Final = 8
"""So often somebody tries to take back what was done; then a human has to."""

PATIENCE: Final = 8
"""So many times in a row it may go wrong before an instance gives up."""

SOONEST, LATEST = 1.0, 60.0
"""So many seconds at least, and at most, pass before who has nothing to do looks again."""

NOTHING: Final = Claim(0, "", 0)
HOPELESS: Final = (NeedsHuman, CapReached)
"""What the next try would come to as well."""

TAKEN_OVER: Final = Outcome("put back", reason="another has taken over")


async def instance(office: Office, me: pileup.Agent) -> dict[int, Outcome]:
    """Handle documents until there are none."""
    return await handle_all(Intake(office, me), office.controls)


class Numbered(Protocol):
    """Anything that is worked on."""

    @property
    def number(self) -> int:
        """Which it is."""


N = TypeVar("N", bound=Numbered)


class ComingIn(Protocol[N]):
    """Where work comes in."""

    async def next(self) -> N | None:
        """Take the next; None if there will be none."""

    async def handle(self, claim: N, /) -> Outcome:
        """Have it handled."""


async def handle_all(intake: ComingIn[N], controls: Controls) -> dict[int, Outcome]:
    """Handle what comes in until nothing does.

    This loop is the one owner of retries: what fails goes back, and comes up again.
    """
    outcomes, failures = dict[int, Outcome](), 0
    while failures < PATIENCE:
        try:
            claim = await intake.next()
        except Exception as error:
            if not controls.one_retry_owner or not is_passing(error):
                raise
            failures += not isinstance(error, NotNow)
            wait = backoff(failures) if controls.backoff else 0.0
            await pileup.sleep(max(wait, getattr(error, "retry_after", None) or 0.0))
            continue
        if claim is None:
            break
        failures = 0
        outcomes[claim.number] = await intake.handle(claim)
    return outcomes


class Intake:
    """One instance at the place where documents come in."""

    def __init__(self, office: Office, me: pileup.Agent) -> None:
        self._office = office
        self._database = office.database
        self._controls = office.controls
        self._me = me
        self._desk = self._desk_for(NOTHING)

    def _desk_for(self, claim: Claim) -> Desk:
        return Desk(self._office, Task(claim, self._me.name), self._me)

    # Taking one ------------------------------------------------------------------------------

    async def next(self) -> Claim | None:
        """Take the next document, and wait for it if there will be one."""
        while True:
            found = await self._desk.call("claim", self._claim)
            if not isinstance(found, float):
                return found
            await pileup.sleep(min(found, LATEST))  # another may put one back long before it is due

    async def _claim(self) -> Claim | float | None:
        """Look for a document and mark it; if none is due, say how long to wait.

        Between the two others look as well. Who heeds that marks it only if it
        still is as it was seen, and begins where others probably do not.
        """
        rows = await self._database.select(
            "documents", self._is_open, order_by="due", limit=MOST_SEEN
        )
        if not rows:
            return None
        wait = min(map(self._wait_for, rows))
        if wait > 0:
            return max(SOONEST, wait)
        due = [row for row in rows if not self._wait_for(row)]
        row = due[self._me.index % len(due) if self._controls.exclusion else 0]
        seen = ("id", "status", "due") if self._controls.exclusion else ("id",)
        where = {name: row[name] for name in seen}
        is_taken = await self._database.update("documents", where, **self._mine(row))
        age = self._office.now() - row["arrived"]
        found = Claim(row["id"], row["status"], row["tries"], age, row["withdrawals"])
        return found if is_taken else SOONEST

    def _mine(self, row: dict[str, Any]) -> dict[str, object]:
        status = "taken" if row["status"] == "new" else row["status"]
        return {
            "status": status,
            "owner": self._me.name,
            "due": self._office.now() + LEASE,
            "tries": row["tries"] + 1,
        }

    def _is_open(self, row: dict[str, Any]) -> bool:
        return row["status"] == "new" or (self._controls.standby and row["status"] in HELD)

    def _wait_for(self, row: dict[str, Any]) -> float:
        """Say when it is due: at once if it is this instance's, which did not hear of that."""
        is_mine = self._controls.standby and row["owner"] == self._me.name
        until: float = row["due"] - self._office.now()
        return 0.0 if is_mine else max(0.0, until)

    # Having it handled -----------------------------------------------------------------------

    async def handle(self, claim: Claim) -> Outcome:
        """Have a document handled, and note how that ended, or that it has to be tried again."""
        desk = self._desk_for(claim)
        if self._controls.one_retry_owner:
            return await self._tried(desk, claim)
        return await self._settle(desk, await self._worked_on(desk))

    async def _tried(self, desk: Desk, claim: Claim) -> Outcome:
        """Try once; what went wrong and may pass is tried again later."""
        try:
            outcome = None if claim.status == "withdrawing" else await self._worked_on(desk)
        except Exception as error:  # noqa: BLE001 - of whatever it died, it comes up again
            return await self._put_back(desk, claim, error)
        try:
            return await self._settle(desk, outcome)
        except OUTSIDE as error:  # it may be settled all the same
            return await self._kept(error, _wait_after(claim, error))

    async def _worked_on(self, desk: Desk) -> Outcome | None:
        """Have the topology do it; None where it is a human's from now on."""
        topology = self._office.setting.topology
        return await unless_hopeless(
            desk, partial(desk.delegate, topology.handle, role=topology.name)
        )

    async def _put_back(self, desk: Desk, claim: Claim, error: Exception) -> Outcome:
        """Let it come up again, soon; if that cannot be noted, it stays with this instance."""
        wait = _wait_after(claim, error) if self._controls.backoff else 0.0
        tries = claim.tries + (not isinstance(error, NotNow))  # then this was no try
        try:
            await self._note(desk, due=self._office.now() + wait, tries=tries, owner=None)
        except OUTSIDE:
            return await self._kept(error, wait)
        return Outcome("put back", reason=type(error).__name__)

    async def _kept(self, error: Exception, wait: float) -> Outcome:
        """Leave it as it is: it is this instance's, and so what it finds when it looks again."""
        await pileup.sleep(wait)
        return Outcome("put back", reason=type(error).__name__)

    async def _settle(self, desk: Desk, outcome: Outcome | None) -> Outcome:
        """Note how it ended; None is that a human has to end it."""
        if outcome is None:
            return await self._give_up(desk)
        if outcome.status == "partial" and not await self._withdrawn(desk):
            return TAKEN_OVER
        return outcome if await self._note_end(desk, outcome.status) else TAKEN_OVER

    async def _give_up(self, desk: Desk) -> Outcome:
        """Leave it to a human, and take back what was done."""
        if not self._controls.fallback:
            return await self._settle(desk, Outcome("given up", reason=desk.task.reason))
        if not await self._withdrawn(desk):
            return TAKEN_OVER
        row = {"id": desk.task.number, "reason": desk.task.reason}
        insert = partial(self._database.insert, "escalations", row, on_conflict="nothing")
        await desk.call("escalate", insert)
        return await self._settle(desk, Outcome("escalated", reason=desk.task.reason))

    async def _withdrawn(self, desk: Desk) -> bool:
        """Take back what was done, if it is still this instance's; from here on nobody goes on."""
        if not self._controls.compensation:
            return True
        times = desk.task.withdrawals
        if times >= MOST_WITHDRAWALS:  # whether money was taken only somebody who asks can say
            await self._note_end(desk, "stuck")
            return False
        if not await self._note(desk, status="withdrawing", withdrawals=times + 1):
            return False
        await desk.withdraw()
        return True

    async def _note_end(self, desk: Desk, status: str) -> bool:
        return await self._note(desk, status=status, settled=self._office.now())

    async def _note(self, desk: Desk, **changes: object) -> bool:
        """Note something of a document, if it is still this instance's; whether it was."""
        where: dict[str, object] = {"id": desk.task.number}
        if self._controls.exclusion:
            where["owner"] = self._me.name
        note = partial(self._database.update, "documents", where, **changes)
        return bool(await desk.call("settle", note))


async def unless_hopeless(desk: Desk, work: Callable[[], Awaitable[Outcome]]) -> Outcome | None:
    """Do the work; None, and on the task why, where it is a human's from now on."""
    try:
        return await work()
    except HOPELESS as error:
        if not desk.controls.fallback:
            raise
        desk.task.reason = f"{type(error).__name__}: {error}"
    except Exception as error:
        # Because where nobody was asked, no try was used up; but it must not go on for ever.
        is_over = desk.task.is_late if isinstance(error, NotNow) else desk.task.is_last_try
        if not (is_over and desk.controls.retry_budget):
            raise
        desk.task.reason = f"{type(error).__name__} at the last try"
    return None


def _wait_after(claim: Claim, error: Exception) -> float:
    """Say when to try again: as somebody asked for, or later each time."""
    return error.retry_after if isinstance(error, NotNow) else backoff(claim.tries)
