"""What is still to be tried at one point of a search: sequences of deeds, as a tree.

After "Optimal dynamic partial order reduction" (Abdulla, Aronis, Jonsson and
Sagonas, 2014): a sequence is put in only where none that is in, or has been
tried, comes to the same. So no run is made that turns out to be another one
in another order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pileup.choices import CLOCK_TURN
from pileup.strategies._order import Deed, apart, merged


class Branch:
    """A deed to try, and what to try after it; without `after` whatever comes will do."""

    __slots__ = ("after", "deed")

    def __init__(self, deed: Deed, after: list[Branch] | None = None) -> None:
        self.deed = deed
        self.after: list[Branch] = after or []


class Fork:
    """A question about the schedule: who has been tried here, who is now, who is to be.

    It was asked before turn number `turn`. `early` says that a deadline which
    passes here passes before it has to.
    """

    __slots__ = ("asleep", "branches", "early", "known", "offered", "turn")

    def __init__(
        self, turn: int, offered: frozenset[int], asleep: dict[int, Deed], *, early: bool
    ) -> None:
        self.turn = turn
        self.offered = offered
        self.asleep = asleep
        self.early = early
        self.branches: list[Branch] = []
        self.known = False

    def know(self, deed: Deed) -> None:
        """Replace what a deed was expected to touch by all that it has touched."""
        branch = self.branches[0]
        if self.known and branch.deed.feet != deed.feet:  # a fault has made it another
            feet = [
                (*thing, access)
                for each in (branch.deed, deed)
                for thing, access in each.feet.items()
            ]
            deed = Deed(deed.strand, deed.agent, merged(feet))
        branch.deed = deed
        self.known = True

    def leave(self) -> bool:
        """Let what has been tried sleep; whether something is left to try."""
        tried = self.branches.pop(0).deed
        self.asleep[tried.strand] = tried
        self.known = False
        return bool(self.branches)

    @property
    def jumps(self) -> bool:
        """Whether a deadline passes early here."""
        return self.early and self.branches[0].deed.strand == CLOCK_TURN


class Draw:
    """Another question: which answer is given now, and which are to be."""

    __slots__ = ("answers",)

    def __init__(self, answers: list[int]) -> None:
        self.answers = answers

    def leave(self) -> bool:
        """Drop the answer that has been given; whether another is left."""
        del self.answers[0]
        return bool(self.answers)


def insert(branches: list[Branch], deeds: Sequence[Deed]) -> bool:
    """Put a sequence in, unless something that is in will come to the same; whether it was."""
    rest = list(deeds)
    while rest:
        branch, rest = _way(branches, rest)
        if branch is None:
            branches.append(_chain(rest))
            return True
        if not branch.after:
            return False  # whatever comes after it will include this
        branches = branch.after
    return False


def is_covered(tried: Iterable[Deed], deeds: Sequence[Deed]) -> bool:
    """Whether one of those that have been tried could as well have begun this sequence."""
    return any(_begin(each, deeds) is not None for each in tried)


def count_leaves(branches: Iterable[Branch]) -> int:
    """Count the sequences in a tree."""
    return sum(count_leaves(branch.after) or 1 for branch in branches)


def copied(branch: Branch) -> Branch:
    """Copy a tree."""
    return Branch(branch.deed, [copied(each) for each in branch.after])


def _way(branches: list[Branch], deeds: list[Deed]) -> tuple[Branch | None, list[Deed]]:
    """Find the first branch that could begin the sequence, and what is left of it then."""
    for branch in branches:
        rest = _begin(branch.deed, deeds)
        if rest is not None:
            return branch, rest
    return None, deeds


def _begin(deed: Deed, deeds: Sequence[Deed]) -> list[Deed] | None:
    """Return what is left of a sequence that a deed begins; None if it cannot begin with it.

    It can if it is in it and nothing before it has to come first, or if it
    touches nothing that the sequence touches.
    """
    for place, each in enumerate(deeds):
        if each.strand == deed.strand:
            return [*deeds[:place], *deeds[place + 1 :]]
        if not apart(each, deed):
            return None
    return list(deeds)


def _chain(deeds: Sequence[Deed]) -> Branch:
    branch = Branch(deeds[-1])
    for deed in reversed(deeds[:-1]):
        branch = Branch(deed, [branch])
    return branch
