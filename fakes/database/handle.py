"""The face of the fake: tables are declared on it, and agents ask it in async code.

See the package's docstring for what it models.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from functools import cached_property
from typing import Any

from pileup.errors import UsageError
from pileup.fakes.database.engine import Engine
from pileup.fakes.database.quick import getting, inserting, putting, updating
from pileup.fakes.database.replica import Lagging, Replica
from pileup.fakes.database.rows import Values
from pileup.fakes.database.sequences import drawing
from pileup.fakes.database.sessions import Session, expect_level
from pileup.fakes.database.statements import Limits, Sendable
from pileup.fakes.database.sync import SyncDatabase
from pileup.fakes.database.tables import Columns, Table
from pileup.fakes.database.transactions import Transaction
from pileup.fakes.database.verbs import Verbs, asked
from pileup.fakes.database.wheres import Condition, OrderBy, Where
from pileup.fakes.database.work import Isolation
from pileup.fakes.database.writing import OnConflict
from pileup.sim.agents import here
from pileup.sim.kernel import Sim


class Database:
    """A PostgreSQL that agents share: `await db.get("accounts", 1)`, `db.sync.get(...)`.

    `isolation` is what transactions have that do not say. `lock_timeout` and
    `statement_timeout` are in seconds of virtual time. When a client is gone,
    its open transaction holds its locks for `dead_after` seconds more.
    """

    def __init__(
        self,
        sim: Sim,
        name: str = "database",
        *,
        isolation: Isolation = "read committed",
        lock_timeout: float | None = None,
        statement_timeout: float | None = None,
        dead_after: float = 10.0,
    ) -> None:
        self._engine = Engine(sim, name, expect_level(isolation), dead_after)
        self._limits = Limits(lock_timeout, statement_timeout)
        self._verbs = Verbs(self._engine, self._limits)
        sim.fakes.setdefault("database", self)

    @cached_property
    def sync(self) -> SyncDatabase:
        """The same in sync code; in `setup` and `check` it acts at once, unrecorded."""
        return SyncDatabase(self._verbs, self._session)

    # Outside of agents -------------------------------------------------------------------

    def table(
        self,
        name: str,
        *,
        key: Columns = "id",
        unique: Iterable[Columns] = (),
        columns: Iterable[str] | None = None,
        rows: Iterable[Values] = (),
    ) -> None:
        """Declare a table, and fill it. For `setup`.

        `key` and each of `unique` is a column, or several that only together
        are unique. With `columns` any other column is refused, as a typo.
        """
        engine = self._engine
        if name in engine.tables:
            raise UsageError(
                f"There is a table {name!r} already. Declare each once; to add rows to it, use "
                f"`db.sync.insert({name!r}, ...)` in `setup`."
            )
        table = engine.tables[name] = Table(name, engine.items, key, unique, columns)
        for row in rows:
            self.sync.insert(table.name, row)

    def peek(self, table: str, where: Where) -> dict[str, Any] | None:
        """Look at a row as it is committed, as a check does."""
        found = self.rows(table, where)
        return found[0] if found else None

    def rows(self, table: str, where: Where = None) -> list[dict[str, Any]]:
        """Look at all committed rows, or at some, as a check does."""
        found = self._engine.table(table)
        condition = Condition(found, where)
        seen = [row.seen(self._engine.commits) for row in found.rows]
        return [each.copied() for each in seen if each is not None and condition.fits(each)]

    def replica(self, lag: float | None = None) -> Replica:
        """Return a replica to read from, as it was `lag` seconds ago; None makes it a choice."""
        if here.get(None) is not None:
            raise UsageError(
                "A replica was asked for in an agent, and could know nothing of what came before. "
                "Make it in `setup`, as in `world.replica = world.database.replica(lag=5)`."
            )
        return Replica(self._engine, Lagging(self._engine, lag))

    # For agents --------------------------------------------------------------------------

    def transaction(
        self,
        isolation: Isolation | None = None,
        *,
        read_only: bool = False,
        lock_timeout: float | None = None,
        statement_timeout: float | None = None,
    ) -> Transaction:
        """Begin a transaction: `async with db.transaction("serializable") as tx:`."""
        limits = Limits(lock_timeout, statement_timeout)
        return Transaction(self._session(isolation, limits, read_only=read_only))

    def _session(self, isolation: Isolation | None, limits: Limits, *, read_only: bool) -> Session:
        usual = self._limits
        if limits.lock is None and limits.statement is None:
            return Session(self._engine, isolation, usual, read_only=read_only)
        lock = usual.lock if limits.lock is None else limits.lock
        statement = usual.statement if limits.statement is None else limits.statement
        return Session(self._engine, isolation, Limits(lock, statement), read_only=read_only)

    def get(self, table: str, where: Where, /) -> Awaitable[dict[str, Any] | None]:
        """Read one row: by key, or by equalities of columns."""
        op = getting(self._engine, table, where)
        if op is not None:
            return self._engine.port.perform(op)
        return self._send(self._verbs.get(None, table, where))

    def select(
        self,
        table: str,
        where: Where = None,
        *,
        order_by: OrderBy = None,
        limit: int | None = None,
        for_update: bool = False,
        for_share: bool = False,
        skip_locked: bool = False,
        nowait: bool = False,
    ) -> Awaitable[list[dict[str, Any]]]:
        """Read rows. Locks last until the end of a transaction, so here only until the answer."""
        how = asked(order_by, limit, for_update, for_share, skip_locked, nowait)
        return self._send(self._verbs.select(None, table, where, how))

    def put(self, table: str, row: Mapping[str, Any]) -> Awaitable[None]:
        """Insert a row, or replace the one that has its key."""
        return self._send(putting(self._verbs, table, row))

    def insert(
        self, table: str, row: Mapping[str, Any], *, on_conflict: OnConflict = None
    ) -> Awaitable[dict[str, Any] | None]:
        """Insert a row and return it; None where `on_conflict="nothing"` did nothing."""
        if on_conflict is None:
            return self._send(inserting(self._verbs, table, row))
        return self._send(self._verbs.insert(None, table, row, on_conflict))

    def update(self, table: str, where: Where = None, /, **changes: Any) -> Awaitable[int]:
        """Set columns of the rows that are meant; a function gets the row. Returns how many."""
        return self._send(updating(self._verbs, table, where, changes))

    def delete(self, table: str, where: Where, /) -> Awaitable[int]:
        """Delete the rows that are meant. Returns how many."""
        return self._send(self._verbs.delete(None, table, where))

    def next(self, sequence: str) -> Awaitable[int]:
        """Draw a number from a sequence; it starts at 1."""
        return self._engine.port.perform(drawing(self._engine, sequence))

    async def _send(self, statement: Sendable) -> Any:
        engine = self._engine
        try:
            answer = await engine.port.perform(statement.op)
            while answer is statement:
                answer = await engine.inner.perform(statement.waiting())
        except BaseException as error:
            statement.end(error)
            raise
        statement.end(None)
        return answer
