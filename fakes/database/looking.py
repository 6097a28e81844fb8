"""What a statement looks at to find its rows, and in which state it saw that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pileup.fakes.database.footprints import as_seen, of_rows
from pileup.fakes.database.rows import Row, Version
from pileup.fakes.database.tables import Table
from pileup.fakes.database.work import Work
from pileup.operations import Footprint, Past, Touch


class Looking:
    """Where one statement looks. One that is `blind` looks only where it finds nothing."""

    __slots__ = ("_blind", "_drafts", "_saw", "_touches", "_whole")

    def __init__(self, table: Table, touches: Footprint, *, blind: bool) -> None:
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

    def read(self, work: Work, answer: Sequence[tuple[Row, Version]]) -> Footprint:
        """Say what a statement looked at that has found these rows."""
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
