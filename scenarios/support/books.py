"""Whether all is right at the support desk, seen from the world's own side."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pileup.scenarios.documents.books import REFUSED
from pileup.scenarios.support.models import approved
from pileup.scenarios.support.papers import Ticket

if TYPE_CHECKING:
    from pileup.scenarios.support.floor import Floor


@dataclass(frozen=True)
class Account:
    """What came of one ticket."""

    ticket: Ticket
    status: str
    kind: str | None
    refunds: tuple[int, ...]
    replies: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether it was answered once, rightly, and what was due was paid once."""
        if self.ticket.is_for_a_human:
            return self.status == "escalated" and not self.refunds
        due = (self.ticket.due,) if self.ticket.due else ()
        return self.status == "answered" and self.refunds == due and self.is_answered_rightly

    @property
    def is_classified_rightly(self) -> bool:
        """Whether it ended with the specialist with whom it should."""
        return self.kind == self.ticket.truth.kind

    @property
    def is_answered_rightly(self) -> bool:
        """Whether the customer got one answer, and what it says is true."""
        try:
            (answer,) = self.replies
            approved(self.ticket, self.ticket.article, self.ticket.due, answer)
        except ValueError:
            return False
        return self.ticket.reference in answer and self.ticket.address in answer


def accounts(floor: Floor) -> list[Account]:
    """Say for each ticket what came of it."""
    rows = {row["id"]: row for row in floor.database.rows("tickets")}
    withdrawn = floor.http.state.get("withdrawn", {})
    refunds, replies = (
        [each.json() for each in floor.http.ledger.of("POST", path) if each.status < REFUSED]
        for path in ("/refunds", "/replies")
    )
    return [
        Account(
            each,
            rows[each.number]["status"],
            rows[each.number]["kind"],
            ()
            if each.number in withdrawn
            else tuple(body["amount"] for body in refunds if body["ticket"] == each.number),
            tuple(body["text"] for body in replies if body["ticket"] == each.number),
        )
        for each in floor.tickets
    ]


def check(floor: Floor) -> None:
    """Fail where what was done is not what should have been; each way to fail has its line."""
    books = accounts(floor)
    for each in books:
        name = f"ticket {each.ticket.number}"
        assert len(each.refunds) <= 1, f"{name} was refunded {len(each.refunds)} times"
        assert len(each.replies) <= 1, f"the customer of {name} got {len(each.replies)} answers"
        _check_privacy(each, [other.ticket for other in books if other is not each])
        if each.status == "answered":
            assert each.is_right, f"{name} is answered, but not rightly: {each}"
        elif each.status == "escalated":
            assert not each.refunds, f"{name} was left to a human, and refunded"
    _check_dashboard(floor, books)


def _check_privacy(each: Account, others: list[Ticket]) -> None:
    for answer in each.replies:
        for other in others:
            foreign = {other.reference, other.order} & {*answer.replace(".", "").split()}
            assert not foreign, f"ticket {each.ticket.number} tells of ticket {other.number}"


def _check_dashboard(floor: Floor, books: list[Account]) -> None:
    shown = {row["kind"]: row["answered"] for row in floor.database.rows("dashboard")}
    answered = Counter(each.kind for each in books if each.status == "answered")
    for kind, count in shown.items():
        assert count == answered[kind], f"the dashboard shows {count} {kind}, of {answered[kind]}"
