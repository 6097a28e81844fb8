"""What is still to be tried at one point of a search: sequences of deeds, as a tree.

After "Optimal dynamic partial order reduction" (Abdulla, Aronis, Jonsson and
Sagonas, 2014): a sequence is put in only where none that is in, or has been
tried, comes to the same. So no run is made that turns out to be another one
in another order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pileup.strategies._order import Deed, apart


class Branch:
    """A deed to try, and what to try after it; without `after` whatever comes will do."""

    __slots__ = ("after", "deed")

    def __init__(self, deed: Deed, after: list[Branch] | None = None) -> None:
        self.deed = deed
        self.after: list[Branch] = after or []


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
