"""From counts and samples to figures with their intervals, at 95% confidence.

Shares have Wilson's interval, means a normal one over runs, quantiles one by
the ranks of a binomial: none of them draws anything, so the same runs give the
same table to the digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Final

from pileup.reports.comparison import Cell

Z: Final = 1.959964
SURE: Final = 0.05
DIGITS: Final = 9


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


def mean(values: Sequence[float], token: str = "") -> Cell:
    """Return the mean of what runs came to."""
    count = len(values)
    middle = sum(values) / count
    spread = sum((each - middle) ** 2 for each in values) / max(1, count - 1)
    width = Z * sqrt(spread / count)
    return _cell(middle, middle - width, middle + width, token)


def ratio(cell: Cell, base: float, token: str = "") -> Cell:
    """Return a figure in multiples of another."""
    if not base:
        return Cell(0.0, 0.0, 0.0, token)
    return _cell(cell.value / base, cell.low / base, cell.high / base, token)


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


def clean_below(runs: int) -> float:
    """Say in what part of runs something goes wrong at the most, if so many were clean."""
    return round(1.0 - float(SURE ** (1 / runs)), DIGITS)


def _cell(value: float, low: float, high: float, token: str) -> Cell:
    return Cell(round(value, DIGITS), round(low, DIGITS), round(high, DIGITS), token)


def _held(place: float, count: int) -> int:
    return min(count - 1, max(0, int(place)))
