"""Which rows prove an edge: the items of a few units looked at once more, this time with names."""

from __future__ import annotations

from typing import NamedTuple

from pileup.detectors.dependencies import Dependencies
from pileup.detectors.graph import JOIN, Hop, Sort
from pileup.operations import Item


class Proof(NamedTuple):
    """Why one unit must come before another: the item, and the row of each of them."""

    hop: Hop
    item: Item
    rows: tuple[int, int]


class Witness:
    """Collects the proofs of the edges between a few units."""

    def __init__(self, graph: Dependencies, units: list[int]) -> None:
        self._units = dict.fromkeys(units)
        self._joins: dict[int, tuple[list[_Half], list[_Half]]] = {}
        self._item: Item | None = None
        self.proofs: dict[Hop, list[Proof]] = {}
        for kept in graph.around(units):
            self._item = kept.item
            self._joins.clear()
            kept.follow(self, graph.strict)

    def edge(self, source: int, target: int, sort: Sort, rows: tuple[int, int]) -> None:
        """Take an edge; one that leads over a join is put together from its halves."""
        if source in self._joins:
            outward = _Half(target, sort, rows[1])
            self._joins[source][1].append(outward)
            for inward in self._joins[source][0]:
                self._meet(inward, outward)
        elif target in self._joins:
            inward = _Half(source, sort, rows[0])
            self._joins[target][0].append(inward)
            for outward in self._joins[target][1]:
                self._meet(inward, outward)
        else:
            self._prove(Hop(source, sort, target), rows)

    def _meet(self, inward: _Half, outward: _Half) -> None:
        sort = outward.sort if inward.sort == JOIN else inward.sort
        self._prove(Hop(inward.node, sort, outward.node), (inward.row, outward.row))

    def _prove(self, hop: Hop, rows: tuple[int, int]) -> None:
        known = hop.source in self._units and hop.target in self._units
        if known and hop.source != hop.target and self._item is not None:
            self.proofs.setdefault(hop, []).append(Proof(hop, self._item, rows))

    def join(self) -> int:
        """Name a join; it is below all numbers of units."""
        name = -10 - len(self._joins)
        self._joins[name] = ([], [])
        return name


class _Half(NamedTuple):
    """One half of an edge over a join."""

    node: int
    sort: Sort
    row: int
