"""The fake folder for sync code: the verbs of `Files` without `await`.

In an agent each parks; in `setup` and `check` they act at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pileup.fakes.files.stream import SyncStream, as_bytes

if TYPE_CHECKING:
    from pileup.fakes.files.courses import Calls
    from pileup.fakes.files.spots import Where
    from pileup.fakes.files.ways import Ways


class SyncFiles:
    """The files that agents share, by path."""

    def __init__(self, ways: Ways, calls: Calls) -> None:
        self._ways = ways
        self._calls = calls

    def read_text(self, path: str, encoding: str = "utf-8") -> str:
        """Read a whole file."""
        return self.read_bytes(path).decode(encoding)

    def read_bytes(self, path: str) -> bytes:
        """Read a whole file."""
        data: bytes = self._ways.act(self._calls.read(path))
        return data

    def write_text(self, path: str, text: str, encoding: str = "utf-8") -> None:
        """Empty a file, then write it: two steps, as with a real file."""
        self._ways.run(self._calls.write(path, text.encode(encoding)))

    def write_bytes(self, path: str, data: bytes) -> None:
        """Empty a file, then write it: two steps, as with a real file."""
        self._ways.run(self._calls.write(path, data))

    def replace_text(self, path: str, text: str, encoding: str = "utf-8") -> None:
        """Write a file beside it, then let that take its place: readers see one or the other."""
        self._ways.run(self._calls.replace_whole(path, text.encode(encoding)))

    def append(self, path: str, data: str | bytes) -> None:
        """Write at the end of a file, wherever that is by then."""
        self._ways.run(self._calls.append(path, as_bytes(data)))

    def create(self, path: str, data: str | bytes = b"") -> None:
        """Make a file that must not be there yet (O_EXCL), then write it."""
        self._ways.run(self._calls.create(path, as_bytes(data)))

    def replace(self, source: str, target: str) -> None:
        """Let `target` lead to what `source` led to; who has the old one open keeps it."""
        self._ways.act(self._calls.entries.rename(self._at(source), self._at(target), "replace"))

    def rename(self, source: str, target: str) -> None:
        """Do what `replace` does: POSIX knows no other."""
        self._ways.act(self._calls.entries.rename(self._at(source), self._at(target)))

    def link(self, source: str, target: str) -> None:
        """Give a file one more name."""
        self._ways.act(self._calls.entries.link(self._at(source), self._at(target)))

    def remove(self, path: str) -> None:
        """Take a name away."""
        self._ways.act(self._calls.entries.remove(self._at(path)))

    def truncate(self, path: str, length: int) -> None:
        """Make a file so and so long."""
        self._ways.act(self._calls.attributes.truncate(self._at(path), length))

    def exists(self, path: str) -> bool:
        """Tell whether a path leads to anything."""
        found: bool = self._ways.act(self._calls.exists(path))
        return found

    def stat(self, path: str) -> os.stat_result:
        """Tell all about a file."""
        found: os.stat_result = self._ways.act(self._calls.attributes.stat(self._at(path)))
        return found

    def listdir(self, path: str = "") -> list[str]:
        """Name what is in a directory, sorted."""
        return list(self._ways.act(self._calls.entries.listdir(self._at(path))))

    def mkdir(self, path: str, *, parents: bool = False, exist_ok: bool = False) -> None:
        """Make a directory."""
        self._ways.run(self._calls.mkdir(path, parents=parents, exist_ok=exist_ok))

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        self._ways.act(self._calls.entries.rmdir(self._at(path)))

    def fsync(self, path: str) -> None:
        """Make durable what is pending of a file's contents, or of a directory's names."""
        self._ways.act(self._calls.sync(path))

    def open(self, path: str, mode: str = "r") -> SyncStream:
        """Open a file, for work step by step."""
        return SyncStream(self._ways, self._calls, self._ways.run(self._calls.open(path, mode)))

    @contextmanager
    def lock(self, path: str, *, shared: bool = False, blocking: bool = True) -> Iterator[None]:
        """Hold the `flock` of a file, made if it is not there."""
        opened = self._ways.run(self._calls.lock(path, shared=shared, blocking=blocking))
        try:
            yield
        finally:
            self._ways.run(self._calls.close(opened))

    def _at(self, path: str) -> Where:
        return self._calls.where(path)
