"""Waiting for somebody else's transaction to end, and noticing that it never will.

A circle of transactions that wait for each other is found by the one that
closes it, in that moment. PostgreSQL looks only after `deadlock_timeout`, and
ends the one whose timeout comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pileup.fakes._port import Cell
from pileup.fakes.database.errors import DatabaseError, DeadlockDetected

if TYPE_CHECKING:
    from pileup.fakes.database.work import Work


class Wait:
    """One transaction that cannot go on while `blockers()` are in its way.

    Who they are is asked anew each time, because another one may have come first.
    """

    __slots__ = ("blockers", "cell", "failure")

    def __init__(self, blockers: Callable[[], Sequence[Work]], cell: Cell) -> None:
        self.blockers = blockers
        self.cell = cell
        self.failure: DatabaseError | None = None

    def is_over(self) -> bool:
        """Whether there is nothing left to wait for, be it that time is up."""
        return self.failure is not None or not self.blockers()


def refuse_deadlock(work: Work) -> None:
    """Refuse a wait that closes a circle."""
    circle = _way_back(work, work, [])
    if circle:
        story = "; ".join(f"{each.who} waits for {_cell(each)}" for each in circle)
        held = f"{story}, which {work.who} holds" if len(circle) > 1 else story
        raise DeadlockDetected(
            f"deadlock detected: {held}. Take locks in the same order everywhere "
            "(by key, for instance), or do all of it again."
        )


def _way_back(work: Work, goal: Work, seen: list[Work]) -> list[Work]:
    seen.append(work)
    if work.wait is None:
        return []
    for blocker in work.wait.blockers():
        if blocker is goal:
            return [work]
        if blocker not in seen and (rest := _way_back(blocker, goal, seen)):
            return [work, *rest]
    return []


def _cell(work: Work) -> str:
    return "nothing" if work.wait is None else work.wait.cell.item.key
