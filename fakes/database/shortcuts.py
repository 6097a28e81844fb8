"""The verbs of a transaction, which go the short way where they can."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from pileup.fakes.database.drafting import Get, Insert, Put, Short, Update
from pileup.fakes.database.footprints import merged, of_locking, slots_now
from pileup.fakes.database.noting import of_insert, of_unit
from pileup.fakes.database.reading import Asked
from pileup.fakes.database.statements import Statement
from pileup.fakes.database.tables import Table
from pileup.fakes.database.verbs import Verbs
from pileup.fakes.database.wheres import SIMPLE, Condition, Where
from pileup.fakes.database.work import READ_COMMITTED, Work
from pileup.fakes.database.writing import OnConflict

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
        get = Get(self._verbs, work, table, where, None, slot, slot.reads)
        get.op.note = of_unit(work)
        return get

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
        update = Update(self._verbs, work, table, where, changes, slot, touches)
        update.op.note = of_unit(work)
        return update

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
            put = Put(self._verbs, work, table, key, values, slot, slot.lock.alters)
            put.op.note = of_unit(work)
            return put
        inserting = Insert(self._verbs, work, table, key, values, slot, slot.relocks)
        inserting.op.note = of_insert(self._engine, work, table, values)
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
