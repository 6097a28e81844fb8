"""What all calls on paths have in common: where a name is, and whether it may change."""

from __future__ import annotations

from errno import EACCES

from pileup.fakes.files.inodes import Directory, Inode
from pileup.fakes.files.spots import Spot, Where, complaint, parent_of
from pileup.fakes.files.volume import Volume
from pileup.operations import Operation


class Paths:
    """The calls that go by a path."""

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._tree = volume.tree

    def _name(self, where: Where) -> Spot:
        """Say what a path itself is, wherever it leads, and whether it ends with a slash or not."""
        return self._tree.spot(where.path.rstrip("/"), follow=False)

    def _named(self, op: Operation, where: Where) -> Spot:
        """Do the same in an operation, which reads it so far; raise if the way there is barred."""
        spot = self._name(where)
        op.touches = spot.touches
        if spot.error:
            raise complaint(spot.error, where.shown)
        return spot

    def _bind(
        self, op: Operation, spot: Spot, node: Inode | None, where: Where, *, blind: bool = False
    ) -> None:
        """Let a path lead to something new, or to nothing."""
        self._may_change(spot, where)
        op.touches = self._tree.entry(spot, blind=blind)
        self._tree.bind(spot.path, node)

    def _may_change(self, spot: Spot, where: Where) -> None:
        holder = self._tree.nodes[parent_of(spot.path)]
        if not holder.may(2):
            raise complaint(EACCES, where.shown)


def slashed(node: Inode | None, *paths: Where) -> bool:
    """Whether a path says by its last slash that something is a directory which is none."""
    return not isinstance(node, Directory) and any(each.path.endswith("/") for each in paths)
