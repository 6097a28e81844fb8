"""Which rows are meant: a key, equalities of columns, a function of the row, or all of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeAlias

from pileup.errors import UsageError
from pileup.fakes.database.rows import Version
from pileup.fakes.database.tables import Index, Table

Where: TypeAlias = Any
"""A key (1), equalities ({"status": "open"}), a function of the row, or None for all rows."""

OrderBy: TypeAlias = str | Sequence[str] | Callable[[dict[str, Any]], Any] | None
"""Columns, "-created" for the greatest first, or a function of the row."""

SIMPLE: Final = frozenset((int, str))
"""Types of keys that need no second look."""


class Condition:
    """What a statement asks of rows. `index` finds the one row that it can be, if any can tell."""

    __slots__ = ("_equal", "index", "keyed", "test", "value")

    def __init__(self, table: Table, where: Where) -> None:
        self.index: Index | None = None
        self.value: Any = None
        self.test: Callable[[dict[str, Any]], Any] | None = None  # of a row's copy
        self._equal: Mapping[str, Any] = {}
        self.keyed = False
        """Whether it says which key is meant, and so which row."""
        if type(where) in SIMPLE and table.key.column is not None:  # most are of this kind
            self.index, self.value, self.keyed = table.key, where, True
            self._equal = {table.key.column: where}
            return
        if callable(where):
            self.test = where
        elif isinstance(where, Mapping):
            self._find(table, where)
        elif where is not None:
            self._find(table, _keyed(table, where))

    def _find(self, table: Table, equal: Mapping[str, Any]) -> None:
        table.expect(equal)
        self._equal = equal
        index = table.index_for(equal)
        if index is None:
            return
        value = index.value(equal)
        try:
            found = value in index
        except TypeError:
            raise UsageError(
                f"{value!r} cannot be a value of {', '.join(index.columns)} in {table.name!r}, "
                "because it cannot be hashed. A key is a number, a text, or a tuple of those."
            ) from None
        if found or value is not None:
            self.index, self.value = index, value
            self.keyed = index is table.key

    def overlooks(self, columns: Collection[str]) -> bool:
        """Whether it says nothing of these columns, so that who sets them has not looked at them.

        `where id = 1 and tenant = 'a'` overwrites a balance unseen as `where id = 1` does;
        `and version = 7` has looked, where the version is set as well.
        """
        return self.test is None and self._besides.isdisjoint(columns)

    @property
    def is_key_alone(self) -> bool:
        """Whether it asks for a key and for nothing else."""
        return self.keyed and not self._besides

    @property
    def _besides(self) -> set[str]:
        """The columns that it asks for beside the key."""
        key = self.index.columns if self.keyed and self.index is not None else ()
        return {column for column in self._equal if column not in key}

    def fits(self, version: Version) -> bool:
        """Whether a row is meant."""
        values = version.values
        if values is None:
            return False
        if self.test is not None:
            return bool(self.test(version.copied()))
        for column, wanted in self._equal.items():
            if values.get(column) != wanted or wanted is None:
                return False  # as in SQL, where nothing equals NULL
        return True


def _keyed(table: Table, key: Any) -> Mapping[str, Any]:
    columns = table.key.columns
    if len(columns) == 1:
        return {columns[0]: key}
    if not isinstance(key, tuple) or len(key) != len(columns):
        raise UsageError(
            f"The key of {table.name!r} is ({', '.join(columns)}), but {key!r} was given. "
            "Give a tuple with a value for each, or a dict."
        )
    return dict(zip(columns, key, strict=True))


def ordering(table: Table, order_by: OrderBy) -> list[tuple[Callable[[dict[str, Any]], Any], bool]]:
    """Return what to sort by, each with whether the greatest comes first."""
    if order_by is None:
        return []
    if callable(order_by):
        return [(order_by, False)]
    columns = [order_by] if isinstance(order_by, str) else list(order_by)
    table.expect([each.removeprefix("-") for each in columns])
    return [(_column(each.removeprefix("-")), each.startswith("-")) for each in columns]


def _column(name: str) -> Callable[[dict[str, Any]], Any]:
    """Sort by a column; what has no value counts as greater than all others, as in PostgreSQL."""

    def key(values: dict[str, Any]) -> Any:
        value = values.get(name)
        return (value is None, value if value is not None else 0)

    return key
