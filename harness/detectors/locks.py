"""Orphaned locks: whoever had taken one is gone, it is held still, and somebody waits in vain.

A lock is known by what is done to it (`acquire`, `lock`, and a file or a key
that is only made where none is). Its holder ended or crashed, nobody gave it
back after that, and another one waited for it until the end, or asked for it
again and again and never got it.

What is right and looks the same must stay silent:

* a lock that goes free when its holder dies, or is given back by somebody else;
* a lock with a lease: it runs out, which is what leases are for;
* to be refused once, which is how a leader is elected, or an order is done once;
* a mark that is made by one alone and kept (`SET ... NX`, a file made with
  O_EXCL), unless its maker crashed and others keep asking for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from pileup.detectors.case import TASKS, Case, Strand
from pileup.detectors.glance import MAKING, TAKING
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.history import FAIL, INFO
from pileup.operations import Item, Past

REFUSALS: Final = 2
"""Who is refused so often asks again and again, and did not only want to know."""


class Orphan(NamedTuple):
    """One orphaned lock: the rows that took it, ended its holder, and waited in vain."""

    item: Item
    taken: int
    ended: int
    waits: int


def orphaned_locks(case: Case) -> Iterator[Finding]:
    """Find the locks whose holders are gone, and for which somebody waits in vain."""
    held = {item: taken for item, taken in _left_held(case) if _end(case, taken) is not None}
    if not held:
        return
    for item, waits in _waiting(case, held):
        taken = held[item]
        ended = _end(case, taken)
        assert ended is not None
        yield _finding(case, Orphan(item, taken, ended, waits))


def _left_held(case: Case) -> Iterator[tuple[Item, int]]:
    """Yield the items that were changed last by whoever took them, and where."""
    for item, looks in case.looks.items():
        place = len(looks) - 1
        while place >= 0 and looks[place][2] == "read":
            place -= 1
        if place >= 0 and looks[place][2] == "change" and _takes(case, looks[place][0]):
            yield item, looks[place][0]


def _takes(case: Case, number: int) -> bool:
    row = case.rows[number]
    note = row[11]
    if note is not None and note.lease is not None:
        return False
    return row[0] in TAKING or row[0] in MAKING


def _end(case: Case, taken: int) -> int | None:
    """Return the row that ended the agent that took a lock; for a mark only a crash counts."""
    row = case.rows[taken]
    ended = next((each for each in case.gone.get(row[3], ()) if each > taken), None)
    if ended is None or (row[0] not in TAKING and case.rows[ended][10] != "crash"):
        return None
    return ended


def _waiting(case: Case, held: dict[Item, int]) -> Iterator[tuple[Item, int]]:
    """Yield each lock that somebody waited for in vain, with the first row of that."""
    refused: dict[tuple[Item, Strand], list[int]] = {}
    told: set[Item] = set()
    first = min(held.values())
    for number in range(first + 1, len(case.rows)):
        row = case.rows[number]
        item = _asked(row[1], held) if row[0] in TAKING or row[0] in MAKING else None
        if item is None and row[0] == "open" and row[9] == "FileExistsError":
            item = _asked(row[1], held)
        if item is None or item in told or number < _ended(case, held[item]):
            continue
        tries = refused.setdefault((item, row[3] * TASKS + row[4]), [])
        tries.append(number)
        if (row[8] == INFO and not row[2] and row[0] in TAKING) or len(tries) == REFUSALS:
            told.add(item)
            yield item, tries[0]


def _ended(case: Case, taken: int) -> int:
    ended = _end(case, taken)
    assert ended is not None
    return ended


def _asked(touches: tuple[tuple[Item, str], ...], held: dict[Item, int]) -> Item | None:
    for item, _ in touches:
        if item in held and type(item) is not Past:
            return item
    return None


def _finding(case: Case, orphan: Orphan) -> Finding:
    item, taken, ended, waits = orphan
    holder, waiter = (case.agents[case.rows[each][3]] for each in (taken, waits))
    crashed = case.rows[ended][10] == "crash"
    gone = "crashed" if crashed else "failed" if case.rows[ended][8] == FAIL else "ended"
    for_ever = case.rows[waits][8] == INFO
    return found(
        "orphaned_lock",
        title=f"{item.name} is held by {holder.name}, which has {gone}",
        explanation=(
            f"{holder.name} took {item.name}{said(case, taken)} and {gone} without giving it back"
            f"{said(case, ended)}.\n"
            f"{waiter.name} {'waited' if for_ever else 'asked again and again'} for it in vain"
            f"{said(case, waits)}.\n"
            "Nobody is left who could give it back."
        ),
        item=item,
        agents=(holder.name, waiter.name),
        evidence=(taken, ended, waits),
        receipt={"holder": holder.name, "waiter": waiter.name, "crashed": crashed},
        mark=f"{holder.role} {case.rows[taken][0]} {gone} {case.rows[taken][5] or ''}",
    )
