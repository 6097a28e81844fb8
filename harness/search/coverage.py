"""What a search has been through: how many orders and outcomes, and whether it was in vain.

Two runs are the same order if every operation of every agent met the same
versions of what it touched. How much of what there is has been seen is
estimated from what has been seen once: if nearly every run shows a new order,
nearly all are still unseen (Good and Turing's estimate).
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from pileup.history import FAIL, History
from pileup.operations import READ, Item
from pileup.results import Spread
from pileup.search.outcome import Ended

ALWAYS: Final = 25
EVERY: Final = 16
"""So many runs are looked at, and after them every sixteenth, because to look takes time."""

MASK: Final = (1 << 64) - 1


class Coverage:
    """Looks at some of the runs of one exploration."""

    def __init__(self) -> None:
        self._orders: Counter[int] = Counter()
        self._outcomes: Counter[str] = Counter()
        self.contended = False
        """Whether two agents ever touched one thing which one of them changed."""
        self.touched: dict[str, None] = {}
        """What agents touched in the last run in which nothing was contended."""

    def look(self, ended: Ended, number: int) -> None:
        """Look at a run, if it is one of those that are looked at."""
        if number >= ALWAYS and number % EVERY:
            return
        self._orders[order_of(ended.history)] += 1
        if ended.outcome is not None:
            self._outcomes[ended.outcome.mark] += 1
        if not self.contended:
            self._look_for_contention(ended.history)

    @property
    def spread(self) -> Spread:
        """Sum up."""
        return Spread(
            runs=self._orders.total(),
            orders=len(self._orders),
            orders_once=_once(self._orders),
            outcomes=len(self._outcomes),
            outcomes_once=_once(self._outcomes),
        )

    def _look_for_contention(self, history: History) -> None:
        users: dict[Item, set[int]] = {}
        changed: dict[Item, None] = {}
        for row in history.rows:
            for item, access in row[1]:
                if item.resource == "agent":
                    continue
                users.setdefault(item, set()).add(row[3])
                if access != READ and row[8] != FAIL:
                    changed[item] = None
        self.contended = any(len(users[item]) > 1 for item in changed)
        self.touched = {item.name: None for item in users}


def order_of(history: History) -> int:
    """Return a number that is the same for two runs of one process in the same order, else not."""
    strands: dict[tuple[int, int], list[object]] = {}
    for row in history.rows:
        if row[1]:
            places = tuple((item.resource, item.key) for item, _ in row[1])
            strands.setdefault((row[3], row[4]), []).append((row[0], places, row[2]))
    # Never shown or compared beyond this process, so it may depend on the hash seed. One hash of
    # all, because a sum of hashes is often the same when two parts have changed places.
    return hash(tuple((who, tuple(strands[who])) for who in sorted(strands))) & MASK


def _once(counts: Counter[int] | Counter[str]) -> int:
    return sum(times == 1 for times in counts.values())
