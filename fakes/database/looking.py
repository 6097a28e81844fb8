"""What a statement looks at to find its rows, and in which state it saw that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from pileup.fakes.database.footprints import as_seen, of_rows
from pileup.fakes.database.rows import Row, Version
from pileup.fakes.database.tables import Table
from pileup.fakes.database.work import Work
from pileup.operations import Footprint, Past, Touch

Anew: TypeAlias = Callable[[Work, list[tuple[Row, Version]]], bool]
"""Whether a statement would find just these rows if it looked now."""


class Looking:
    """Where one statement looks. One that is `blind` looks only where it finds nothing."""

    __slots__ = ("_anew", "_blind", "_drafts", "_saw", "_touches", "_whole")

    def __init__(
        self, table: Table, touches: Footprint, *, blind: bool, anew: Anew | None = None
    ) -> None:
        self._anew = anew
        self._whole = table.whole
        self._touches = touches
        self._blind = blind
        self._drafts = 0
        self._saw: int | None = None

    def begin(self, work: Work) -> None:
        """Remember how many rows its transaction had written before."""
        self._drafts = len(work.drafts)

    def before_waiting(self) -> Footprint:
        """Return what was looked at before the first wait: a table, which may change meanwhile."""
        whole = self._whole
        if self._saw is not None or whole.reads[0] not in self._touches:
            return ()
        self._saw = whole.item.version
        return whole.reads

    def wrote(self, work: Work, answer: Any) -> Footprint:
        """Say what a statement looked at that has written. Any: its answer, whatever that is."""
        return () if self._blind and answer else self._seen(work, ())

    def read(self, work: Work, answer: list[tuple[Row, Version]]) -> Footprint:
        """Say what a statement looked at that has found these rows.

        One that has waited for locks looked at the table before that, and at what
        it locked after that. Where it would find the same now, it has seen no mixture.
        """
        if self._saw is not None and self._anew is not None and work.snapshot is None:
            self._saw = self._whole.item.version if self._anew(work, answer) else self._saw
        return self._seen(work, of_rows(answer))

    def _seen(self, work: Work, rows: Footprint) -> Footprint:
        touches = self._touches
        if self._saw is not None:
            touches = tuple([self._then(touch) for touch in touches])
        return as_seen(work, touches + rows, self._drafts)

    def _then(self, touch: Touch) -> Touch:
        item = self._whole.item
        if touch.item is not item or self._saw is None or self._saw == item.version:
            return touch
        return Touch(Past(item, self._saw), touch.access)
