"""Who could go on: the parked strands in order of rank, and where the next question starts.

A strand that is taken keeps its place while it runs, because most park again
at once; `settle` takes it out if it did not. So nothing moves in the common
case, and a step costs the same among ten strands and ten thousand.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter

from pileup.choices import Point, Strategy
from pileup.errors import InternalError
from pileup.sim.agents import Strand

by_rank = attrgetter("rank")


def out_of_range(strategy: Strategy, point: Point, index: int) -> InternalError:
    """Complain of an answer that is no option."""
    return InternalError(
        f"The strategy {strategy.name!r} answered {index} to a question with "
        f"{point.count} options. A strategy must return one of range(point.count)."
    )


class Line:
    """The candidates of one run.

    Option 0 is the strand that went last, or, if it cannot go on, the next one
    in order of rank. `mark` is the rank where the next question starts, and
    `at` how many candidates stand before it.
    """

    __slots__ = ("at", "last", "mark", "patience", "point", "strands", "streak")

    def __init__(self, patience: int) -> None:
        self.strands: list[Strand] = []
        self.last: Strand | None = None
        self.mark: tuple[int, ...] = ()
        self.at = 0
        self.streak = 0
        self.patience = patience
        self.point = Point("schedule", 0)
        self.point.candidates = self.strands

    def enter(self, strand: Strand) -> None:
        """Add a strand at its place."""
        rank, strands = strand.rank, self.strands
        if not strands or strands[-1].rank < rank:  # as agents are when they are spawned in turn
            strands.append(strand)
        else:
            strands.insert(bisect_left(strands, rank, key=by_rank), strand)
        strand.listed = True
        if rank < self.mark:
            self.at += 1

    def leave(self, strand: Strand) -> None:
        """Take a strand out, if it is in."""
        if not strand.listed:
            return
        place, strands = self.at, self.strands
        if place >= len(strands) or strands[place] is not strand:  # it is not the last that went
            place = bisect_left(strands, strand.rank, key=by_rank)
        assert strands[place] is strand
        del strands[place]
        strand.listed = False
        if place < self.at:
            self.at -= 1

    def drop(self, strand: Strand, last: Strand | None) -> None:
        """Take out what happened by itself; `last` stays the one that went last."""
        self.leave(strand)
        self.last = last
        if last is not None:
            self.turn_to(last)

    def settle(self) -> None:
        """Take out the strand that went last, if it has not parked again."""
        last = self.last
        if last is not None and last.op is None:
            self.leave(last)

    def turn_to(self, strand: Strand) -> None:
        """Start the next question at this strand, or at the next one in order of rank."""
        self.mark = strand.rank
        self.at = bisect_left(self.strands, strand.rank, key=by_rank)

    def ask(self, strategy: Strategy, noted: list[int], jump: bool) -> Strand | None:
        """Ask who is next, note the answer, and return who that is.

        `jump` adds the option that the next deadline passes first: then it is nobody.
        """
        strands, point = self.strands, self.point
        count, at = len(strands), self.at
        if self.streak > self.patience:
            self.streak = 0
            at += 1
        point.at = at  # perhaps behind the last one, which is the first
        point.jump = jump
        point.count = options = count + jump
        index = strategy.choose(point)
        if not 0 <= index < options:
            raise out_of_range(strategy, point, index)
        noted.append(index)
        if index == count:
            return None
        at += index
        if at >= count:
            at -= count
        strand = strands[at]
        if strand is self.last:  # as in `take_at`, because a call costs more than this
            self.streak += 1
        else:
            self.streak = 0
            self.last = strand
        self.at, self.mark = at, strand.rank
        return strand

    def take_at(self, at: int) -> Strand:
        """Return the strand at a place; it is the one that went last now."""
        strand = self.strands[at]
        if strand is self.last:
            self.streak += 1
        else:
            self.streak = 0
            self.last = strand
        self.at, self.mark = at, strand.rank
        return strand

    def question_beside(self, loop: Strand, *, loop_last: bool) -> Point:
        """Ask who is next when the loop could go on as well: it comes first, or last."""
        self.strands.insert(0, loop)
        point = self.point
        point.at = 1 if loop_last else 0
        point.jump = False
        point.count = len(self.strands)
        return point

    def take_beside(self, index: int) -> Strand | None:
        """Return the strand behind an option of `question_beside`; None for the loop."""
        chosen = (self.point.at + index) % len(self.strands)
        del self.strands[0]
        return None if chosen == 0 else self.take_at(chosen - 1)
