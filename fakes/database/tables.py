"""Tables: the rows, the unique indexes that find them, and the items that they are to others.

Every value of a unique index is a slot with two items: `accounts/1` is what
readers see and commits change, and the same in the resource `database.lock`
is what open transactions hold each other up with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from pileup.errors import UsageError
from pileup.fakes._port import Cell, Cells
from pileup.fakes.database.errors import NotNullViolation
from pileup.fakes.database.meant import meant
from pileup.fakes.database.rows import Row, Values, Version, own
from pileup.operations import Footprint

Columns: TypeAlias = str | Sequence[str]
"""One column, or several that only together are unique."""


class Items:
    """The items of one database."""

    def __init__(self, cells: Cells, locks: Cells, snapshots: Cell, serial: Cell) -> None:
        self.cells = cells
        self.locks = locks
        self.commits = snapshots
        """What a snapshot is of: every commit moves it, and taking a snapshot reads it."""
        self.serial = serial
        """Which serializable transactions have read what others wrote."""


class Slot(Cell):
    """One value of a unique index, with the footprints of what is done to it."""

    __slots__ = ("_commits", "_recommits", "_relocks", "changes", "lock", "rechanges")

    def __init__(self, cell: Cell, lock: Cell, table: Footprint) -> None:
        self.item, self.reads = cell.item, cell.reads
        self.writes, self.updates, self.alters = cell.writes, cell.updates, cell.alters
        self.lock = lock
        self.changes = cell.writes + lock.reads + table
        """What a statement touches that is a transaction of its own."""
        self.rechanges = cell.alters + self.changes[1:]
        """The same where what it writes depends on what was there."""
        self._relocks: Footprint = ()
        self._commits: Footprint = ()
        self._recommits: Footprint = ()

    @property
    def relocks(self) -> Footprint:
        """What a transaction touches that drafts a row, where that depends on what was there."""
        touches = self._relocks
        if not touches:
            touches = self._relocks = self.reads + self.lock.alters
        return touches

    @property
    def commits(self) -> Footprint:
        """What the commit of a draft touches that was made without looking."""
        touches = self._commits
        if not touches:
            touches = self._commits = self.writes + self.changes[2:] + self.lock.alters
        return touches

    @property
    def recommits(self) -> Footprint:
        """The same of one that was made in view of what it replaces."""
        touches = self._recommits
        if not touches:
            touches = self._recommits = self.alters + self.changes[2:] + self.lock.alters
        return touches


class Index(dict[Any, list[Row]]):
    """The rows by the value of their unique columns. Any: whatever the user has there."""

    def __init__(self, table: Table, columns: tuple[str, ...], label: str) -> None:
        super().__init__()
        self.table = table
        self.columns = columns
        self.column = columns[0] if len(columns) == 1 else None
        self.label = label
        self.slots: dict[Any, Slot] = {}

    def value(self, values: Values) -> Any:
        """Return a row's value in this index; None for one that excludes nobody."""
        if self.column is not None:
            return values.get(self.column)
        value = tuple([values.get(each) for each in self.columns])
        return None if None in value else value

    def slot(self, value: Any) -> Slot:
        """Return the items of a value."""
        slot = self.slots.get(value)
        if slot is None:
            name = f"{self.label}{_spelled(value)}"
            items, table = self.table.items, self.table
            changed = table.whole.updates + items.commits.updates
            slot = self.slots[value] = Slot(items.cells[name], items.locks[name], changed)
        return slot

    def add(self, value: Any, row: Row) -> None:
        """Let a row be found under a value."""
        rows = self.setdefault(value, [])
        if row not in rows:
            rows.append(row)

    def drop(self, value: Any, row: Row) -> None:
        """Let a row no longer be found under a value, if it was."""
        rows = self.get(value)
        if rows is not None and row in rows:
            rows.remove(row)
            if not rows:
                del self[value]


class Table:
    """One table. `key` is a unique index that no row may do without."""

    def __init__(
        self,
        name: str,
        items: Items,
        key: Columns,
        unique: Iterable[Columns],
        columns: Iterable[str] | None,
    ) -> None:
        self.name = name
        self.items = items
        self.whole = items.cells[name]
        self._rows: dict[Row, None] = {}
        self._order: list[Row] | None = None
        self.columns = None if columns is None else (*dict.fromkeys(columns),)
        self.key = Index(self, _several(key), f"{name}/")
        self.indexes = (self.key, *(self._unique(_several(each)) for each in unique))
        watched = [column for index in self.indexes for column in index.columns]
        self.watched = dict.fromkeys(watched)
        """The columns on which a unique index depends."""
        self.expect(self.watched)

    def _unique(self, columns: tuple[str, ...]) -> Index:
        return Index(self, columns, f"{self.name}/{','.join(columns)}=")

    def add(self, row: Row) -> None:
        """Take a row in."""
        self._rows[row] = None
        self._order = None

    @property
    def rows(self) -> list[Row]:
        """All rows in order of their keys, because who came first must make no difference.

        If it did, two inserts would not commute, and every one would exclude all others.
        """
        if self._order is None:
            try:
                self._order = sorted(self._rows, key=lambda row: row.rank)
            except TypeError:
                self._order = sorted(self._rows, key=lambda row: str(row.rank))
        return self._order

    def expect(self, columns: Iterable[str]) -> None:
        """Refuse columns that the table does not have, where it was said which it has."""
        if self.columns is None:
            return
        for column in columns:
            if column not in self.columns:
                raise UsageError(
                    f"The table {self.name!r} has no column {column!r}"
                    f"{meant(column, self.columns)}. Its columns were given to "
                    f"`db.table({self.name!r}, columns=...)`: {', '.join(self.columns)}."
                )

    def complete(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row to be stored, in which every declared column has a value."""
        self.expect(values)
        if self.columns is not None:
            return own({column: values.get(column) for column in self.columns})
        return own(values)

    def refuse_nulls(self, values: Values) -> None:
        """Refuse a row without a key."""
        for column in self.key.columns:
            if values.get(column) is None:
                raise NotNullViolation(
                    f"null value in column {column!r} of table {self.name!r} violates not-null "
                    f"constraint. Give the row a key; `await db.next('{self.name}_{column}')` "
                    "draws one from a sequence."
                )

    def index_for(self, columns: Iterable[str]) -> Index | None:
        """Return a unique index that finds at most one row with values in these columns."""
        known = dict.fromkeys(columns)
        return next((ix for ix in self.indexes if all(each in known for each in ix.columns)), None)

    def slots_of_row(self, row: Row) -> list[Slot]:
        """Return the slots of all versions of a row, kept as long as it stays as it is."""
        versions = row.versions
        if row.draft is not None or not versions:
            return self.slots_of(None, *row.all_versions())
        known = row.slots
        if known is None or known[0] is not versions[-1] or known[1] != len(versions):
            known = row.slots = (versions[-1], len(versions), self.slots_of(None, *versions))
        return known[2]

    def slots_of(self, *versions: Version | None) -> list[Slot]:
        """Return the slots of a row that one of its versions has and the others have not.

        The slot of the key is always the first, because it stands for the row.
        """
        kept = [each.values for each in versions if each is not None and each.values is not None]
        if len(self.indexes) == 1:
            return self._slots(self.key, kept)
        slots: list[Slot] = []
        for index in self.indexes:
            found = self._slots(index, kept)
            if index is self.key or len(found) != 1 or len(kept) != len(versions):
                slots += found
        return slots

    def _slots(self, index: Index, kept: Sequence[Values]) -> list[Slot]:
        slots: list[Slot] = []
        for values in kept:
            value = index.value(values)
            if value is not None and (slot := index.slot(value)) not in slots:
                slots.append(slot)
        return slots

    def forget(self, row: Row, gone: Iterable[Version]) -> None:
        """Take versions that nobody can see any more out of the indexes."""
        left = [each.values for each in row.all_versions() if each.values is not None]
        for version in gone:
            if version.values is None:
                continue
            for index in self.indexes:
                value = index.value(version.values)
                if all(index.value(values) != value for values in left):
                    index.drop(value, row)
        if not left and row in self._rows:
            del self._rows[row]
            self._order = None


def _several(columns: Columns) -> tuple[str, ...]:
    return (columns,) if isinstance(columns, str) else tuple(columns)


def _spelled(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
