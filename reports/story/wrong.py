"""The first wrong moment: from there on nothing that the agents do makes it right again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pileup.events import Event
from pileup.reports.story.bond import Bond
from pileup.reports.story.model import Sort

FIRST_OF: Final[tuple[frozenset[Sort], ...]] = (frozenset({"lost", "again"}), frozenset({"over"}))
"""What is wrong when it happens; the surest first."""


def first_wrong(bound: Sequence[Bond], proof: Sequence[Event]) -> int | None:
    """Return the moment that a reader should look at first; None if nothing proves anything."""
    for sorts in FIRST_OF:
        ends = [each.end for each in bound if each.sort in sorts]
        if ends:
            return min(ends)
    waiting = [each.end for each in bound if each.sort == "waits"]
    if waiting:
        return max(waiting)  # until the last of them waits, somebody could still go on
    odd = [each.number for each in proof if each.fault or each.outcome != "ok"]
    carried = [each.end for each in bound if each.sort == "carried"]
    if not odd and carried:
        return max(carried)  # to read a secret is no leak yet, and neither is to hand it on
    seen = [each.end for each in bound if each.sort == "seen"]
    rest = [each.number for each in proof]
    return min(odd or seen) if odd or seen else max(rest, default=None)
