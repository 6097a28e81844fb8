"""Serializable snapshot isolation: who has read past whose writes, and who has to die for it.

An edge leads from a reader to the writer of a version that it did not see
(they are then in that order, if in any). An anomaly needs a pivot with an edge
in and an edge out whose far end commits first of the three; the rules below
are PostgreSQL's (predicate.c), down to who is chosen. Reads are remembered by
what was looked at: a row, a slot of a unique index, or a whole table.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from pileup.fakes.database.errors import SerializationFailure
from pileup.fakes.database.rows import Row, Version
from pileup.fakes.database.tables import Slot, Table

Looked: TypeAlias = Row | Slot | Table
"""What a transaction has looked at: a row, a place where one might be, or a whole table."""

NEVER = 1 << 62


class Serial:
    """One serializable transaction, as the others have to reckon with it."""

    __slots__ = (
        "before",
        "committed",
        "doomed",
        "first_out",
        "looked",
        "prepared",
        "read_only",
        "readers",
        "snapshot",
        "until",
        "writers",
        "wrote",
    )

    def __init__(self, snapshot: int, before: int, read_only: bool) -> None:
        self.snapshot = snapshot
        self.until = NEVER
        """The state of the database that its commit led to."""
        self.before = before
        self.prepared = self.committed = NEVER
        self.first_out = NEVER
        """When the first of those committed whose writes it had not seen, if before itself."""
        self.read_only = read_only
        self.doomed = self.wrote = False
        self.readers: dict[Serial, None] = {}
        self.writers: dict[Serial, None] = {}
        self.looked: dict[Looked, None] = {}


class Conflicts:
    """All serializable transactions that are open, and those that such a one still overlaps."""

    def __init__(self) -> None:
        self.stirred = False
        """Whether an edge was met since somebody last set this back."""
        self._moment = 0
        self._open: dict[Serial, None] = {}
        self._done: list[Serial] = []
        self._looks: dict[Looked, dict[Serial, None]] = {}

    def begin(self, snapshot: int, read_only: bool) -> Serial:
        """A serializable transaction takes its snapshot."""
        serial = Serial(snapshot, self._moment, read_only)
        self._open[serial] = None
        return serial

    def expect_alive(self, serial: Serial) -> None:
        """End a transaction that somebody else has decided against."""
        if serial.doomed:
            self.stirred = True
            raise _failure("it was chosen to give way to another")

    def look(self, serial: Serial, place: Looked) -> None:
        """Remember what a transaction has looked at."""
        self._looks.setdefault(place, {})[serial] = None
        serial.looked[place] = None

    def miss(self, reader: Serial, versions: Iterable[Version]) -> None:
        """A transaction reads a row without seeing these versions of others'."""
        for version in versions:
            writer = version.by
            if writer is None or writer is reader or writer.doomed or writer in reader.writers:
                continue
            committed = writer.committed != NEVER
            if reader.read_only and committed and reader.before < writer.first_out:
                continue  # it appears to run first
            if committed and writer.until <= reader.snapshot:
                continue
            self._conflict(reader, writer, reader)

    def write(self, writer: Serial, places: Iterable[Looked]) -> None:
        """A transaction writes where others may have looked."""
        writer.wrote = True
        for place in places:
            for reader in tuple(self._looks.get(place, ())):
                over = reader.committed != NEVER and reader.until <= writer.snapshot
                if reader is writer or reader.doomed or over or writer in reader.writers:
                    continue
                self._conflict(reader, writer, writer)

    def _conflict(self, reader: Serial, writer: Serial, acting: Serial) -> None:
        self.stirred = True
        if self._is_dangerous(reader, writer):
            if acting is writer:
                raise _failure("it is the pivot, during a write")
            if writer.prepared != NEVER:
                raise _failure("it reads past a pivot that has committed")
            writer.doomed = True
        reader.writers[writer] = None
        writer.readers[reader] = None

    def _is_dangerous(self, reader: Serial, writer: Serial) -> bool:
        """Whether an edge completes a structure whose last member has committed first."""
        if NEVER not in (writer.committed, writer.first_out):
            return True
        for last in writer.writers:
            if (
                last.prepared != NEVER
                and last.prepared <= reader.committed
                and last.prepared <= writer.committed
                and (not reader.read_only or last.prepared <= reader.before)
            ):
                return True
        if writer.prepared == NEVER or reader.read_only:
            return False
        return any(
            not first.doomed
            and first.committed >= writer.prepared
            and (not first.read_only or first.before >= writer.prepared)
            for first in reader.readers
        )

    def prepare(self, serial: Serial) -> None:
        """A transaction is about to commit: it fails, or dooms a pivot that it would complete."""
        self.expect_alive(serial)
        for pivot in serial.readers:
            self.stirred = True
            if pivot.committed != NEVER or pivot.doomed:
                continue
            for first in pivot.readers:
                alive = first.committed == NEVER and not first.read_only and not first.doomed
                if first is serial or alive:
                    pivot.doomed = True
                    break
        self._moment += 1
        serial.prepared = self._moment

    def end(self, serial: Serial, until: int | None) -> None:
        """A transaction has committed, leading to the state `until`, or rolled back (None)."""
        committed = until is not None
        if until is not None:
            self._moment += 1
            serial.committed, serial.until = self._moment, until
            serial.read_only = serial.read_only or not serial.wrote
            self._done.append(serial)
        else:
            serial.doomed = True
        for writer in tuple(serial.writers):
            if committed and not serial.read_only and writer.committed != NEVER:
                serial.first_out = min(serial.first_out, writer.prepared)
            if not committed or writer.committed != NEVER:
                _forget_edge(serial, writer)
        for reader in tuple(serial.readers):
            if not committed or reader.committed != NEVER or reader.read_only:
                _forget_edge(reader, serial)
        del self._open[serial]
        if not committed:
            self._forget(serial)
        self._tidy()

    def _tidy(self) -> None:
        """Forget those that no open transaction overlaps."""
        oldest = next(iter(self._open)).snapshot if self._open else NEVER
        kept = [each for each in self._done if each.until > oldest]
        for each in self._done:
            if each.until <= oldest:
                self._forget(each)
        self._done = kept

    def _forget(self, serial: Serial) -> None:
        for place in serial.looked:
            looks = self._looks[place]
            del looks[serial]
            if not looks:
                del self._looks[place]
        for writer in tuple(serial.writers):
            _forget_edge(serial, writer)
        for reader in tuple(serial.readers):
            _forget_edge(reader, serial)


def _forget_edge(reader: Serial, writer: Serial) -> None:
    reader.writers.pop(writer, None)
    writer.readers.pop(reader, None)


def _failure(why: str) -> SerializationFailure:
    return SerializationFailure(
        "could not serialize access due to read/write dependencies among transactions "
        f"({why}); roll back and do all of it again"
    )
