"""Stretches of a history that can be judged each by itself, because no unit reaches out of them.

Who read or wrote something comes before who does so later, so a circle needs
units that overlap in time: of units one after another none leads back. Most
of a history, where things go well, is no stretch at all.

What was read of a snapshot or a replica is as if it had been read before the
next version was made. So its unit reaches back to there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from operator import itemgetter
from typing import Final, TypeAlias

from pileup.detectors.case import Case, Look
from pileup.detectors.units import VOID, Units
from pileup.operations import READ

Stretch: TypeAlias = tuple[int, int]
"""The first and the last row of units that overlap."""

_version_of: Final = itemgetter(3)


def stretches(case: Case, units: Units) -> list[Stretch]:
    """Return the stretches in which units overlap, in order."""
    late = list(_late(case))
    if not late and not units.parted:
        return []
    spans = list(zip(units.firsts, units.lasts, strict=True))
    busy = dict.fromkeys([units.firsts[unit] for unit in units.parted])
    for since, number in late:
        busy[since] = None
        unit = units.whose[number]
        if unit == VOID:
            continue
        if unit < 0:
            spans.append((since, number))
        else:
            first, last = spans[unit]
            spans[unit] = min(first, since), last
    if late:
        spans.sort()
    return list(_merged(spans, busy))


def _merged(spans: list[Stretch], parted: dict[int, None]) -> Iterator[Stretch]:
    """Put together what overlaps; a unit alone is a stretch if rows of others part it."""
    start, end, busy = 0, -1, False
    for first, last in spans:
        if first > end:
            if busy:
                yield start, end
            start, end, busy = first, last, first in parted
            continue
        busy = True
        end = max(end, last)
    if busy:
        yield start, end


def _late(case: Case) -> Iterator[tuple[int, int]]:
    """Return the rows that read what was there earlier, each with where that was written over."""
    for looks in case.looks.values():
        versions = list(map(_version_of, looks))
        if versions != sorted(versions):  # which takes next to no time where they are sorted
            yield from _late_looks(looks)


def _late_looks(looks: list[Look]) -> Iterator[tuple[int, int]]:
    rows: list[int] = []
    made: list[int] = []
    for number, _, access, version in looks:
        if access != READ:
            rows.append(number)
            made.append(version)
        elif made and version < made[-1]:
            yield rows[bisect_right(made, version)], number
