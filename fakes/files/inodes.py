"""What names lead to: regular files, directories and symbolic links, and what `stat` tells of them.

An inode knows the items under which agents share it: one for each of its
names, and one for each path by which it was opened and is open still. Every
operation on its contents touches all of them, so that a writer that holds a
file open and a reader that comes by its new name are seen to meet.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from pileup.fakes._port import Cell, Cells
from pileup.operations import Footprint

if TYPE_CHECKING:
    from pileup.fakes.files.locks import Locks
    from pileup.fakes.files.opened import Opened

BLOCK: Final = 4096
"""What ext4, xfs, btrfs and tmpfs tell as `st_blksize`; CPython buffers that many bytes."""

SECTOR: Final = 512
DEVICE: Final = 0x70_69
OWNER: Final = (os.getuid(), os.getgid()) if hasattr(os, "getuid") else (0, 0)
NANO: Final = 1_000_000_000

Effect = tuple[int, bytes | None]
"""A change of contents that a crash may undo: what was written where, or the length cut to."""


class Inode:
    """What all kinds have in common."""

    __slots__ = (
        "alters",
        "changed",
        "locks",
        "mode",
        "modified",
        "names",
        "number",
        "opened",
        "reads",
        "updated",
        "writes",
    )
    kind = 0

    def __init__(self, number: int, mode: int, moment: int) -> None:
        self.number = number
        self.mode = mode
        self.modified = self.changed = moment
        self.names: list[str] = []
        self.opened: list[Opened] = []
        self.reads: Footprint = ()
        self.writes: Footprint = ()
        self.alters: Footprint = ()
        self.updated: dict[str, Footprint] = {}
        self.locks: Locks | None = None

    def rename(self, cells: Cells) -> None:
        """Bring the footprints in line with the names and with who has it open by which name."""
        paths = self.names
        if self.opened:
            paths = list(dict.fromkeys([*paths, *[each.path for each in self.opened]]))
        self.updated.clear()
        if len(paths) == 1:
            only = cells[paths[0]]
            self.reads, self.writes, self.alters = only.reads, only.writes, only.alters
            return
        shared = [cells[path] for path in paths]
        self.reads = tuple([cell.reads[0] for cell in shared])
        self.writes = tuple([cell.writes[0] for cell in shared])
        self.alters = tuple([cell.alters[0] for cell in shared])

    @property
    def seen(self) -> Footprint:
        """What a look at its size and times touches."""
        return self.reads

    def updates(self, cells: Cells, aspect: str) -> Footprint:
        """What a change touches that erases nothing: all that reads it, and others of its kind.

        An append is such a change: nobody's work is lost by it, so it updates;
        but whose line comes first can be told, so appends write `x (end)`.
        """
        known = self.updated.get(aspect)
        if known is None:
            keys = [touch.item.key for touch in self.reads]
            rest = cells[f"{keys[0]} ({aspect})"].alters
            known = self.updated[aspect] = (*[cells[key].updates[0] for key in keys], *rest)
        return known

    @property
    def size(self) -> int:
        """How long it is."""
        return BLOCK

    @property
    def links(self) -> int:
        """How many names it has."""
        return len(self.names)

    def may(self, bits: int) -> bool:
        """Whether its owner, as whom all agents act, has these permissions (4, 2, 1)."""
        return self.mode >> 6 & bits == bits

    def stat(self) -> os.stat_result:
        """Tell all that there is to know."""
        modified, changed = self.modified, self.changed
        size, whole, exact = self.size, modified // NANO, modified / NANO
        what = (self.kind | self.mode, self.number, DEVICE, self.links, *OWNER, size)
        seconds = (whole, whole, changed // NANO, exact, exact, changed / NANO)
        blocks = -(-size // BLOCK) * (BLOCK // SECTOR)
        return os.stat_result((*what, *seconds, modified, modified, changed, BLOCK, blocks))


class Regular(Inode):
    """A file with contents: as all see them, and as a crash would leave them."""

    __slots__ = ("base", "data", "part", "pending", "rest")
    kind = stat.S_IFREG

    def __init__(self, number: int, mode: int, moment: int) -> None:
        super().__init__(number, mode, moment)
        self.data = bytearray()
        self.base: bytearray | None = None
        """The contents that are durable; None where all of them are."""
        self.pending: list[Effect] = []
        self.part: int | None = None
        """The logical write that the file is of."""
        self.rest: int | None = None
        """Another logical write of which some is left in it."""

    @property
    def size(self) -> int:
        """How long it is."""
        return len(self.data)

    def mix(self, part: int, start: int, end: int) -> int | None:
        """Note that a logical write reached from here to there, and what else is left beside it."""
        if self.part == part:
            if end >= len(self.data):
                self.rest = None
            return self.rest
        if start:
            self.rest = part
            return self.part
        self.rest = self.part if end < len(self.data) else None
        self.part = part
        return self.rest


class Directory(Inode):
    """Names. `listing` is the item that stands for which names there are."""

    __slots__ = ("entries", "listing")
    kind = stat.S_IFDIR

    def __init__(self, number: int, mode: int, moment: int) -> None:
        super().__init__(number, mode, moment)
        self.entries: dict[str, Inode] = {}
        self.listing: Cell

    def rename(self, cells: Cells) -> None:
        """Bring the footprints in line with its name; nothing else leads to a directory."""
        if not self.names:
            return  # removed; whoever has it open still knows it by what it was called
        path = self.names[0]
        cell = cells[path or "/"]
        self.listing = cells[f"{path}/"]
        self.reads, self.writes, self.alters = cell.reads, cell.writes, cell.alters

    @property
    def seen(self) -> Footprint:
        """What a look touches: a directory's times and links change with what is in it."""
        return (*self.reads, *self.listing.reads)

    @property
    def links(self) -> int:
        """How many names it has: its own, `.`, and `..` in each directory inside."""
        return 2 + sum(isinstance(each, Directory) for each in self.entries.values())


class Symlink(Inode):
    """A name for a name."""

    __slots__ = ("target",)
    kind = stat.S_IFLNK

    def __init__(self, number: int, target: str, moment: int) -> None:
        super().__init__(number, 0o777, moment)
        self.target = target

    @property
    def size(self) -> int:
        """How long the name is that it leads to."""
        return len(os.fsencode(self.target))
