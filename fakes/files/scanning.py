"""`os.scandir` on a mounted directory: entries that know of what kind they were."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from pileup.fakes.files.courses import Calls
from pileup.fakes.files.inodes import Inode
from pileup.fakes.files.mounts import act
from pileup.fakes.files.spots import Where


class Entry:
    """Stands for `os.DirEntry`: its kind is that of the moment when it was listed."""

    __slots__ = ("_calls", "_mode", "_number", "_where", "name", "path")

    def __init__(self, calls: Calls, where: Where, node: Inode, name: Any, path: Any) -> None:
        self._calls = calls
        self._where = where
        self._mode = node.kind
        self._number = node.number
        self.name = name
        self.path = path

    def inode(self) -> int:
        """Tell the inode's number."""
        return self._number

    def is_symlink(self) -> bool:
        """Whether it is a symbolic link."""
        return stat.S_ISLNK(self._mode)

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a directory."""
        return stat.S_ISDIR(self._kind(follow_symlinks))

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self._kind(follow_symlinks))

    def is_junction(self) -> bool:
        """Whether it is what only Windows has."""
        return False

    def _kind(self, follow: bool) -> int:
        if not follow or not self.is_symlink():
            return self._mode
        try:
            return self.stat().st_mode
        except FileNotFoundError:
            return 0

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Tell all about it, as it is now."""
        op = self._calls.attributes.stat(self._where, follow=follow_symlinks)
        found: os.stat_result = act(self._calls, op)
        return found

    def __fspath__(self) -> Any:
        return self.path

    def __repr__(self) -> str:
        return f"<DirEntry {self.name!r}>"


class Scan:
    """Stands for what `os.scandir` returns."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Entry]:
        return self

    def __next__(self) -> Entry:
        return next(self._entries)

    def close(self) -> None:
        """Go no further."""
        self._entries = iter(())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()
