"""What statements touch: as far as it can be told beforehand, and exactly when they are done.

Reads touch rows, and the whole table where they look for rows by anything but
a unique column. A transaction's writes touch only locks, because nobody sees
them; its commit writes the rows, and updates their tables. A statement that is
a transaction of its own does both at once. A snapshot reads `commits`, which
every commit updates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pileup.fakes._port import Cell
from pileup.fakes.database.reading import candidates
from pileup.fakes.database.rows import Row, Version
from pileup.fakes.database.tables import Slot, Table
from pileup.fakes.database.wheres import Condition
from pileup.fakes.database.work import READ_COMMITTED, Isolation, Work
from pileup.operations import CHANGE, UPDATE, Footprint, Item, Touch


def looked_at(table: Table, condition: Condition) -> Footprint:
    """Return where a statement looks for its rows."""
    if condition.index is None:
        return table.whole.reads
    return condition.index.slot(condition.value).reads


def slots_now(table: Table, condition: Condition) -> list[Slot]:
    """Return the slots of all rows that a statement may find, as things stand."""
    rows = candidates(table, condition)
    slots = [slot for row in rows for slot in table.slots_of_row(row)]
    if condition.index is not None:
        slots.append(condition.index.slot(condition.value))
    return list(dict.fromkeys(slots))


def slots_of_values(table: Table, values: Mapping[str, Any]) -> list[Slot]:
    """Return the slots that a row with these values would take."""
    found = [(index, index.value(values)) for index in table.indexes]
    return [index.slot(value) for index, value in found if value is not None]


def of_reading(table: Table, condition: Condition) -> Footprint:
    """Return what a select may touch."""
    exact = condition.index is table.key
    return looked_at(table, condition) + (() if exact else table.whole.reads)


def of_locking(slots: Iterable[Slot]) -> Footprint:
    """Return what a transaction touches that locks or drafts rows with these slots."""
    return tuple([slot.lock.alters[0] for slot in slots])


def of_changing(table: Table, slots: Iterable[Slot]) -> Footprint:
    """Return what a statement touches that is a transaction of its own."""
    touches: list[Touch] = []
    for slot in slots:
        touches += (slot.writes[0], slot.lock.reads[0])
    return (*touches, *table.whole.updates, *table.items.commits.updates)


def of_isolation(
    work: Work | None, isolation: Isolation, table: Table, *, writes: bool
) -> Footprint:
    """Return what a statement touches for its snapshot's sake, and for that of serializability."""
    touches: Footprint = ()
    if isolation != READ_COMMITTED:
        if work is None or work.snapshot is None:
            touches += table.items.commits.reads
        if isolation == "serializable":
            touches += table.items.serial.alters + of_predicates(table, writes=writes)
    return touches


def of_predicates(table: Table, *, writes: bool) -> Footprint:
    """Return what a serializable statement touches for those who look at the whole table."""
    cell = table.items.locks[table.name]
    return cell.updates if writes else cell.reads


def of_rows(found: Iterable[tuple[Row, Version]]) -> Footprint:
    """Return the reads of rows that were found."""
    touches: list[Touch] = []
    for row, version in found:
        key = row.table.key
        assert version.values is not None
        touches.append(key.slot(key.value(version.values)).reads[0])
    return tuple(touches)


def of_cells(cells: Iterable[Cell]) -> Footprint:
    """Return the changes of cells."""
    return tuple([cell.alters[0] for cell in cells])


def merged(*footprints: Footprint) -> Footprint:
    """Return them all as one, each touch once."""
    return tuple(dict.fromkeys([touch for each in footprints for touch in each]))


def settled(touches: Footprint) -> Footprint:
    """Say of what was looked at and written over, in one, that it was changed."""
    found: dict[Item, Touch] = {}
    more: list[Touch] = []
    for touch in touches:
        known = found.setdefault(touch.item, touch)
        if UPDATE in (known.access, touch.access):
            if known is not touch:
                more.append(touch)
        elif known.access != touch.access:
            found[touch.item] = Touch(touch.item, CHANGE)
    return (*found.values(), *more)


def as_seen(work: Work, touches: Footprint, drafts: int) -> Footprint:
    """Say what a transaction has seen in fact: its first drafts, or rows as in its snapshot."""
    if drafts:
        drafted = work.drafted(drafts)
        touches = tuple([drafted.get(touch.item, touch) for touch in touches])
    snapshot = work.snapshot
    return touches if snapshot is None else work.engine.as_of(touches, snapshot)
