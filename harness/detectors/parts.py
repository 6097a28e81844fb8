"""Wholes and their parts: a table and its rows, a dictionary and its keys.

Who changes a part updates the whole as well. That tells nobody anything by
itself: two that insert rows, or change different ones, are in nobody's way,
however strictly it is read. Only looks at the whole tell an order.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from pileup.detectors.case import Case
from pileup.history import RawRow
from pileup.operations import READ, UPDATE, Access, Item

Entry: TypeAlias = tuple[int, int, Access, int]
"""One access that counts: the row, the node of its unit, how, and which version."""

LOCK: Final = ".lock"
"""How a resource ends that holds the locks of another: of the same keys."""

CONTENTS: Final = ("#", "{")
"""How the detail of a read begins that took in all parts of an item, not their names or number."""


def changed_parts(row: RawRow, item: Item) -> list[str]:
    """Return the keys of the parts of a whole that a row changes."""
    return [
        other.key
        for other, access in row[1]
        if other.resource == item.resource
        and other is not item
        and access != READ
        and (not item.key or other.key.startswith(f"{item.key}/"))
    ]


def without_parts(case: Case, item: Item, found: list[Entry]) -> list[Entry]:
    """Leave out what is done to a whole by changing a part of it, for those who saw no part.

    A dictionary's `len`, or a scan for other rows of a table, need not have
    come out otherwise; who has taken in the contents has.
    """
    if not any(changed_parts(case.rows[each[0]], item) for each in found if each[2] == UPDATE):
        return found
    return [each for each in found if each[2] != READ or _takes_in(case.rows[each[0]])]


def _takes_in(row: RawRow) -> bool:
    if row[11] is not None and row[11].whole:
        return True
    return len(row[1]) == 1 and isinstance(row[9], str) and row[9].startswith(CONTENTS)


def is_skipping(row: RawRow, item: Item) -> bool:
    """Whether a row passed over this item if another had locked it, and did not lock it itself."""
    return row[11] is not None and row[11].skips and item.key not in _locked(row, item)


def without_stops(case: Case, item: Item, found: list[Entry]) -> list[Entry]:
    """Leave out the looks of statements that had to wait, and tell all of it at their end."""
    return [
        each
        for place, each in enumerate(found)
        if each[2] != READ or not _goes_on(case, item, found, place)
    ]


def _goes_on(case: Case, item: Item, found: list[Entry], place: int) -> bool:
    """Whether a statement stops at this look, and looks on from there when it goes on."""
    number, node = found[place][:2]
    row = case.rows[number]
    if len(row[1]) == 1 or not _waits(row, item):
        return False
    later = (each for each in found[place + 1 :] if each[1] == node)
    after = next(later, None)
    return after is not None and after[2] == READ and case.rows[after[0]][0] == row[0]


def _waits(row: RawRow, item: Item) -> bool:
    """Whether a statement stops in this row at a lock that another holds."""
    locks = item.resource + LOCK
    return any(other.resource == locks and access == READ for other, access in row[1])


def _locked(row: RawRow, item: Item) -> list[str]:
    """Return the keys of what a row locks, of the resource of an item."""
    locks = item.resource + LOCK
    return [other.key for other, access in row[1] if other.resource == locks and access != READ]


def by_parts(case: Case, item: Item, found: list[Entry]) -> dict[int, None]:
    """Return the rows that update a whole by changing parts of it."""
    rows = [each[0] for each in found if each[2] == UPDATE]
    return dict.fromkeys([number for number in rows if changed_parts(case.rows[number], item)])
