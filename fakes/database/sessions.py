"""A transaction as its client has it: open, busy or cut off; for async and sync code alike."""

from __future__ import annotations

from typing import Final

from pileup.errors import UsageError
from pileup.fakes._port import Port
from pileup.fakes.database.engine import Engine
from pileup.fakes.database.errors import ConnectionLost
from pileup.fakes.database.failing import fail
from pileup.fakes.database.meant import meant
from pileup.fakes.database.noting import note_commit, of_unit
from pileup.fakes.database.shortcuts import Shortcuts
from pileup.fakes.database.statements import Limits
from pileup.fakes.database.verbs import Verbs
from pileup.fakes.database.work import SERIALIZABLE, Isolation, Work
from pileup.operations import Footprint, Operation
from pileup.sim.agents import here

LEVELS = ("read committed", "repeatable read", "serializable")

ROLLBACK: Final = "rollback"


class Session:
    """What a transaction's handles share: one connection, from BEGIN to its end."""

    __slots__ = (
        "_begun",
        "_busy",
        "_lost",
        "_work",
        "engine",
        "isolation",
        "read_only",
        "verbs",
    )

    def __init__(
        self,
        engine: Engine,
        isolation: Isolation | None,
        limits: Limits,
        *,
        read_only: bool,
    ) -> None:
        self.engine = engine
        self.isolation = engine.isolation if isolation is None else expect_level(isolation)
        self.read_only = read_only
        self.verbs = Shortcuts(Verbs(engine, limits))
        self._work: Work | None = None
        self._begun = False
        self._busy = False
        self._lost: ConnectionLost | None = None

    def begin(self) -> None:
        """Enter the transaction; the server hears of it with the first statement."""
        if self._work is not None:
            raise UsageError(
                "This transaction was entered twice. A transaction is not nested and not used "
                "again: write `async with db.transaction() as tx:` for each, and pass `tx` on to "
                "whoever is to work within it."
            )
        strand = here.get(None)
        self._work = self.engine.begin(strand, self.isolation, read_only=self.read_only)
        if strand is not None:
            self._work.unit = self.engine.sim.count("unit")

    def work(self) -> Work:
        """Return the transaction, if it can be used."""
        if self._lost is not None:
            raise ConnectionLost(f"the connection is closed, since: {self._lost}")
        work = self._work
        if work is None:
            raise UsageError(
                "This transaction has not begun. Write `async with db.transaction() as tx:` and "
                "use `tx` inside (in sync code: `with db.sync.transaction() as tx:`)."
            )
        if work.state in ("committed", "rolled back"):
            raise UsageError(
                f"This transaction is over: it was {work.state}. Use `tx` inside its `async with` "
                "alone, and `db` itself outside of transactions."
            )
        return work

    def occupy(self, op: Operation | None = None) -> Port:
        """Begin to use the connection, which does one thing at a time.

        Returns the way to the server: the first statement finds out whether there is one.
        """
        if self._busy:
            raise UsageError(
                "Two tasks use one transaction at the same time. A connection does one thing at a "
                "time: give each task a transaction of its own, or let one wait for the other."
            )
        self._busy = True
        if op is not None and op.name == ROLLBACK:
            return self.engine.giving_up
        return self.engine.inner if self._begun else self.engine.port

    def free(self, error: BaseException | None = None) -> None:
        """Be done with the connection, for now or, where it is lost, for good."""
        self._busy = False
        self._begun = True
        if error is not None and isinstance(error, ConnectionLost):
            self._lost = error

    # The end -----------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to commit or roll back."""
        work = self._work
        gone = self._lost is not None or work is None
        return gone or (work is not None and work.state in ("committed", "rolled back"))

    def committing(self) -> Operation:
        """Return the COMMIT; where a statement has failed it rolls back, and says nothing."""
        work = self.work()

        def commit() -> str:
            if work.state == "aborted":
                op.name = ROLLBACK
                work.state = "rolled back"
                return "rolled back"
            work.commit()
            note_commit(op, work)
            return "committed"

        touches = work.ends()
        if work.serial is not None:
            touches = self._ends(work) + touches
        op = Operation("commit", touches, commit)
        op.note = of_unit(work)
        return op

    def rolling_back(self) -> Operation:
        """Return the ROLLBACK."""
        work = self.work()

        def rollback() -> str:
            if work.state == "open":
                work.rollback()
            work.state = "rolled back"
            return "rolled back"

        op = Operation(ROLLBACK, self._ends(work) + work.locked(), rollback)
        op.note = of_unit(work)
        return op

    def _ends(self, work: Work) -> Footprint:
        """Return what the end of a serializable transaction touches: others reckon with it."""
        if work.isolation != SERIALIZABLE or work.serial is None:
            return ()
        commits = () if work.drafts else self.engine.items.commits.updates
        return self.engine.items.serial.alters + commits

    def failed(self, error: BaseException, op: Operation | None = None) -> None:
        """Clean up after an operation that went wrong; after a COMMIT or for good it is over."""
        work = self._work
        if work is None or work.state != "open":
            return
        if isinstance(error, ConnectionLost):
            self.engine.abandon(work)
            return
        fail(self.engine, work)
        if op is None or op.name != "next":
            work.state = "rolled back"


def expect_level(isolation: str) -> Isolation:
    """Return an isolation level that there is."""
    for level in LEVELS:
        if isolation == level:
            return level  # type: ignore[return-value] # it is one of the literals
    raise UsageError(
        f"There is no isolation level {isolation!r}{meant(isolation, LEVELS)}; there are "
        f"{', '.join(LEVELS)}. (PostgreSQL has no read uncommitted: it is read committed there.)"
    )
