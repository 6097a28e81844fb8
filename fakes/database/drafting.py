"""The short way within a transaction: one row by its key, at read committed.

It is taken where nobody else holds the row; in all other cases the statement
goes the long way, which comes to the same.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pileup.fakes.database.failing import break_off
from pileup.fakes.database.noting import done, note_marks, written
from pileup.fakes.database.quick import Shortcut, newest
from pileup.fakes.database.rows import BLINDLY, IN_VIEW, NEVER, Row, Version, Way
from pileup.fakes.database.statements import Statement
from pileup.fakes.database.tables import Index, Slot, Table
from pileup.fakes.database.verbs import Verbs
from pileup.fakes.database.work import Work
from pileup.fakes.database.writing import changed
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

    def _apply(self) -> Any:
        work = self.work
        work.look_alive()
        version = None if work.read_only else self._write(work, self.table.key.get(self.key))
        if version is None:
            return self.take_long_way(self._long_way())
        self.op.detail = version.text
        if work.engine.sim.marked:
            note_marks(work.engine.sim, self.op, sent=written(version))
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
        if version is None:
            return None
        if version.at == NEVER:
            self.op.touches = self.slot.lock.reads  # nobody else can change its own draft
        self.op.detail = version.text
        if work.engine.sim.marked:
            note_marks(work.engine.sim, self.op, got=version.values)
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
        op = self.op
        touches: Footprint = slot.lock.alters
        blind = op.touches[0] is not slot.reads[0]
        if not blind and row.draft is None:
            touches = slot.relocks
        version = work.redraft(
            row, changed(latest, self.given), slot, Way(blind, self.given.keys())
        )
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
            return _add(work, self.table, self.given, self.slot, self.key, BLINDLY)
        if _free(work, rows, self.table.key, self.key) is None:
            return None
        work.hold_alone(rows[0], self.slot)
        self.op.touches = self.slot.lock.alters
        return work.redraft(rows[0], self.given, self.slot, BLINDLY)

    def _long_way(self) -> Statement[Any]:
        return self.verbs.insert(self.work, self.table.name, self.given, "update", verb="put")


class Insert(Short):
    """Insert a row."""

    __slots__ = ()

    verb = "insert"

    def _write(self, work: Work, rows: list[Row] | None) -> Version | None:
        if rows:
            return None
        return _add(work, self.table, self.given, self.slot, self.key, IN_VIEW)

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
    work: Work, table: Table, values: dict[str, Any], slot: Slot, key: Any, way: Way
) -> Version:
    row = Row(table, values)
    table.add(row)
    work.hold_alone(row, slot)
    version = work.redraft(row, values, slot, way)
    table.key[key] = [row]
    return version
