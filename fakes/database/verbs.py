"""The verbs of SQL, as statements that can be sent: the same for async and sync code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pileup.errors import UsageError
from pileup.fakes.database import footprints as fp
from pileup.fakes.database.engine import Engine
from pileup.fakes.database.noting import of_insert, of_look
from pileup.fakes.database.reading import Asked, Lock, Patience, copied, finds_the_same, select
from pileup.fakes.database.rows import Row, Version
from pileup.fakes.database.statements import Limits, Statement
from pileup.fakes.database.tables import Slot, Table
from pileup.fakes.database.wheres import Condition, OrderBy, Where, ordering
from pileup.fakes.database.work import Work
from pileup.fakes.database.writing import OnConflict, delete, expect_changes, insert, update
from pileup.operations import Footprint


class Verbs:
    """Makes statements for one connection; without a transaction each is one of its own."""

    __slots__ = ("engine", "limits")

    def __init__(self, engine: Engine, limits: Limits) -> None:
        self.engine = engine
        self.limits = limits

    def select(
        self, work: Work | None, name: str, where: Where, asked: Asked
    ) -> Statement[list[tuple[Row, Version]]]:
        """Read rows."""
        return self._reading(work, "select", name, where, asked, copied)

    def get(
        self, work: Work | None, name: str, where: Where, *, for_update: bool = False
    ) -> Statement[Any]:
        """Read one row."""
        asked = Asked(limit=1, lock="update" if for_update else None)
        return self._reading(work, "get", name, where, asked, _only)

    def _reading(
        self,
        work: Work | None,
        verb: str,
        name: str,
        where: Where,
        asked: Asked,
        shape: Callable[[Any], Any],
    ) -> Statement[Any]:
        table = self.engine.table(name)
        _expect_sense(asked)
        ordering(table, asked.order_by)
        condition = Condition(table, where)
        declared = fp.of_reading(table, condition)
        if asked.lock is not None:
            declared += fp.of_locking(fp.slots_now(table, condition))
            verb = f"select for {asked.lock}"
        looks = fp.looked_at(table, condition)
        begin = partial(select, table=table, condition=condition, asked=asked)
        statement = Statement(
            self.engine,
            work,
            verb,
            table,
            begin,
            declared,
            looks,
            shape,
            writes=False,
            limits=self.limits,
            anew=partial(finds_the_same, table=table, condition=condition, asked=asked),
        )
        whole, skips = where is None and asked.limit is None, asked.patience == "skip"
        if whole or skips:
            statement.op.note = of_look(work, whole=whole, skips=skips)
        return statement

    def update(
        self, work: Work | None, name: str, where: Where, changes: Mapping[str, Any]
    ) -> Statement[list[Version]]:
        """Change rows."""
        table = self.engine.table(name)
        expect_changes(table, changes)
        condition = Condition(table, where)
        blind = condition.overlooks(changes) and not any(map(callable, changes.values()))
        begin = partial(update, table=table, condition=condition, changes=changes, blind=blind)
        slots = fp.slots_now(table, condition)
        if any(column in table.watched for column in changes):
            fixed = {name: each for name, each in changes.items() if not callable(each)}
            slots += fp.slots_of_values(table, fixed)
        alone = blind and condition.keyed
        return self._writing(work, "update", table, condition, slots, begin, blind=alone)

    def delete(self, work: Work | None, name: str, where: Where) -> Statement[list[Version]]:
        """Delete rows."""
        table = self.engine.table(name)
        condition = Condition(table, where)
        begin = partial(delete, table=table, condition=condition)
        slots = fp.slots_now(table, condition)
        return self._writing(
            work, "delete", table, condition, slots, begin, blind=condition.is_key_alone
        )

    def insert(
        self,
        work: Work | None,
        name: str,
        row: Mapping[str, Any],
        on_conflict: OnConflict,
        *,
        verb: str = "insert",
    ) -> Statement[Version | None]:
        """Insert a row."""
        table = self.engine.table(name)
        values = table.complete(row)
        slots = fp.slots_of_values(table, values)
        whole = verb == "put"
        begin = partial(insert, table=table, values=values, on_conflict=on_conflict, whole=whole)
        note = None if whole else of_insert(self.engine, work, table, values)
        if on_conflict is not None:
            rivals = table.key.get(table.key.value(values), ())
            slots += [s for each in rivals for s in table.slots_of(None, *each.all_versions())]
        over = whole or on_conflict == "update"  # what is there it replaces without a look
        looks = () if over else tuple([slot.reads[0] for slot in slots])
        shape = _nothing if whole else _copy
        statement = self._write(work, verb, table, slots, begin, looks, shape)
        if note is not None:
            statement.op.note = note
        return statement

    def _writing(
        self,
        work: Work | None,
        verb: str,
        table: Table,
        condition: Condition,
        slots: list[Slot],
        begin: Any,
        *,
        blind: bool,
    ) -> Statement[list[Version]]:
        looks = fp.looked_at(table, condition)
        return self._write(work, verb, table, slots, begin, looks, len, blind=blind)

    def _write(
        self,
        work: Work | None,
        verb: str,
        table: Table,
        slots: list[Slot],
        begin: Any,
        looks: Footprint,
        shape: Callable[[Any], Any],
        *,
        blind: bool = False,
    ) -> Statement[Any]:
        declared = fp.of_changing(table, slots) if work is None else fp.of_locking(slots)
        return Statement(
            self.engine,
            work,
            verb,
            table,
            begin,
            fp.merged(() if blind else looks, declared),
            looks,
            shape,
            writes=True,
            limits=self.limits,
            blind=blind,
        )


def _only(found: list[tuple[Row, Version]]) -> dict[str, Any] | None:
    return found[0][1].copied() if found else None


def _nothing(_: object) -> None:
    return None


def _copy(version: Version | None) -> dict[str, Any] | None:
    return None if version is None else version.copied()


def asked(
    order_by: OrderBy,
    limit: int | None,
    for_update: bool,
    for_share: bool,
    skip_locked: bool,
    nowait: bool,
) -> Asked:
    """Return how rows are asked for, if it makes sense."""
    if (for_update and for_share) or (skip_locked and nowait):
        raise UsageError(
            "A select locks `for_update` or `for_share`, and where a row is locked it either skips "
            "it (`skip_locked`) or fails (`nowait`). Choose one of each pair."
        )
    lock: Lock = "update" if for_update else "share" if for_share else None
    patience: Patience = "skip" if skip_locked else "nowait" if nowait else "wait"
    return Asked(order_by, limit, lock, patience)


def _expect_sense(asked: Asked) -> None:
    if asked.limit is not None and asked.limit < 0:
        raise UsageError(f"`limit` must not be negative; {asked.limit!r} was given.")
    if asked.lock is None and asked.patience != "wait":
        raise UsageError(
            "`skip_locked` and `nowait` say what to do about locked rows, but this select locks "
            "none and so never waits. Add `for_update=True`, or leave them out."
        )
