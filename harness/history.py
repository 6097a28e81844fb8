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

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple, TypeAlias, overload

from pileup.errors import UsageError
from pileup.operations import Access, Footprint, Item, Touch
from pileup.spelling import Brief

FORMAT: Final = 1

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


RawRow: TypeAlias = tuple[
    str, Footprint, tuple[int, ...], int, int, str | None, int, float, Outcome, Brief, str | None
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
    fault plan let befall it.
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


@dataclass(frozen=True)
class Who:
    """An agent as the history knows it."""

    name: str
    session: str
    role: str
    parent: str | None = None


class History(Sequence[Event]):
    """The events of one run, in the order in which they took effect."""

    __slots__ = ("_rows", "agents")

    def __init__(self, agents: Iterable[Who], rows: Sequence[RawRow]) -> None:
        self.agents = tuple(agents)
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        if isinstance(index, slice):
            return [self._event(number) for number in range(len(self))[index]]
        return self._event(range(len(self))[index])

    def _event(self, number: int) -> Event:
        row = Row._make(self._rows[number])
        versions: Sequence[int | None] = row.versions or [None] * len(row.touches)
        return Event(
            number=number,
            agent=self.agents[row.agent].name,
            strand=row.strand,
            name=row.name,
            items=tuple(
                Seen(touch.item.resource, touch.item.key, touch.access, version)
                for touch, version in zip(row.touches, versions, strict=True)
            ),
            outcome=row.outcome,
            invoked=row.invoked,
            time=row.time,
            step=row.step,
            detail=row.detail,
            fault=row.fault,
        )

    @property
    def digest(self) -> str:
        """Fingerprint of all that happened: two runs are the same if this is the same."""
        text = "\n".join(self.lines())
        return blake2b(text.encode("utf-8", "backslashreplace"), digest_size=16).hexdigest()

    def lines(self) -> list[str]:
        """Write JSON lines: the agents first, then an event a line."""
        head = {"pileup_history": FORMAT, "agents": [vars(who) for who in self.agents]}
        return [_line(head), *(_line(_page(event)) for event in self)]

    @classmethod
    def parse(cls, lines: Iterable[str]) -> History:
        """Read what `lines` wrote."""
        rest = iter(lines)
        head = _load(next(rest, ""))
        try:
            if head["pileup_history"] != FORMAT:
                raise ValueError(f"format {head['pileup_history']}")
            agents = [Who(**each) for each in head["agents"]]
        except (KeyError, TypeError, ValueError):
            raise UsageError(
                f"This is not a pileup history of format {FORMAT}: its first line should hold "
                '{"pileup_history": 1, ...}. Give the file that `history.lines()` wrote, whole.'
            ) from None
        return cls(agents, list(_rows(rest, [who.name for who in agents])))


def _line(page: object) -> str:
    return json.dumps(page, separators=(",", ":"))


def _load(line: str) -> Any:  # Any: JSON, looked at by the caller
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _page(event: Event) -> dict[str, object]:
    """One event as JSON; what is as usual is left out, because most of it is."""
    page: dict[str, object] = {"n": event.number, "agent": event.agent, "do": event.name}
    if event.items:
        page["items"] = [list(seen) for seen in event.items]
    page |= {"end": event.outcome, "asked": event.invoked, "at": event.time}
    if event.strand:
        page["strand"] = event.strand
    if event.step is not None:
        page["step"] = event.step
    if event.detail is not None:
        page["detail"] = event.detail
    if event.fault is not None:
        page["fault"] = event.fault
    return page


def _rows(lines: Iterator[str], names: list[str]) -> Iterator[Row]:
    items: dict[tuple[str, str], Item] = {}
    for number, line in enumerate(lines, 1):
        try:
            yield _row(_load(line), names, items)
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(
                f"Line {number} of the history is not an event ({type(error).__name__}: "
                f"{error!s:.80}): {line[:60]!r}. Give the file that `history.lines()` wrote, whole."
            ) from None


def _row(page: Any, names: list[str], items: dict[tuple[str, str], Item]) -> Row:
    touches, versions = [], []
    for resource, key, access, version in page.get("items", ()) if type(page) is dict else ():
        item = items.setdefault((resource, key), Item(resource, key))
        touches.append(Touch(item, access))
        versions.append(version)
    return Row(
        page["do"],
        tuple(touches),
        () if None in versions else tuple(versions),
        names.index(page["agent"]),
        page.get("strand", 0),
        page.get("step"),
        page["asked"],
        page["at"],
        page["end"],
        page.get("detail"),
        page.get("fault"),
    )
