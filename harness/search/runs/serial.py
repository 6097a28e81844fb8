"""The serial oracle knows whether the agents, one after another, could have come to a result.

It runs the same agents one after another in every order, or in a sample of
orders where there are too many, and knows what each came to. A run whose
outcome none of them has is not serial. It is asked lazily: the orders are run
when the first question needs them, and stop where the answer is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, TypeAlias

from pileup.findings import Finding
from pileup.search.runs.differences import not_serial
from pileup.search.runs.in_order import Order, count, kept, orders, suggested
from pileup.search.runs.outcome import Ended, Outcome

MOST_ORDERS: Final = 120
"""How many orders are run where the user asks for the oracle: all those of five agents."""

MOST_IN_PASSING: Final = 24
"""How many are run to settle a detector's doubt: all those of four agents."""

Play: TypeAlias = Callable[[Order], Ended]
"""Runs the agents in an order, without faults."""


class SerialOracle:
    """Knows what the agents of one program come to, one after another."""

    def __init__(self, play: Play, agents: int, most: int, seed: int = 0) -> None:
        self._play = play
        self._agents = agents
        self._left = orders(agents, most, seed)
        self._sample: dict[Order, Outcome | None] = {}
        self._extra: dict[Order, Outcome | None] = {}
        self._most = most
        self._waited = 0
        self._doubts: Counter[str] = Counter()
        self._asked = self._same = 0

    @property
    def tries_all(self) -> bool:
        """Whether the orders that are run are all there are."""
        return count(self._agents) <= self._most

    def explains(self, ended: Ended) -> bool | None:
        """Whether some order comes to the same as a run did; None if nobody can know.

        Beside the sample it tries the orders that the run itself suggests, so
        that a run in which the agents did keep to an order is always explained.
        """
        outcome = ended.outcome if self._most else None
        if outcome is None:
            return None
        if self._is_met(outcome) or any(
            other is not None and other.mark == outcome.mark for other in self._suggested(ended)
        ):
            return True
        return None if ended.doubt or not self._known else False

    def _is_met(self, outcome: Outcome) -> bool:
        for known in self._sample.values():
            if known is not None and known.mark == outcome.mark:
                return True
        for order in self._left:
            found = self._sample[order] = self._extra.pop(order, None) or self._run(order)
            if found is not None and found.mark == outcome.mark:
                return True
        return False

    def _suggested(self, ended: Ended) -> list[Outcome | None]:
        """Run the orders that a run suggests; those that others have suggested do not count.

        If they did, a run might be explained when it is seen again, and not the first time.
        """
        if self.tries_all:
            return []
        told = suggested(ended.history, self._agents)
        fresh = [each for each in told if each not in self._sample]
        for order in fresh:
            if order not in self._extra:
                self._extra[order] = self._run(order)
        return [self._extra[order] for order in fresh]

    def _run(self, order: Order) -> Outcome | None:
        ended = self._play(order)
        self._waited += ended.outcome is not None and not kept(ended.history, order)
        return ended.outcome

    @property
    def _known(self) -> dict[Order, Outcome]:
        return {order: each for order, each in self._sample.items() if each is not None}

    # What it says to the user ----------------------------------------------------------------

    def finding(self, ended: Ended) -> Finding | None:
        """Say of a run that no order comes to the same, and what differs."""
        verdict = self.explains(ended)
        if not ended.again:
            self._asked += 1
            self._same += verdict is True
            if verdict is None:
                self._doubts[ended.doubt or "no order came to its end"] += 1
        if verdict is not False or ended.outcome is None:
            return None
        return not_serial(ended, ended.outcome, self._known, self._compared())

    def _compared(self) -> str:
        there = count(self._agents)
        many = f"all {there:,}" if self.tries_all else f"{len(self._sample):,} of the {there:,}"
        return f"{many} orders" if there > 1 else "the one order there is"

    @property
    def strength(self) -> str:
        """What a clean exploration has been held against."""
        if not self._asked:
            return ""
        many = "All" if self._same == self._asked else f"{self._same} of the"
        return (
            f"{many} {self._asked} came to a result that the agents also come to one after "
            f"another (compared with {self._compared()})"
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the oracle say less than it seems to."""
        found = [
            f"The serial oracle says nothing of {times} of {self._asked} runs, because {why}."
            for why, times in sorted(self._doubts.items())
        ]
        if self._asked and not self.tries_all:
            found.insert(
                0,
                f"The serial oracle compared each run with {self._compared()} of the agents (and "
                "with those that the run itself suggested). What none of these comes to may yet "
                "come of another order.",
            )
        if self._waited:
            found.append(
                f"In {self._waited} of the orders that were run an agent waited for one behind it, "
                "which was let go on meanwhile; these are as serial as they can be."
            )
        return tuple(found)
