"""What counts between units, and what does not: the accesses to one item that can be in the way.

Two readings. The **strict** one takes every access as it is; it is used where
the serial oracle has said that no order of the agents comes to the same. The
**lenient** one, used first, leaves out what programs that are right do all day:

* a look that was repeated: who polls, or looks once more under a lock, means
  to see what is new. Steps may look again whenever they like; a transaction
  that looks twice at once was promised to see the same;
* a refused attempt (a SET with NX that found the key, a compare-and-set that
  failed): who hears "no" has not read anything;
* what a queue handed over: messages are there to be seen.

Left out in both is a look for rows that skips what others have locked, which asks for an
inconsistent view on purpose. So are items that hold no data. Those are **locks** (acquired and
released by those names, or of a resource called `lock`, or never read and
changed in pairs by whoever has just taken them), agents (one waits for
another to end), and a database's count of its commits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pileup.detectors.case import Case, Look
from pileup.detectors.parts import Entry, is_skipping, without_parts, without_stops
from pileup.detectors.units import ALONE, NOBODY, VOID, Units
from pileup.history import RawRow
from pileup.operations import CHANGE, READ, UPDATE, WRITE, Access, Item

LOCKS: Final = frozenset(("lock", "locks", "wakeup", "agent"))
"""Resources that hold no data, by the last part of their names."""
LOCKING: Final = frozenset(("acquire", "release", "lock", "unlock"))
BOOKKEEPING: Final = frozenset(("commits", "serializable"))


class Reading:
    """How a history is read: at which level, and how strictly."""

    def __init__(self, case: Case, units: Units, *, strict: bool) -> None:
        self.case = case
        self.units = units
        self.strict = strict
        self.lone = len(units.firsts)
        """The node of a row outside any unit is this and its number."""
        self._altering: dict[Item, dict[str, None]] = {}
        self._guards: dict[Item, bool] = {}

    def altering(self, item: Item) -> dict[str, None]:
        """Return the names of the operations that have altered an item, now or at another time."""
        known = self._altering.get(item)
        if known is None:
            rows, looks = self.case.rows, self.case.looks[item]
            altering = [rows[look[0]][0] for look in looks if look[2] != READ]
            known = self._altering[item] = dict.fromkeys(altering)
        return known

    def is_guard(self, item: Item, found: list[Entry]) -> bool:
        """Whether an item, of which this is a part of the accesses, is a lock made of data."""
        if any(each[2] in (READ, UPDATE) for each in found):
            return False
        known = self._guards.get(item)
        if known is None:
            looks = list(_merged(self, item, self.case.looks[item]))
            known = self._guards[item] = _is_guard(self.case, _without_refusals(self, item, looks))
        return known


def holds_data(case: Case, item: Item) -> bool:
    """Whether what is done to an item can matter to anyone but those who take turns by it."""
    looks = case.looks.get(item, [])
    if item.resource.rpartition(".")[2] in LOCKS:
        return False
    if item.key in BOOKKEEPING and any(_is_of_database(case.rows[look[0]]) for look in looks):
        return False
    return not any(case.rows[look[0]][0] in LOCKING for look in (*looks[:1], *looks[-1:]))


def _is_of_database(row: RawRow) -> bool:
    return len(row[1]) > 1 or (row[11] is not None and row[11].unit is not None)


def entries(reading: Reading, item: Item, looks: list[Look]) -> list[Entry]:
    """Return the accesses to an item that count, in order; none if only one unit is concerned."""
    whose = reading.units.whose
    first = whose[looks[0][0]]
    if (first >= 0 or len(looks) == 1) and all(whose[look[0]] == first for look in looks):
        return []
    if not holds_data(reading.case, item):
        return []
    found = list(_merged(reading, item, looks))
    units = dict.fromkeys([entry[1] for entry in found if entry[1] >= 0])
    if len(units) < 2 or all(entry[2] == READ for entry in found):  # noqa: PLR2004 - one alone
        return []
    found = without_stops(reading.case, item, found)
    if reading.strict:
        return found
    found = _without_refusals(reading, item, without_parts(reading.case, item, found))
    return [] if reading.is_guard(item, found) else found


def _merged(reading: Reading, item: Item, looks: list[Look]) -> Iterator[Entry]:
    """Give each access its node, and make one change of a row that reads and writes."""
    whose, rows, strict = reading.units.whose, reading.case.rows, reading.strict
    lone = reading.lone
    before: Entry | None = None
    for number, _, access, version in looks:
        node = whose[number]
        if node == VOID:
            continue
        if node == ALONE:
            if access == READ and not strict and _only_reads(rows[number]):
                continue
            node = lone + number
        elif node == NOBODY and access == READ:
            continue
        if access == READ and is_skipping(rows[number], item):
            continue
        if before is not None:
            if before[0] == number:
                before = (number, node, _both(before[2], access), max(before[3], version))
                continue
            yield before
        before = (number, node, access, version)
    if before is not None:
        yield before


def _both(one: Access, other: Access) -> Access:
    return one if one == other else CHANGE


def _only_reads(row: RawRow) -> bool:
    return all(touch[1] == READ for touch in row[1])


def _without_refusals(reading: Reading, item: Item, found: list[Entry]) -> list[Entry]:
    rows, altering = reading.case.rows, reading.altering(item)
    return [
        each
        for each in found
        if not (each[2] == READ and rows[each[0]][0] in altering) and not _is_message(rows[each[0]])
    ]


def _is_message(row: RawRow) -> bool:
    return row[11] is not None and row[11].message is not None


def _is_guard(case: Case, found: list[Entry]) -> bool:
    """Whether an item is taken and given back by turns, and never read: a lock made of data."""
    taken: int | None = None
    for number, node, access, _ in found:
        if access in (READ, UPDATE):
            return False
        strand = case.rows[number][3]
        if taken is None:
            if access == WRITE:
                return False
            taken = strand
        elif strand == taken or node == NOBODY:
            taken = None
        else:
            return False
    return True


# What was looked at again ------------------------------------------------------------------------


def outlived(reading: Reading, found: list[Entry]) -> dict[int, bool]:
    """Return the rows of looks that were repeated (True), or that repeat one (False)."""
    if reading.strict:
        return {}
    answer: dict[int, bool] = {}
    later: dict[int, Entry] = {}
    for entry in reversed(found):
        number, node, access, version = entry
        if node < 0 or access in (WRITE, UPDATE):
            later.pop(node, None)
            continue
        after = later.get(node)
        if access == READ and after is not None and _repeats(reading, entry, after):
            answer[number] = True
            if after[2] == READ:
                answer.setdefault(after[0], False)
            continue
        if access == CHANGE or after is None or version != after[3]:
            later[node] = entry
    return answer


def _repeats(reading: Reading, look: Entry, after: Entry) -> bool:
    """Whether a unit has looked again in such a way that the first look no longer counts."""
    if after[2] == CHANGE:
        return True
    if look[3] == after[3]:
        return False
    rows = reading.case.rows
    if reading.units.level == "step":
        return True
    waited = rows[look[0]][7] < rows[after[0]][7]
    return waited or any(touch[0].resource.endswith(".lock") for touch in rows[after[0]][1])
