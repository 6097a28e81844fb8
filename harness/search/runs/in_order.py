"""Agents one after another: in which orders, and who answers the choices so that they keep to one.

An agent begins when the one before it has ended. One that waits for a later
one (for its lock, its message, its end) lets that go on meanwhile: such a run
is as serial as it can be, and no more than that (`kept`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import pairwise, permutations
from math import factorial
from typing import Final, TypeAlias, cast

from pileup.choices import Point
from pileup.history import FAIL, History, RawRow
from pileup.operations import READ, UPDATE, Item
from pileup.sim.agents import Agent, Strand

Order: TypeAlias = tuple[int, ...]
"""The numbers of the agents in the order in which they go."""

PATIENCE: Final = 2_000
"""After so many choices an agent that has not ended is polling for what a later one does."""

LOOP: Final = -1
"""The number of the strand that stands for an event loop's own turn."""


class InOrder:
    """Let the first agent of an order go on that has not ended."""

    name = "serial"

    def __init__(self, order: Order) -> None:
        self._given = order
        self.begin(0)

    def begin(self, run: int) -> None:
        """Every run is the same."""
        self._order = list(self._given)
        self._places = {who: place for place, who in enumerate(self._order)}
        self._front = self._turns = run * 0

    def choose(self, point: Point) -> int:
        """Pick whoever stands first; let time pass where the first one sleeps."""
        if point.stream != "schedule":
            return point.usual
        at = point.at
        strands = cast("list[Strand]", [*point.candidates[at:], *point.candidates[:at]])
        first = strands[0]
        if first.number == LOOP:
            return 0
        places = list(map(self._place, strands))
        best = min(places)
        self._look_ahead(first.sim.agents)
        if best > self._front and point.jump and self._sleeps(first.sim.strands):
            return point.count - 1
        return places.index(best)

    def _place(self, strand: Strand) -> int:
        """Where a strand's agent stands; what happens by itself comes last."""
        agent = strand.agent
        return self._places.get(
            agent.index if agent.parent is None else _root(agent), len(self._order)
        )

    def _look_ahead(self, agents: Sequence[Agent]) -> None:
        """Pass over those that have ended, and send one that polls to the end of the line."""
        order, before = self._order, self._front
        while self._front < len(order) and agents[order[self._front]].done:
            self._front += 1
        self._turns = self._turns + 1 if self._front == before else 0
        if self._turns > PATIENCE and self._front < len(order):
            order.append(order.pop(self._front))
            self._places = {who: place for place, who in enumerate(order)}
            self._turns = 0

    def _sleeps(self, strands: Sequence[Strand]) -> bool:
        """Whether the first agent waits for time alone: for its own, or for its loop's."""
        return any(
            each.timer or each.op is None
            for each in strands
            if self._place(each) <= self._front and not each.agent.done
        )


def _root(agent: Agent) -> int:
    while agent.parent is not None:
        agent = agent.parent
    return agent.index


def kept(history: History, order: Order) -> bool:
    """Whether the agents of a run did go one after another, each when the last had ended."""
    places = {who: place for place, who in enumerate(order)}
    roots = _roots(history)
    turns = [places[roots[row[3]]] for row in history.rows if roots[row[3]] in places]
    return all(one <= other for one, other in pairwise(turns))


# Which orders -----------------------------------------------------------------------------------


def orders(agents: int, most: int, seed: int) -> Iterator[Order]:
    """Yield all orders if there are at most so many, else rotations and drawn ones, each once."""
    if count(agents) <= most:
        yield from permutations(range(agents))
        return
    seen: dict[Order, None] = {}
    for order in _sample(agents, most, seed):
        if order not in seen and len(seen) < most:
            seen[order] = None
            yield order


def count(agents: int) -> int:
    """Count the orders that there are; beyond what anybody could try, just say very many."""
    return factorial(min(agents, 30))


def _sample(agents: int, most: int, seed: int) -> Iterator[Order]:
    whole = range(agents)
    yield tuple(whole)
    yield tuple(reversed(whole))
    for first in range(1, min(agents, most // 2)):
        yield (*whole[first:], *whole[:first])
    for draw in range(2 * most):
        yield tuple(sorted(whole, key=lambda agent: _drawn(seed, draw, agent)))


def _drawn(seed: int, draw: int, agent: int) -> bytes:
    return blake2b(f"{seed}/{draw}/{agent}".encode(), digest_size=8).digest()


# The orders that a run itself suggests ------------------------------------------------------------


def suggested(history: History, agents: int) -> list[Order]:
    """Return the orders in which a run's agents would come to the same, if any would.

    First the one in which they met at what they share: if that has no circle,
    then going in that order leads to exactly what the run came to.
    """
    roots = _roots(history)
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for number, row in enumerate(history.rows):
        who = roots[row[3]]
        if 0 <= who < agents:
            first.setdefault(who, number)
            last[who] = number
    known = sorted(range(agents), key=lambda who: last.get(who, -1))
    by_start = sorted(range(agents), key=lambda who: first.get(who, -1))
    met = _by_conflicts(_conflicts(history, roots, agents), known)
    return list(dict.fromkeys((met, tuple(known), tuple(by_start))))


def _roots(history: History) -> list[int]:
    """Return for each agent of a history the one at the top that it belongs to."""
    numbers = {who.name: number for number, who in enumerate(history.agents)}
    found: list[int] = []
    for number, who in enumerate(history.agents):
        above = who.parent
        found.append(number if above is None else found[numbers[above]])
    return [*found[:-1], LOOP] if history.agents and not history.agents[-1].session else found


def _conflicts(history: History, roots: list[int], agents: int) -> dict[int, set[int]]:
    """Return for each agent those that must come before it."""
    looks: dict[Item, list[tuple[int, bool, str, int]]] = {}
    for row in history.rows:
        if row[8] != FAIL and 0 <= roots[row[3]] < agents:
            _note(looks, row, roots[row[3]])
    before: dict[int, set[int]] = {who: set() for who in range(agents)}
    for each in looks.values():
        _follow(sorted(each, key=lambda look: look[:2]), before)
    return before


def _note(looks: dict[Item, list[tuple[int, bool, str, int]]], row: RawRow, who: int) -> None:
    if row[2]:
        for (item, access), version in zip(row[1], row[2], strict=True):
            whole = getattr(item, "item", item)
            looks.setdefault(whole, []).append((version, access == READ, access, who))


def _follow(looks: list[tuple[int, bool, str, int]], before: dict[int, set[int]]) -> None:
    """Go along one item's versions: who made, saw and replaced each."""
    older: set[int] = set()
    makers: set[int] = set()
    readers: set[int] = set()
    updating = False
    for _, _, access, who in looks:
        if access == READ:
            before[who] |= makers | older
            readers.add(who)
            continue
        if not (access == UPDATE and updating):
            older, makers = makers or older, set()
        before[who] |= readers | older
        if access != UPDATE:
            older, readers = set(), set()
        makers.add(who)
        updating = access == UPDATE


def _by_conflicts(before: dict[int, set[int]], known: Sequence[int]) -> Order:
    """Sort so that each comes behind those it must; where that is impossible, as they ended."""
    left = dict.fromkeys(known)
    done: set[int] = set()
    sorted_out: list[int] = []
    while left:
        ready = (who for who in left if before[who] <= done | {who})
        who = next(ready, next(iter(left)))
        del left[who]
        done.add(who)
        sorted_out.append(who)
    return tuple(sorted_out)
