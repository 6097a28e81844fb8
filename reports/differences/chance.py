"""Whether a difference may be chance: exact where things are counted, by intervals where measured.

Of many differences that are looked at, a few are rare by chance alone. So the
least likely one has to be the less likely, the more of them there are (Holm).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, exp, lgamma, sqrt
from typing import Final

from pileup.reports.comparison import Cell

LEVEL: Final = 0.01
"""In so few comparisons of two reports of the same program is any difference told."""

Z: Final = 1.959964
TINY: Final = 1e-300
"""Nothing that was drawn is certain, however small its chance is."""

ALIKE: Final = 1e-7
"""Tables are equally likely whose logarithms differ by no more than arithmetic does."""


def by_counts(before: int, runs_before: int, after: int, runs_after: int) -> float:
    """Say how likely counts are at least so far apart, if they are of one and the same (Fisher)."""
    seen = before + after
    least, most = max(0, seen - runs_after), min(seen, runs_before)
    whole = _ways(runs_before + runs_after, seen)
    told = _ways(runs_before, before) + _ways(runs_after, after) - whole
    likely = 0.0
    for part in range(least, most + 1):
        way = _ways(runs_before, part) + _ways(runs_after, seen - part) - whole
        if way <= told + ALIKE:
            likely += exp(way)
    return min(1.0, max(TINY, likely))


def _ways(of: int, part: int) -> float:
    """Return in how many ways a part can be chosen, as a logarithm."""
    return lgamma(of + 1) - lgamma(part + 1) - lgamma(of - part + 1)


def by_intervals(before: Cell, after: Cell) -> float | None:
    """Say how likely figures are so far apart; None where neither has an interval to tell by."""
    low, high = sorted((before, after), key=lambda cell: cell.value)
    wide = sqrt((low.high - low.value) ** 2 + (high.value - high.low) ** 2) / Z
    if not wide:
        return None if high.value > low.value else 1.0
    return max(TINY, erfc((high.value - low.value) / wide / sqrt(2)))


def telling(chances: Sequence[float], level: float = LEVEL) -> list[bool]:
    """Say which differences are more than chance, of all that were looked at (Holm)."""
    told = [False] * len(chances)
    for place, number in enumerate(sorted(range(len(chances)), key=chances.__getitem__)):
        if chances[number] > level / (len(chances) - place):
            break
        told[number] = True
    return told
