"""Where paths lead: which inode is there, and what an operation meets on its way.

All paths are kept in one table, and where each leads is kept too until any
name changes, because nearly every operation asks for what the one before has
asked for. A path is walked part by part only where that does not answer.

An operation on `a/b/c` does not touch `a` and `a/b`, which would only be noise,
until a directory is made, moved, removed or barred while agents run: from then
on it reads that directory too, and the change itself touches all that was
ever asked for below it.
"""

from __future__ import annotations

import os
from errno import EACCES, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR
from itertools import chain
from typing import Final, NamedTuple

from pileup.fakes._port import Cells
from pileup.fakes.files.inodes import Directory, Inode, Symlink
from pileup.operations import CHANGE, READ, UPDATE, WRITE, Footprint, Item, Operation, Touch

MOST_LINKS: Final = 40
LONGEST_NAME: Final = 255
"""In bytes: what nearly all file systems allow."""

SURELY_SHORT: Final = LONGEST_NAME // 4
"""Characters that are few enough, whatever they are."""

NO_NAMES: Final = frozenset(("", ".", ".."))
STRENGTH: Final = {READ: 0, UPDATE: 1, CHANGE: 2, WRITE: 3}


class Where(NamedTuple):
    """A path inside the tree, and as its user spelled it."""

    path: str
    shown: object


class Spot:
    """Where a path leads. `error` is why it leads nowhere; `touches` is what the way there reads.

    `entry` is what it touches to let the path lead elsewhere, once that is known.
    """

    __slots__ = ("blind_entry", "entry", "error", "node", "path", "touches")

    def __init__(self, path: str, node: Inode | None, touches: Footprint, error: int = 0) -> None:
        self.path = path
        self.node = node
        self.touches = touches
        self.error = error
        self.entry: Footprint | None = None
        self.blind_entry: Footprint | None = None

    @property
    def seen(self) -> Footprint:
        """What it touches to look at what is there, beyond that it is there."""
        node, touches = self.node, self.touches
        if node is None:
            return touches
        return node.seen if touches is node.reads else merged(node.seen, touches)


def complaint(code: int, shown: object, other: object = None) -> OSError:
    """Make the error that the operating system would give."""
    if other is not None:
        return OSError(code, os.strerror(code), shown, None, other)
    return OSError(code, os.strerror(code), shown)


def parent_of(path: str) -> str:
    """Name the directory that holds a path."""
    return path.rpartition("/")[0]


class Spots:
    """The table of names, and the ways through it."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.nodes: dict[str, Inode] = {}
        self._barred = False
        """Whether there may be directories that nobody may enter."""
        self._points: list[tuple[str, str]] = []
        self._moved: dict[str, None] = {}
        """The directories that were made, moved, removed or barred while agents ran."""
        self._known: tuple[dict[str, Spot], dict[str, Spot]] = ({}, {})
        """Where paths lead, if a symbolic link at their end is not followed, and if it is."""

    def mount(self, point: str, folder: str) -> None:
        """Let symbolic links lead by the path under which a folder is seen."""
        self._points.append((point, folder))
        self.forget()

    def where(self, path: str) -> Where:
        """Read a path as agents write it: from the top of the folder, or as it is mounted."""
        return Where(self._inside(path).lstrip("/"), path) if self._points else Where(path, path)

    def _inside(self, path: str) -> str:
        for point, folder in self._points:
            if path == point or path.startswith(f"{point}/"):
                return f"{folder}{path[len(point) :]}"
        return path

    def forget(self) -> None:
        """Ask anew where paths lead, because a name, a permission or a footprint has changed."""
        for known in self._known:
            known.clear()

    def rename(self, node: Inode) -> None:
        """Bring an inode's footprints in line with its names."""
        node.rename(self.cells)
        self.forget()

    # Looking -----------------------------------------------------------------------------

    def spot(self, path: str, *, follow: bool = True) -> Spot:
        """Say where a path leads."""
        known = self._known[follow]
        found = known.get(path)
        if found is None:
            found = known[path] = self._straight(path) or self._walk(path, follow)
        return found

    def look(self, op: Operation, where: Where, *, follow: bool = True) -> Spot:
        """Say where a path leads, or raise that it leads nowhere; the operation reads it so far."""
        found = self.spot(where.path, follow=follow)
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
        """Do the same, to look at it closely."""
        spot = self.look(op, where, follow=follow)
        if spot.node is None:
            raise complaint(ENOENT, where.shown)
        op.touches = spot.seen
        return spot.node

    # Walking -----------------------------------------------------------------------------

    def _straight(self, path: str) -> Spot | None:
        """Answer from the table alone, if no directory on the way matters and no link is met."""
        node = self.nodes.get(path)
        if self._moved or self._barred or isinstance(node, Symlink):
            return None
        if node is not None:
            return Spot(path, node, node.reads)
        holder, slash, name = path.rpartition("/")
        above = self.nodes.get(holder) if holder or not slash else None
        if not isinstance(above, Directory) or name in NO_NAMES or len(name) > SURELY_SHORT:
            return None
        return Spot(path, None, self.cells[path].reads)

    def _walk(self, path: str, follow: bool, depth: int = 0) -> Spot:
        parts, must_be_directory = _parts(path)
        at, node = "", self.nodes[""]
        trail = ["/"] if at in self._moved else []
        for place, part in enumerate(parts):
            error = _blocked(node)
            if error:
                return self._end(at, node, trail, error)
            at = parent_of(at) if part == ".." else f"{at}/{part}" if at else part
            found = self.nodes.get(at)
            is_last = place == len(parts) - 1
            if isinstance(found, Symlink) and (follow or must_be_directory or not is_last):
                rest = "/".join([self._goal(at, found.target), *parts[place + 1 :]])
                return self._through(at, rest + "/" * must_be_directory, follow, depth)
            if found is None:
                return self._missing(at, parts, trail, is_last)
            if at in self._moved and not is_last:
                trail.append(at)
            node = found
        if must_be_directory and not isinstance(node, Directory):
            return self._end(at, node, trail, ENOTDIR)
        return self._end(at, node, trail, 0)

    def _end(self, at: str, node: Inode | None, trail: list[str], error: int) -> Spot:
        own = self.cells[at or "/"].reads if node is None else node.reads
        way = [self.cells[each].reads for each in trail]
        return Spot(at, node, merged(own, *way) if way else own, error)

    def _missing(self, at: str, parts: list[str], trail: list[str], is_last: bool) -> Spot:
        """Lead nowhere; what was asked for is touched too, because somebody may make the way."""
        name = at.rpartition("/")[2]
        if len(name) > SURELY_SHORT and len(os.fsencode(name)) > LONGEST_NAME:
            return self._end(at, None, trail, ENAMETOOLONG)
        if is_last:
            return self._end(at, None, trail, 0)
        return self._end(at, None, [*trail, "/".join(parts)], ENOENT)

    def _through(self, link: str, path: str, follow: bool, depth: int) -> Spot:
        """Go on where a symbolic link leads."""
        read = self.cells[link].reads
        if depth == MOST_LINKS:
            return Spot(link, self.nodes[link], read, ELOOP)
        beyond = self._walk(path, follow, depth + 1)
        return Spot(beyond.path, beyond.node, (*beyond.touches, *read), beyond.error)

    def _goal(self, link: str, target: str) -> str:
        """Spell a link's target as a path in here."""
        return self._inside(target) if target.startswith("/") else f"{parent_of(link)}/{target}"


def merged(*footprints: Footprint) -> Footprint:
    """Put footprints together; an item that is in several is touched as the strongest says."""
    found: dict[Item, Touch] = {}
    for touch in chain(*footprints):
        known = found.get(touch.item)
        if known is None or STRENGTH[touch.access] > STRENGTH[known.access]:
            found[touch.item] = touch
    return tuple(found.values())


def _blocked(node: Inode) -> int:
    """Say why a path does not lead through here."""
    if not isinstance(node, Directory):
        return ENOTDIR
    return 0 if node.mode & 0o100 else EACCES


def _parts(path: str) -> tuple[list[str], bool]:
    """Split a path into what matters, and tell whether it says that it is a directory."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return parts, path.endswith(("/", "/.")) or path == "."
