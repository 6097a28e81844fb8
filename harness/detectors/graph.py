"""Directed graphs of units: circles in them, found in time linear in the edges.

A node is a number. An edge is one as well, the node that it leads to with what
sort of edge it is in the two lowest bits, because a history of a million rows
has as many edges, and a tuple for each would cost more than all the rest.

Where everyone of many leads to everyone of many (readers to those who then add
to a counter) they are joined by a node that stands for no unit: n + m edges
instead of n * m.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

Sort: TypeAlias = int

WW: Final[Sort] = 0
"""It wrote what the other then wrote over."""
WR: Final[Sort] = 1
"""It wrote what the other then read."""
RW: Final[Sort] = 2
"""It read what the other then wrote over: it did not see the other's."""
JOIN: Final[Sort] = 3
"""The other half of an edge that goes over a join."""

NAMES: Final = {WW: "ww", WR: "wr", RW: "rw"}

DONE: Final = 1 << 60
"""Above the number of any node that is still open."""

MOST_LOOKED_AT: Final = 20_000
"""How many edges are followed in search of the shortest circle of one kind."""


class Hop(NamedTuple):
    """One edge of a circle."""

    source: int
    sort: Sort
    target: int


class Graph:
    """A graph under construction. `kin` tells units that are not judged by each other."""

    def __init__(self, kin: Callable[[int, int], bool]) -> None:
        self.out: defaultdict[int, list[int]] = defaultdict(list)
        self.joins: dict[int, None] = {}
        """The nodes that stand for no unit."""
        self._kin = kin

    def edge(self, source: int, target: int, sort: Sort) -> None:
        """Add an edge; from a node to itself there is none."""
        if source != target:
            self.out[source].append(target << 2 | sort)

    def components(self) -> list[list[int]]:
        """Return the sets of units of which each leads to each, and that are more than one."""
        found = []
        for component in strong_components(self.out):
            units = sorted(node for node in component if node not in self.joins)
            if len(units) > 1:
                found.append(units)
        found.sort()
        return found

    def hops(self, node: int, sorts: int, inside: dict[int, None]) -> Iterator[Hop]:
        """Return where a unit leads by edges of these sorts (as bits), over joins as well."""
        for edge in self.out.get(node, ()):
            target, sort = edge >> 2, edge & 3
            if target in self.joins:
                yield from self._over(node, target, sort, sorts, inside)
            elif sorts >> sort & 1 and target in inside and not self._kin(node, target):
                yield Hop(node, sort, target)

    def _over(
        self, node: int, join: int, first: Sort, sorts: int, inside: dict[int, None]
    ) -> Iterator[Hop]:
        for edge in self.out.get(join, ()):
            target, sort = edge >> 2, edge & 3
            if sort == JOIN:
                sort = first
            if target == node or target not in inside or not sorts >> sort & 1:
                continue
            if not self._kin(node, target):
                yield Hop(node, sort, target)


def strong_components(out: Mapping[int, list[int]]) -> list[list[int]]:
    """Find the sets of nodes of which each leads to each (Tarjan), those of one node left out."""
    order: dict[int, int] = {}
    low: dict[int, int] = {}
    count = 0
    open_nodes: list[int] = []
    found: list[list[int]] = []
    for root in out:
        if root in order:
            continue
        count += 1
        order[root] = low[root] = count
        open_nodes.append(root)
        way = [(root, iter(out[root]))]
        while way:
            node, edges = way[-1]
            for edge in edges:
                target = edge >> 2
                seen = order.get(target)
                if seen is None:
                    count += 1
                    order[target] = low[target] = count
                    open_nodes.append(target)
                    way.append((target, iter(out.get(target, ()))))
                    break
                if seen < low[node]:  # noqa: PLR1730 - a call each would take as long as the rest
                    low[node] = seen
            else:
                way.pop()
                if way:
                    above = way[-1][0]
                    if low[node] < low[above]:  # noqa: PLR1730 - the same
                        low[above] = low[node]
                if low[node] == order[node]:
                    _close(node, open_nodes, order, found)
    return found


def _close(node: int, open_nodes: list[int], order: dict[int, int], found: list[list[int]]) -> None:
    """Take a component off the stack; what is done can lower nobody's number any more."""
    component = []
    while True:
        member = open_nodes.pop()
        order[member] = DONE
        component.append(member)
        if member == node:
            break
    if len(component) > 1:
        found.append(component)


def shortest_circle(graph: Graph, units: list[int], first: int, then: int) -> list[Hop] | None:
    """Return the shortest circle whose first edge is of one set of sorts, all others of another.

    The first of those that are equally short, in order of the nodes.
    """
    inside = dict.fromkeys(units)
    best: list[Hop] | None = None
    left = MOST_LOOKED_AT
    for unit in units:
        for hop in graph.hops(unit, first, inside):
            limit = len(best) - 1 if best is not None else len(units)
            way, looked = _way(graph, hop.target, unit, then, inside, limit - 1)
            left -= looked
            if way is not None:
                best = [hop, *way]
            if left < 0 or (best is not None and len(best) == 2):  # noqa: PLR2004 - no shorter one
                return best
    return best


def _way(
    graph: Graph, start: int, goal: int, sorts: int, inside: dict[int, None], most: int
) -> tuple[list[Hop] | None, int]:
    """Return the shortest way of at most so many edges, and how many were looked at."""
    came: dict[int, Hop | None] = {start: None}
    ways = deque([(start, 0)])
    looked = 0
    while ways:
        node, length = ways.popleft()
        if length >= most:
            break
        for hop in graph.hops(node, sorts, inside):
            looked += 1
            if hop.target in came:
                continue
            came[hop.target] = hop
            if hop.target == goal:
                return _back(came, goal), looked
            ways.append((hop.target, length + 1))
    return None, looked


def _back(came: dict[int, Hop | None], goal: int) -> list[Hop]:
    way: list[Hop] = []
    hop = came[goal]
    while hop is not None:
        way.append(hop)
        hop = came[hop.source]
    way.reverse()
    return way
