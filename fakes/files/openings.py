"""Opening files: what is made, emptied or refused, as the flags say."""

from __future__ import annotations

import os
from errno import EACCES, EEXIST, EISDIR, ELOOP, ENOENT, ENOTDIR
from typing import Final

from pileup.fakes.files.inodes import Directory, Inode, Regular, Symlink
from pileup.fakes.files.opened import ACCESS, Opened, Request, call
from pileup.fakes.files.paths import Paths
from pileup.fakes.files.tree import Spot, Where, changing, complaint
from pileup.operations import Operation

WANTED: Final = {os.O_RDONLY: 4, os.O_WRONLY: 2, os.O_RDWR: 6}
SAID: Final = {os.O_RDONLY: "to read", os.O_WRONLY: "to write", os.O_RDWR: "to read and write"}
O_PATH: Final = getattr(os, "O_PATH", 0)  # these three are not there on every system
O_DIRECTORY: Final = getattr(os, "O_DIRECTORY", 0)
O_NOFOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
EXCLUSIVE: Final = os.O_CREAT | os.O_EXCL


class Openings(Paths):
    """The call that opens a file."""

    def open(self, where: Where, flags: int, mode: int = 0o666) -> Operation:
        """Open a file, making or emptying it as the flags say."""
        spot = self._tree.spot(where, follow=_follows(flags))
        name, touches = "open", spot.touches
        if spot.node is None and flags & os.O_CREAT:
            name, touches = "create", self._tree.entry(spot)
        elif flags & os.O_TRUNC and isinstance(spot.node, Regular):
            space = self._volume.disk.space(taken=True)
            name, touches = "truncate", changing(spot.node, spot, space)
        op = call(name, touches, self._open, Request(where, flags, mode, self._volume.process()))
        op.detail = SAID.get(flags & ACCESS)
        return op

    def _open(self, op: Operation, request: Request) -> Opened:
        where, flags, mode, _ = request
        op.name = "open"  # until it is known better than when it was asked for
        if flags & os.O_CREAT and where.path.endswith("/"):
            self._named(op, where)
            raise complaint(EISDIR, where.shown)
        spot = self._tree.look(op, where, follow=_follows(flags))
        node = spot.node
        if node is None:
            if not flags & os.O_CREAT:
                raise complaint(ENOENT, where.shown)
            op.name, node = "create", self._tree.file(mode)
            self._bind(op, spot, node, where)
        else:
            self._refuse(node, flags, where)
            if flags & os.O_TRUNC and isinstance(node, Regular):
                op.name = "truncate"
                self._empty(op, node, spot)
        return Opened(self._volume, node, spot.path, request)

    def _empty(self, op: Operation, node: Regular, spot: Spot) -> None:
        if node.data:  # or else nobody can tell the difference
            self._volume.resize(op, node, 0, spot.path)
            op.touches = changing(node, spot, self._volume.disk.space(taken=True))

    def _refuse(self, node: Inode, flags: int, where: Where) -> None:
        """Raise if something that is there cannot be opened like this."""
        access = flags & ACCESS
        if flags & EXCLUSIVE == EXCLUSIVE:
            raise complaint(EEXIST, where.shown)
        if isinstance(node, Symlink) and not flags & O_PATH:
            raise complaint(ELOOP, where.shown)
        if isinstance(node, Directory) and (access or flags & os.O_CREAT):
            raise complaint(EISDIR, where.shown)
        if flags & O_DIRECTORY and not isinstance(node, Directory):
            raise complaint(ENOTDIR, where.shown)
        if not node.may(WANTED.get(access, 0)) and not flags & O_PATH:
            raise complaint(EACCES, where.shown)


def _follows(flags: int) -> bool:
    return not (flags & O_NOFOLLOW or flags & EXCLUSIVE == EXCLUSIVE)
