"""The same in sync code: `db.sync.get(...)`, `with db.sync.transaction() as tx:`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

from pileup.errors import UsageError
from pileup.fakes._port import Port
from pileup.fakes.database.quick import getting, putting, updating
from pileup.fakes.database.sequences import drawing
from pileup.fakes.database.sessions import Session
from pileup.fakes.database.shortcuts import Shortcuts
from pileup.fakes.database.statements import Limits, Sendable
from pileup.fakes.database.verbs import Verbs, asked
from pileup.fakes.database.wheres import OrderBy, Where
from pileup.fakes.database.work import Isolation, Work
from pileup.fakes.database.writing import OnConflict
from pileup.operations import Operation
from pileup.sim.agents import here


def perform(port: Port, op: Operation) -> Any:
    """Perform an operation; in `setup` and `check` it happens at once, unrecorded."""
    if here.get(None) is not None:
        return port.call(op)
    if op.ready is not None and not op.ready():
        raise UsageError(
            f"'{op.label}' would wait for ever: in `setup` and `check` nobody else acts who could "
            "let go. To look at what is committed, use `db.peek(...)` or `db.rows(...)`."
        )
    return op.apply()


class Verbatim:
    """The verbs, whichever transaction they are of."""

    _verbs: Verbs | Shortcuts

    def _work(self) -> Work | None:
        return None

    def _send(self, statement: Sendable) -> Any:
        raise NotImplementedError

    def get(
        self, table: str, where: Where, /, *, for_update: bool = False
    ) -> dict[str, Any] | None:
        """Read one row, and with `for_update` lock it until the end of the transaction."""
        found: dict[str, Any] | None = self._send(
            self._verbs.get(self._work(), table, where, for_update=for_update)
        )
        return found

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
    ) -> list[dict[str, Any]]:
        """Read rows, and with `for_update` or `for_share` lock them until the end."""
        how = asked(order_by, limit, for_update, for_share, skip_locked, nowait)
        rows: list[dict[str, Any]] = self._send(self._verbs.select(self._work(), table, where, how))
        return rows

    def put(self, table: str, row: Mapping[str, Any]) -> None:
        """Insert a row, or replace the one that has its key."""
        self._send(self._verbs.insert(self._work(), table, row, "update", verb="put"))

    def insert(
        self, table: str, row: Mapping[str, Any], *, on_conflict: OnConflict = None
    ) -> dict[str, Any] | None:
        """Insert a row and return it; None where `on_conflict="nothing"` did nothing."""
        stored: dict[str, Any] | None = self._send(
            self._verbs.insert(self._work(), table, row, on_conflict)
        )
        return stored

    def update(self, table: str, where: Where = None, /, **changes: Any) -> int:
        """Set columns of the rows that are meant; a function gets the row. Returns how many."""
        count: int = self._send(self._verbs.update(self._work(), table, where, changes))
        return count

    def delete(self, table: str, where: Where, /) -> int:
        """Delete the rows that are meant. Returns how many."""
        count: int = self._send(self._verbs.delete(self._work(), table, where))
        return count


class SyncTransaction(Verbatim):
    """One transaction: it commits at the end of its block, and rolls back if that raises."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._verbs: Shortcuts = session.verbs

    def __enter__(self) -> Self:
        self._session.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        session = self._session
        if session.is_over:
            return
        if error is None:
            self.commit()
        elif isinstance(error, Exception):
            self.rollback()
        else:
            session.failed(error)

    def next(self, sequence: str) -> int:
        """Draw a number from a sequence; a rollback does not give it back."""
        self._session.work().look_alive()
        number: int = self._perform(drawing(self._session.engine, sequence))
        return number

    def commit(self) -> None:
        """Commit before the end of the block."""
        self._perform(self._session.committing())

    def rollback(self) -> None:
        """Roll back before the end of the block."""
        self._perform(self._session.rolling_back())

    def _work(self) -> Work | None:
        return self._session.work()

    def _perform(self, op: Operation) -> Any:
        session = self._session
        port = session.occupy(op)
        failure: BaseException | None = None
        try:
            return perform(port, op)
        except BaseException as error:
            failure = error
            session.failed(error, op)
            raise
        finally:
            session.free(failure)

    def _send(self, statement: Sendable) -> Any:
        session = self._session
        port = session.occupy()
        failure: BaseException | None = None
        try:
            return waited(port, session.engine.inner, statement)
        except BaseException as error:
            failure = error
            raise
        finally:
            session.free(failure)


def waited(port: Port, inner: Port, statement: Sendable) -> Any:
    """Send a statement, and wait for its answer."""
    failure: BaseException | None = None
    try:
        answer = perform(port, statement.op)
        while answer is statement:
            answer = perform(inner, statement.waiting())
    except BaseException as error:
        failure = error
        raise
    else:
        return answer
    finally:
        statement.end(failure)


class SyncDatabase(Verbatim):
    """What `db.sync` is. In `setup` and `check` it acts at once, unrecorded."""

    def __init__(self, verbs: Verbs, open_session: Callable[..., Session]) -> None:
        self._verbs: Verbs = verbs
        self._open = open_session

    def _send(self, statement: Sendable) -> Any:
        engine = self._verbs.engine
        return waited(engine.port, engine.inner, statement)

    def get(
        self, table: str, where: Where, /, *, for_update: bool = False
    ) -> dict[str, Any] | None:
        """Read one row: by key, or by equalities of columns."""
        engine = self._verbs.engine
        op = None if for_update else getting(engine, table, where)
        if op is None:
            return super().get(table, where, for_update=for_update)
        found: dict[str, Any] | None = perform(engine.port, op)
        return found

    def put(self, table: str, row: Mapping[str, Any]) -> None:
        """Insert a row, or replace the one that has its key."""
        self._send(putting(self._verbs, table, row))

    def update(self, table: str, where: Where = None, /, **changes: Any) -> int:
        """Set columns of the rows that are meant; a function gets the row. Returns how many."""
        count: int = self._send(updating(self._verbs, table, where, changes))
        return count

    def next(self, sequence: str) -> int:
        """Draw a number from a sequence."""
        engine = self._verbs.engine
        number: int = perform(engine.port, drawing(engine, sequence))
        return number

    def transaction(
        self,
        isolation: Isolation | None = None,
        *,
        read_only: bool = False,
        lock_timeout: float | None = None,
        statement_timeout: float | None = None,
    ) -> SyncTransaction:
        """Begin a transaction: `with db.sync.transaction() as tx:`."""
        limits = Limits(lock_timeout, statement_timeout)
        return SyncTransaction(self._open(isolation, limits, read_only=read_only))
