"""The server: its tables, its count of commits, and the versions that somebody still sees."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import Protocol

from pileup.errors import UsageError
from pileup.fakes._port import Cells, Port
from pileup.fakes.database.errors import CONNECTING, UNDER_WAY
from pileup.fakes.database.meant import meant
from pileup.fakes.database.noting import of_unit
from pileup.fakes.database.rows import Row
from pileup.fakes.database.ssi import Conflicts
from pileup.fakes.database.surrogates import Surrogates
from pileup.fakes.database.tables import Items, Table
from pileup.fakes.database.work import SERIALIZABLE, Isolation, Work
from pileup.operations import Footprint, Item, Operation, Past, Touch
from pileup.sim.agents import Agent, Strand
from pileup.sim.kernel import Sim


class Follower(Protocol):
    """A replica, as far as the server has to know it."""

    def note(self, now: float, commits: int) -> None:
        """Hear of a commit."""

    def horizon(self) -> int:
        """Return the oldest state that it may yet show."""


class Engine:
    """One database server."""

    def __init__(self, sim: Sim, name: str, isolation: Isolation, dead_after: float) -> None:
        self.sim = sim
        self.name = name
        self.isolation = isolation
        self.dead_after = dead_after
        self.port = Port(sim, name, CONNECTING)
        self.inner = Port(sim, name, UNDER_WAY)
        """For what goes over a connection that is there."""
        lost = {name: UNDER_WAY[name] for name in ("timeout", "lost", "reset") if name in UNDER_WAY}
        self.giving_up = Port(sim, name, lost)
        """For ROLLBACK, which needs neither room nor rights: only its connection can fail."""
        cells = self.port.cells
        self.locks = Cells(sim, f"{name}.lock")
        self.items = Items(cells, self.locks, cells["commits"], cells["serializable"])
        self.tables: dict[str, Table] = {}
        self.sequences: dict[str, int] = {}
        self.surrogates = Surrogates()
        self.commits = 0
        self.conflicts = Conflicts()
        self.works: dict[Work, None] = {}
        self.snapshots: dict[Work, int] = {}
        """Snapshots that are still in use, the oldest first."""
        self.replicas: list[Follower] = []
        self._garbage: deque[tuple[int, Row]] = deque()
        self._past: dict[Item, list[tuple[int, int]]] = {}
        """Of what was changed while somebody saw an older state: by which commit, and which
        version it had before."""
        sim.on_crash.append(self._crashed)
        sim.contents[name] = self._contents

    def table(self, name: str) -> Table:
        """Return a table that was declared."""
        table = self.tables.get(name)
        if table is None:
            raise UsageError(
                f"There is no table {name!r}{meant(name, self.tables)}. Declare it in `setup`: "
                f'db.table({name!r}, key="id").'
            )
        return table

    def _contents(self) -> dict[str, object]:
        """Return all committed rows, by table and key."""
        rows = [(table.key, row) for table in self.tables.values() for row in table.rows]
        seen = [(key, row.seen(self.commits)) for key, row in rows]
        return {
            key.slot(key.value(version.values)).reads[0].item.key: version.values
            for key, version in seen
            if version is not None and version.values is not None
        }

    # Transactions ------------------------------------------------------------------------

    def begin(self, strand: Strand | None, isolation: Isolation, *, read_only: bool) -> Work:
        """Begin a transaction for somebody."""
        work = Work(self, strand, isolation, read_only)
        self.works[work] = None
        return work

    def take_snapshot(self, work: Work) -> int:
        """Remember that a transaction sees the database as it is now."""
        self.snapshots[work] = self.commits
        if work.isolation == SERIALIZABLE:
            work.serial = self.conflicts.begin(self.commits, work.read_only)
        return self.commits

    def let_go(self, work: Work, committed: int | None) -> None:
        """A transaction has ended."""
        self.works.pop(work, None)
        if self.snapshots.pop(work, None) is not None:
            if work.serial is not None:
                self.conflicts.end(work.serial, committed)
            self._collect()
            if not self.snapshots and not self.replicas:
                self._past.clear()

    def abandon(self, work: Work) -> None:
        """Let a transaction be, whose client is gone, until the server notices."""
        work.wait = None
        if work.state != "open":
            return
        if not work.cells and not work.holds:
            work.rollback()
            return
        self.works.pop(work, None)
        touches = work.locked()
        op = Operation("rollback", touches, work.rollback, delay=self.dead_after)
        op.note = of_unit(work)
        self.port.later(op)

    def _crashed(self, agent: Agent) -> None:
        for work in [each for each in self.works if each.agent is agent]:
            self.abandon(work)

    # Versions ----------------------------------------------------------------------------

    def others_look_back(self, work: Work) -> bool:
        """Whether anybody else will see the state before this transaction's commit."""
        others = len(self.snapshots) - (work in self.snapshots)
        return others > 0 or bool(self.replicas)

    def remember(self, touches: Footprint) -> None:
        """Remember the versions of what the next commit changes, for those who see them still."""
        for item, _ in touches:
            self._past.setdefault(item, []).append((self.commits + 1, item.version))

    def as_of(self, touches: Footprint, snapshot: int) -> Footprint:
        """Name what is read of a state of the database: as it was, where it has changed since."""
        if not self._past:
            return touches
        found = dict.fromkeys(touches)  # so that nothing is named twice, as things past would be
        return tuple([self._then(touch, snapshot) for touch in found])

    def _then(self, touch: Touch, snapshot: int) -> Touch:
        past = self._past.get(touch.item)
        if past is None or past[-1][0] <= snapshot:
            return touch
        _, version = past[bisect_right(past, snapshot, key=_commit)]
        return Touch(Past(touch.item, version), touch.access)

    def supersede(self, row: Row, *, settled: bool) -> None:
        """A row has a new version; what nobody can see of the old ones is thrown away.

        A row is `settled` if all unique indexes have it where they had it before.
        """
        versions = row.versions
        horizon = self._horizon()
        if horizon >= self.commits:
            if settled and len(versions) <= 2:  # noqa: PLR2004 - the one before and this one
                del versions[:-1]
            else:
                _prune(row, horizon)
        else:
            self._garbage.append((self.commits, row))

    def note_commit(self) -> None:
        """Tell the replicas of a commit."""
        if self.replicas:
            for replica in self.replicas:
                replica.note(self.sim.now, self.commits)
            self._collect()

    def _horizon(self) -> int:
        """Return the oldest state that somebody can see."""
        oldest = next(iter(self.snapshots.values())) if self.snapshots else self.commits
        if not self.replicas:
            return oldest
        return min([oldest, *(each.horizon() for each in self.replicas)])

    def _collect(self) -> None:
        garbage = self._garbage
        if not garbage:
            return
        horizon = self._horizon()
        while garbage and garbage[0][0] <= horizon:
            _prune(garbage.popleft()[1], horizon)


def _commit(known: tuple[int, int]) -> int:
    return known[0]


def _prune(row: Row, horizon: int) -> None:
    """Throw away the versions of a row that are older than what a snapshot sees."""
    versions = row.versions
    kept = len(versions) - 1
    while kept > 0 and versions[kept].at > horizon:
        kept -= 1
    gone = versions[:kept] if kept > 0 else []
    left = versions[len(gone) :]
    if len(left) == 1 and left[0].values is None and left[0].at <= horizon and row.draft is None:
        gone, left = [*gone, *left], []
    if gone or not left:
        row.versions = left
        row.table.forget(row, gone)
