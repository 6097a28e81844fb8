"""Circles: units of which each must come before the next, so that no order has them one by one.

A unit is a `with pileup.step(...)` or a database transaction, and should look
as if it happened at once. Who must come before whom follows from the versions
that each read and made (`dependencies`). Where that goes round in a circle, no
order of the units explains what they saw, and the circle's edges say what kind
of anomaly it is. The names are those of Atul Adya's thesis: G0, G1a, G1b, G1c,
G-single, G2-item.

Before a circle is reported it is tried to explain it by values: two that wrote
the same have been in nobody's way. A lost update of one item (P4) is left to
`lost_write`, which tells it better, wherever that can see it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from operator import itemgetter
from typing import Final

from pileup.detectors.accesses import Reading, holds_data
from pileup.detectors.case import TASKS, Case
from pileup.detectors.circles import Circle, finding_of, finding_of_undone
from pileup.detectors.dependencies import Dependencies
from pileup.detectors.explained import Replay
from pileup.detectors.graph import RW, WR, WW, Hop, shortest_circle
from pileup.detectors.stretches import stretches
from pileup.detectors.units import Units, levels
from pileup.detectors.witness import Proof, Witness
from pileup.findings import Finding
from pileup.operations import READ, WRITE

ANY: Final = 1 << WW | 1 << WR | 1 << RW
SEEN: Final = 1 << WW | 1 << WR

SORTS: Final = (
    ("G0", 1 << WW, 1 << WW),
    ("G1c", SEEN, SEEN),
    ("G-single", 1 << RW, SEEN),
    ("G2-item", 1 << RW, ANY),
)
"""Which edges the first and the others of a circle may be, from the plainest anomaly on."""


MOST_REPLAYED: Final = 6
"""How many units are replayed in every order; of more only those of the circle are."""

MOST_PROOFS: Final = 32
"""How many proofs of one edge are looked at."""


def cycles(case: Case) -> Iterator[Finding]:
    """Find the units that no order one after another explains."""
    for units in levels(case):
        yield from aborted_reads(case, units)
        found = list(_circles(case, units, strict=False))
        if not found and case.has_oracle:
            found = list(_circles(case, units, strict=True))
            found = found if found and case.is_serial() is False else []
        marks: set[str] = set()
        for circle in found:
            finding = finding_of(case, units, circle)
            if finding.fingerprint not in marks:
                marks.add(finding.fingerprint)
                yield finding


def _circles(case: Case, units: Units, *, strict: bool) -> Iterator[Circle]:
    """Find a circle in each set of units that are in each other's way."""
    reading = Reading(case, units, strict=strict)
    for stretch in stretches(case, units):
        graph = Dependencies(reading, stretch)
        for component in graph.components():
            if len(component) <= MOST_REPLAYED and _is_excused(graph, component):
                continue
            circle = _plainest(graph, component)
            if circle is not None:
                yield circle


def _is_excused(graph: Dependencies, component: list[int]) -> bool:
    """Whether units that are in each other's way have come to no harm."""
    if graph.strict:
        return False
    replay = Replay(graph, component)
    return replay.is_explained() or (not replay.knows_all and graph.case.is_serial() is True)


def _plainest(graph: Dependencies, component: list[int]) -> Circle | None:
    """Return the shortest circle of the plainest sort that is worth telling."""
    for name, first, then in SORTS:
        hops = shortest_circle(graph.graph, component, first, then)
        if hops is None:
            continue
        members = [hop.source for hop in hops]
        if len(members) <= MOST_REPLAYED < len(component) and _is_excused(graph, members):
            continue
        circle = _named(graph, hops, name)
        if circle is not None:
            return circle
    return None


def _named(graph: Dependencies, hops: list[Hop], name: str) -> Circle | None:
    """Prove a circle, and say what it is; None if it is nothing, or another detector's."""
    proofs = Witness(graph, [hop.source for hop in hops]).proofs
    chosen = [proofs[hop][0] for hop in hops]
    if len(hops) == 2:  # noqa: PLR2004 - one there and one back: perhaps all of it on one item
        special = _of_two(graph, proofs, hops, name)
        if special is not None:
            return special if special.proofs else None
    one_item = len({proof.item.name for proof in chosen}) == 1
    if one_item and name in ("G0", "G1c") and len(hops) > MOST_REPLAYED and not graph.strict:
        return None  # nobody has looked whether it comes to anything
    return Circle(_kind_of(name), name, tuple(chosen))


def _kind_of(name: str) -> str:
    return {
        "G0": "dirty_write",
        "G1c": "circular_flow",
        "G-single": "read_skew",
        "G2-item": "write_skew",
    }[name]


def _of_two(
    graph: Dependencies, proofs: dict[Hop, list[Proof]], hops: list[Hop], name: str
) -> Circle | None:
    """Name a circle of two units on one item by what it is; without proofs if it is not ours."""
    if name == "G0":
        return None
    one, other = hops[0].source, hops[0].target
    for mine, theirs in ((one, other), (other, one)):
        read = proofs.get(Hop(mine, RW, theirs), [])[:MOST_PROOFS]
        shown = proofs.get(Hop(theirs, WR, mine), [])[:MOST_PROOFS]
        erased = proofs.get(Hop(theirs, WW, mine), [])[:MOST_PROOFS]
        for after in read:
            for before in shown:
                if before.item is after.item and before.rows[1] == after.rows[0]:
                    return Circle("intermediate_read", "G1b", (before, after))
            for before in erased:
                if before.item is not after.item or name == "G1c":
                    continue
                if not (graph.strict and _is_fresh(graph.case, before)):
                    return _lost(graph.case, after, before)
    return None


def _is_fresh(case: Case, write: Proof) -> bool:
    """Whether a write lost nothing, because its agent, or the change itself, had looked again.

    Or because what it erased was what its agent had seen last. What its unit
    had read before was old all the same.
    """
    erased, number = write.rows
    if case.access(number, write.item) != WRITE:
        return True
    looks, strand = case.looks[write.item], _strand(case, number)
    for place in range(bisect_left(looks, number, key=itemgetter(0)) - 1, -1, -1):
        look, whose, access, _ = looks[place]
        if whose == strand and access == READ:
            seen, gone = case.rows[look][9], case.rows[erased][9]
            return look > erased or (gone is not None and seen == gone)
    return False


def _lost(case: Case, read: Proof, write: Proof) -> Circle:
    """Tell of a lost update only what `lost_write` cannot see: another task wrote than had read."""
    reader, writer = (_strand(case, number) for number in (read.rows[0], write.rows[1]))
    blind = case.access(write.rows[1], write.item) == WRITE
    related = reader == writer or case.is_below(reader, writer) or case.is_below(writer, reader)
    if related or not blind:
        return Circle("lost_write", "P4", ())
    return Circle("lost_write", "P4", (read, write))


def _strand(case: Case, number: int) -> int:
    row = case.rows[number]
    return row[3] * TASKS + row[4]


# What was taken back ---------------------------------------------------------------------------


def aborted_reads(case: Case, units: Units) -> Iterator[Finding]:
    """Find the reads of what a transaction wrote that was then rolled back (G1a).

    A database never shows that. Steps that fail are not looked at: what they
    did stands until somebody undoes it, and to see a reservation that is given
    back later is no mistake.
    """
    for number in units.undone:
        row = case.rows[number]
        for (item, access), version in zip(row[1], row[2], strict=False):
            if access == READ or not holds_data(case, item):
                continue
            for look in case.looks[item]:
                if look[2] == READ and look[3] == version and units.whose[look[0]] >= 0:
                    yield finding_of_undone(case, units, item, (number, look[0]))
                    break
