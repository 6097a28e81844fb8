"""An open file of the native handle: read, write, lock and sync it step by step."""

from __future__ import annotations

import os
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from pileup.errors import UsageError
from pileup.fakes.files.locks import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN
from pileup.operations import Operation

if TYPE_CHECKING:
    from pileup.fakes.files.courses import Calls, Course
    from pileup.fakes.files.opened import Opened
    from pileup.fakes.files.ways import Ways


NOT_OPEN: Final = (
    "The file is not open: `files.open` opens it on the way into a block. "
    "Write `async with files.open(path) as file:` and use it inside."
)
OPENED_TWICE: Final = (
    "An open file of `files.open` or `files.lock` is good for one block. Call it anew for each: "
    "`async with files.lock(path):`, rather than keeping what it returned."
)


class Stream:
    """An open file, as `async with` gives it. Nothing is buffered: each call is one system call."""

    __slots__ = ("_calls", "_course", "_file", "_ways")

    def __init__(self, ways: Ways, calls: Calls, course: Course[Opened]) -> None:
        self._ways = ways
        self._calls = calls
        self._course: Course[Opened] | None = course
        self._file: Opened | None = None

    @property
    def _opened(self) -> Opened:
        if self._file is None:
            raise UsageError(NOT_OPEN)
        return self._file

    async def read(self, size: int | None = None) -> bytes:
        """Read at most `size` bytes from where it stands, or all that follow."""
        data: bytes = await self._ways.perform(self._opened.read(size))
        return data

    async def write(self, data: bytes | str) -> None:
        """Write where it stands, or at the end if it was opened to append."""
        await self._ways.walk(self._calls.fill(self._opened, as_bytes(data)))

    async def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to another place."""
        move = self._opened.seek(offset, whence)
        place: int = await self._ways.perform(move) if isinstance(move, Operation) else move
        return place

    async def truncate(self, length: int) -> None:
        """Make the file so and so long."""
        await self._ways.perform(self._opened.cut(length))

    async def stat(self) -> os.stat_result:
        """Tell all about the file."""
        found: os.stat_result = await self._ways.perform(self._opened.stat())
        return found

    async def fsync(self) -> None:
        """Make durable what was written to it."""
        await self._ways.perform(self._opened.sync())

    async def lock(self, *, shared: bool = False, blocking: bool = True) -> None:
        """Take its `flock`; without `blocking`, BlockingIOError if it is taken."""
        await self._ways.walk(self._calls.locking.flock(self._opened, _how(shared, blocking)))

    async def unlock(self) -> None:
        """Give its `flock` back."""
        await self._ways.walk(self._calls.locking.flock(self._opened, LOCK_UN))

    async def close(self) -> None:
        """Let go of it, and so of its lock."""
        await self._ways.walk(self._calls.close(self._opened))

    async def __aenter__(self) -> Self:
        course, self._course = self._course, None
        if course is None:
            raise UsageError(OPENED_TWICE)
        self._file = await self._ways.walk(course)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.close()


class SyncStream:
    """The same for sync code."""

    def __init__(self, ways: Ways, calls: Calls, opened: Opened) -> None:
        self._ways = ways
        self._calls = calls
        self._opened = opened

    def read(self, size: int | None = None) -> bytes:
        """Read at most `size` bytes from where it stands, or all that follow."""
        data: bytes = self._ways.act(self._opened.read(size))
        return data

    def write(self, data: bytes | str) -> None:
        """Write where it stands, or at the end if it was opened to append."""
        self._ways.run(self._calls.fill(self._opened, as_bytes(data)))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to another place."""
        move = self._opened.seek(offset, whence)
        place: int = self._ways.act(move) if isinstance(move, Operation) else move
        return place

    def truncate(self, length: int) -> None:
        """Make the file so and so long."""
        self._ways.act(self._opened.cut(length))

    def stat(self) -> os.stat_result:
        """Tell all about the file."""
        found: os.stat_result = self._ways.act(self._opened.stat())
        return found

    def fsync(self) -> None:
        """Make durable what was written to it."""
        self._ways.act(self._opened.sync())

    def lock(self, *, shared: bool = False, blocking: bool = True) -> None:
        """Take its `flock`; without `blocking`, BlockingIOError if it is taken."""
        self._ways.run(self._calls.locking.flock(self._opened, _how(shared, blocking)))

    def unlock(self) -> None:
        """Give its `flock` back."""
        self._ways.run(self._calls.locking.flock(self._opened, LOCK_UN))

    def close(self) -> None:
        """Let go of it, and so of its lock."""
        self._ways.run(self._calls.close(self._opened))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()


def as_bytes(data: bytes | str) -> bytes:
    """Take a text as its bytes."""
    return data.encode("utf-8") if isinstance(data, str) else bytes(data)


def _how(shared: bool, blocking: bool) -> int:
    return (LOCK_SH if shared else LOCK_EX) | (0 if blocking else LOCK_NB)
