"""The calls that lock and unlock, and those that close, which unlocks too."""

from __future__ import annotations

import os
from collections.abc import Generator
from errno import EAGAIN, EBADF, EINVAL
from functools import partial

from pileup.errors import Unacknowledged
from pileup.fakes._port import Cells
from pileup.fakes.files.calls import call
from pileup.fakes.files.locks import (
    ENDLESS,
    KINDS,
    LOCK_EX,
    LOCK_NB,
    LOCK_SH,
    LOCK_UN,
    Locks,
    Span,
)
from pileup.fakes.files.opened import Opened
from pileup.fakes.files.spots import complaint, merged
from pileup.fakes.files.volume import Volume
from pileup.operations import Footprint, Operation
from pileup.sim.agents import here


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
        yield Operation("lock", locks.cell.alters, take, ready)

    def _take(self, opened: Opened, locks: Locks, shared: bool, who: str) -> None:
        _expect_open(opened)
        locks.flocks[opened] = (shared, who)
        locks.tell()

    def _unlocking(self, opened: Opened, locks: Locks) -> Operation:
        return call("unlock", locks.cell.alters, self._unlock, opened, locks)

    def _unlock(self, op: Operation, opened: Opened, locks: Locks) -> None:
        if locks.flocks.pop(opened, None) is None:
            op.touches = locks.cell.reads
        locks.tell()

    def _trying(self, opened: Opened, locks: Locks, shared: bool) -> Operation:
        return call("try to lock", locks.cell.alters, self._try, opened, locks, shared, _me())

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
            yield call("unlock", locks.cell.alters, self._free, locks, wanted)
        elif how & LOCK_NB:
            yield call("try to lock", locks.cell.alters, self._try_span, locks, wanted)
        else:
            take = partial(self._take_span, locks, wanted)
            yield Operation("lock", locks.cell.alters, take, partial(locks.is_free_of, wanted))

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
        node = opened.node
        if node.locks is None and node.names:  # the usual case
            if opened.refs:
                self._let_go(opened)
            return None
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
            return node.locks.cell.alters
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
        self._let_go(opened)

    def _let_go(self, opened: Opened) -> None:
        opened.refs -= 1
        if not opened.refs:
            self._volume.close(opened)

    def footprint_of(self, process: int) -> Footprint | None:
        """What the death of a process touches: the locks that it holds; None if it has no files."""
        nodes = [each.node for each in self._volume.opens if each.owner == process]
        if not nodes:
            return None
        return merged(*[node.locks.cell.alters for node in nodes if node.locks is not None])

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
