"""System calls on what a file is, rather than on what is in it: stat, chmod, utime, truncate."""

from __future__ import annotations

import os
from errno import EACCES, EINVAL, EISDIR, ENOENT

from pileup.fakes.files.calls import call
from pileup.fakes.files.inodes import NANO, Directory, Inode, Regular
from pileup.fakes.files.opened import Opened
from pileup.fakes.files.spots import Where, complaint, merged
from pileup.fakes.files.volume import Volume
from pileup.operations import Footprint, Operation

PERMISSIONS = 0o7777


class Attributes:
    """The calls that look at a file's attributes and change them."""

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._tree = volume.tree

    def stat(self, where: Where, *, follow: bool = True) -> Operation:
        """Tell all about what a path leads to."""
        touches = self._tree.spot(where.path, follow=follow).seen
        return call("stat", touches, self._stat, where, follow)

    def _stat(self, op: Operation, where: Where, follow: bool) -> os.stat_result:
        node = self._tree.see(op, where, follow=follow)
        op.detail = node.size
        return node.stat()

    def access(self, where: Where, mode: int) -> Operation:
        """Tell whether it is there and may be read, written, executed."""
        return call("access", self._tree.spot(where.path).touches, self._access, where, mode)

    def _access(self, op: Operation, where: Where, mode: int) -> bool:
        spot = self._tree.spot(where.path)
        op.touches = spot.touches
        return spot.node is not None and not spot.error and spot.node.may(mode)

    def chmod(self, where: Where | Opened, mode: int, *, follow: bool = True) -> Operation:
        """Change permissions."""
        return call("chmod", self._about(where, "mode", follow), self._chmod, where, mode, follow)

    def _about(self, where: Where | Opened, aspect: str, follow: bool) -> Footprint:
        if isinstance(where, Opened):
            return self._change(where.node, aspect)
        spot = self._tree.spot(where.path, follow=follow)
        if spot.node is None:
            return spot.touches
        return merged(self._change(spot.node, aspect), spot.touches)

    def _change(self, node: Inode, aspect: str) -> Footprint:
        if aspect == "mode" and isinstance(node, Directory):  # it may bar the way to what is inside
            inside = [self._tree.inside(path) for path in node.names]
            return merged(node.alters, *inside)
        return node.updates(self._tree.cells, aspect)

    def _found(self, op: Operation, where: Where | Opened, follow: bool) -> Inode:
        if isinstance(where, Opened):
            op.touches = where.node.reads
            return where.node
        return self._tree.find(op, where, follow=follow)

    def _chmod(self, op: Operation, where: Where | Opened, mode: int, follow: bool) -> None:
        node = self._found(op, where, follow)
        op.touches = self._about(where, "mode", follow)
        node.mode = mode & PERMISSIONS
        node.changed = self._tree.moment()
        if isinstance(node, Directory):
            self._tree.bar(node)

    def utime(
        self, where: Where | Opened, modified: int | None, *, follow: bool = True
    ) -> Operation:
        """Set the time of the last change, in nanoseconds; None: to now."""
        touches = self._about(where, "time", follow)
        return call("utime", touches, self._utime, where, modified, follow)

    def _utime(
        self, op: Operation, where: Where | Opened, modified: int | None, follow: bool
    ) -> None:
        node = self._found(op, where, follow)
        op.touches = self._about(where, "time", follow)
        node.changed = self._tree.moment()
        node.modified = node.changed if modified is None else modified

    def truncate(self, where: Where, length: int) -> Operation:
        """Make a file so and so long."""
        spot = self._tree.spot(where.path)
        own = () if spot.node is None else spot.node.writes
        touches = merged(own, spot.touches, self._volume.disk.space(taken=True))
        return call("truncate", touches, self._truncate, where, length)

    def _truncate(self, op: Operation, where: Where, length: int) -> None:
        if length < 0:
            raise complaint(EINVAL, where.shown)
        spot = self._tree.look(op, where)
        if spot.node is None:
            raise complaint(ENOENT, where.shown)
        if not isinstance(spot.node, Regular):
            raise complaint(EISDIR, where.shown)
        if not spot.node.may(2):
            raise complaint(EACCES, where.shown)
        self._volume.resize(op, spot.node, length, where.shown)
        op.touches = merged(op.touches, spot.touches)


def nanoseconds(times: tuple[float, float] | None, ns: tuple[int, int] | None) -> int | None:
    """Read the arguments of `os.utime` as the one time that is kept."""
    if ns is not None:
        return ns[1]
    return None if times is None else round(times[1] * NANO)
