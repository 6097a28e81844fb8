"""Transactions in async code: `async with db.transaction() as tx:`."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from pileup.fakes.database.sequences import drawing
from pileup.fakes.database.sessions import Session
from pileup.fakes.database.statements import Sendable
from pileup.fakes.database.verbs import asked
from pileup.fakes.database.wheres import OrderBy, Where
from pileup.fakes.database.writing import OnConflict
from pileup.operations import Operation


class Transaction:
    """One transaction: it commits at the end of its block, and rolls back if that raises."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    async def __aenter__(self) -> Self:
        self._session.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        session = self._session
        if session.is_over:
            return
        if error is None:
            await self.commit()
        elif isinstance(error, Exception):
            await self.rollback()
        else:
            session.failed(error)  # cancelled: its loop would let nothing be awaited

    async def get(
        self, table: str, where: Where, /, *, for_update: bool = False
    ) -> dict[str, Any] | None:
        """Read one row, and with `for_update` lock it until the end."""
        session = self._session
        found: dict[str, Any] | None = await self._send(
            session.verbs.get(session.work(), table, where, for_update=for_update)
        )
        return found

    async def select(
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
    ) -> list[dict[str, Any]]:
        """Read rows, and with `for_update` or `for_share` lock them until the end."""
        session = self._session
        how = asked(order_by, limit, for_update, for_share, skip_locked, nowait)
        rows: list[dict[str, Any]] = await self._send(
            session.verbs.select(session.work(), table, where, how)
        )
        return rows

    async def put(self, table: str, row: Mapping[str, Any]) -> None:
        """Insert a row, or replace the one that has its key."""
        session = self._session
        await self._send(session.verbs.insert(session.work(), table, row, "update", verb="put"))

    async def insert(
        self, table: str, row: Mapping[str, Any], *, on_conflict: OnConflict = None
    ) -> dict[str, Any] | None:
        """Insert a row and return it; None where `on_conflict="nothing"` did nothing."""
        session = self._session
        stored: dict[str, Any] | None = await self._send(
            session.verbs.insert(session.work(), table, row, on_conflict)
        )
        return stored

    async def update(self, table: str, where: Where = None, /, **changes: Any) -> int:
        """Set columns of the rows that are meant; a function gets the row. Returns how many."""
        session = self._session
        count: int = await self._send(session.verbs.update(session.work(), table, where, changes))
        return count

    async def delete(self, table: str, where: Where, /) -> int:
        """Delete the rows that are meant. Returns how many."""
        session = self._session
        count: int = await self._send(session.verbs.delete(session.work(), table, where))
        return count

    async def next(self, sequence: str) -> int:
        """Draw a number from a sequence; a rollback does not give it back."""
        self._session.work().look_alive()
        number: int = await self._perform(drawing(self._session.engine, sequence))
        return number

    async def commit(self) -> None:
        """Commit before the end of the block."""
        await self._perform(self._session.committing())

    async def rollback(self) -> None:
        """Roll back before the end of the block."""
        await self._perform(self._session.rolling_back())

    async def _perform(self, op: Operation) -> Any:
        session = self._session
        port = session.occupy(op)
        try:
            answer = await port.perform(op)
        except BaseException as error:
            session.failed(error, op)
            session.free(error)
            raise
        session.free()
        return answer

    async def _send(self, statement: Sendable) -> Any:
        session = self._session
        port = session.occupy()
        try:
            answer = await port.perform(statement.op)
            if answer is statement:
                answer = await self._wait(statement)
        except BaseException as error:
            statement.end(error)
            session.free(error)
            raise
        session.free()
        return answer

    async def _wait(self, statement: Sendable) -> Any:
        answer: Any = statement
        while answer is statement:
            answer = await self._session.engine.inner.perform(statement.waiting())
        statement.end(None)
        return answer
