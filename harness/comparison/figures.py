"""From counts and samples to figures with their intervals, at 95% confidence.

Means have Student's interval over runs, because those are few. Shares have the
wider one of two: Wilson's, as if all documents were by themselves, and Student's
over runs, because what befalls one document of a run befalls others; so have
quantiles, for which the ranks of a binomial are in Wilson's place. None of them
draws anything, so the same runs give the same table to the digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Final

from pileup.reports.comparison import Cell

Z: Final = 1.959964
STUDENT: Final = (
    *(12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157),
    *(2.228139, 2.200985, 2.178813, 2.160369, 2.144787, 2.131450, 2.119905, 2.109816, 2.100922),
    *(2.093024, 2.085963, 2.079614, 2.073873, 2.068658, 2.063899, 2.059539, 2.055529, 2.051831),
    *(2.048407, 2.045230, 2.042272),
)
"""Two-sided 95% quantiles of Student's distribution, from one degree of freedom up."""

SURE: Final = 0.05
DIGITS: Final = 9
PARTS: Final = 20


def share(part: int, of: int, token: str = "") -> Cell:
    """Return in what part of all something is so."""
    if not of:
        return Cell(0.0, 0.0, 1.0, token)
    rate, square = part / of, Z * Z
    middle = (rate + square / (2 * of)) / (1 + square / of)
    width = Z / (1 + square / of) * sqrt(rate * (1 - rate) / of + square / (4 * of * of))
    low = 0.0 if not part else max(0.0, middle - width)
    high = 1.0 if part == of else min(1.0, middle + width)
    return _cell(rate, low, high, token)


def share_over_runs(parts: Sequence[tuple[int, int]], token: str = "") -> Cell:
    """Return in what part of all something is so: of each run, in how many of how many."""
    whole = share(sum(part for part, _ in parts), sum(of for _, of in parts), token)
    if len(parts) == 1:
        return whole
    runs = mean([part / of for part, of in parts if of])
    low, high = min(whole.low, runs.low), max(whole.high, min(1.0, runs.high))
    return Cell(whole.value, low, high, token)


def mean(values: Sequence[float], token: str = "") -> Cell:
    """Return the mean of what runs came to; of a single run it says nothing but itself."""
    count = len(values)
    middle = sum(values) / count
    if count == 1:
        return _cell(middle, middle, middle, token)
    spread = sum((each - middle) ** 2 for each in values) / (count - 1)
    width = _student(count - 1) * sqrt(spread / count)
    least = 0.0 if min(values) >= 0 else middle - width  # what never is below 0 is not on average
    return _cell(middle, max(least, middle - width), middle + width, token)


def ratio(cell: Cell, base: Cell, token: str = "") -> Cell:
    """Return a figure in multiples of another, which is not sure itself."""
    if not base.value:
        return Cell(0.0, 0.0, 0.0, token)
    least = base.low if base.low > 0 else base.value
    low, high = max(0.0, cell.low) / base.high, cell.high / least
    return _cell(cell.value / base.value, low, high, token)


def _student(freedom: int) -> float:
    return STUDENT[freedom - 1] if freedom <= len(STUDENT) else Z


def quantile(values: Sequence[float], part: float, token: str = "") -> Cell | None:
    """Return what so large a part of all does not exceed; None where there is nothing."""
    if not values:
        return None
    ranked = sorted(values)
    count = len(ranked)
    width = Z * sqrt(count * part * (1 - part))
    at = count * part
    value, low, high = (ranked[_held(place, count)] for place in (at, at - width, at + width))
    return _cell(value, low, high, token)


def quantile_over_runs(
    runs: Sequence[Sequence[float]], part: float, token: str = ""
) -> Cell | None:
    """Return a quantile of what all runs have; what varies from run to run makes it less sure."""
    whole = quantile([each for run in runs for each in run], part, token)
    some = [quantile(run, part) for run in runs if run]
    if whole is None or len(some) == 1:
        return whole
    apart = mean([each.value for each in some if each is not None])
    low, high = min(whole.low, apart.low), max(whole.high, apart.high)
    return Cell(whole.value, low, high, token)


def quantiles(values: Sequence[float]) -> tuple[float, ...]:
    """Return how values lie: the least, the largest, and so many between them as parts tell."""
    ranked = sorted(values)
    return tuple(
        round(ranked[_held(len(ranked) * part / PARTS, len(ranked))], DIGITS)
        for part in range(PARTS + 1)
    )


def clean_below(runs: int) -> float:
    """Say in what part of runs something goes wrong at the most, if so many were clean."""
    return round(1.0 - float(SURE ** (1 / runs)), DIGITS)


def _cell(value: float, low: float, high: float, token: str) -> Cell:
    return Cell(round(value, DIGITS), round(low, DIGITS), round(high, DIGITS), token)


def _held(place: float, count: int) -> int:
    return min(count - 1, max(0, int(place)))
