"""The short way within a transaction: one row by its key, at read committed.

It is taken where nobody else holds the row; in all other cases the statement
goes the long way, which comes to the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias

from pileup.fakes.database.footprints import merged, of_locking, slots_now
from pileup.fakes.database.noting import done, of_insert, of_unit
from pileup.fakes.database.quick import Shortcut, newest
from pileup.fakes.database.reading import Asked
from pileup.fakes.database.rows import Row, Version
from pileup.fakes.database.statements import Statement, break_off
from pileup.fakes.database.tables import Index, Slot, Table
from pileup.fakes.database.verbs import Verbs
from pileup.fakes.database.wheres import SIMPLE, Condition, Where
from pileup.fakes.database.work import READ_COMMITTED, Work
from pileup.fakes.database.writing import OnConflict, changed
from pileup.operations import Footprint, Operation


class Short(Shortcut):
    """A statement of a transaction about one row. `given` is what it was asked to write."""

    __slots__ = ("given", "key", "slot", "table", "verbs", "work")

    verb: ClassVar[str]

    def __init__(
        self,
        verbs: Verbs,
        work: Work,
        table: Table,
        key: Any,  # Any: the user's own value
        given: Any,
        slot: Slot,
        touches: Footprint,
    ) -> None:
        self.verbs = verbs
        self.work = work
        self.table = table
        self.key = key
        self.given = given
        self.slot = slot
        self.statement = None
        self.op = Operation(self.verb, touches, self._apply)
        self.op.note = of_unit(work)

    def _apply(self) -> Any:
        work = self.work
        work.look_alive()
        version = None if work.read_only else self._write(work, self.table.key.get(self.key))
        if version is None:
            return self.take_long_way(self._long_way())
        self.op.detail = version.text
        return self._answer(version)

    def _write(self, work: Work, rows: list[Row] | None) -> Version | None:
        """Write at once; None where something is in the way."""
        raise NotImplementedError

    def _answer(self, version: Version) -> Any:
        return None

    def _long_way(self) -> Statement[Any]:
        raise NotImplementedError

    def end(self, error: BaseException | None) -> None:
        """Clean up after an answer, or after an error, which its client has just heard of."""
        if self.statement is not None:
            self.statement.end(error)
        elif error is not None:
            break_off(self.work, error)


class Get(Short):
    """Read the row with this key."""

    __slots__ = ()

    verb = "get"

    def _apply(self) -> dict[str, Any] | None:
        work = self.work
        work.look_alive()
        version = newest(self.table.key, self.key, work)
        if work.drafts and self.slot.item in work.drafted:
            self.op.touches = self.slot.lock.reads  # nobody else can change what it has drafted
        if version is None:
            return None
        self.op.detail = version.text
        return version.copied()


class Update(Short):
    """Change the row with this key."""

    __slots__ = ()

    verb = "update"

    def _write(self, work: Work, rows: list[Row] | None) -> Version | None:
        latest = _free(work, rows, self.table.key, self.key)
        if latest is None or rows is None:
            return None
        row, slot = rows[0], self.slot
        work.hold_alone(row, slot)  # also where a function of the user's then raises
        op, touches = self.op, slot.lock.alters
        blind = op.touches[0] is not slot.reads[0]
        if not blind and slot.item not in work.drafted:
            touches = slot.relocks
        version = work.redraft(row, changed(latest, self.given), slot, blind=blind)
        op.touches = touches
        return version

    def _answer(self, version: Version) -> int:
        return 1

    def _long_way(self) -> Statement[Any]:
        return self.verbs.update(self.work, self.table.name, self.key, self.given)


class Put(Short):
    """Insert a row, or replace the one that has its key."""

    __slots__ = ()

    verb = "put"

    def _write(self, work: Work, rows: list[Row] | None) -> Version | None:
        if not rows:
            return _add(work, self.table, self.given, self.slot, self.key, blind=True)
        if _free(work, rows, self.table.key, self.key) is None:
            return None
        work.hold_alone(rows[0], self.slot)
        self.op.touches = self.slot.lock.alters
        return work.redraft(rows[0], self.given, self.slot, blind=True)

    def _long_way(self) -> Statement[Any]:
        return self.verbs.insert(self.work, self.table.name, self.given, "update", verb="put")


class Insert(Short):
    """Insert a row."""

    __slots__ = ()

    verb = "insert"

    def _write(self, work: Work, rows: list[Row] | None) -> Version | None:
        if rows:
            return None
        return _add(work, self.table, self.given, self.slot, self.key, blind=False)

    def _answer(self, version: Version) -> dict[str, Any]:
        done(self.op)
        return version.copied()

    def _long_way(self) -> Statement[Any]:
        return self.verbs.insert(self.work, self.table.name, self.given, None)


def _free(work: Work, rows: list[Row] | None, index: Index, key: Any) -> Version | None:
    """Return the newest version of the one row under a key, if nobody else holds that."""
    if not rows or len(rows) > 1:
        return None
    row = rows[0]
    holders = row.holders
    if holders and (len(holders) > 1 or work not in holders):
        return None
    latest = row.latest(work)
    values = None if latest is None else latest.values
    return latest if values is not None and index.value(values) == key else None


def _add(
    work: Work, table: Table, values: dict[str, Any], slot: Slot, key: Any, *, blind: bool
) -> Version:
    row = Row(table, values)
    table.add(row)
    work.hold_alone(row, slot)
    version = work.redraft(row, values, slot, blind=blind)
    table.key[key] = [row]
    return version


Sent: TypeAlias = Short | Statement[Any]
"""A statement of a transaction, on the short way or on the long one."""


class Shortcuts:
    """The verbs of a transaction, which go the short way where they can."""

    __slots__ = ("_engine", "_verbs")

    def __init__(self, verbs: Verbs) -> None:
        self._engine = verbs.engine
        self._verbs = verbs

    def select(self, work: Work | None, name: str, where: Where, asked: Asked) -> Sent:
        """Read rows."""
        return self._verbs.select(work, name, where, asked)

    def delete(self, work: Work | None, name: str, where: Where) -> Sent:
        """Delete rows."""
        return self._verbs.delete(work, name, where)

    def get(self, work: Work | None, name: str, where: Where, *, for_update: bool = False) -> Sent:
        """Read one row."""
        table = self._engine.tables.get(name)
        if for_update or table is None or work is None or not _is_short(work, table, where):
            return self._verbs.get(work, name, where, for_update=for_update)
        slot = table.key.slot(where)
        return Get(self._verbs, work, table, where, None, slot, slot.reads)

    def update(
        self, work: Work | None, name: str, where: Where, changes: Mapping[str, Any]
    ) -> Sent:
        """Change rows."""
        table = self._engine.tables.get(name)
        if table is None or work is None or not changes or not _is_short(work, table, where):
            return self._verbs.update(work, name, where, changes)
        blind = True
        for column, change in changes.items():
            if column in table.watched:
                return self._verbs.update(work, name, where, changes)
            if callable(change):
                blind = False
        if table.columns is not None:
            table.expect(changes)
        slot = table.key.slot(where)
        touches = slot.lock.alters if blind else slot.relocks
        if not _is_settled(table, where):
            slots = slots_now(table, Condition(table, where))
            touches = merged(() if blind else slot.reads, of_locking(slots))
        return Update(self._verbs, work, table, where, changes, slot, touches)

    def insert(
        self,
        work: Work | None,
        name: str,
        row: Mapping[str, Any],
        on_conflict: OnConflict,
        *,
        verb: str = "insert",
    ) -> Sent:
        """Insert a row."""
        table = self._engine.table(name)
        key = row.get(table.key.columns[0])
        whole = verb == "put"
        simple = (
            work is not None
            and (whole or on_conflict is None)
            and _is_short(work, table, key)
            and _is_settled(table, key)
        )
        if not simple or work is None:
            return self._verbs.insert(work, name, row, on_conflict, verb=verb)
        slot, values = table.key.slot(key), table.complete(row)
        if whole:
            return Put(self._verbs, work, table, key, values, slot, slot.lock.alters)
        inserting = Insert(self._verbs, work, table, key, values, slot, slot.relocks)
        inserting.op.note = of_insert(work, table, values)
        return inserting


def _is_short(work: Work, table: Table, key: Any) -> bool:
    simple = type(key) in SIMPLE and table.key.column is not None
    return simple and work.isolation == READ_COMMITTED


def _is_settled(table: Table, key: Any) -> bool:
    """Whether the key stands for all that a row under it has been, to every unique index."""
    if len(table.indexes) > 1:
        return False
    index = table.key
    for row in index.get(key, ()):
        for version in row.all_versions():
            if version.values is not None and index.value(version.values) != key:
                return False
    return True
