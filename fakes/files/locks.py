"""Advisory locks: `flock`, which an open file holds, and record locks, which a process holds.

A `flock` goes with the open file: two that one process has opened exclude each
other, and the last close gives it back. A record lock (`lockf`) goes with the
process, which is the agent: it never excludes its own, and is gone as soon as
the process closes *any* descriptor of the file. The two do not see each other.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from pileup.fakes._port import Cell
from pileup.fakes.files.opened import Opened

LOCK_SH: Final = 1  # spelled out, because the module fcntl is not there on Windows
LOCK_EX: Final = 2
LOCK_NB: Final = 4
LOCK_UN: Final = 8
KINDS: Final = LOCK_SH | LOCK_EX | LOCK_UN
ENDLESS: Final = 1 << 63


class Span(NamedTuple):
    """A record lock on the bytes from `start` to before `end`."""

    start: int
    end: int
    shared: bool
    process: int
    who: str

    def overlaps(self, start: int, end: int) -> bool:
        """Whether they have a byte in common."""
        return self.start < end and start < self.end


class Locks:
    """The locks on one file."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.flocks: dict[Opened, tuple[bool, str]] = {}
        """Who holds it, whether shared, and the name of who took it."""
        self.spans: list[Span] = []

    def tell(self) -> None:
        """Say who holds it, for the report of a deadlock."""
        names = [who for _, who in self.flocks.values()] + [each.who for each in self.spans]
        self.cell.item.holder = ", ".join(dict.fromkeys(names)) or None

    def is_free(self, opened: Opened, shared: bool) -> bool:
        """Whether nobody else's `flock` is in the way."""
        others = [kept for each, (kept, _) in self.flocks.items() if each is not opened]
        return not others or (shared and all(others))

    def is_free_of(self, wanted: Span) -> bool:
        """Whether no other process' record lock is in the way."""
        return not any(
            each.process != wanted.process
            and each.overlaps(wanted.start, wanted.end)
            and not (each.shared and wanted.shared)
            for each in self.spans
        )

    def are_lost(self, opened: Opened, process: int) -> bool:
        """Whether a process gives any back by closing a descriptor of this open file."""
        if opened.refs == 1 and opened in self.flocks:
            return True
        return any(each.process == process for each in self.spans)

    def carve(self, process: int, start: int, end: int) -> None:
        """Take a process' record locks off these bytes; what sticks out stays."""
        kept: list[Span] = []
        for each in self.spans:
            if each.process != process or not each.overlaps(start, end):
                kept.append(each)
                continue
            if each.start < start:
                kept.append(each._replace(end=start))
            if each.end > end:
                kept.append(each._replace(start=end))
        self.spans = kept
