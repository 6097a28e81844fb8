"""Two moments of a run that belong together, and what is said of that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from pileup.reports.story.model import Link, Remark, Sort

HERE: Final = "\0"
"""Where the number of the other moment stands; names have none, because it is spelled out."""


class Bond(NamedTuple):
    """Two moments that belong together, and what is said at either of them of the other."""

    sort: Sort
    start: int
    end: int
    at_start: str = ""
    at_end: str = ""

    @property
    def link(self) -> Link:
        """Leave out what is said."""
        return Link(self.sort, self.start, self.end)

    def remarks(self) -> Iterator[tuple[int, Remark]]:
        """Return what is said, with the moment that it belongs to."""
        if self.at_start:
            yield self.start, _remark(self.sort, self.at_start, self.end)
        if self.at_end:
            yield self.end, _remark(self.sort, self.at_end, self.start)


def _remark(sort: Sort, text: str, other: int) -> Remark:
    before, _, after = text.partition(HERE)
    return Remark(sort, before, other, after)
