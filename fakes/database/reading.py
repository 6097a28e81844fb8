"""Statements that read, step by step: each step ends where a row's lock has to be waited for."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from pileup.fakes.database.errors import LockNotAvailable, SerializationFailure
from pileup.fakes.database.rows import Row, Version
from pileup.fakes.database.tables import Slot, Table
from pileup.fakes.database.waits import Wait
from pileup.fakes.database.wheres import Condition, OrderBy, ordering
from pileup.fakes.database.work import Work

T = TypeVar("T")

Steps: TypeAlias = Generator[Wait, None, T]
"""A statement under way: what it waits for, one after another, and its answer."""

Patience: TypeAlias = Literal["wait", "skip", "nowait"]
"""What to do where a row is locked."""


Lock: TypeAlias = Literal["update", "share"] | None
"""In which mode to lock the rows that are read."""


class Asked(NamedTuple):
    """How rows are asked for."""

    order_by: OrderBy = None
    limit: int | None = None
    lock: Lock = None
    patience: Patience = "wait"


def candidates(table: Table, condition: Condition) -> list[Row]:
    """Return the rows that may be meant."""
    if condition.index is None:
        return table.rows
    return list(condition.index.get(condition.value, ()))


def matching(work: Work, table: Table, condition: Condition) -> list[tuple[Row, Version]]:
    """Find the rows that a statement means, as its snapshot shows them."""
    snapshot = work.look()
    rows = candidates(table, condition)
    if work.serial is not None:
        _note_reads(work, table, condition, rows)
    found: list[tuple[Row, Version]] = []
    fits, test = condition.fits, condition.test
    for row in rows:
        versions = row.versions
        if row.draft is None and versions and versions[-1].at <= snapshot:
            version: Version | None = versions[-1]  # as `seen` would say, without asking it
        else:
            version = row.seen(snapshot, work)
        if version is None or version.values is None:
            continue
        if fits(version) if test is None else test(version.copied()):  # as `fits` would say
            found.append((row, version))
    return found


def _note_reads(work: Work, table: Table, condition: Condition, rows: list[Row]) -> None:
    """Let the writers of what is looked at know, and see whose writes are missed."""
    serial, conflicts = work.serial, work.engine.conflicts
    assert serial is not None
    by_index = condition.index is not None
    if condition.index is not None:
        conflicts.look(serial, condition.index.slot(condition.value))
    else:
        conflicts.look(serial, table)
    for row in rows:
        if by_index:
            conflicts.look(serial, row)
        conflicts.miss(serial, _missed(row, serial.snapshot))


def _missed(row: Row, snapshot: int) -> Iterator[Version]:
    return (version for version in row.all_versions() if version.at > snapshot)


def select(
    work: Work, table: Table, condition: Condition, asked: Asked
) -> Steps[list[tuple[Row, Version]]]:
    """Find rows, and lock them if that is asked for."""
    found = matching(work, table, condition)
    found = ordered(table, found, asked.order_by)
    if asked.lock is None:
        return found[: asked.limit]
    taken: list[tuple[Row, Version]] = []
    exclusive = asked.lock == "update"
    for row, version in found:
        if asked.limit is not None and len(taken) >= asked.limit:
            break
        latest = yield from locked(work, row, version, condition, exclusive, asked.patience)
        if latest is not None:
            taken.append((row, latest))
    return taken


def finds_the_same(
    work: Work, answer: list[tuple[Row, Version]], table: Table, condition: Condition, asked: Asked
) -> bool:
    """Whether a select that has locked these rows would find just them if it looked now."""
    found = ordered(table, matching(work, table, condition), asked.order_by)
    return found[: asked.limit] == answer


def locked(
    work: Work,
    row: Row,
    version: Version,
    condition: Condition | None,
    exclusive: bool,
    patience: Patience = "wait",
) -> Steps[Version | None]:
    """Lock a row, and return its newest version; None if that is no longer meant."""
    while True:
        if work.snapshot is not None and row.latest(work) is not version:
            raise _outdated(row)
        if not row.in_the_way(work, exclusive):
            break
        if patience == "skip":
            return None
        cell = key_slot(row).lock
        if patience == "nowait":
            raise LockNotAvailable(
                f"could not obtain lock on row {cell.item.key}, which {cell.item.holder} holds"
            )
        yield Wait(lambda: row.in_the_way(work, exclusive), cell)
    latest = row.latest(work)
    if latest is None or latest.values is None:
        return None
    work.hold(row, exclusive=exclusive)
    if latest is not version and condition is not None and not condition.fits(latest):
        return None
    return latest


def key_slot(row: Row) -> Slot:
    """Return the items that stand for a row."""
    latest = next(each for each in reversed(row.all_versions()) if each.values is not None)
    assert latest.values is not None
    key = row.table.key
    return key.slot(key.value(latest.values))


def _outdated(row: Row) -> SerializationFailure:
    newest = row.versions[-1] if row.versions else None
    what = "delete" if newest is None or newest.values is None else "update"
    return SerializationFailure(
        f"could not serialize access due to concurrent {what} of {key_slot(row).item.key}; "
        "roll back and do all of it again"
        if row.versions
        else f"could not serialize access due to concurrent {what}; do all of it again"
    )


def ordered(
    table: Table, found: list[tuple[Row, Version]], order_by: OrderBy
) -> list[tuple[Row, Version]]:
    """Sort rows as a select wants them; by itself it takes them as they were inserted."""
    is_users_own = callable(order_by)  # who may change what it is given
    for column, greatest_first in reversed(ordering(table, order_by)):
        keyed = [
            (column(version.copied() if is_users_own else version.values or {}), (row, version))
            for row, version in found
        ]
        keyed.sort(key=lambda each: each[0], reverse=greatest_first)
        found = [each for _, each in keyed]
    return found


def copied(found: list[tuple[Row, Version]]) -> list[dict[str, Any]]:
    """Return the rows as objects of the reader's own."""
    return [version.copied() for _, version in found]
