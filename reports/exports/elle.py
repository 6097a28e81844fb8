"""A history of Jepsen's as JSON, for elle-cli with the model rw-register.

A register is an item, its values are its versions, and null is what was there
from the start. What is written over is a write, what is changed in view of
what was there is a read and a write in one, and what commutes (an increment)
is a write: to say that it had read would claim an order that nobody saw.

A transaction is one of a database, or else a `pileup.step` that did not fail,
or else one operation. A process does one thing at a time, and none after an
outcome that is not known. Locks hold no data, and messages are there to be
handed on: both are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Final, Literal, NamedTuple, TypeAlias

from pileup.events import FAIL, INFO, OK, Event, Outcome, Seen
from pileup.history import History
from pileup.reports.exports.moments import Moments
from pileup.reports.exports.texts import dump
from pileup.reports.exports.ties import LOOKS, is_message
from pileup.reports.exports.units import (
    Key,
    State,
    step_of,
    transaction_of,
    units,
)

Page: TypeAlias = dict[str, object]
Act: TypeAlias = tuple[Literal["r", "w"], str, int | None]

LOCKS: Final = ("lock", "locks", "wakeup", "agent")
"""Resources that hold no data, by the last part of their names."""
LOCKING: Final = ("acquire", "release", "lock", "unlock")
BOOKKEEPING: Final = ("commits", "serializable")
"""What a database counts for itself, by key."""

ENDED: Final[Mapping[State, Outcome]] = {"done": OK, "undone": FAIL, "unheard": INFO, "open": INFO}


class Deal(NamedTuple):
    """What happens at once, or should: when it was begun and done, and what it read and wrote."""

    begun: int
    done: int
    outcome: Outcome
    strand: tuple[str, int]
    acts: Sequence[Act]


def write(history: History) -> str:
    """Write a history as transactions over registers."""
    events = list(history)
    moments = Moments(events)
    pages = [_page(each, index) for index, each in enumerate(_happened(events, moments))]
    return dump(pages)


class Happening(NamedTuple):
    """One line of the history: something begins, or is done."""

    type: str
    process: int
    time: int
    acts: Sequence[Act]


def _page(happening: Happening, index: int) -> Page:
    return {
        "index": index,
        "type": happening.type,
        "process": happening.process,
        "f": "txn",
        "value": happening.acts,
        "time": happening.time * 1000,
    }


def _happened(events: Sequence[Event], moments: Moments) -> Iterator[Happening]:
    """Put beginnings and ends in order; of one moment, ends come first."""
    deals = _deals(events, moments)
    order = sorted(
        [(deal.begun, 1, number) for number, deal in enumerate(deals)]
        + [(deal.done, 0, number) for number, deal in enumerate(deals)]
    )
    processes = _Processes()
    at: dict[int, int] = {}
    for time, is_begun, number in order:
        deal = deals[number]
        if is_begun:
            at[number] = processes.take(deal.strand)
            yield Happening("invoke", at[number], time, _hoped(deal.acts))
        else:
            acts = deal.acts if deal.outcome == OK else _hoped(deal.acts)
            yield Happening(deal.outcome, at[number], time, acts)
            processes.leave(deal.strand, at[number], deal.outcome)


def _hoped(acts: Sequence[Act]) -> list[Act]:
    """Leave out what only the end tells: what was read."""
    return [(act, key, value if act == "w" else None) for act, key, value in acts]


class _Processes:
    """Gives each task a process that is idle, and none that does not know how it stands."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, int], list[int]] = {}
        self._count = 0

    def take(self, strand: tuple[str, int]) -> int:
        """Set a process to work."""
        idle = self._idle.setdefault(strand, [])
        if idle:
            return idle.pop()
        self._count += 1
        return self._count - 1

    def leave(self, strand: tuple[str, int], process: int, outcome: Outcome) -> None:
        """Let a process rest, or never work again."""
        if outcome != INFO:
            self._idle[strand].append(process)


# What happened at once ----------------------------------------------------------------------------


def _deals(events: Sequence[Event], moments: Moments) -> list[Deal]:
    found = units(events)
    registers = _Registers()
    parts: dict[Key | int, list[Event]] = {}
    for event in events:
        key = transaction_of(event) or step_of(event)
        if key is None or (key[0] == "step" and found[key].state == "undone"):
            parts[event.number] = [event]
        else:
            parts.setdefault(key, []).append(event)
    deals = []
    for part, members in parts.items():
        acts = [act for event in members for act in registers.acts(event)]
        outcome = members[-1].outcome if isinstance(part, int) else ENDED[found[part].state]
        if acts:
            deals.append(_deal(members, outcome, acts, moments))
    return sorted(deals, key=itemgetter(0))


def _deal(members: list[Event], outcome: Outcome, acts: list[Act], moments: Moments) -> Deal:
    begun = min(moments.asked(each) for each in members)
    first = members[0]
    return Deal(begun, moments.end(members[-1]), outcome, (first.agent, first.strand), acts)


class _Registers:
    """Says what operations did to registers, which are items by names of their own."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}
        self._given: dict[str, None] = {}

    def acts(self, event: Event) -> Iterator[Act]:
        """Return what an operation read and wrote; nobody has read what was never heard."""
        if event.outcome == FAIL or event.name in LOCKING or is_message(event):
            return
        for seen in event.items:
            if seen.version is None or not _holds_data(seen, event):
                continue
            name, before = self._name(seen), seen.version - (seen.access == "change")
            if seen.access in LOOKS and event.outcome == OK:
                yield "r", name, before if before > 0 else None
            if seen.access != "read":
                yield "w", name, seen.version

    def _name(self, seen: Seen) -> str:
        thing = (seen.resource, seen.key)
        if thing not in self._names:
            name = seen.name
            while name in self._given:
                name = f"{name}~"
            self._given[name] = None
            self._names[thing] = name
        return self._names[thing]


def _holds_data(seen: Seen, event: Event) -> bool:
    if seen.resource.rpartition(".")[2] in LOCKS:
        return False
    return not (seen.key in BOOKKEEPING and transaction_of(event) is not None)
