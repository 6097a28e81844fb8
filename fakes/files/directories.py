"""System calls on directories: make, remove, list."""

from __future__ import annotations

from errno import EACCES, EBUSY, EEXIST, ENOENT, ENOTDIR, ENOTEMPTY

from pileup.fakes.files.calls import call
from pileup.fakes.files.inodes import Directory, Inode
from pileup.fakes.files.paths import Paths
from pileup.fakes.files.spots import Where, complaint, merged
from pileup.notes import blank
from pileup.operations import Footprint, Operation


class Directories(Paths):
    """The calls that make, remove and list directories."""

    def mkdir(self, where: Where, mode: int = 0o777) -> Operation:
        """Make a directory."""
        spot = self._name(where)
        touches = self._tree.entry(spot) if spot.node is None else spot.touches
        return call("mkdir", touches, self._mkdir, where, mode)

    def _mkdir(self, op: Operation, where: Where, mode: int) -> None:
        spot = self._named(op, where)
        if spot.node is not None:
            raise complaint(EEXIST, where.shown)
        self._bind(op, spot, self._tree.directory(mode), where)

    def rmdir(self, where: Where) -> Operation:
        """Remove an empty directory."""
        touches = self._tree.entry(self._name(where))
        return call("rmdir", touches, self._rmdir, where)

    def _rmdir(self, op: Operation, where: Where) -> None:
        spot = self._named(op, where)
        node = spot.node
        if node is None:
            raise complaint(ENOENT, where.shown)
        if not isinstance(node, Directory):
            raise complaint(ENOTDIR, where.shown)
        op.touches = node.seen
        if node.entries or not spot.path:
            raise complaint(ENOTEMPTY if node.entries else EBUSY, where.shown)
        self._bind(op, spot, None, where)

    def listdir(self, where: Where) -> Operation:
        """Name what is in a directory, and say of what kind each is."""
        return call("listdir", self._tree.spot(where.path).seen, self._listdir, where)

    def _listdir(self, op: Operation, where: Where) -> dict[str, Inode]:
        spot = self._tree.look(op, where)
        if spot.node is None:
            raise complaint(ENOENT, where.shown)
        found = listed(op, spot.node, where.shown, spot.touches)
        if self._tree.sim.marked:
            op.note = blank()
            op.note.got = self._tree.sim.marks_in(list(found))
        return found


def listed(op: Operation, node: Inode, shown: object, way: Footprint) -> dict[str, Inode]:
    """Name what is in a directory, in an order that does not tell who came first."""
    if not isinstance(node, Directory):
        raise complaint(ENOTDIR, shown)
    if not node.may(4):
        raise complaint(EACCES, shown)
    op.touches = merged(node.seen, way)
    op.detail = ", ".join(sorted(node.entries))
    return dict(sorted(node.entries.items()))
