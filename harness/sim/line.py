"""Who could go on: the parked strands in order of rank, and where the next question starts.

A strand that is taken keeps its place while it runs, because most park again
at once; `settle` takes it out if it did not. So nothing moves in the common
case, and a step costs the same among ten strands and ten thousand.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter

from pileup.choices import Point
from pileup.sim.agents import Strand

by_rank = attrgetter("rank")


class Line:
    """The candidates of one run. Option 0 is always the one that went last, if it can go on."""

    __slots__ = ("_patience", "_point", "_streak", "at", "last", "strands")

    def __init__(self, patience: int) -> None:
        self.strands: list[Strand] = []
        self.last: Strand | None = None
        self.at = 0
        self._streak = 0
        self._patience = patience
        self._point = Point("schedule", 0)
        self._point.candidates = self.strands

    def enter(self, strand: Strand) -> None:
        """Add a strand at its place."""
        place = bisect_left(self.strands, strand.rank, key=by_rank)
        self.strands.insert(place, strand)
        strand.listed = True
        if place <= self.at and len(self.strands) > 1:
            self.at += 1

    def leave(self, strand: Strand) -> None:
        """Take a strand out, if it is in."""
        if not strand.listed:
            return
        place = bisect_left(self.strands, strand.rank, key=by_rank)
        assert self.strands[place] is strand
        del self.strands[place]
        strand.listed = False
        if place < self.at:
            self.at -= 1

    def settle(self) -> None:
        """Take out the strand that went last, if it has not parked again."""
        last = self.last
        if last is not None and last.op is None:
            self.leave(last)

    def turn_to(self, strand: Strand) -> None:
        """Start the next question at this strand, or where it would be."""
        self.at = bisect_left(self.strands, strand.rank, key=by_rank)

    def question(self, jump: bool) -> Point:
        """Ask who is next; `jump` adds the option that the next deadline passes first."""
        if self._streak > self._patience:
            self._streak = 0
            self.at += 1
        if self.at >= len(self.strands):
            self.at = 0
        point = self._point
        point.at = self.at
        point.jump = jump
        point.count = len(self.strands) + jump
        return point

    def take(self, index: int) -> Strand:
        """Return the strand behind an option; it is the one that went last now."""
        at = self.at + index
        count = len(self.strands)
        self.at = at = at if at < count else (at - count if index else 0)
        strand = self.strands[at]
        if strand is self.last:
            self._streak += 1
        else:
            self._streak = 0
            self.last = strand
        return strand

    def question_beside(self, loop: Strand, *, loop_last: bool) -> Point:
        """Ask who is next when the loop could go on as well; put it first, or last."""
        self.strands.insert(0, loop)
        self.at = 1 if loop_last else 0
        return self.question(jump=False)

    def take_beside(self, index: int, resume_at: int) -> Strand | None:
        """Return the strand behind an option of `question_beside`; None for the loop."""
        chosen = (self.at + index) % len(self.strands)
        del self.strands[0]
        self.at = resume_at
        if chosen == 0:
            return None
        self.at = chosen - 1
        return self.take(0)
