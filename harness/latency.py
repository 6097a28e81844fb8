"""How long calls take in timed runs: a typical time and a long tail.

In search runs a call takes no time at all and only a choice lets time pass,
because that finds what can go wrong. In timed runs each call's latency is
drawn, because there the numbers are what is asked for. A draw is a choice
among equally likely values, the fastest first, so it is on the tape.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import exp, log
from typing import Final

from pileup.errors import UsageError

GRAINS: Final = 200
"""Among how many values a draw chooses."""

DIGITS: Final = 6
"""Values are whole microseconds, because libraries of mathematics differ in the last bit."""


@dataclass(frozen=True)
class Latency:
    """A log-normal distribution, given by its median and its 95th percentile in seconds."""

    typical: float
    p95: float

    def __post_init__(self) -> None:
        if not 0 < self.typical <= self.p95:
            raise UsageError(
                f"A latency has a typical time above 0 and a 95th percentile of at least that; "
                f"{self.typical!r} and {self.p95!r} were given. Write Latency(0.1, 0.5)."
            )

    @cached_property
    def values(self) -> tuple[float, ...]:
        """The values that a draw chooses from, from fast to slow."""
        from statistics import NormalDist  # late, because it takes long and few need it

        normal = NormalDist()
        spread = log(self.p95 / self.typical) / normal.inv_cdf(0.95)
        draws = (normal.inv_cdf((grain + 0.5) / GRAINS) for grain in range(GRAINS))
        return tuple(round(self.typical * exp(spread * draw), DIGITS) for draw in draws)


USUAL: Final[dict[str, Latency]] = {
    "bus": Latency(0.002, 0.01),
    "cache": Latency(0.0005, 0.002),
    "database": Latency(0.003, 0.015),
    "files": Latency(0.0002, 0.001),
    "http": Latency(0.1, 0.5),
    "model": Latency(1.5, 6.0),
}
"""What calls take where nothing else is said, by the fake that they go to."""
