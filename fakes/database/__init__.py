"""A PostgreSQL that agents share: tables of rows, transactions, locks.

    db = Database(sim)
    db.table("accounts", key="id", unique=["email"], rows=[{"id": 1, "balance": 100}])

    await db.get("accounts", 1)                                    # a copy of the row, or None
    await db.update("accounts", 1, balance=lambda row: row["balance"] - 10)
    async with db.transaction("serializable") as tx:               # commits at the end
        row = await tx.get("accounts", 1)
        await tx.put("accounts", {**row, "balance": row["balance"] + 10})

`db.sync` is the same for sync code, and acts at once in `setup` and `check`;
`db.next("orders_id")` draws from a sequence; `db.replica(lag=...)` reads what
was true a while ago. Rows are found by key, by equalities of columns, or by a
function of the row.

Models, as PostgreSQL has them: snapshots of a statement (read committed) or of
a transaction; row locks, FOR UPDATE and FOR SHARE with SKIP LOCKED and NOWAIT;
an update that waited and then looks at the newest version anew; "could not
serialize access" at the higher levels, by first updater and, at serializable,
by dangerous structures of reads and writes; unique columns, on which an insert
waits for open transactions; deadlocks; timeouts; a failed transaction that
takes no more commands; a commit whose acknowledgement is lost; a client that
is gone, whose locks the server keeps until it notices (`dead_after`).

Divergence from the real thing
------------------------------
* A deadlock is found in the moment in which it arises, and whoever closes the
  circle is refused; PostgreSQL ends the one whose deadlock_timeout comes first.
* Whoever waits for a row that has become free goes on in any order; PostgreSQL
  mostly lets the one go on that has waited longest.
* A select without `order_by` gives rows in order of their keys, and a statement
  locks them in that order. PostgreSQL takes them from its heap, where an update
  puts a row behind all others, and promises no order.
* At serializable a lookup by a unique column is remembered by its exact value.
  PostgreSQL remembers a page of the index, and forgets details when there are
  many; so it aborts where nothing was wrong more often than the fake does.
* A predicate that no unique column answers counts as having read the whole
  table, as a sequential scan does. There are no other indexes.
* UPDATE locks as FOR UPDATE does; there are no weaker KEY modes, and no foreign
  keys, checks, triggers, savepoints, table locks or advisory locks.
* Columns have no types; the names of columns are checked only where they were
  declared. A column that a row does not have is NULL.
* COMMIT of a transaction in which a statement has failed rolls back and raises
  nothing, as PostgreSQL does it; some drivers turn that into an error.
* A transaction whose client gave up on a statement ends `dead_after` seconds
  later; a waiting statement of such a client no longer takes part.
* A replica without a lag is behind by up to 16 commits; it is a whole snapshot,
  and never goes back.
"""

from __future__ import annotations

from pileup.fakes.database.errors import (
    CannotConnectNow,
    ConnectionLost,
    ConnectionRefused,
    DatabaseError,
    DeadlockDetected,
    DiskFull,
    InFailedTransaction,
    LockNotAvailable,
    NotNullViolation,
    PermissionDenied,
    QueryCanceled,
    ReadOnlyTransaction,
    SerializationFailure,
    ServerError,
    TimedOut,
    TooManyConnections,
    UniqueViolation,
)
from pileup.fakes.database.handle import Database
from pileup.fakes.database.transactions import Transaction

__all__ = [
    "CannotConnectNow",
    "ConnectionLost",
    "ConnectionRefused",
    "Database",
    "DatabaseError",
    "DeadlockDetected",
    "DiskFull",
    "InFailedTransaction",
    "LockNotAvailable",
    "NotNullViolation",
    "PermissionDenied",
    "QueryCanceled",
    "ReadOnlyTransaction",
    "SerializationFailure",
    "ServerError",
    "TimedOut",
    "TooManyConnections",
    "Transaction",
    "UniqueViolation",
]
