"""What happened, in order: one row for each operation, compact enough for a million.

A row says who did what to which items, which version each item had or got,
when the operation was asked for and when it took effect, and how it ended:

* `ok`: it took effect and the agent knows;
* `fail`: it took no effect and the agent knows;
* `info`: the agent does not know. Either the effect is there and the answer
  was lost (the row has versions), or the agent gave up before it took effect
  (it has none).

Rows are plain tuples while a run goes on, because that is the kernel's
hottest path; `Event` is the same row for reading. Everything a detector needs
is here, so that a detector is a pure function of a history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from pileup.notes import Note
from pileup.operations import Access, Footprint
from pileup.spelling import Brief

Outcome: TypeAlias = Literal["ok", "fail", "info"]

OK: Final = "ok"
FAIL: Final = "fail"
INFO: Final = "info"


class Row(NamedTuple):
    """One operation as the kernel notes it; its number is its place in the history."""

    name: str
    touches: Footprint
    versions: tuple[int, ...]
    agent: int
    strand: int
    step: str | None
    invoked: int
    time: float
    outcome: Outcome
    detail: Brief
    fault: str | None = None
    note: Note | None = None


RawRow: TypeAlias = tuple[
    str,
    Footprint,
    tuple[int, ...],
    int,
    int,
    str | None,
    int,
    float,
    Outcome,
    Brief,
    str | None,
    Note | None,
]
"""The fields of a `Row` as a plain tuple: making a named one costs the kernel half a step."""


class Seen(NamedTuple):
    """One item as an operation met it: the version that it read, or that it made."""

    resource: str
    key: str
    access: Access
    version: int | None

    @property
    def name(self) -> str:
        """How a report calls the item."""
        return f"{self.resource}[{self.key}]" if self.key else self.resource


@dataclass(frozen=True)
class Event:
    """One row, told in full.

    `invoked` counts the events before it was asked for; `fault` names what the
    fault plan let befall it. `site` is the user's line that asked, which is
    known in runs that were replayed, and is no part of the history.
    """

    number: int
    agent: str
    strand: int
    name: str
    items: tuple[Seen, ...]
    outcome: Outcome
    invoked: int
    time: float
    step: str | None = None
    detail: Brief = None
    fault: str | None = None
    note: Note | None = None
    site: str = ""

    @property
    def label(self) -> str:
        """What was done to what, in words: `write files[config.json]`."""
        return " ".join([self.name, *dict.fromkeys(seen.name for seen in self.items)])


@dataclass(frozen=True)
class Who:
    """An agent as the history knows it."""

    name: str
    session: str
    role: str
    parent: str | None = None
