"""What of a run is shown at once: what proves something and what is near it; the rest is folded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Final

from pileup.reports.story.model import Moment, Stretch

FEW: Final = 30
"""So many moments are shown as they are."""

MOST_OPEN: Final = 20
"""Of more that matter, the first and the last are shown."""

BEGUN: Final = 20
"""Moments that are shown of a run in which nothing matters more than the rest."""

NEAR: Final = 1
LEAST: Final = 3
"""Fewer are not worth a fold."""

LARGEST: Final = 250
"""Moments in a fold, so that each opens at once."""


def folded(
    moments: Sequence[Moment], linked: Collection[int], wrong: int | None
) -> tuple[Stretch, ...]:
    """Part the moments into what is shown and what is folded; the wrong one is always shown."""
    if len(moments) <= FEW:
        return (Stretch(tuple(moments)),) if moments else ()
    matter = [place for place, each in enumerate(moments) if _matters(each, linked)]
    if len(matter) > MOST_OPEN:
        matter = [*matter[: MOST_OPEN // 2], *matter[-MOST_OPEN // 2 :]]
    matter += [place for place, each in enumerate(moments) if each.number == wrong]
    return tuple(_stretches(moments, _open(matter, len(moments))))


def _matters(moment: Moment, linked: Collection[int]) -> bool:
    odd = moment.fault or moment.outcome != "ok"
    return bool(moment.is_evidence or odd or moment.number in linked)


def _open(matter: list[int], count: int) -> list[bool]:
    """Say of each place whether it is shown."""
    shown = [False] * count
    for place in matter or range(BEGUN):
        first, last = max(0, place - NEAR), min(count, place + NEAR + 1)
        shown[first:last] = [True] * (last - first)
    return shown


def _stretches(moments: Sequence[Moment], shown: list[bool]) -> Iterator[Stretch]:
    waiting: list[Moment] = []
    for is_open, pairs in groupby(zip(shown, moments, strict=True), itemgetter(0)):
        part = [moment for _, moment in pairs]
        if is_open or len(part) < LEAST:
            waiting += part
            continue
        if waiting:
            yield Stretch(tuple(waiting))
            waiting = []
        for first in range(0, len(part), LARGEST):
            yield Stretch(tuple(part[first : first + LARGEST]), is_folded=True)
    if waiting:
        yield Stretch(tuple(waiting))
