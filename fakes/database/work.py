"""A transaction as the server has it: its snapshot, its drafts, its locks, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from pileup.fakes._port import Cell
from pileup.fakes.database.errors import InFailedTransaction
from pileup.fakes.database.rows import Row, Version, Way
from pileup.fakes.database.ssi import Serial
from pileup.fakes.database.waits import Wait
from pileup.operations import Footprint, Item, Touch
from pileup.sim.agents import Strand

if TYPE_CHECKING:
    from pileup.fakes.database.engine import Engine
    from pileup.fakes.database.tables import Slot

Isolation: TypeAlias = Literal["read committed", "repeatable read", "serializable"]
"""How much of others' work a transaction sees while it runs."""

State: TypeAlias = Literal["open", "aborted", "committed", "rolled back"]

READ_COMMITTED: Final = "read committed"
SERIALIZABLE: Final = "serializable"


class Work:
    """One transaction on the server."""

    __slots__ = (
        "_drafted",
        "_drafted_rows",
        "_replaced",
        "agent",
        "cells",
        "drafts",
        "engine",
        "holds",
        "isolation",
        "over",
        "read_only",
        "serial",
        "snapshot",
        "state",
        "touched",
        "unit",
        "wait",
        "who",
    )

    def __init__(
        self, engine: Engine, strand: Strand | None, isolation: Isolation, read_only: bool
    ) -> None:
        self.engine = engine
        self.who = "setup" if strand is None else strand.name
        self.agent = None if strand is None else strand.agent
        self.isolation = isolation
        self.read_only = read_only
        self.state: State = "open"
        self.snapshot: int | None = None
        self.serial: Serial | None = None
        self.wait: Wait | None = None
        self.unit: int | None = None
        """Its number among the run's units of work, if it can have more than one statement."""
        self.drafts: dict[Row, Slot | None] = {}
        """What it has written, each with the only slot that changes, if it is known."""
        self._drafted: dict[Item, Touch] = {}
        self._drafted_rows = 0
        self.over: tuple[tuple[str, int], ...] = ()
        """Once it has committed: of which items it has written over an older part alone."""
        self.holds: dict[Row, None] = {}
        self.cells: dict[Cell, None] = {}
        """What others wait for that this transaction holds up."""
        self._replaced: list[tuple[Row, Version]] = []
        self.touched: dict[Cell, None] = {}
        """The part of it that the present statement has taken."""

    # Reading -----------------------------------------------------------------------------

    def look(self) -> int:
        """Return the snapshot that a statement sees, which begins now."""
        self.look_alive()
        if self.isolation == READ_COMMITTED:
            return self.engine.commits
        if self.snapshot is None:
            self.snapshot = self.engine.take_snapshot(self)
        if self.serial is not None:
            self.engine.conflicts.expect_alive(self.serial)
        return self.snapshot

    def look_alive(self) -> None:
        """Refuse to do anything more in a transaction that has failed."""
        if self.state == "aborted":
            raise InFailedTransaction(
                "current transaction is aborted, commands are ignored until end of transaction "
                "block. A statement before this one failed: leave `async with`, and begin anew."
            )

    # Writing -----------------------------------------------------------------------------

    def hold(self, row: Row, *, exclusive: bool) -> None:
        """Lock a row; a lock that is there already is never weakened."""
        row.holders[self] = exclusive or row.holders.get(self, False)
        self.holds[row] = None
        cell = row.table.slots_of(row.latest(self))[0].lock  # the key's, which stands for the row
        self._keep(cell)
        cell.item.holder = _names(row)

    def draft(self, row: Row, values: dict[str, Any] | None, way: Way) -> Version:
        """Write a version that nobody else sees before the commit."""
        before, table = row.latest(self), row.table
        version = Version(values, self.serial)
        replaced, row.draft = row.draft, version
        version.way = way if replaced is None else way.after(replaced.way)
        row.holders[self] = True
        self.holds[row] = self.drafts[row] = None
        for slot in table.slots_of(before, version):
            self._keep(slot.lock)
            slot.lock.item.holder = self.who
        if replaced is not None:
            self._replaced.append((row, replaced))
        return version

    def hold_alone(self, row: Row, slot: Slot) -> None:
        """Lock a row that nobody else has locked; `slot` is its key's."""
        row.holders[self] = True
        self.holds[row] = None
        self.cells[slot.lock] = None
        slot.lock.item.holder = self.who

    def redraft(self, row: Row, values: dict[str, Any], slot: Slot, way: Way) -> Version:
        """Draft a row that is held, and stays where all unique indexes have it."""
        version = Version(values)
        version.way = way if row.draft is None else way.after(row.draft.way)
        row.draft = version
        self.drafts.setdefault(row, slot)
        return version

    def drafted(self, count: int) -> Mapping[Item, Touch]:
        """Return the items of the first rows that it wrote, each with what is read to see them.

        Nobody else can change a draft before its commit, so that is its lock.
        """
        known = self._drafted
        for row in islice(self.drafts, self._drafted_rows, count):
            for slot in row.table.slots_of(row.latest(None), row.draft):
                known[slot.item] = slot.lock.reads[0]
        self._drafted_rows = count
        return known

    def _keep(self, cell: Cell) -> None:
        self.cells[cell] = self.touched[cell] = None

    # The end -----------------------------------------------------------------------------

    def locked(self) -> Footprint:
        """Return what this transaction holds others up at."""
        return tuple([cell.alters[0] for cell in self.cells])

    def changes(self) -> Footprint:
        """Return what a commit of it changes."""
        touches: dict[Touch, None] = {}
        for row, known in self.drafts.items():
            before = row.versions[-1] if row.versions else None
            slots = [known] if known is not None else row.table.slots_of(before, row.draft)
            for slot in slots:
                # Only the key stands for the row; another unique value is taken if it is free.
                blind = slot is slots[0] and row.draft is not None and row.draft.way.blind
                touches[slot.writes[0] if blind else slot.alters[0]] = None
            touches[row.table.whole.updates[0]] = None
        if touches:
            touches[self.engine.items.commits.updates[0]] = None
        return tuple(touches)

    def ends(self) -> Footprint:
        """Return what a commit of it touches."""
        if len(self.drafts) == 1 and len(self.cells) == 1:
            row, slot = next(iter(self.drafts.items()))
            if slot is not None and row.draft is not None:
                return slot.commits if row.draft.way.blind else slot.recommits
        return self.changes() + self.locked()

    def commit(self) -> None:
        """Let everybody see what was written."""
        engine = self.engine
        if self.serial is not None:
            engine.conflicts.prepare(self.serial)
        if self.drafts:
            if engine.others_look_back(self):
                engine.remember(self.changes())
            engine.commits += 1
            for row, slot in self.drafts.items():
                self._note_columns(row, slot)
                version, row.draft = row.draft, None
                assert version is not None
                version.at = engine.commits
                row.versions.append(version)
        self._end("committed")
        if self.drafts:
            for row, slot in self.drafts.items():
                engine.supersede(row, settled=slot is not None)
            engine.note_commit()

    def _note_columns(self, row: Row, slot: Slot | None) -> None:
        """Note what is written over of a row of which some columns alone are set."""
        if row.draft is None or row.draft.way.columns is None:
            row.set_all()
            return
        item = (slot or row.table.slots_of(row.versions[-1])[0]).item
        over = row.set_some(row.draft.way.columns, item.version)
        if over is not None:
            self.over += ((item.name, over),)

    def rollback(self) -> None:
        """Take back what was written, and let go of what is locked."""
        for row in self.drafts:
            version, row.draft = row.draft, None
            if version is not None:
                row.table.forget(row, [version])
        self.drafts = {}
        self._end("rolled back")

    def fail(self) -> None:
        """Roll back; the client has yet to notice."""
        self.rollback()
        self.state = "aborted"

    def _end(self, state: State) -> None:
        self.state, self.wait = state, None
        for row in self.holds:
            row.holders.pop(self, None)
        for cell in self.cells:
            cell.item.holder = None
        for row in self.holds:
            if row.holders:
                row.table.slots_of(row.latest(None))[0].lock.item.holder = _names(row)
        self.holds, self.cells = {}, {}
        for row, version in self._replaced:
            row.table.forget(row, [version])
        committed = self.engine.commits if state == "committed" else None
        self.engine.let_go(self, committed)


def _names(row: Row) -> str:
    return ", ".join([work.who for work in row.holders])
