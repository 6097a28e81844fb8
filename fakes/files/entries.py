"""System calls on names: each is one operation, with the answers and errors of a real one."""

from __future__ import annotations

from errno import EBUSY, EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM

from pileup.fakes.files.calls import call, shown
from pileup.fakes.files.directories import Directories
from pileup.fakes.files.inodes import Directory, Regular, Symlink
from pileup.fakes.files.openings import Openings
from pileup.fakes.files.paths import slashed
from pileup.fakes.files.spots import Spot, Where, complaint, merged
from pileup.operations import Footprint, Operation


class Entries(Openings, Directories):
    """The calls that go by a path: those on names, and with them all others."""

    def rename(self, source: Where, target: Where, name: str = "rename") -> Operation:
        """Let a path lead to where another led; what it led to before has one name less."""
        return call(name, self._both(source, target, blind=True), self._rename, source, target)

    def _both(self, source: Where, target: Where, *, blind: bool = False) -> Footprint:
        goal = self._tree.entry(self._name(target), blind=blind)
        return merged(self._tree.entry(self._name(source)), goal)

    def _rename(self, op: Operation, source: Where, target: Where) -> None:
        spot, goal = self._name(source), self._name(target)
        op.touches = merged(spot.touches, goal.touches)
        code = spot.error or goal.error or _misfit(spot, goal, slashed(spot.node, source, target))
        if code:
            raise complaint(code, source.shown, target.shown)
        if spot.node is goal.node:
            return
        self._may_change(spot, source)
        self._may_change(goal, target)
        op.touches = merged(self._tree.entry(spot), self._tree.entry(goal, blind=True))
        if isinstance(spot.node, Regular):
            op.detail = shown(spot.node.data)
        self._tree.move(spot.path, goal.path)
        if goal.node is not None:
            self._volume.disk.release(goal.node)

    def link(self, source: Where, target: Where) -> Operation:
        """Give a file one more name."""
        return call("link", self._both(source, target), self._link, source, target)

    def _link(self, op: Operation, source: Where, target: Where) -> None:
        spot, goal = self._tree.spot(source.path, follow=False), self._name(target)
        op.touches = merged(spot.touches, goal.touches)
        code = spot.error or _unlinkable(spot, goal, target)
        if code:
            raise complaint(code, source.shown, target.shown)
        self._may_change(goal, target)
        op.touches = merged(self._tree.entry(goal), spot.node.alters if spot.node else ())
        self._tree.bind(goal.path, spot.node)

    def remove(self, where: Where) -> Operation:
        """Take a name away; the file stays as long as it has others or is open."""
        touches = self._tree.entry(self._name(where), blind=True)
        return call("remove", touches, self._remove, where)

    def _remove(self, op: Operation, where: Where) -> None:
        spot = self._named(op, where)
        if spot.node is None or isinstance(spot.node, Directory):
            raise complaint(ENOENT if spot.node is None else EISDIR, where.shown)
        if slashed(spot.node, where):
            raise complaint(ENOTDIR, where.shown)
        self._bind(op, spot, None, where, blind=True)
        self._volume.disk.release(spot.node)

    def symlink(self, target: str, where: Where) -> Operation:
        """Make a symbolic link."""
        touches = self._tree.entry(self._name(where))
        return call("symlink", touches, self._symlink, target, where)

    def _symlink(self, op: Operation, target: str, where: Where) -> None:
        spot = self._named(op, where)
        if spot.node is not None or slashed(None, where):
            raise complaint(EEXIST if spot.node else ENOENT, target, where.shown)
        self._bind(op, spot, self._tree.symlink(target), where)

    def readlink(self, where: Where) -> Operation:
        """Tell where a symbolic link leads."""
        touches = self._tree.spot(where.path, follow=False).touches
        return call("readlink", touches, self._readlink, where)

    def _readlink(self, op: Operation, where: Where) -> str:
        node = self._tree.find(op, where, follow=False)
        if not isinstance(node, Symlink):
            raise complaint(EINVAL, where.shown)
        return node.target


def _unlinkable(spot: Spot, goal: Spot, target: Where) -> int:
    """Say why something cannot be given one more name."""
    if spot.node is None or goal.error:
        return ENOENT if spot.node is None else goal.error
    if goal.node is not None or slashed(goal.node, target):
        return ENOENT if goal.node is None else EEXIST
    return EPERM if isinstance(spot.node, Directory) else 0


def _misfit(spot: Spot, goal: Spot, slashed: bool) -> int:
    """Say why one thing cannot take the other's place."""
    node, old = spot.node, goal.node
    if node is None:
        return ENOENT
    if not spot.path or not goal.path:
        return EBUSY
    if isinstance(node, Directory):
        return _misplaced(spot, goal) if old is not node else 0
    if slashed:
        return ENOTDIR
    return EISDIR if isinstance(old, Directory) else 0


def _misplaced(spot: Spot, goal: Spot) -> int:
    """Say why a directory cannot go somewhere."""
    if goal.path.startswith(f"{spot.path}/"):
        return EINVAL
    if goal.node is not None and not isinstance(goal.node, Directory):
        return ENOTDIR
    return ENOTEMPTY if isinstance(goal.node, Directory) and goal.node.entries else 0
