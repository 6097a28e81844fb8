"""The tree: which path leads to which inode, and what an operation meets on its way there.

All paths are kept in one table, because nearly every operation asks for a
path that is there, and one look-up is what that may cost. The table is walked
part by part only where that does not answer: something is missing, the path
is spelled in another way, or the tree holds symbolic links or directories
that may not be entered.

An operation on `a/b/c` does not touch `a` and `a/b`, which would only be noise,
until a directory is made, moved or removed while agents run: from then on it
reads that directory too, and the change itself touches all that was ever
asked for below it.
"""

from __future__ import annotations

import os
from errno import EACCES, ELOOP, ENOENT, ENOTDIR
from itertools import chain, count
from typing import Final, NamedTuple

from pileup.fakes._port import Cells
from pileup.fakes.files.inodes import NANO, Directory, Inode, Regular, Symlink
from pileup.operations import READ, UPDATE, WRITE, Footprint, Item, Operation, Touch
from pileup.sim.kernel import Sim
from pileup.sim.virtual_time import EPOCH

MOST_LINKS: Final = 40
UMASK: Final = 0o022
START: Final = EPOCH * NANO
NO_NAMES: Final = frozenset(("", ".", ".."))
STRENGTH: Final = {READ: 0, UPDATE: 1, WRITE: 2}


class Where(NamedTuple):
    """A path inside the tree, and as its user spelled it."""

    path: str
    shown: object


class Spot(NamedTuple):
    """Where a path leads. `error` is why it leads nowhere; `trail` is what it came through."""

    path: str
    node: Inode | None
    touches: Footprint
    error: int = 0

    @property
    def seen(self) -> Footprint:
        """What it touches to look at what is there, beyond that it is there."""
        node, touches = self.node, self.touches
        if node is None:
            return touches
        return node.seen if touches is node.reads else merged(node.seen, touches)


class Change(NamedTuple):
    """One change of names that a crash may undo."""

    path: str
    before: Inode | None
    moved_from: str | None = None


def complaint(code: int, shown: object, other: object = None) -> OSError:
    """Make the error that the operating system would give."""
    if other is not None:
        return OSError(code, os.strerror(code), shown, None, other)
    return OSError(code, os.strerror(code), shown)


def parent_of(path: str) -> str:
    """Name the directory that holds a path."""
    return path.rpartition("/")[0]


class Tree:
    """Names and what they lead to."""

    def __init__(self, sim: Sim, cells: Cells) -> None:
        self.sim = sim
        self.cells = cells
        self.numbers = count(2)
        self.nodes: dict[str, Inode] = {}
        self.journal: list[Change] = []
        """Changes of names that are not durable, in order."""
        self.points: list[tuple[str, str]] = []
        """Where it is mounted: the path outside, and the folder in here that is seen there."""
        self.simple = True
        """Whether the table alone answers."""
        self.live = False
        """Whether it is agents that act, rather than `setup` and `check`."""
        self._moved: dict[str, None] = {}
        self._place("", Directory(next(self.numbers), 0o755, self.moment()))
        self.live = True

    def moment(self) -> int:
        """Tell the time, as `st_mtime_ns` does."""
        now = self.sim.now
        return START + round(now * NANO) if now else START

    # Looking -----------------------------------------------------------------------------

    def spot(self, where: Where, *, follow: bool = True) -> Spot:
        """Say where a path leads."""
        path = where.path
        if self.simple:
            node = self.nodes.get(path)
            if node is not None:
                return Spot(path, node, node.reads)
            holder, slash, name = path.rpartition("/")
            above = self.nodes.get(holder) if holder or not slash else None
            if isinstance(above, Directory) and name not in NO_NAMES:
                return Spot(path, None, self.cells[path].reads)
        return self._walk(path, follow)

    def look(self, op: Operation, where: Where, *, follow: bool = True) -> Spot:
        """Say where a path leads, or raise that it leads nowhere; the operation reads it so far."""
        found = self.spot(where, follow=follow)
        op.touches = found.touches
        if found.error:
            raise complaint(found.error, where.shown)
        return found

    def find(self, op: Operation, where: Where, *, follow: bool = True) -> Inode:
        """Return what a path leads to; raise if that is nothing."""
        node = self.look(op, where, follow=follow).node
        if node is None:
            raise complaint(ENOENT, where.shown)
        return node

    def see(self, op: Operation, where: Where, *, follow: bool = True) -> Inode:
        """Return what a path leads to, to look at it."""
        spot = self.look(op, where, follow=follow)
        if spot.node is None:
            raise complaint(ENOENT, where.shown)
        op.touches = spot.seen
        return spot.node

    def _walk(self, path: str, follow: bool, depth: int = 0) -> Spot:
        parts, must_be_directory = _parts(path)
        at, node, trail = "", self.nodes[""], list[str]()
        for place, part in enumerate(parts):
            error = self._blocked(node)
            if error:
                return self._lost(at, node, trail, error)
            at = parent_of(at) if part == ".." else f"{at}/{part}" if at else part
            found = self.nodes.get(at)
            is_last = place == len(parts) - 1
            if isinstance(found, Symlink) and (follow or must_be_directory or not is_last):
                rest = "/".join([self._inside(at, found.target), *parts[place + 1 :]])
                return self._through(at, rest + "/" * must_be_directory, follow, depth)
            if found is None:
                return self._missing(at, parts, trail, is_last)
            if at in self._moved and not is_last:
                trail.append(at)
            node = found
        if must_be_directory and not isinstance(node, Directory):
            return self._lost(at, node, trail, ENOTDIR)
        return self._lost(at, node, trail, 0)

    def _lost(self, at: str, node: Inode | None, trail: list[str], error: int) -> Spot:
        own = self.cells[at or "/"].reads if node is None else node.reads
        way = [touch for each in trail for touch in self.cells[each].reads]
        return Spot(at, node, (*own, *way), error)

    def _missing(self, at: str, parts: list[str], trail: list[str], is_last: bool) -> Spot:
        """Lead nowhere; what was asked for is touched too, because somebody may make the way."""
        if is_last:
            return self._lost(at, None, trail, 0)
        return self._lost(at, None, [*trail, "/".join(parts)], ENOENT)

    def _through(self, link: str, path: str, follow: bool, depth: int) -> Spot:
        """Go on where a symbolic link leads."""
        read = self.cells[link].reads
        if depth == MOST_LINKS:
            return Spot(link, self.nodes[link], read, ELOOP)
        beyond = self._walk(path, follow, depth + 1)
        return beyond._replace(touches=(*beyond.touches, *read))

    def _blocked(self, node: Inode) -> int:
        """Say why a path does not lead through here."""
        if not isinstance(node, Directory):
            return ENOTDIR
        return 0 if node.mode & 0o100 else EACCES

    def _inside(self, link: str, target: str) -> str:
        """Spell a link's target as a path in here."""
        if not target.startswith("/"):
            return f"{parent_of(link)}/{target}"
        for point, folder in self.points:
            if target == point or target.startswith(point + "/"):
                return f"{folder}/{target[len(point) :]}"
        return target

    def _below(self, path: str) -> list[str]:
        """Name all that a directory holds, however deep."""
        return [each for each in self.nodes if each.startswith(f"{path}/")]

    # Changing ----------------------------------------------------------------------------

    def file(self, mode: int) -> Regular:
        """Make a file that has no name yet."""
        return Regular(next(self.numbers), mode & ~UMASK, self.moment())

    def directory(self, mode: int) -> Directory:
        """Make a directory that has no name yet."""
        return Directory(next(self.numbers), mode & ~UMASK, self.moment())

    def symlink(self, target: str) -> Symlink:
        """Make a symbolic link that has no name yet."""
        return Symlink(next(self.numbers), target, self.moment())

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
            old.rename(self.cells)
        if isinstance(above, Directory):
            above.modified = above.changed = self.moment()
            above.entries.pop(name, None)
            if node is not None:
                above.entries[name] = node
        if node is not None:
            self.nodes[path] = node
            node.names.append(path)
            node.rename(self.cells)
            node.changed = self.moment()
            self.simple = self.simple and not isinstance(node, Symlink)

    def _mark_moved(self, path: str) -> None:
        if self.live:
            self._moved[path] = None
            self.simple = False

    def _note(self, change: Change) -> None:
        """Remember a change for a crash; what `setup` does is durable."""
        if self.live:
            self.journal.append(change)

    # Footprints of changes ---------------------------------------------------------------

    def entry(self, spot: Spot) -> Footprint:
        """What it touches to let a path lead elsewhere: itself, what lists it, the way."""
        own = self.cells[spot.path or "/"].writes if spot.node is None else spot.node.writes
        listed = self.nodes.get(parent_of(spot.path))
        update = listed.listing.updates if isinstance(listed, Directory) else ()
        if self.simple and not isinstance(spot.node, Directory):
            return (*own, *update)  # nothing else is on the way
        return merged(own, update, spot.touches, self.inside(spot))

    def inside(self, spot: Spot) -> Footprint:
        """What the move of a directory touches: all that anybody has asked for below it."""
        if not isinstance(spot.node, Directory):
            return ()
        start = f"{spot.path}/"
        return tuple([cell.writes[0] for key, cell in self.cells.items() if key.startswith(start)])


def changing(node: Inode, spot: Spot, space: Footprint) -> Footprint:
    """What it touches to change a file that a path leads to."""
    if spot.touches is node.reads and not space:
        return node.writes  # the way there was read from the table alone, which is the usual case
    return merged(node.writes, spot.touches, space)


def merged(*footprints: Footprint) -> Footprint:
    """Put footprints together; an item that is in several is touched as the strongest says."""
    found: dict[Item, Touch] = {}
    for touch in chain(*footprints):
        known = found.get(touch.item)
        if known is None or STRENGTH[touch.access] > STRENGTH[known.access]:
            found[touch.item] = touch
    return tuple(found.values())


def _parts(path: str) -> tuple[list[str], bool]:
    """Split a path into what matters, and tell whether it says that it is a directory."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return parts, path.endswith(("/", "/.")) or path == "."
