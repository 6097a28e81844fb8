"""What a client of the database is told when something goes wrong, each with its SQLSTATE.

`retryable` says whether the same work may simply be done again from its
beginning; after a lost connection that is not known, because a commit may have
taken effect.
"""

from __future__ import annotations

from typing import ClassVar, Final

from pileup.fakes._suffering import Failures


class DatabaseError(Exception):
    """Base of all that the database answers with, or that a connection to it raises."""

    sqlstate: ClassVar[str] = "XX000"
    retryable: ClassVar[bool] = False


class ServerError(DatabaseError):
    """The server could not do it, for a reason of its own; nothing has happened."""


class SerializationFailure(DatabaseError):
    """The transaction does not fit into any serial order with others; do all of it again."""

    sqlstate = "40001"
    retryable = True


class DeadlockDetected(DatabaseError):
    """Transactions wait for each other in a circle; this one closed it. Do all of it again."""

    sqlstate = "40P01"
    retryable = True


class LockNotAvailable(DatabaseError):
    """A row is locked by somebody else, and this statement would not wait (any longer)."""

    sqlstate = "55P03"
    retryable = True


class QueryCanceled(DatabaseError):
    """The statement took longer than its timeout."""

    sqlstate = "57014"


class UniqueViolation(DatabaseError):
    """Another row has the same key, or the same value in a unique column."""

    sqlstate = "23505"


class NotNullViolation(DatabaseError):
    """A row has no value in a column of its key."""

    sqlstate = "23502"


class InFailedTransaction(DatabaseError):
    """A statement of this transaction has failed, so nothing more can be done in it."""

    sqlstate = "25P02"


class ReadOnlyTransaction(DatabaseError):
    """A statement would change something in a transaction that may only read."""

    sqlstate = "25006"


class DiskFull(DatabaseError):
    """The server has no room left; nothing has happened."""

    sqlstate = "53100"


class PermissionDenied(DatabaseError):
    """The user may not do that; nothing has happened."""

    sqlstate = "42501"


class ConnectionLost(DatabaseError):
    """The connection is gone. What was asked for last may have happened or not."""

    sqlstate = "08006"


class TimedOut(ConnectionLost, TimeoutError):
    """No answer came for so long that the client has closed the connection."""


class ConnectionRefused(ConnectionLost):
    """There is no connection, so nothing has happened."""

    sqlstate = "08001"
    retryable = True


class TooManyConnections(ConnectionRefused):
    """The server has no connection left to give."""

    sqlstate = "53300"


class CannotConnectNow(ConnectionRefused):
    """The server is starting up or shutting down."""

    sqlstate = "57P03"


UNDER_WAY: Final[Failures] = {
    "error": ServerError,
    "full": DiskFull,
    "denied": PermissionDenied,
    "timeout": TimedOut,
    "lost": TimedOut,
    "reset": ConnectionLost,
}
"""What can go wrong once there is a connection."""

CONNECTING: Final[Failures] = {
    **UNDER_WAY,
    "refused": ConnectionRefused,
    "throttled": TooManyConnections,
    "unavailable": CannotConnectNow,
}
"""What can go wrong where a connection is asked for: at a transaction's first statement."""
