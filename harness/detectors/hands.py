"""What a holder works under: a lease that it has lost, or by now something else.

Who has lost a lease and does not know goes on with what it took the lease for.
It has left that off once it was told (its release, its acknowledgement was
refused) or has taken the lease anew, and a consumer once it has taken another
message: what it writes from then on is for that one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from operator import itemgetter
from typing import NamedTuple

from pileup.detectors.case import TASKS, Case, Strand, leased
from pileup.detectors.leases import Takeover
from pileup.operations import Item


class Grip(NamedTuple):
    """One row that did something to a lease: whether it took it, or made it longer."""

    number: int
    strand: Strand
    takes: bool


class Hands:
    """What each strand has in hand."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._grips: dict[Item, list[Grip]] = {}
        self._desks: defaultdict[Strand, list[tuple[int, Item]]] = defaultdict(list)
        """The messages that each strand took, from which row on."""
        for number in case.noted:
            row = case.rows[number]
            item = leased(row)
            if item is not None:
                self._grips[item] = []
                if row[11].message is not None:  # type: ignore[union-attr] # it has a lease
                    self._desks[row[3] * TASKS + row[4]].append((number, item))
        for number, row in enumerate(case.rows):
            for item, _ in row[1]:
                if item in self._grips:
                    strand = row[3] * TASKS + row[4]
                    self._grips[item].append(Grip(number, strand, leased(row) is item))

    def is_under(self, takeover: Takeover, strand: Strand, number: int) -> bool:
        """Whether what a strand does in a row is still for the lease that it has lost."""
        item = takeover.item
        since = (grip for grip in self._grips[item] if takeover.lost < grip.number < number)
        agent = strand // TASKS
        for grip in since:
            if grip.strand == strand or (grip.takes and grip.strand // TASKS == agent):
                return False
        return not self._case.leases[item] or self._is_all(item, strand, number)

    def _is_all(self, message: Item, strand: Strand, number: int) -> bool:
        """Whether a message is the last that a strand took, and all that it has in hand."""
        desk = self._desk(strand, number)
        if not desk or desk[-1][1] is not message:
            return False
        return all(self._is_gone(other, taken) for taken, other in desk)

    def _is_gone(self, message: Item, taken: int) -> bool:
        """Whether a message was settled, ran out, or went to another, after it had been taken."""
        whose = self._case.rows[taken][3]
        return any(
            grip.number > taken and not (grip.takes and grip.strand // TASKS == whose)
            for grip in self._grips[message]
        )

    def _desk(self, strand: Strand, number: int) -> list[tuple[int, Item]]:
        """Return what a strand has taken, or whoever started it had by then."""
        desk = self._desks.get(strand, [])
        at = bisect_left(desk, number, key=itemgetter(0))
        above = self._case.parents.get(strand)
        if at or above is None:
            return desk[:at]
        return self._desk(above, self._case.rows[self._case.spans[strand].first][6])
