"""The short way for what is asked most: one row by its key, in a transaction of its own.

It is taken where nobody holds the row and nobody needs its old versions; in
all other cases the statement goes the long way, which comes to the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pileup.fakes.database.engine import Engine
from pileup.fakes.database.noting import done, note_marks, of_insert
from pileup.fakes.database.rows import Row, Version
from pileup.fakes.database.statements import Statement
from pileup.fakes.database.tables import Index, Table
from pileup.fakes.database.verbs import Verbs
from pileup.fakes.database.wheres import SIMPLE
from pileup.fakes.database.work import READ_COMMITTED, Work
from pileup.fakes.database.writing import changed
from pileup.notes import Note
from pileup.operations import Footprint, Operation
from pileup.sim.agents import here


class Shortcut:
    """A statement that may take the short way; as any other it returns itself where it waits."""

    __slots__ = ("op", "statement")

    op: Operation
    statement: Statement[Any] | None

    def take_long_way(self, statement: Statement[Any]) -> Any:
        """Arrive as the statement that this comes to where something is in the way."""
        self.statement = statement
        statement.op = self.op
        return self._told(statement.arrive())

    def waiting(self) -> Operation:
        """Return what its caller does now: wait until it can go on."""
        statement = self.statement
        assert statement is not None
        op = statement.waiting()
        go_on = op.apply
        op.apply = lambda: self._told(go_on())
        return op

    def _told(self, answer: Any) -> Any:
        return self if answer is self.statement else answer

    def end(self, error: BaseException | None) -> None:
        """Clean up, if it went the long way."""
        if self.statement is not None:
            self.statement.end(error)


class Quick(Shortcut):
    """A statement of its own transaction. `given` is what it was asked to write."""

    __slots__ = ("given", "key", "strand", "table", "verbs")

    verb: ClassVar[str]

    def __init__(
        self,
        verbs: Verbs,
        table: Table,
        key: Any,  # Any: the user's own value
        given: Mapping[str, Any],
        touches: Footprint,
    ) -> None:
        self.verbs = verbs
        self.table = table
        self.key = key
        self.given = given
        self.statement = None
        self.strand = here.get(None)  # now, because the kernel applies it outside of any agent
        self.op = Operation(self.verb, touches, self._apply)

    def _apply(self) -> Any:
        engine = self.verbs.engine
        if not engine.snapshots and not engine.replicas:
            rows = self.table.key.get(self.key)
            version = self._write(engine, rows[0] if rows else None)
            if version is not None:
                engine.commits += 1
                version.at = engine.commits
                self.op.detail = version.text
                if engine.sim.marked:
                    note_marks(engine.sim, self.op, sent=self._sent(version))
                return self._answer(version)
        statement = self._long_way()
        statement.strand = self.strand
        return self.take_long_way(statement)

    def _write(self, engine: Engine, row: Row | None) -> Version | None:
        """Write at once; None where something is in the way."""
        raise NotImplementedError

    def _answer(self, version: Version) -> Any:
        return None

    def _sent(self, version: Version) -> object:
        values = version.values or {}
        return [values.get(column) for column in self.given]

    def _long_way(self) -> Statement[Any]:
        raise NotImplementedError


class Update(Quick):
    """Change the row with this key."""

    __slots__ = ()

    verb = "update"

    def _write(self, engine: Engine, row: Row | None) -> Version | None:
        if row is None or row.holders:
            return None
        versions = row.versions
        version = Version(changed(versions[0], self.given))
        versions[0] = version
        item = self.op.touches[0].item
        over = row.set_some(self.given.keys(), item.version)
        if over is not None:
            self.op.note = Note(over=((item.name, over),))
        return version

    def _answer(self, version: Version) -> Any:
        return 1

    def _long_way(self) -> Statement[Any]:
        return self.verbs.update(None, self.table.name, self.key, self.given)


class Put(Quick):
    """Insert a row, or replace the one that has its key."""

    __slots__ = ()

    verb = "put"

    def _write(self, engine: Engine, row: Row | None) -> Version | None:
        if row is not None and row.holders:
            return None
        version = Version(dict(self.given))
        if row is None:
            return _add(self.table, self.key, version)
        row.versions[0] = version
        row.set_all()
        return version

    def _long_way(self) -> Statement[Any]:
        return self.verbs.insert(None, self.table.name, self.given, "update", verb="put")


class Insert(Quick):
    """Insert a row."""

    __slots__ = ()

    verb = "insert"

    def _write(self, engine: Engine, row: Row | None) -> Version | None:
        return None if row is not None else _add(self.table, self.key, Version(dict(self.given)))

    def _answer(self, version: Version) -> Any:
        done(self.op)
        return version.copied()

    def _long_way(self) -> Statement[Any]:
        return self.verbs.insert(None, self.table.name, self.given, None)


def _add(table: Table, key: Any, version: Version) -> Version:
    row = Row(table, version.values or {})
    row.versions.append(version)
    table.add(row)
    table.key[key] = [row]
    return version


def getting(engine: Engine, name: str, key: Any) -> Operation | None:
    """Read a row by its key."""
    table = engine.tables.get(name)
    if table is None or not _is_simple(engine, table, key):
        return None
    index = table.key

    def get() -> dict[str, Any] | None:
        version = newest(index, key)
        if version is None:
            return None
        op.detail = version.text
        if engine.sim.marked:
            note_marks(engine.sim, op, got=version.values)
        return version.copied()

    op = Operation("get", index.slot(key).reads, get)
    return op


def newest(index: Index, key: Any, work: Work | None = None) -> Version | None:
    """Return the newest version under a key that is committed, or a transaction's own."""
    for row in index.get(key, ()):
        version = row.latest(work)
        values = None if version is None else version.values
        if values is not None and index.value(values) == key:
            return version
    return None


def updating(
    verbs: Verbs, name: str, key: Any, changes: Mapping[str, Any]
) -> Quick | Statement[Any]:
    """Change a row by its key."""
    table = verbs.engine.tables.get(name)
    if table is None or not _is_simple(verbs.engine, table, key) or not changes:
        return verbs.update(None, name, key, changes)
    blind = True
    for column, change in changes.items():
        if column in table.watched:
            return verbs.update(None, name, key, changes)
        if callable(change):
            blind = False
    if table.columns is not None:
        table.expect(changes)
    slot = table.key.slot(key)
    return Update(verbs, table, key, changes, slot.changes if blind else slot.rechanges)


def putting(verbs: Verbs, name: str, row: Mapping[str, Any]) -> Quick | Statement[Any]:
    """Insert a row, or replace the one that has its key."""
    table = verbs.engine.table(name)
    key = row.get(table.key.columns[0])
    if len(table.indexes) > 1 or not _is_simple(verbs.engine, table, key):
        return verbs.insert(None, name, row, "update", verb="put")
    return Put(verbs, table, key, table.complete(row), table.key.slot(key).changes)


def inserting(verbs: Verbs, name: str, row: Mapping[str, Any]) -> Quick | Statement[Any]:
    """Insert a row."""
    table = verbs.engine.table(name)
    key = row.get(table.key.columns[0])
    if len(table.indexes) > 1 or not _is_simple(verbs.engine, table, key):
        return verbs.insert(None, name, row, None)
    insert = Insert(verbs, table, key, table.complete(row), table.key.slot(key).rechanges)
    insert.op.note = of_insert(verbs.engine, None, table, insert.given)
    return insert


def _is_simple(engine: Engine, table: Table, key: Any) -> bool:
    simple = type(key) in SIMPLE and table.key.column is not None
    return simple and engine.isolation == READ_COMMITTED
