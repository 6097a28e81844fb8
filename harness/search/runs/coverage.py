"""What a search has been through: how many orders and outcomes, and whether it was in vain.

Two runs are the same order if every operation of every agent met the same
versions of what it touched. How much of what there is has been seen is
estimated from what has been seen once: if nearly every run shows a new order,
nearly all are still unseen (Good and Turing's estimate).
"""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from typing import Final

from pileup.history import FAIL, History
from pileup.operations import READ, Item
from pileup.results import Spread
from pileup.search.runs.outcome import Ended
from pileup.search.runs.verdicts import Verdicts

ALWAYS: Final = 25
EVERY: Final = 16
"""So many runs are looked at, and after them every sixteenth, because to look takes time."""


class Coverage:
    """Looks at some of the runs of one exploration."""

    def __init__(self) -> None:
        self._orders: Counter[str] = Counter()
        self._outcomes: Counter[str] = Counter()
        self.contended = False
        """Whether two agents ever touched one thing which one of them changed."""
        self.touched: dict[str, None] = {}
        """What agents touched in the last run in which nothing was contended."""
        self.looks = 0
        self.verdicts = Verdicts()

    def look(self, ended: Ended, number: int) -> None:
        """Look at a run, if it is one of those that are looked at."""
        if number >= ALWAYS and number % EVERY:
            return
        self.looks += 1
        self._orders[order_of(ended.history)] += 1
        if ended.outcome is not None:
            self._outcomes[ended.outcome.mark] += 1
        if not self.contended:
            self._look_for_contention(ended.history)

    @property
    def spread(self) -> Spread:
        """Sum up."""
        return Spread(
            runs=self.looks,
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


def order_of(history: History) -> str:
    """Spell the order of a run briefly: two runs in the same order are spelled alike anywhere."""
    strands: dict[tuple[int, int], list[object]] = {}
    for row in history.rows:
        if row[1]:
            places = [(item.resource, item.key) for item, _ in row[1]]
            strands.setdefault((row[3], row[4]), []).append((row[0], places, row[2]))
    text = repr(sorted(strands.items(), key=lambda each: each[0]))
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _once(counts: Counter[str]) -> int:
    return sum(times == 1 for times in counts.values())
