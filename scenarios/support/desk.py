"""A support desk: what an agent that works on a ticket can do to the shared world."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pileup.scenarios.documents.desk import Desk
from pileup.scenarios.documents.place import GONE
from pileup.scenarios.documents.tasks import NeedsHuman, Withdrawn
from pileup.scenarios.documents.tools import KNOWN
from pileup.scenarios.support.papers import Article, Kind, Ticket

if TYPE_CHECKING:
    from typing import Any

SETTLED = ("answered", "escalated")


class SupportDesk(Desk):
    """Looking up, paying back, answering, counting."""

    async def article(self, kind: Kind, question: str) -> Article:
        """Find what the knowledge base says on a question; or else, of the kind."""

        def fits(row: dict[str, Any]) -> bool:  # Any: a row, as the database has it
            return row["kind"] == kind and row["topic"] in question

        select = partial(self.office.database.select, "articles")
        rows = await self.tool("look up", partial(select, fits))
        if not rows and self.controls.gates:
            raise NeedsHuman(f"nothing is known of it in {kind}")
        if not rows:
            rows = await self.tool("look up", partial(select, {"kind": kind}))
        return Article(**rows[0])

    def due(self, ticket: Ticket, article: Article) -> int:
        """Say what is to be paid back."""
        due = ticket.paid if article.most else 0
        if self.controls.gates and due > article.most:
            raise NeedsHuman(f"a refund of {due} is not for agents to decide")
        return due

    async def refund(self, amount: int) -> None:
        """Pay something back."""
        body = {"ticket": self.task.number, "amount": amount}
        response = await self.tool("refund", partial(self._post, "/refunds", body))
        if response.status == GONE:
            raise Withdrawn
        response.raise_for_status()

    async def reply(self, text: str) -> None:
        """Send the customer an answer."""
        body = {"ticket": self.task.number, "text": text}
        response = await self.tool("reply", partial(self._post, "/replies", body))
        if response.status != KNOWN:  # then it has been sent, before the wording was changed
            response.raise_for_status()

    async def withdraw(self) -> None:
        """Take a refund back, or see to it that it is not made any more."""
        body = {"ticket": self.task.number}
        await self.call("withdraw", partial(self._post, "/withdrawals", body))

    # The books -------------------------------------------------------------------------------

    async def status(self) -> str:
        """Look up how far the ticket is."""
        row = await self.call(
            "look up the ticket", lambda: self.office.database.get("tickets", self.task.number)
        )
        assert row is not None
        return str(row["status"])

    async def close(self, kind: Kind) -> None:
        """Note that it is answered, and count it on the dashboard."""
        await self.tool("close", partial(self._close, kind))

    async def _close(self, kind: Kind) -> None:
        database, number = self.office.database, self.task.number
        answered = {"status": "answered", "kind": kind}
        if not self.controls.exclusion:
            await database.update("tickets", {"id": number}, **answered)
            row = await database.get("dashboard", kind)
            assert row is not None
            await database.update("dashboard", kind, answered=row["answered"] + 1)
            return
        async with database.transaction() as tx:
            if await tx.update("tickets", {"id": number, "status": "new"}, **answered):
                await tx.update("dashboard", kind, answered=lambda row: row["answered"] + 1)

    async def escalate(self) -> bool:
        """Leave it to a human, and take back what was paid; False if it is settled already."""
        database, number = self.office.database, self.task.number
        if not await self._move("new", "escalating") and await self.status() in SETTLED:
            return False
        if self.controls.compensation:
            await self.withdraw()
        row = {"id": number, "reason": self.task.reason}
        insert = partial(database.insert, "escalations", row, on_conflict="nothing")
        await self.call("escalate", insert)
        await self._move("escalating", "escalated")
        return True

    async def _move(self, before: str, after: str) -> bool:
        """Note how far the ticket is, unless another has noted something else; whether it was."""
        seen = {"id": self.task.number, "status": before}
        move = partial(self.office.database.update, "tickets", seen, status=after)
        return bool(await self.call("settle", move))
