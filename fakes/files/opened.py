"""Open files: what a path was opened to, where the next read begins, and the system calls on it.

Each call is one operation, as the kernel of a real system answers it in one
piece. A program that does its work in several (truncate, then write) can be
met between them.
"""

from __future__ import annotations

import os
from errno import EBADF, EFBIG, EINVAL, EIO, EISDIR, ENOSPC
from functools import partial
from typing import TYPE_CHECKING, Final

from pileup.errors import Unacknowledged
from pileup.fakes.files.calls import adding, call, marked, shown
from pileup.fakes.files.inodes import Inode, Regular
from pileup.fakes.files.spots import complaint
from pileup.notes import Note, blank
from pileup.operations import Footprint, Operation

if TYPE_CHECKING:
    from pileup.fakes.files.volume import Volume

ACCESS: Final = os.O_RDONLY | os.O_WRONLY | os.O_RDWR
LARGEST: Final = 1 << 32
"""Longer than any file that a test needs, and short of what would fill the memory by mistake."""


class Opened:
    """An open file description: several descriptors may share it, and then its offset."""

    __slots__ = (
        "flags",
        "lost",
        "node",
        "note",
        "offset",
        "owner",
        "path",
        "refs",
        "shown",
        "volume",
        "whole",
    )

    def __init__(self, volume: Volume, shown: object, flags: int) -> None:
        self.volume = volume
        self.node: Inode
        self.path: str
        self.flags = flags
        self.shown = shown
        self.offset = 0
        self.owner = volume.process()
        self.refs = 0
        self.lost = False
        self.note: Note | None = None
        """What the parts of one logical write say: all that it writes after it was emptied."""
        self.whole = False
        """Whether all that there was has been read by it."""

    def attach(self, node: Inode, path: str) -> Opened:
        """Open what was found, under the path by which it was found."""
        self.node, self.path, self.refs = node, path, 1
        self.volume.opens[self] = None
        node.opened.append(self)
        if path not in node.names:
            self.volume.tree.rename(node)
        return self

    def begin(self, op: Operation, node: Regular) -> None:
        """Begin to write a file anew: from here until it is closed is one logical write."""
        part = self.volume.tree.sim.count("part")
        self.note = op.note = note = blank()
        note.part = part
        node.part, node.rest = part, None

    @property
    def readable(self) -> bool:
        """Whether it was opened for reading."""
        return self.flags & ACCESS != os.O_WRONLY

    @property
    def writable(self) -> bool:
        """Whether it was opened for writing."""
        return self.flags & ACCESS != os.O_RDONLY

    @property
    def is_open(self) -> bool:
        """Whether anybody has it open still."""
        return self.refs > 0

    def expect(self, fits: bool = True) -> Regular:
        """Return the file behind it, if it is open and the call fits how."""
        if not self.refs or not fits:
            raise complaint(EBADF, self.shown)
        if not isinstance(self.node, Regular):
            raise complaint(EISDIR, self.shown)
        return self.node

    # Reading -----------------------------------------------------------------------------

    def read(self, size: int | None, offset: int | None = None) -> Operation:
        """Read at most so many bytes (None: all that there are), from the offset or a place."""
        return call("read", self.node.reads, self._read, size, offset)

    def _read(self, op: Operation, size: int | None, offset: int | None) -> bytes:
        node = self.expect(self.readable)
        op.touches = node.reads
        start = self.offset if offset is None else offset
        end = len(node.data) if size is None else start + size
        data = bytes(node.data[start:end])
        if offset is None:
            self.offset += len(data)
        if not start and len(data) == len(node.data):
            self.whole = True
        op.detail = shown(data)
        if self.volume.tree.sim.marked:
            op.note = marked(self.volume.tree.sim, self.path, got=data)
        return data

    # Writing -----------------------------------------------------------------------------

    def write(self, data: bytes, offset: int | None = None) -> Operation:
        """Write bytes at the offset, at a place, or at the end where it was opened to append."""
        appends = bool(self.flags & os.O_APPEND)
        node = self.node
        touches = self._changes(node) if isinstance(node, Regular) else node.reads
        op = call("append" if appends else "write", touches, self._write, data, offset)
        op.detail = shown(data)
        op.note = self.note
        if self.volume.tree.sim.marked:
            op.note = marked(self.volume.tree.sim, self.path, data, self.note)
        if appends:
            op.note = adding(data, op.note)
        if self.volume.tree.sim.faults is not None and len(data) > 1:
            op.twists = {
                "torn": partial(self._tear, op, data, offset, EIO),
                "full": partial(self._tear, op, data, offset, ENOSPC),
            }
        return op

    def _changes(self, node: Regular, *, blind: bool = True) -> Footprint:
        disk = self.volume.disk
        if self.flags & os.O_APPEND:
            own = node.updates(self.volume.tree.cells, "end")
        else:
            own = node.writes if blind else node.alters
        return own if disk.capacity is None else (*own, *disk.space(taken=True))

    def _replaces(self, node: Regular, start: int, length: int) -> bool:
        """Whether a write puts a whole file there, and not a piece beside what others wrote."""
        if self.note is not None:
            return True
        return start == 0 and (self.whole or length >= len(node.data))

    def _write(self, op: Operation, data: bytes, offset: int | None) -> int:
        node = self.expect(self.flags & ACCESS != os.O_RDONLY)
        start = self.offset if offset is None else offset
        if self.flags & os.O_APPEND:
            start = len(node.data)
        if start + len(data) > LARGEST:
            op.touches = node.reads
            raise complaint(EFBIG, self.shown)
        op.touches = self._changes(node, blind=self._replaces(node, start, len(data)))
        written = self.volume.disk.write(node, start, data)
        if self.note is not None:
            self._mix(op, node, start, written)
        if written < len(data):
            op.detail = shown(data[:written])
        if data and not written:
            op.touches = (*node.reads, *self.volume.disk.space(taken=False))
            raise complaint(ENOSPC, self.shown)
        if offset is None:
            self.offset = start + written
        return written

    def _mix(self, op: Operation, node: Regular, start: int, written: int) -> None:
        """Say whose else some of the file is, if two logical writes have met in it."""
        assert self.note is not None
        assert self.note.part is not None
        beside = node.mix(self.note.part, start, start + written)
        if beside is not None:
            known, op.note = op.note, blank()
            op.note.part, op.note.beside = self.note.part, beside
            op.note.sent = known.sent if known is not None else ()

    def _tear(self, op: Operation, data: bytes, offset: int | None, code: int) -> None:
        """Let the first half land, and tell that it went wrong."""
        half = data[: len(data) // 2]
        self._write(op, half, offset)
        op.detail = shown(half)
        raise Unacknowledged(complaint(code, self.shown))

    # The rest ----------------------------------------------------------------------------

    def cut(self, length: int) -> Operation:
        """Make the file so and so long."""
        touches = (*self.node.writes, *self.volume.disk.space(taken=True))
        return call("truncate", touches, self._cut, length)

    def _cut(self, op: Operation, length: int) -> None:
        op.touches = self.node.reads
        if not self.writable or length < 0 or not isinstance(self.node, Regular):
            raise complaint(EINVAL if self.refs else EBADF, self.shown)
        node = self.expect()
        self.volume.resize(op, node, length, self.shown)

    def seek(self, offset: int, whence: int) -> Operation | int:
        """Move the offset; an operation only from the end, because that asks how long it is."""
        if whence == os.SEEK_END:
            return call("seek", self.node.reads, self._seek, offset)
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self.offset}.get(whence)
        return self._move(None if start is None else start + offset)

    def _seek(self, op: Operation, offset: int) -> int:
        op.touches = self.node.reads
        return self._move(self.node.size + offset)

    def _move(self, offset: int | None) -> int:
        if not self.refs:
            raise complaint(EBADF, self.shown)
        if offset is None or offset < 0:
            raise complaint(EINVAL, self.shown)
        self.offset = offset
        return offset

    def stat(self) -> Operation:
        """Tell all about the file."""
        return call("stat", self.node.seen, self._stat)

    def _stat(self, op: Operation) -> os.stat_result:
        op.touches = self.node.seen
        if not self.refs:
            raise complaint(EBADF, self.shown)
        op.detail = self.node.size
        return self.node.stat()

    def sync(self) -> Operation:
        """Make durable what is pending."""
        return call("fsync", self.node.seen, self._sync)

    def _sync(self, op: Operation) -> None:
        op.touches = self.node.seen
        if not self.refs:
            raise complaint(EBADF, self.shown)
        self.volume.disk.sync(self.node)
