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

Left out in both are items that hold no data. Those are **locks** (acquired and
released by those names, or of a resource called `lock`, or never read and
changed in pairs by whoever has just taken them), agents (one waits for
another to end), and a database's count of its commits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

from pileup.detectors.case import Case, Look
from pileup.detectors.units import ALONE, NOBODY, VOID, Units
from pileup.history import RawRow
from pileup.operations import CHANGE, READ, UPDATE, WRITE, Access, Item

Entry: TypeAlias = tuple[int, int, Access, int]
"""One access that counts: the row, the node of its unit, how, and which version."""

LOCKS: Final = frozenset(("lock", "locks", "wakeup", "agent"))
"""Resources that hold no data, by the last part of their names."""
LOCKING: Final = frozenset(("acquire", "release", "lock", "unlock"))
BOOKKEEPING: Final = frozenset(("commits", "serializable"))
CONTENTS: Final = ("#", "{")
"""How the detail of a read begins that took in all parts of an item, not their names or number."""


class Reading(NamedTuple):
    """How a history is read: at which level, how strictly, and which node a lone row gets."""

    case: Case
    units: Units
    strict: bool
    node_of: Callable[[int], int]


def holds_data(case: Case, item: Item, looks: list[Look]) -> bool:
    """Whether what is done to an item can matter to anyone but those who take turns by it."""
    if item.resource.rpartition(".")[2] in LOCKS:
        return False
    if item.key in BOOKKEEPING and any(_is_of_database(case.rows[look[0]]) for look in looks):
        return False
    return not any(case.rows[look[0]][0] in LOCKING for look in (looks[0], looks[-1]))


def _is_of_database(row: RawRow) -> bool:
    return len(row[1]) > 1 or (row[11] is not None and row[11].unit is not None)


def entries(reading: Reading, item: Item, looks: list[Look]) -> list[Entry]:
    """Return the accesses to an item that count, in order; none if only one unit is concerned."""
    first = looks[0][1]
    if all(look[1] == first for look in looks) and not _is_of_several(reading, looks):
        return []
    found = list(_merged(reading, looks))
    units = dict.fromkeys([node for _, node, _, _ in found if node >= 0])
    written = any(access != READ for _, _, access, _ in found)
    if len(units) < 2 or not written or not holds_data(reading.case, item, looks):  # noqa: PLR2004
        return []
    if reading.strict:
        return found
    found = _without_parts(reading.case, item, found)
    found = _without_refusals(reading.case, found)
    return [] if _is_guard(reading.case, found) else found


def _is_of_several(reading: Reading, looks: list[Look]) -> bool:
    whose = reading.units.whose
    first = whose[looks[0][0]]
    return any(whose[look[0]] != first for look in looks)


def _merged(reading: Reading, looks: list[Look]) -> Iterator[Entry]:
    """Give each access its node, and make one change of a row that reads and writes."""
    whose, rows, strict = reading.units.whose, reading.case.rows, reading.strict
    before: Entry | None = None
    for number, _, access, version in looks:
        node = whose[number]
        if node == VOID:
            continue
        if node == ALONE:
            if access == READ and not strict and _only_reads(rows[number]):
                continue
            node = reading.node_of(number)
        elif node == NOBODY and access == READ:
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


def _without_parts(case: Case, item: Item, found: list[Entry]) -> list[Entry]:
    """Leave out what is done to a whole by changing a part of it, for those who saw no part.

    A dictionary's `len`, or a scan for other rows of a table, need not have
    come out otherwise; who has taken in the contents has.
    """
    if not any(_changes_part(case.rows[each[0]], item) for each in found if each[2] == UPDATE):
        return found
    return [each for each in found if each[2] != READ or _takes_in(case.rows[each[0]])]


def _changes_part(row: RawRow, item: Item) -> bool:
    """Whether a row changes a part of what this item is the whole of."""
    return any(
        other.resource == item.resource
        and other is not item
        and access != READ
        and (not item.key or other.key.startswith(f"{item.key}/"))
        for other, access in row[1]
    )


def _takes_in(row: RawRow) -> bool:
    if row[11] is not None and row[11].whole:
        return True
    return len(row[1]) == 1 and isinstance(row[9], str) and row[9].startswith(CONTENTS)


def _without_refusals(case: Case, found: list[Entry]) -> list[Entry]:
    rows = case.rows
    altering = dict.fromkeys([rows[each[0]][0] for each in found if each[2] != READ])
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
