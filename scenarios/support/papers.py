"""What comes in at the support desk, what is known there, and the truth that is to be found out."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Kind = Literal["billing", "shipping", "technical"]

KINDS: Final[tuple[Kind, ...]] = ("billing", "shipping", "technical")
CUSTOMERS: Final = ("Hazel", "Ivy", "Juniper", "Larch", "Maple")
PAID: Final = (2000, 1500, 3500, 800, 90_000)


class Article(NamedTuple):
    """What the knowledge base says on a topic, and what may be paid back without a human."""

    id: str
    kind: Kind
    topic: str
    text: str
    most: int = 0


class Question(NamedTuple):
    """What a customer can ask, and with whom it should end."""

    text: str
    kind: Kind
    article: str
    passed_on: Literal["never", "if unclear", "always"] = "never"
    """When billing says that it is shipping's, and shipping that it is billing's."""


ARTICLES: Final = (
    Article("K-1", "shipping", "Where is", "Parcels arrive within five days."),
    Article("K-2", "billing", "never came", "What never came is refunded in full.", most=5000),
    Article("K-3", "billing", "charged twice", "What was charged twice is refunded.", most=5000),
    Article("K-4", "technical", "an error", "Errors go away when the app is started again."),
)

WHERE_IS_IT: Final = Question("Where is my parcel?", "shipping", "K-1")
ASKED: Final = (
    Question("I paid, and it never came. I want it back.", "billing", "K-2", "if unclear"),
    WHERE_IS_IT,
    WHERE_IS_IT,
    Question("The app shows an error.", "technical", "K-4"),
    Question("I was charged twice.", "billing", "K-3"),
)
"""What comes in, one after another and then from the beginning."""

AMBIGUOUS: Final = Question(
    "My payment is gone and so is my parcel; it never came.", "billing", "K-2", "always"
)

TRUTH: Final = {each.text: each for each in (*ASKED, AMBIGUOUS)}


class Ticket(NamedTuple):
    """What a customer writes. All but the question is nobody else's business."""

    number: int
    customer: str
    order: str
    address: str
    reference: str
    paid: int
    question: str

    @property
    def private(self) -> str:
        """What the customer has said of themselves."""
        return f"Order: {self.order}\nAddress: {self.address}\nReference: {self.reference}"

    @property
    def truth(self) -> Question:
        """What somebody knows who makes no mistakes."""
        return TRUTH[self.question]

    @property
    def article(self) -> Article:
        """What should be answered from."""
        return next(each for each in ARTICLES if each.id == self.truth.article)

    @property
    def due(self) -> int:
        """What should be paid back without a human."""
        return self.paid if self.paid <= self.article.most else 0

    @property
    def is_for_a_human(self) -> bool:
        """Whether agents should leave it alone."""
        return self.truth.passed_on == "always" or 0 < self.article.most < self.paid


def session_of(number: int) -> str:
    """Name the session of a ticket's customer."""
    return f"customer-{number}"


def ticket(number: int, secret: str, *, ambiguous: bool) -> Ticket:
    """Return the ticket that comes in as number so many."""
    place = number - 1
    return Ticket(
        number,
        f"{CUSTOMERS[place % len(CUSTOMERS)]} {number}",
        f"ORD-{1000 + number}",
        f"{number} Elm Street",
        secret,
        PAID[place % len(PAID)],
        (AMBIGUOUS if ambiguous else ASKED[place % len(ASKED)]).text,
    )
