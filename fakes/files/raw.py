"""A raw file as CPython's own buffers and text wrappers want it, over one of ours.

`BufferedWriter` and `TextIOWrapper` are the real ones, so what reaches this
file in one piece is what would reach the disk in one `write`.
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

from pileup.fakes.files.inodes import BLOCK
from pileup.fakes.files.mounts import Descriptor, Mounts, act
from pileup.operations import Operation

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class RawFile(io.RawIOBase):
    """What stands for `io.FileIO`: each read and each write is one system call."""

    def __init__(self, mounts: Mounts, number: int, name: object, mode: str) -> None:
        super().__init__()
        self.name = name
        self.mode = mode
        self.blksize = BLOCK
        self._mounts = mounts
        self._number = number
        self._descriptor: Descriptor = mounts.get(number)
        self.closefd = True

    def fileno(self) -> int:
        """Tell the descriptor's number."""
        self._expect_open()
        return self._number

    def readable(self) -> bool:
        """Whether it was opened for reading."""
        self._expect_open()
        return self._descriptor.opened.readable

    def writable(self) -> bool:
        """Whether it was opened for writing."""
        self._expect_open()
        return self._descriptor.opened.writable

    def seekable(self) -> bool:
        """Whether its offset can be moved."""
        self._expect_open()
        return True

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        self._expect_open()
        return False

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read into a buffer."""
        self._expect(self.readable(), "reading")
        view = memoryview(buffer).cast("B")
        data = self._read(len(view))
        view[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        """Read until nothing follows, as `FileIO` does: with one call more than has an answer."""
        self._expect(self.readable(), "reading")
        parts: list[bytes] = []
        while data := self._read(None):
            parts.append(data)
        return b"".join(parts)

    def _read(self, size: int | None) -> bytes:
        calls, opened = self._descriptor
        data: bytes = act(calls, opened.read(size))
        return data

    def write(self, data: ReadableBuffer) -> int:
        """Write what there is room for."""
        self._expect(self.writable(), "writing")
        calls, opened = self._descriptor
        held = bytes(data)
        if opened.lost:  # a buffer that outlives its process; what it holds is lost
            return len(held)
        written: int = act(calls, opened.write(held)) if held else 0
        return written

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to another place."""
        self._expect_open()
        calls, opened = self._descriptor
        move = opened.seek(offset, whence)
        return act(calls, move) if isinstance(move, Operation) else move

    def tell(self) -> int:
        """Tell where it stands."""
        self._expect_open()
        return self._descriptor.opened.offset

    def truncate(self, size: int | None = None) -> int:
        """Make the file so and so long."""
        self._expect(self.writable(), "writing")
        calls, opened = self._descriptor
        length = opened.offset if size is None else size
        act(calls, opened.cut(length))
        return length

    def close(self) -> None:
        """Let go of the descriptor, if it is this file's to close."""
        if self.closed:
            return
        try:
            super().close()
        finally:
            if self.closefd and not self._descriptor.opened.lost:
                self._mounts.close(self._number)

    def _expect_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file")

    def _expect(self, fits: bool, what: str) -> None:
        if not fits:
            raise io.UnsupportedOperation(f"File not open for {what}")

    def __repr__(self) -> str:
        return f"<file {self.name!r} of pileup, mode {self.mode!r}>"
