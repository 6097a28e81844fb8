"""One message as the bus keeps it, and what a queue promises of all of its messages."""

from __future__ import annotations

from math import inf
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from pileup.notes import Note, blank
from pileup.operations import CHANGE, READ, Footprint, Item, Touch
from pileup.sim.agents import Agent, Strand
from pileup.spelling import Brief

Where: TypeAlias = Literal["waiting", "taken", "hidden", "gone"]
"""In the queue, with a consumer, on its way to the queue, or acknowledged."""

USUAL_VISIBILITY: Final = 30.0
USUAL_WINDOW: Final = 300.0


class Options(NamedTuple):
    """What a queue was declared with."""

    visibility: float | None = USUAL_VISIBILITY
    max_deliveries: int | None = None
    dead_letter: str | None = None
    fifo: bool = False
    dedup_window: float = USUAL_WINDOW


class Letter:
    """One message in one queue.

    `turn` numbers its deliveries for good: a receipt is good while it is of
    the last turn. `deliveries` is what consumers are told, and begins anew in
    the dead letter queue. `clock` is what will happen to it by itself, `due` when.
    """

    __slots__ = (
        "alters",
        "body",
        "clock",
        "deliveries",
        "due",
        "group",
        "holder",
        "id",
        "item",
        "order",
        "said",
        "settled",
        "turn",
        "where",
    )

    def __init__(self, number: str, item: Item, body: Any, said: Brief, group: str | None) -> None:
        self.id = number
        self.item = item
        self.alters: Footprint = (Touch(item, CHANGE),)
        self.body = body  # Any: the user's own
        self.said = said
        self.group = group
        self.order = 0
        self.deliveries = 0
        self.turn = 0
        self.settled = 0
        self.where: Where = "hidden"
        self.holder: Agent | None = None
        self.clock: Strand | None = None
        self.due = inf

    @property
    def note(self) -> Note:
        """Make a note for one operation on it; not shared, because each fails for itself."""
        note = blank()
        note.message = self.id
        return note

    @property
    def reads(self) -> Footprint:
        """What is touched by looking at it."""
        return (Touch(self.item, READ),)

    def twin(self) -> Letter:
        """Return a second copy, which is delivered and acknowledged by itself."""
        twin = Letter(self.id, self.item, self.body, self.said, self.group)
        twin.order, twin.deliveries = self.order, self.deliveries
        return twin


def by_order(letter: Letter) -> int:
    """Sort letters as they were published."""
    return letter.order


def by_due(letter: Letter) -> float:
    """Sort letters as something is to happen to them."""
    return letter.due
