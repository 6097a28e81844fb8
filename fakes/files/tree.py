"""The tree: names and what they lead to, and what becomes of them when one changes."""

from __future__ import annotations

from itertools import count
from typing import Final, NamedTuple

from pileup.fakes._port import Cells
from pileup.fakes.files.inodes import NANO, Directory, Inode, Regular, Symlink
from pileup.fakes.files.spots import Spot, Spots, merged, parent_of
from pileup.operations import Footprint
from pileup.sim.kernel import Sim
from pileup.sim.virtual_time import EPOCH

UMASK: Final = 0o022

MOST_PENDING: Final = 64
"""Changes of names, and of each file, that a crash can lose; older ones have been written back."""

MOST_KEPT: Final = 4 * MOST_PENDING
"""Changes that are kept until the older ones are written back, many at once."""

START: Final = EPOCH * NANO


class Change(NamedTuple):
    """One change of names that a crash may undo."""

    path: str
    before: Inode | None
    moved_from: str | None = None


class Tree(Spots):
    """Names and what they lead to."""

    def __init__(self, sim: Sim, cells: Cells) -> None:
        super().__init__(cells)
        self.sim = sim
        self.journal: list[Change] = []
        """Changes of names that are not durable, in order."""
        self.live = False
        """Whether it is agents that act, rather than `setup` and `check`."""
        self._numbers = count(2)
        self._place("", Directory(next(self._numbers), 0o755, self.moment()))
        self.live = True

    def moment(self) -> int:
        """Tell the time, as `st_mtime_ns` does."""
        now = self.sim.now
        return START + round(now * NANO) if now else START

    def file(self, mode: int) -> Regular:
        """Make a file that has no name yet."""
        return Regular(next(self._numbers), mode & ~UMASK, self.moment())

    def directory(self, mode: int) -> Directory:
        """Make a directory that has no name yet."""
        return Directory(next(self._numbers), mode & ~UMASK, self.moment())

    def symlink(self, target: str) -> Symlink:
        """Make a symbolic link that has no name yet."""
        return Symlink(next(self._numbers), target, self.moment())

    def bind(self, path: str, node: Inode | None) -> None:
        """Let a path lead to an inode, or nowhere."""
        self._note(Change(path, self.nodes.get(path)))
        if isinstance(self.nodes.get(path), Directory) or isinstance(node, Directory):
            self._mark_moved(path)
        self._place(path, node)

    def move(self, source: str, target: str) -> None:
        """Let a path lead to where another led, with all that is below it."""
        node = self.nodes[source]
        self._note(Change(target, self.nodes.get(target), moved_from=source))
        if isinstance(node, Directory):
            self._mark_moved(source)
            self._mark_moved(target)
        self._shift(source, target)

    def _shift(self, source: str, target: str) -> None:
        inside = self._below(source) if isinstance(self.nodes[source], Directory) else ()
        taken = {path: self.nodes[path] for path in [source, *inside]}
        for path in reversed(taken):
            self._place(path, None)
        for path, node in taken.items():
            self._place(target + path[len(source) :], node)

    def _below(self, path: str) -> list[str]:
        """Name all that a directory holds, however deep."""
        return [each for each in self.nodes if each.startswith(f"{path}/")]

    def undo(self, change: Change) -> None:
        """Take back the last change of names."""
        if change.moved_from is not None:
            self._shift(change.path, change.moved_from)
        self._place(change.path, change.before)

    def _place(self, path: str, node: Inode | None) -> None:
        old = self.nodes.pop(path, None)
        holder, _, name = path.rpartition("/")
        above = self.nodes.get(holder) if path else None
        if old is not None:
            old.names.remove(path)
            self.rename(old)
        if isinstance(above, Directory):
            above.modified = above.changed = self.moment()
            above.entries.pop(name, None)
            if node is not None:
                above.entries[name] = node
        if node is not None:
            self.nodes[path] = node
            node.names.append(path)
            self.rename(node)
            node.changed = self.moment()

    def bar(self, node: Directory) -> None:
        """Ask of a directory from now on whether it may be entered."""
        self._barred = True
        self.forget()
        for path in node.names:
            self._mark_moved(path)

    def _mark_moved(self, path: str) -> None:
        if self.live:
            self._moved[path] = None

    def _note(self, change: Change) -> None:
        """Remember a change for a crash; what `setup` does is durable."""
        if self.live:
            self.journal.append(change)
            if len(self.journal) > MOST_KEPT:
                del self.journal[:-MOST_PENDING]

    # Footprints of changes ---------------------------------------------------------------

    def entry(self, spot: Spot, *, blind: bool = False) -> Footprint:
        """What it touches to let a path lead elsewhere: itself, what lists it, the way.

        `blind`: without looking what it led to before, as an unlink and the target
        of a rename do, but a directory's making and O_EXCL do not.
        """
        known = spot.blind_entry if blind else spot.entry
        if known is not None:
            return known
        cell = spot.node or self.cells[spot.path or "/"]
        own = cell.writes if blind else cell.alters
        listed = self.nodes.get(parent_of(spot.path))
        update = listed.listing.updates if isinstance(listed, Directory) else ()
        if isinstance(spot.node, Directory):
            return merged(own, update, spot.touches, self.inside(spot.path))
        alone = spot.touches is cell.reads
        found = (*own, *update) if alone else merged(own, update, spot.touches)
        if blind:
            spot.blind_entry = found
        else:
            spot.entry = found
        return found

    def inside(self, path: str) -> Footprint:
        """What the move of a directory touches: all that anybody has asked for below it."""
        start = f"{path}/" if path else ""
        return tuple([cell.alters[0] for key, cell in self.cells.items() if key.startswith(start)])


def changing(node: Inode, spot: Spot, space: Footprint) -> Footprint:
    """What it touches to change a file that a path leads to."""
    if spot.touches is node.reads and not space:
        return node.writes  # the way there was read from the table alone, which is the usual case
    return merged(node.writes, spot.touches, space)
