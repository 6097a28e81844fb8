"""Rows and their versions: what a reader sees depends on when its snapshot was taken.

A row is a chain of committed versions, newest last, and at most one draft of
the transaction that is changing it. Whoever holds a row in exclusive mode is
the only one who may draft it; a lock is nothing but an entry in `holders`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from pileup.spelling import BRIEF_LENGTH, Brief, brief, digest

if TYPE_CHECKING:
    from pileup.fakes.database.ssi import Serial
    from pileup.fakes.database.tables import Slot, Table
    from pileup.fakes.database.work import Work

Values: TypeAlias = Mapping[str, Any]
"""What a row holds. Any: the user's own values."""

PLAIN: Final = frozenset(
    (int, str, float, bool, type(None), bytes, Decimal, datetime, date, time, timedelta)
)
Columns: TypeAlias = AbstractSet[str]

NEVER: Final = 1 << 62
"""When a draft was committed: not yet."""


class Way(NamedTuple):
    """How a row is written.

    `blind`: without looking at what is replaced; `columns`: those that are set, or None for all.
    """

    blind: bool
    columns: Columns | None = None

    def after(self, before: Way) -> Way:
        """Return how two drafts come to one, of which the first decides whether it looked."""
        if before.columns is None or self.columns is None:
            return Way(before.blind)
        return Way(before.blind, {*before.columns, *self.columns})


BLINDLY: Final = Way(blind=True)
IN_VIEW: Final = Way(blind=False)


class Version:
    """What a row holds from one commit on; `values` is None where it is deleted."""

    __slots__ = ("_plain", "_text", "at", "by", "values", "way")

    way: Way
    """Of a draft: how it was made."""

    def __init__(self, values: dict[str, Any] | None, by: Serial | None = None) -> None:
        self._plain = values is None or PLAIN.issuperset(map(type, values.values()))
        self.values = values if self._plain else copy.deepcopy(values)
        self.at = NEVER
        self.by = by
        self._text: Brief = None

    def copied(self) -> dict[str, Any]:
        """Return the values as an object of the reader's own."""
        values = self.values
        assert values is not None
        return dict(values) if self._plain else copy.deepcopy(values)

    @property
    def text(self) -> Brief:
        """What the history says of it."""
        text = self._text
        if text is None:
            text = self._text = _short(self.values) if self._plain else brief(self.values)
        return text


def own(values: Values) -> dict[str, Any]:
    """Return the values as an object of one's own, down to what can be changed inside."""
    plain = PLAIN.issuperset(map(type, values.values()))
    return dict(values) if plain else copy.deepcopy(dict(values))


def story(values: object) -> Brief:
    """Spell out what is short; a value that holds objects is spelled by its content."""
    plain = isinstance(values, dict) and PLAIN.issuperset(map(type, values.values()))
    return _short(values) if plain else brief(values)


def _short(values: object) -> str:
    said = repr(values)
    return said if len(said) <= BRIEF_LENGTH else "#" + digest(said)


def several(texts: Sequence[Brief]) -> Brief:
    """Tell of rows what they hold, or that they are so many and which: no two alike by chance."""
    if len(texts) < 2:  # noqa: PLR2004 - one, or none that a commit has left
        return texts[0] if texts else ""
    said = ", ".join(map(str, texts))
    return said if len(said) <= BRIEF_LENGTH else f"{len(texts)} rows #{digest(said)}"


class Row:
    """One row of a table, from its insertion until nobody can see it any more."""

    __slots__ = ("_columns", "_set_at", "draft", "holders", "rank", "slots", "table", "versions")

    def __init__(self, table: Table, values: Values) -> None:
        self.table = table
        self.rank = table.key.value(values)
        """Its place among the rows: the key that it was inserted with."""
        self.versions: list[Version] = []
        self.draft: Version | None = None
        self.holders: dict[Work, bool] = {}
        """Who has it locked, and whether exclusively."""
        self.slots: tuple[Version, int, list[Slot]] | None = None
        """Its slots in the table's indexes, with the newest version and how many there were."""
        self._columns: Columns | None = None
        """Which columns the newest version has set; None for all."""
        self._set_at: dict[str | None, int] = {}
        """Of the others: which version of the item has set them; None stands for all not named."""

    def owner(self) -> Work | None:
        """Return whose draft it is."""
        return None if self.draft is None else next(iter(self.holders))

    def latest(self, work: Work | None) -> Version | None:
        """Return the newest version there is for somebody who may change it."""
        if self.draft is not None and work in self.holders:
            return self.draft
        return self.versions[-1] if self.versions else None

    def seen(self, snapshot: int, work: Work | None = None) -> Version | None:
        """Return the version that is in a snapshot; None if the row is not there."""
        if self.draft is not None and work in self.holders:
            return self.draft if self.draft.values is not None else None
        for version in reversed(self.versions):
            if version.at <= snapshot:
                return version if version.values is not None else None
        return None

    def set_all(self) -> None:
        """Note that the version which is made now sets all columns."""
        self._columns = None

    def set_some(self, columns: Columns, newest: int) -> int | None:
        """Note which columns a version sets that follows the newest of the item.

        Returns the version that had set them, if nothing newer is written over.
        """
        before, self._columns = self._columns, columns
        if before is None:
            self._set_at = {None: newest}
            return None
        if before == columns:
            return None
        known = self._set_at
        for column in before:
            known[column] = newest
        whole = known[None]
        over = max([known.get(column, whole) for column in columns], default=newest)
        return over if over < newest else None

    def in_the_way(self, work: Work, exclusive: bool) -> list[Work]:
        """Return who holds it in a mode that excludes this one."""
        return [
            other
            for other, exclusively in self.holders.items()
            if other is not work and (exclusively or exclusive)
        ]

    def all_versions(self) -> list[Version]:
        """Return the versions, with the draft last."""
        return self.versions if self.draft is None else [*self.versions, self.draft]
