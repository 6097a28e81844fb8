"""Verbs that take several system calls, as generators that sync and async code share.

`write_text` is two: a real one opens the file, which empties it, and then
writes. Who reads in between sees nothing; who writes in between is mixed in.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from errno import EACCES, EISDIR, ENOENT
from typing import Any, Final, TypeAlias, TypeVar

from pileup.fakes.files.attributes import Attributes
from pileup.fakes.files.calls import adding, call, marked, shown
from pileup.fakes.files.entries import Entries
from pileup.fakes.files.inodes import Directory, Regular
from pileup.fakes.files.locking import Locking
from pileup.fakes.files.locks import LOCK_EX, LOCK_NB, LOCK_SH
from pileup.fakes.files.modes import parse
from pileup.fakes.files.opened import Opened
from pileup.fakes.files.spots import Where, complaint, parent_of
from pileup.fakes.files.volume import Volume
from pileup.operations import Operation
from pileup.sim.agents import here

T = TypeVar("T")
Course: TypeAlias = Generator[Operation, Any, T]  # Any: what operations return

OVERWRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL
APPEND: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND


class Calls:
    """All that can be asked of a volume: single operations, and courses of them."""

    def __init__(self, volume: Volume) -> None:
        self.volume = volume
        self.entries = Entries(volume)
        self.attributes = Attributes(volume)
        self.locking = Locking(volume)
        self._tree = volume.tree

    def where(self, path: str) -> Where:
        """Read a path as agents write it: from the top of the folder, or as it is mounted."""
        return self._tree.where(path)

    # Whole files -------------------------------------------------------------------------

    def read(self, path: str) -> Operation:
        """Read a whole file: one operation, because what is read was all there at one moment."""
        where = self.where(path)
        return call("read", self._tree.spot(where.path).touches, self._read, where)

    def _read(self, op: Operation, where: Where) -> bytes:
        node = self._tree.look(op, where).node
        if node is None:
            raise _absent(where)
        if not isinstance(node, Regular) or not node.may(4):
            raise complaint(EISDIR if isinstance(node, Directory) else EACCES, where.shown)
        data = bytes(node.data)
        op.detail = shown(data)
        if self._tree.sim.marked:
            op.note = marked(self._tree.sim, where.path, got=data)
        return data

    def write(self, path: str, data: bytes) -> Course[None]:
        """Empty a file, or make it, and write it anew."""
        return self._whole(self.entries.open(self.where(path), OVERWRITE), data)

    def create(self, path: str, data: bytes) -> Course[None]:
        """Make a file that is not there yet, and write it."""
        return self._whole(self.entries.open(self.where(path), NEW), data)

    def append(self, path: str, data: bytes) -> Course[None]:
        """Write at the end of a file, wherever that is by then."""
        opening = self.entries.open(self.where(path), APPEND)
        opening.note = adding(data)
        return self._whole(opening, data)

    def replace_whole(self, path: str, data: bytes) -> Course[None]:
        """Write a file of another name, make it durable, and let it take the place of this one."""
        strand = here.get(None)
        who = "setup" if strand is None else strand.name.replace("/", "-")
        beside = f"{path}.{who}.tmp"
        opening = self.entries.open(self.where(beside), OVERWRITE)
        yield from self._whole(opening, data, durable=True)
        yield self.entries.rename(self.where(beside), self.where(path), "replace")

    def _whole(self, opening: Operation, data: bytes, *, durable: bool = False) -> Course[None]:
        opened: Opened = yield opening
        try:
            while data:
                written = yield opened.write(data)
                data = data[written:]
            if durable:
                yield opened.sync()
        except BaseException:  # also when the agent is cancelled: there is no time to park then
            self.abandon(opened)
            raise
        closing = self.locking.closing(opened)
        if closing is not None:
            yield from self._close(opened, closing)

    def fill(self, opened: Opened, data: bytes) -> Course[None]:
        """Write all of it, in as many pieces as it takes."""
        while data:
            written = yield opened.write(data)
            data = data[written:]

    # Names -------------------------------------------------------------------------------

    def exists(self, path: str) -> Operation:
        """Tell whether a path leads to anything."""
        where = self.where(path)
        return call("exists", self._tree.spot(where.path).touches, self._exists, where)

    def _exists(self, op: Operation, where: Where) -> bool:
        spot = self._tree.spot(where.path)
        op.touches = spot.touches
        return spot.node is not None and not spot.error

    def mkdir(self, path: str, *, parents: bool, exist_ok: bool) -> Course[None]:
        """Make a directory, and those that lead to it if need be."""
        where = self.where(path)
        try:
            yield self.entries.mkdir(where)
        except FileNotFoundError:
            if not parents or not parent_of(path):
                raise
            yield from self.mkdir(parent_of(path), parents=True, exist_ok=True)
            yield from self.mkdir(path, parents=False, exist_ok=exist_ok)
        except FileExistsError:
            if not exist_ok or not (yield self._is_directory(where)):
                raise

    def _is_directory(self, where: Where) -> Operation:
        return call("stat", self._tree.spot(where.path).touches, self._look_for_directory, where)

    def _look_for_directory(self, op: Operation, where: Where) -> bool:
        spot = self._tree.spot(where.path)
        op.touches = spot.touches
        return isinstance(spot.node, Directory) and not spot.error

    def sync(self, path: str) -> Operation:
        """Make durable what is pending of a file, or of a directory's names."""
        where = self.where(path)
        return call("fsync", self._tree.spot(where.path).seen, self._sync, where)

    def _sync(self, op: Operation, where: Where) -> None:
        self.volume.disk.sync(self._tree.see(op, where))

    # Open files and locks ----------------------------------------------------------------

    def open(self, path: str, mode: str) -> Course[Opened]:
        """Open a file, as the mode says."""
        spec = parse(mode)
        opened: Opened = yield self.entries.open(self.where(path), spec.flags)
        if isinstance(opened.node, Directory):
            self.abandon(opened)
            raise complaint(EISDIR, path)
        return opened

    def lock(self, path: str, *, shared: bool, blocking: bool) -> Course[Opened]:
        """Open a file, made if it is not there, and take its lock."""
        opened: Opened = yield self.entries.open(self.where(path), os.O_RDWR | os.O_CREAT)
        how = (LOCK_SH if shared else LOCK_EX) | (0 if blocking else LOCK_NB)
        try:
            yield from self.locking.flock(opened, how)
        except BaseException:
            self.abandon(opened)
            raise
        return opened

    def close(self, opened: Opened) -> Course[None]:
        """Let go of an open file, and so of its lock."""
        closing = self.locking.closing(opened)
        if closing is not None:
            yield from self._close(opened, closing)

    def _close(self, opened: Opened, closing: Operation) -> Course[None]:
        refs = opened.refs
        try:
            yield closing
        except BaseException:  # cancelled, but a real `close` cannot be
            if opened.refs == refs:
                self.volume.settle(closing)
            raise

    def abandon(self, opened: Opened) -> None:
        """Let go of an open file at once, where there is no time to park."""
        closing = self.locking.closing(opened)
        if closing is not None:
            self.volume.settle(closing)


def _absent(where: Where) -> OSError:
    return FileNotFoundError(
        ENOENT,
        "No such file or directory in the fake files (to have it there from the start, "
        f"call files.seed({where.shown!r}, text) in setup)",
        where.shown,
    )
