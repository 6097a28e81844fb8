"""Statements that write, step by step: each step ends where somebody else has to be waited for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Literal, TypeAlias

from pileup.errors import UsageError
from pileup.fakes.database.errors import (
    ReadOnlyTransaction,
    SerializationFailure,
    UniqueViolation,
)
from pileup.fakes.database.reading import Steps, locked, matching
from pileup.fakes.database.rows import BLINDLY, IN_VIEW, Row, Version, Way
from pileup.fakes.database.ssi import Looked
from pileup.fakes.database.tables import Index, Table
from pileup.fakes.database.waits import Wait
from pileup.fakes.database.wheres import Condition
from pileup.fakes.database.work import Work

OnConflict: TypeAlias = Literal["nothing", "update"] | None
"""What an insert does where the row is there already: fail, nothing, or update that row."""


def expect_may_write(work: Work, verb: str) -> None:
    """Refuse to write where only reading was promised."""
    if work.read_only:
        raise ReadOnlyTransaction(
            f"cannot execute {verb.upper()} in a read-only transaction; begin it without "
            "`read_only=True`"
        )


def update(
    work: Work, table: Table, condition: Condition, changes: Mapping[str, Any], *, blind: bool
) -> Steps[list[Version]]:
    """Change the rows that are meant, each in its newest version."""
    done: list[Version] = []
    for row, version in matching(work, table, condition):
        expect_may_write(work, "update")
        latest = yield from locked(work, row, version, condition, exclusive=True)
        if latest is not None:
            values = changed(latest, changes)
            table.refuse_nulls(values)
            done.append((yield from write(work, row, values, Way(blind, changes.keys()))))
    return done


def delete(work: Work, table: Table, condition: Condition) -> Steps[list[Version]]:
    """Delete the rows that are meant."""
    done: list[Version] = []
    for row, version in matching(work, table, condition):
        expect_may_write(work, "delete")
        latest = yield from locked(work, row, version, condition, exclusive=True)
        if latest is not None:
            done.append((yield from write(work, row, None, Way(condition.is_key_alone))))
    return done


def changed(version: Version, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row holds after an update: values, or what functions make of the old row."""
    assert version.values is not None
    values = dict(version.values)
    for column, change in changes.items():
        values[column] = change(version.copied()) if callable(change) else change
    return values


def write(work: Work, row: Row, values: dict[str, Any] | None, way: Way) -> Steps[Version]:
    """Draft a row that is locked already, as soon as its unique columns exclude nobody."""
    before = row.latest(work)
    version = work.draft(row, values, way)
    if work.serial is not None:
        work.engine.conflicts.write(work.serial, _places(row, before, version))
    if values is not None:
        yield from _claim(work, row, before, values)
    return version


def _places(row: Row, *versions: Version | None) -> Iterator[Looked]:
    """Find where others may have looked, who would have seen this write."""
    yield row
    yield row.table
    yield from row.table.slots_of(*versions)


def _claim(work: Work, row: Row, before: Version | None, values: Mapping[str, Any]) -> Steps[None]:
    """Let a row be found under its new values, one index after another.

    Each has to wait until no other row can have the same value. Whoever waits
    is not in that index yet, so two who wait for a third are not in each other's way.
    """
    for index in row.table.indexes:
        value = index.value(values)
        old = None if before is None or before.values is None else index.value(before.values)
        if value is None or value == old:
            continue
        rival = yield from rival_of(work, index, value, row)
        if rival is not None:
            raise UniqueViolation(
                "duplicate key value violates unique constraint: "
                f"{index.slot(value).item.key} exists already"
            )
        index.add(value, row)


def rival_of(work: Work, index: Index, value: Any, row: Row | None) -> Steps[Row | None]:
    """Return the other row with this value, once it is certain whether there is one."""
    while True:
        pending, rival = _rivals(work, index, value, row)
        if not pending:
            return rival
        yield Wait(partial(_pending, work, index, value, row), index.slot(value).lock)


def _pending(work: Work, index: Index, value: Any, row: Row | None) -> list[Work]:
    return _rivals(work, index, value, row)[0]


def _rivals(work: Work, index: Index, value: Any, row: Row | None) -> tuple[list[Work], Row | None]:
    """Tell who may yet have a row with this value, and which row has it for certain."""
    pending: list[Work] = []
    for other in index.get(value, ()):
        if other is row:
            continue
        owner = other.owner()
        drafts = owner is not None and owner is not work
        versions = [*other.versions[-1:], other.draft] if drafts else [other.latest(work)]
        has = any(
            each is not None and each.values is not None and index.value(each.values) == value
            for each in versions
        )
        if drafts and (has or not other.versions):  # it may have deleted what it inserted
            assert owner is not None
            pending.append(owner)
        elif has:
            return [], other
    return pending, None


def insert(
    work: Work, table: Table, values: dict[str, Any], on_conflict: OnConflict, *, whole: bool
) -> Steps[Version | None]:
    """Insert a row; with `whole`, a conflicting one is replaced and not only updated."""
    snapshot = work.look()
    expect_may_write(work, "insert")
    table.refuse_nulls(values)
    while on_conflict is not None:
        rival = yield from _conflicting(work, table, values, on_conflict)
        if rival is None:
            break
        if work.snapshot is not None and rival.seen(snapshot, work) is not rival.latest(work):
            raise SerializationFailure("could not serialize access due to concurrent update")
        if on_conflict == "nothing":
            return None
        version = rival.latest(work)
        assert version is not None
        latest = yield from locked(work, rival, version, None, exclusive=True)
        if latest is version:
            new = values if whole else {**(latest.values or {}), **values}
            way = BLINDLY if whole else Way(blind=True, columns=values.keys())
            return (yield from write(work, rival, new, way))
    row = Row(table, values)
    table.add(row)
    return (yield from write(work, row, values, BLINDLY if whole else IN_VIEW))


def _conflicting(
    work: Work, table: Table, values: Mapping[str, Any], on_conflict: OnConflict
) -> Steps[Row | None]:
    """Return the row that an insert would meet: by any unique column, or by key for an update."""
    for index in table.indexes if on_conflict == "nothing" else (table.key,):
        value = index.value(values)
        if value is not None:
            rival = yield from rival_of(work, index, value, None)
            if rival is not None:
                return rival
    return None


def expect_changes(table: Table, changes: Mapping[str, Any]) -> None:
    """Refuse an update that says nothing, or that names what is not there."""
    table.expect(changes)
    if not changes:
        raise UsageError(
            f"An update of {table.name!r} without any change: name the columns, as in "
            f'db.update({table.name!r}, 1, status="done").'
        )
