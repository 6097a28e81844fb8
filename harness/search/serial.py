"""The serial oracle: could the agents, one after another, have come to this?

It runs the same agents one after another in every order, or in a sample of
orders where there are too many, and knows what each came to. A run whose
outcome none of them has is not serial. It is asked lazily: the orders are run
when the first question needs them, and stop where the answer is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final

from pileup.findings import Finding
from pileup.search.in_order import InOrder, Order, count, orders, suggested
from pileup.search.outcome import EFFECT, END, FAILED, RETURNED, Ended, Outcome

MOST_ORDERS: Final = 120
"""How many orders are run where the user asks for the oracle: all those of five agents."""

MOST_IN_PASSING: Final = 24
"""How many are run to settle a detector's doubt: all those of four agents."""

MOST_SHOWN: Final = 5
LONGEST: Final = 60

Play = Callable[[InOrder], Outcome | None]
"""Runs the agents in an order, without faults; None if that does not come to an end."""


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
        outcome = ended.outcome
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
        """Run the orders that a run suggests. Others' are not looked at, or a run that is
        seen again might find another answer than the first time."""
        if self.tries_all:
            return []
        fresh = [each for each in suggested(ended.history, self._agents) if each not in self._sample]
        for order in fresh:
            if order not in self._extra:
                self._extra[order] = self._run(order)
        return [self._extra[order] for order in fresh]

    def _run(self, order: Order) -> Outcome | None:
        strategy = InOrder(order)
        outcome = self._play(strategy)
        self._waited += strategy.waited
        return outcome

    @property
    def _known(self) -> list[Outcome]:
        return [each for each in self._sample.values() if each is not None]

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
        return _finding(ended, ended.outcome, self._known, self._compared())

    def _compared(self) -> str:
        there = count(self._agents)
        many = f"all {there:,}" if self.tries_all else f"{len(self._sample):,} of the {there:,}"
        return f"{many} orders" if there > 1 else "the one order there is"

    @property
    def strength(self) -> str:
        """What a clean exploration has been held against."""
        return (
            f"In {self._same} of them the outcome is one that the agents come to one after another "
            f"as well (compared with {self._compared()})"
            if self._asked
            else ""
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
                f"In {self._waited} orders an agent waited for one that comes after it, which was "
                "let go on meanwhile; these are as serial as they can be."
            )
        return tuple(found)


def _finding(ended: Ended, outcome: Outcome, known: list[Outcome], compared: str) -> Finding:
    """Tell in what a run differs from the order that comes nearest to it."""
    nearest = min(known, key=lambda other: len(outcome.differing(other)))
    parts = sorted(outcome.differing(nearest), key=_rank)
    lines = [_told(part, outcome, known) for part in parts[:MOST_SHOWN]]
    if len(parts) > MOST_SHOWN:
        lines.append(f"{len(parts) - MOST_SHOWN} more things differ.")
    resource, key = _item(parts[0])
    return Finding(
        kind="not_serial",
        severity="medium",
        title="no order of the agents, one after another, comes to this result",
        explanation="\n".join([*lines, f"This was compared with {compared} of the agents."]),
        resource=resource,
        key=key,
        agents=tuple(each.name for each in ended.history.agents if each.session and not each.parent),
        evidence=_evidence(ended, resource, key),
        receipt={"differs": parts[0], "differing": len(parts), "compared": compared},
        advice="make what each agent does one unit: a lock or a serializable transaction around "
        "all of it. If agents may well come between each other here, do not ask for the oracle",
        mark=_kind(parts[0]),
    )


def _rank(part: str) -> tuple[int, str]:
    return (next(n for n, kind in enumerate((END, EFFECT, FAILED, RETURNED)) if part.startswith(kind)), part)


def _kind(part: str) -> str:
    """Say what sort of part it is; whose answer it was is chance."""
    return next(kind for kind in (END, EFFECT, FAILED, RETURNED) if part.startswith(kind)).strip()


def _item(part: str) -> tuple[str, str]:
    if not part.startswith(END):
        return "", ""
    resource, _, key = part.removeprefix(END).partition("[")
    return resource, key.removesuffix("]")


def _evidence(ended: Ended, resource: str, key: str) -> tuple[int, ...]:
    """Return the events that wrote the item that differs, or the ends of the agents."""
    rows = ended.history.rows
    wrote = [
        number
        for number, row in enumerate(rows)
        if any(t.item.resource == resource and t.item.key == key and t.access != "read" for t in row[1])
    ]
    ends = [number for number, row in enumerate(rows) if row[0] == "end"]
    return tuple(wrote[-MOST_SHOWN:] or ends)


def _told(part: str, outcome: Outcome, known: list[Outcome]) -> str:
    here = _short(outcome.parts.get(part))
    others = list(dict.fromkeys(_short(each.parts.get(part)) for each in known))
    shown = " or ".join(others[:3]) + (" or another" if len(others) > 3 else "")
    return f"{part[0].upper()}{part[1:]}: {here}. One after another it is {shown}."


def _short(text: str | None) -> str:
    if text is None:
        return "nothing"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
