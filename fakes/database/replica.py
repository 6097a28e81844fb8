"""A replica: the same tables, as they were a while ago."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from pileup.fakes.database.engine import Engine
from pileup.fakes.database.footprints import looked_at, merged, of_reading, of_rows
from pileup.fakes.database.noting import note_marks
from pileup.fakes.database.reading import candidates, ordered
from pileup.fakes.database.rows import Row, Version, story
from pileup.fakes.database.wheres import Condition, OrderBy, Where
from pileup.operations import Operation

FURTHEST_BEHIND: Final = 16
"""How many commits a replica may be behind whose lag is a choice."""


class Lagging:
    """How far behind a replica is: it never goes back, but may stand still."""

    def __init__(self, engine: Engine, lag: float | None) -> None:
        self._engine = engine
        self._lag = lag
        self._at = engine.commits
        self._news: deque[tuple[float, int]] = deque()
        """Commits that have not arrived yet, and when they happened."""
        engine.replicas.append(self)

    def note(self, now: float, commits: int) -> None:
        """Hear of a commit."""
        self._news.append((now, commits))
        if self._lag is None and len(self._news) > FURTHEST_BEHIND:
            self._at = self._news.popleft()[1]

    def horizon(self) -> int:
        """Return the oldest state that it may yet show."""
        if self._lag is not None:
            while self._news and self._news[0][0] + self._lag <= self._engine.sim.now:
                self._at = self._news.popleft()[1]
        return self._at

    def snapshot(self, *, stale: bool = False) -> int:
        """Return the state that a read sees now; a stale one sees the oldest that there is."""
        if self._lag is not None or stale:
            return self.horizon()
        name, states = self._engine.name, len(self._news) + 1
        behind = self._engine.sim.choose("data", states, f"commits that {name}'s replica is behind")
        for _ in range(len(self._news) - behind):
            self._at = self._news.popleft()[1]
        return self._at


def reading(
    lagging: Lagging,
    engine: Engine,
    name: str,
    where: Where,
    order_by: OrderBy,
    limit: int | None,
) -> Operation:
    """Make the operation that reads from a replica."""
    table = engine.table(name)
    condition = Condition(table, where)
    looks = looked_at(table, condition)
    touches = merged(of_reading(table, condition), engine.items.commits.reads)

    def read(*, stale: bool = False) -> list[dict[str, Any]]:
        snapshot = lagging.snapshot(stale=stale)
        found: list[tuple[Row, Version]] = []
        for row in candidates(table, condition):
            version = row.seen(snapshot)
            if version is not None and condition.fits(version):
                found.append((row, version))
        looked = merged(looks, of_rows(found))
        op.touches = merged(engine.as_of(looked, snapshot), engine.items.commits.reads)
        answer = [version.copied() for _, version in ordered(table, found, order_by)[:limit]]
        if engine.sim.marked:
            note_marks(engine.sim, op, got=answer)
        op.detail = story(answer[0]) if len(answer) == 1 else f"{len(answer)} rows"
        return answer

    op = Operation("select", touches, read)
    op.twists = {"stale": lambda: read(stale=True)}
    return op


class Replica:
    """A handle to read from: what it says may be old, and it takes no changes."""

    def __init__(self, engine: Engine, lagging: Lagging) -> None:
        self._engine = engine
        self._lagging = lagging

    async def get(self, table: str, where: Where, /) -> dict[str, Any] | None:
        """Read one row."""
        rows = await self.select(table, where, limit=1)
        return rows[0] if rows else None

    async def select(
        self,
        table: str,
        where: Where = None,
        *,
        order_by: OrderBy = None,
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        """Read rows."""
        op = reading(self._lagging, self._engine, table, where, order_by, limit)
        rows: list[dict[str, Any]] = await self._engine.port.perform(op)
        return rows
