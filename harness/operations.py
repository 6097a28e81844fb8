"""What an agent asks of the shared world, and what it touches there.

A fake never changes its state directly. It describes the change as an
`Operation` and awaits it; the kernel parks the agent and lets the operation
take effect later, at a moment that the search chooses. `touches` is the
operation's footprint: which items it reads, writes over, changes in view of what
is there, or updates in a way that commutes with other updates. Partial-order
reduction, the detectors and the report all speak of items, so they must name
what the user would name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias

from pileup.notes import Note
from pileup.spelling import Brief

Access: TypeAlias = Literal["read", "write", "change", "update"]

READ: Final = "read"
WRITE: Final = "write"
"""Puts a value there without looking at what it replaces: a SET, a file written anew."""
CHANGE: Final = "change"
"""Looks and writes in one: a compare-and-set, a pop, an insert, taking a lock. It erases nothing
unseen, so it loses no write."""
UPDATE: Final = "update"
"""A change that commutes with other updates: an increment, an append to a set."""

COMMUTING: Final = (READ, UPDATE)


class Item:
    """One thing that agents share: a file, a row, a key, an attribute.

    `version` counts the effects it has seen. `holder` is who has it locked,
    for the deadlock report; `waiters` are woken when it changes.
    """

    __slots__ = ("holder", "key", "resource", "version", "waiters")

    def __init__(self, resource: str, key: str) -> None:
        self.resource = resource
        self.key = key
        self.version = 0
        self.holder: str | None = None
        self.waiters: list[Any] = []  # Any: the kernel's strands, which this page must not know

    @property
    def name(self) -> str:
        """How a report calls it."""
        return f"{self.resource}[{self.key}]" if self.key else self.resource

    def __repr__(self) -> str:
        return f"<{self.name} v{self.version}>"


class Past(Item):
    """An item as it was: what is read of a snapshot, of a replica that lags, of a stale answer.

    A read of it conflicts with no write that is still to come, because none
    can change what it sees.
    """

    __slots__ = ("item",)

    def __init__(self, item: Item, version: int) -> None:
        super().__init__(item.resource, item.key)
        self.item = item
        self.version = version


class Touch(NamedTuple):
    """One item and what an operation does to it."""

    item: Item
    access: Access


Footprint: TypeAlias = tuple[Touch, ...]


Twists: TypeAlias = Mapping[str, Callable[[], object]]


def conflict(one: Footprint, other: Footprint) -> bool:
    """Whether the order of two operations can be told afterwards."""
    return any(
        mine.item is theirs.item and not (mine.access == theirs.access and mine.access in COMMUTING)
        for mine in one
        for theirs in other
    )


class Operation:
    """One atomic step on the shared world, not taken yet.

    `apply` performs it and returns what the agent gets. It may narrow
    `touches` to what was really touched (a refused compare-and-set only read)
    and leave a `detail` for the history. `ready` says whether it can take
    effect now (a lock that is held cannot be acquired): it may read only the
    items in `touches`, because the kernel asks again only when one of those
    has changed. `delay` is virtual time that must pass first. `twists` are
    other ways to apply it, by the name of the fault that does it so (a torn
    write, a stale read); `fault` names the one that it suffers. `note` says what
    it is about, where a footprint is not enough.
    """

    __slots__ = ("apply", "delay", "detail", "fault", "name", "note", "ready", "touches", "twists")

    def __init__(
        self,
        name: str,
        touches: Footprint,
        apply: Callable[[], object],
        ready: Callable[[], bool] | None = None,
        delay: float = 0.0,
    ) -> None:
        self.name = name
        self.touches = touches
        self.apply = apply
        self.ready = ready
        self.delay = delay
        self.detail: Brief = None
        self.fault: str | None = None
        self.twists: Twists | None = None
        self.note: Note | None = None

    @property
    def label(self) -> str:
        """What is done to what, in words: `write files[config.json]`."""
        return " ".join([self.name, *dict.fromkeys(touch.item.name for touch in self.touches)])


class Firm(Operation):
    """An operation that no cancellation takes back: its agent is not there to hear of one.

    What an agent does that has crashed, or that is paused.
    """

    __slots__ = ()


class Call(NamedTuple):
    """An operation that is about to be asked for, as the fault plan looks at it.

    `possible` are the faults that can befall it.
    """

    op: Operation
    agent: str
    role: str
    session: str
    step: str | None
    now: float
    possible: Collection[str]


class Verdict(NamedTuple):
    """What the fault plan says: which fault, how long it takes, on which side of the effect."""

    fault: str
    seconds: float
    after: bool


class Faults(Protocol):
    """A fault plan in force in one run."""

    def befall(self, call: Call) -> Verdict | None:
        """Say what befalls an operation, if anything does."""


def nothing() -> None:
    """Take no effect: what a start, a sleep and a bare checkpoint apply."""
