"""Opening files: what is made, emptied or refused, as the flags say."""

from __future__ import annotations

import os
from errno import EACCES, EEXIST, EISDIR, ELOOP, ENOENT, ENOTDIR
from typing import Final

from pileup.fakes.files.calls import call
from pileup.fakes.files.inodes import Directory, Inode, Regular, Symlink
from pileup.fakes.files.opened import ACCESS, Opened
from pileup.fakes.files.paths import Paths
from pileup.fakes.files.spots import Spot, Where, complaint
from pileup.fakes.files.tree import changing
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
        spot = self._tree.spot(where.path, follow=_follows(flags))
        node = spot.node
        name, touches = "open", spot.touches
        if node is None and flags & os.O_CREAT:
            name, touches = "create", self._tree.entry(spot, blind=_is_blind(flags))
        elif flags & os.O_TRUNC and isinstance(node, Regular):
            name = "truncate"
            touches = changing(node, spot, self._volume.disk.space(taken=True))
        op = call(name, touches, self._open, where, mode, Opened(self._volume, where.shown, flags))
        op.detail = SAID.get(flags & ACCESS)
        return op

    def _open(self, op: Operation, where: Where, mode: int, opened: Opened) -> Opened:
        flags = opened.flags
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
            self._bind(op, spot, node, where, blind=_is_blind(flags))
            if _is_anew(flags):
                opened.begin(op, node)
        else:
            code = _refusal(node, flags)
            if code:
                raise complaint(code, where.shown)
            if flags & os.O_TRUNC and isinstance(node, Regular):
                op.name = "truncate"
                self._empty(op, node, spot)
                opened.begin(op, node)
        return opened.attach(node, spot.path)

    def _empty(self, op: Operation, node: Regular, spot: Spot) -> None:
        if node.data:  # or else nobody can tell the difference
            self._volume.disk.cut(node, 0)
            op.touches = changing(node, spot, self._volume.disk.space(taken=True))


def _is_blind(flags: int) -> bool:
    """Whether a file is put there without looking whether one was."""
    return bool(flags & os.O_TRUNC) and not flags & os.O_EXCL


def _is_anew(flags: int) -> bool:
    """Whether a new file is to be written from its beginning; O_EXCL with O_TRUNC is for locks."""
    return bool(flags & os.O_TRUNC) != bool(flags & os.O_EXCL)


def _refusal(node: Inode, flags: int) -> int:
    """Say why something that is there cannot be opened like this."""
    access = flags & ACCESS
    if flags & EXCLUSIVE == EXCLUSIVE:
        return EEXIST
    if isinstance(node, Directory):
        if access or flags & os.O_CREAT:
            return EISDIR
    elif flags & O_DIRECTORY:
        return ENOTDIR  # also of a link, where links are not followed
    if flags & O_PATH:
        return 0
    if isinstance(node, Symlink):
        return ELOOP
    return 0 if node.may(WANTED.get(access, 0)) else EACCES


def _follows(flags: int) -> bool:
    return not (flags & O_NOFOLLOW or flags & EXCLUSIVE == EXCLUSIVE)
