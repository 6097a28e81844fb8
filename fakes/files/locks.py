"""Advisory locks: `flock`, which an open file holds, and record locks, which a process holds.

A `flock` goes with the open file: two that one process has opened exclude each
other, and the last close gives it back. A record lock (`lockf`) goes with the
process, which is the agent: it never excludes its own, and is gone as soon as
the process closes *any* descriptor of the file. The two do not see each other.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from errno import EAGAIN, EBADF, EINVAL
from functools import partial
from typing import Final, NamedTuple

from pileup.errors import Unacknowledged
from pileup.fakes._port import Cell, Cells
from pileup.fakes.files.opened import Opened, call
from pileup.fakes.files.tree import complaint, merged
from pileup.fakes.files.volume import Volume
from pileup.operations import Footprint, Operation
from pileup.sim.agents import here

LOCK_SH: Final = 1  # spelled out, because the module fcntl is not there on Windows
LOCK_EX: Final = 2
LOCK_NB: Final = 4
LOCK_UN: Final = 8
KINDS: Final = LOCK_SH | LOCK_EX | LOCK_UN
ENDLESS: Final = 1 << 63


class Span(NamedTuple):
    """A record lock on the bytes from `start` to before `end`."""

    start: int
    end: int
    shared: bool
    process: int
    who: str

    def overlaps(self, start: int, end: int) -> bool:
        """Whether they have a byte in common."""
        return self.start < end and start < self.end


class Locks:
    """The locks on one file."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.flocks: dict[Opened, tuple[bool, str]] = {}
        """Who holds it, whether shared, and the name of who took it."""
        self.spans: list[Span] = []

    def tell(self) -> None:
        """Say who holds it, for the report of a deadlock."""
        names = [who for _, who in self.flocks.values()] + [each.who for each in self.spans]
        self.cell.item.holder = ", ".join(dict.fromkeys(names)) or None

    def is_free(self, opened: Opened, shared: bool) -> bool:
        """Whether nobody else's `flock` is in the way."""
        others = [kept for each, (kept, _) in self.flocks.items() if each is not opened]
        return not others or (shared and all(others))

    def is_free_of(self, wanted: Span) -> bool:
        """Whether no other process' record lock is in the way."""
        return not any(
            each.process != wanted.process
            and each.overlaps(wanted.start, wanted.end)
            and not (each.shared and wanted.shared)
            for each in self.spans
        )

    def are_lost(self, opened: Opened, process: int) -> bool:
        """Whether a process gives any back by closing a descriptor of this open file."""
        if opened.refs == 1 and opened in self.flocks:
            return True
        return any(each.process == process for each in self.spans)

    def carve(self, process: int, start: int, end: int) -> None:
        """Take a process' record locks off these bytes; what sticks out stays."""
        kept: list[Span] = []
        for each in self.spans:
            if each.process != process or not each.overlaps(start, end):
                kept.append(each)
                continue
            if each.start < start:
                kept.append(each._replace(end=start))
            if each.end > end:
                kept.append(each._replace(start=end))
        self.spans = kept


class Locking:
    """The calls that lock, unlock and close."""

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._cells = Cells(volume.tree.sim, f"{volume.name}.lock")

    def of(self, opened: Opened) -> Locks:
        """Return the locks of an open file; a second file of the same name has its own."""
        node = opened.node
        if node.locks is None:
            number = self._volume.tree.sim.count(f"{self._volume.name} lock {opened.path}")
            node.locks = Locks(
                self._cells[f"{opened.path}#{number + 1}" if number else opened.path]
            )
        return node.locks

    # flock -------------------------------------------------------------------------------

    def flock(self, opened: Opened, how: int) -> Generator[Operation, None, None]:
        """Do what `fcntl.flock` does; to change the kind of a lock gives the old one back first."""
        _expect_open(opened)
        kind = how & KINDS
        if kind not in (LOCK_SH, LOCK_EX, LOCK_UN):
            raise complaint(EINVAL, None)
        shared, locks = kind == LOCK_SH, self.of(opened)
        held = locks.flocks.get(opened)
        if kind == LOCK_UN:
            yield self._unlocking(opened, locks)
            return
        if how & LOCK_NB:
            yield self._trying(opened, locks, shared)
            return
        if held is not None and held[0] != shared:
            yield self._unlocking(opened, locks)
        take = partial(self._take, opened, locks, shared, _me())
        ready = partial(locks.is_free, opened, shared)
        yield Operation("lock", locks.cell.writes, take, ready)

    def _take(self, opened: Opened, locks: Locks, shared: bool, who: str) -> None:
        _expect_open(opened)
        locks.flocks[opened] = (shared, who)
        locks.tell()

    def _unlocking(self, opened: Opened, locks: Locks) -> Operation:
        return call("unlock", locks.cell.writes, self._unlock, opened, locks)

    def _unlock(self, op: Operation, opened: Opened, locks: Locks) -> None:
        if locks.flocks.pop(opened, None) is None:
            op.touches = locks.cell.reads
        locks.tell()

    def _trying(self, opened: Opened, locks: Locks, shared: bool) -> Operation:
        return call("try to lock", locks.cell.writes, self._try, opened, locks, shared, _me())

    def _try(self, op: Operation, opened: Opened, locks: Locks, shared: bool, who: str) -> None:
        _expect_open(opened)
        if locks.is_free(opened, shared):
            self._take(opened, locks, shared, who)
            return
        refused = complaint(EAGAIN, None)
        if locks.flocks.pop(opened, None) is not None:
            locks.tell()
            raise Unacknowledged(refused)  # the old lock is lost, as with the real call
        op.touches = locks.cell.reads
        raise refused

    # lockf -------------------------------------------------------------------------------

    def lockf(
        self, opened: Opened, how: int, length: int, start: int, whence: int
    ) -> Generator[Operation, None, None]:
        """Do what `fcntl.lockf` does."""
        _expect_open(opened)
        kind = how & KINDS
        if not (kind == LOCK_UN or _permits(opened, kind)):
            raise complaint(EBADF, None)
        wanted = self._span(opened, kind, length, start + _origin(opened, whence))
        locks = self.of(opened)
        if kind == LOCK_UN:
            yield call("unlock", locks.cell.writes, self._free, locks, wanted)
        elif how & LOCK_NB:
            yield call("try to lock", locks.cell.writes, self._try_span, locks, wanted)
        else:
            take = partial(self._take_span, locks, wanted)
            yield Operation("lock", locks.cell.writes, take, partial(locks.is_free_of, wanted))

    def _span(self, opened: Opened, kind: int, length: int, start: int) -> Span:
        end = ENDLESS if length == 0 else start + length
        start, end = min(start, end), max(start, end)
        if start < 0:
            raise complaint(EINVAL, None)
        return Span(start, end, kind == LOCK_SH, self._volume.process(), _me())

    def _take_span(self, locks: Locks, wanted: Span) -> None:
        locks.carve(wanted.process, wanted.start, wanted.end)
        locks.spans.append(wanted)
        locks.tell()

    def _try_span(self, op: Operation, locks: Locks, wanted: Span) -> None:
        if not locks.is_free_of(wanted):
            op.touches = locks.cell.reads
            raise complaint(EAGAIN, None)
        self._take_span(locks, wanted)

    def _free(self, op: Operation, locks: Locks, wanted: Span) -> None:
        if not any(each.process == wanted.process for each in locks.spans):
            op.touches = locks.cell.reads
        locks.carve(wanted.process, wanted.start, wanted.end)
        locks.tell()

    # close -------------------------------------------------------------------------------

    def closing(self, opened: Opened) -> Operation | None:
        """Let go of an open file: an operation only where somebody else can tell."""
        if not opened.refs:
            return None
        process = self._volume.process()
        touches = self._given_back(opened, process)
        if touches:
            return call("close", touches, self._close, opened, process)
        self.drop(opened, process)
        return None

    def _given_back(self, opened: Opened, process: int) -> Footprint:
        node = opened.node
        if node.locks is not None and node.locks.are_lost(opened, process):
            return node.locks.cell.writes
        if node.names or opened.refs > 1 or len(node.opened) > 1:
            return ()
        return self._volume.disk.space(taken=True)

    def _close(self, op: Operation, opened: Opened, process: int) -> None:
        op.touches = self._given_back(opened, process)
        self.drop(opened, process)

    def drop(self, opened: Opened, process: int) -> None:
        """Let go of one descriptor of an open file, and of what that takes with it."""
        locks = opened.node.locks
        if locks is not None:
            locks.carve(process, 0, ENDLESS)
            if opened.refs == 1:
                locks.flocks.pop(opened, None)
            locks.tell()
        opened.refs -= 1
        if not opened.refs:
            self._volume.close(opened)

    def footprint_of(self, process: int) -> Footprint | None:
        """What the death of a process touches: the locks that it holds; None if it has no files."""
        nodes = [each.node for each in self._volume.opens if each.owner == process]
        if not nodes:
            return None
        return merged(*[node.locks.cell.writes for node in nodes if node.locks is not None])

    def lose(self, process: int) -> None:
        """Close all that a process had open, because it has died."""
        for each in [each for each in self._volume.opens if each.owner == process]:
            each.refs, each.lost = 1, True
            self.drop(each, process)


def _expect_open(opened: Opened) -> None:
    if not opened.is_open:
        raise complaint(EBADF, None)


def _permits(opened: Opened, kind: int) -> bool:
    return opened.readable if kind == LOCK_SH else opened.writable


def _origin(opened: Opened, whence: int) -> int:
    if whence == os.SEEK_END:
        return opened.node.size
    return opened.offset if whence == os.SEEK_CUR else 0


def _me() -> str:
    strand = here.get(None)
    return "setup" if strand is None else strand.name
