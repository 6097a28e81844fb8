"""Virtual time in words, and where so much of it has passed that it is worth a word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from statistics import median
from typing import Final

LONG: Final = 10
"""A gap is told if it is so many times as long as most."""

SHORT: Final = 0.01
"""What is shorter than this part of the run is not told."""

THOUSAND: Final = 1_000

UNITS: Final = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


@lru_cache(maxsize=1024)  # because many things happen at the same time
def lasting(seconds: float) -> str:
    """Say how long something takes: `12 s`, `307 ms`."""
    size, unit = next((each for each in UNITS if seconds >= each[0]), UNITS[0])
    return f"{seconds / size:.3g} {unit}" if seconds < THOUSAND else f"{seconds:,.0f} s"


def gaps(times: Sequence[float]) -> Iterator[str]:
    """Say of each moment after how long it came, if nothing happened for a while before it."""
    between = [later - earlier for earlier, later in pairwise(times)]
    passed = [gap for gap in between if gap > 0]
    is_usual = len(passed) * 2 > len(between)
    least = LONG * median(passed) if passed and is_usual else 0.0
    least = max(least, SHORT * sum(passed))
    yield from [""] * bool(times)
    yield from (lasting(gap) if gap > least else "" for gap in between)
