"""The disk below the tree: how much room there is, and what a crash leaves of it.

What is written is in memory at once and on the disk after an `fsync`. Until
then it is pending, and a crash may lose it:

* of each file, the last of its writes (those before have reached the disk);
* of the names, the last of all changes in the tree, in order, as a file
  system with a journal loses them: a rename is there or not, never half.
  An `fsync` of a directory makes its changes durable, and those before them.

So a file that was written, renamed and not synced may come back under its new
name with nothing in it, which is what `fsync` before `rename` is for.
"""

from __future__ import annotations

from typing import Final

from pileup.fakes.files.inodes import Inode, Regular
from pileup.fakes.files.spots import parent_of
from pileup.fakes.files.tree import MOST_KEPT, MOST_PENDING, Tree
from pileup.operations import CHANGE, READ, Footprint, Touch

EMPTIED: Final = (0, None)


class Disk:
    """Room and durability of one tree."""

    def __init__(self, tree: Tree, capacity: int | None) -> None:
        self.capacity = capacity
        self.used = 0
        self._tree = tree

    # Room --------------------------------------------------------------------------------

    @property
    def room(self) -> float:
        """How many bytes can still be written."""
        return float("inf") if self.capacity is None else max(0, self.capacity - self.used)

    def space(self, *, taken: bool) -> Footprint:
        """What it touches to need room: nothing, as long as there is no limit."""
        if self.capacity is None:
            return ()
        return (Touch(self._tree.cells["(free space)"].item, CHANGE if taken else READ),)

    def release(self, node: Inode) -> None:
        """Give back the room of a file that nothing leads to any more."""
        if isinstance(node, Regular) and not node.names and not node.opened:
            self.used -= len(node.data)

    # Contents ----------------------------------------------------------------------------

    def write(self, node: Regular, offset: int, data: bytes) -> int:
        """Put bytes at a place, as many as there is room for; return how many."""
        before = len(node.data)
        grown = offset + len(data) - before
        if self.capacity is not None and grown > self.room:
            data = data[: max(0, int(len(data) - grown + self.room))]
        if data:
            self._keep(node, (offset, data))
            _put(node.data, offset, data)
            self.used += len(node.data) - before
            self._stamp(node)
        return len(data)

    def cut(self, node: Regular, length: int) -> bool:
        """Make a file so and so long; False where there is no room for that."""
        grown = length - len(node.data)
        if grown > 0 and grown > self.room:
            return False
        self._keep(node, (length, None))
        _resize(node.data, length)
        self.used += grown
        self._stamp(node)
        return True

    def _stamp(self, node: Regular) -> None:
        node.modified = node.changed = self._tree.moment()

    # Durability --------------------------------------------------------------------------

    def _keep(self, node: Regular, effect: tuple[int, bytes | None]) -> None:
        """Remember a change for a crash; what `setup` does is durable."""
        if not self._tree.live:
            node.base = None
            node.pending.clear()
            return
        if node.base is None:
            node.base = bytearray(node.data)
        node.pending.append(effect)
        if len(node.pending) > MOST_KEPT:
            self._write_back(node)

    def _write_back(self, node: Regular) -> None:
        """Make durable all but the last writes to a file."""
        assert node.base is not None
        settled = node.pending[:-MOST_PENDING]
        emptied = [place for place, effect in enumerate(settled) if effect == EMPTIED]
        for effect in settled[emptied[-1] if emptied else 0 :]:
            _redo(node.base, effect)
        del node.pending[:-MOST_PENDING]

    def sync(self, node: Inode) -> None:
        """Make durable what is pending of a file's contents, or of a directory's names."""
        if isinstance(node, Regular):
            node.base = None
            node.pending.clear()
            return
        journal = self._tree.journal
        for place in range(len(journal), 0, -1):
            change = journal[place - 1]
            paths = [change.path, *([change.moved_from] if change.moved_from else [])]
            if any(parent_of(path) in node.names for path in paths):
                del journal[:place]
                return

    def crash(self) -> None:
        """Lose some of what is pending, as the choices say; what is left is durable."""
        sim, tree = self._tree.sim, self._tree
        most = min(len(tree.journal), MOST_PENDING)
        lost = sim.choose("faults", most + 1, "changes of names lost in the crash")
        for _ in range(lost):
            tree.undo(tree.journal.pop())
        tree.journal.clear()
        for node in tree.nodes.values():
            if isinstance(node, Regular) and node.base is not None:
                self._lose_writes(node, f"writes to {node.names[0]} lost in the crash")
        files = {each.number: each for each in tree.nodes.values() if isinstance(each, Regular)}
        self.used = sum(len(each.data) for each in files.values())

    def _lose_writes(self, node: Regular, label: str) -> None:
        assert node.base is not None
        self._write_back(node)
        lost = self._tree.sim.choose("faults", len(node.pending) + 1, label)
        for effect in node.pending[: len(node.pending) - lost]:
            _redo(node.base, effect)
        node.data, node.base = node.base, None
        node.pending.clear()


def _put(contents: bytearray, offset: int, data: bytes) -> None:
    if offset == len(contents):
        contents += data
        return
    if offset > len(contents):
        contents.extend(bytes(offset - len(contents)))
    contents[offset : offset + len(data)] = data


def _resize(contents: bytearray, length: int) -> None:
    if length < len(contents):
        del contents[length:]
    else:
        contents.extend(bytes(length - len(contents)))


def _redo(contents: bytearray, effect: tuple[int, bytes | None]) -> None:
    place, data = effect
    if data is None:
        _resize(contents, place)
    else:
        _put(contents, place, data)
