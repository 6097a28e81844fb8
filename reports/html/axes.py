"""Axes of plots: from figures to places, as logarithms, and the round figures that stand there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final, NamedTuple

from pileup.reports.measures import Unit

STEPS: Final = (1.0, 2.0, 5.0)
FEW: Final = 3
FOR_NOTHING: Final = 0.12

LEFT, RIGHT = 1.0, 99.0
"""Per cent of a plot's width between which figures stand, so that marks at an end are whole."""


class Tick(NamedTuple):
    """A line of an axis, and what stands at it."""

    at: float
    label: str


@dataclass(frozen=True)
class Axis:
    """From figures to places, each ten times the one before as far from it as that from its own."""

    least: float
    most: float
    before: float = 0.0
    """How much of the way there is for what is 0, which has no logarithm."""

    @classmethod
    def over(cls, values: Iterable[float]) -> Axis:
        """Return the axis on which all values fit."""
        known = list(values)
        seen = [each for each in known if each > 0] or [1.0]
        least, most = floor(log10(min(seen)) * 4) / 4, ceil(log10(max(seen)) * 4) / 4
        before = FOR_NOTHING if min(known, default=1.0) <= 0 else 0.0
        return cls(least, max(most, least + 0.25), before)

    def at(self, value: float) -> float:
        """Return the part of the way at which a value stands."""
        if value <= 0:
            return 0.0
        way = (log10(value) - self.least) / (self.most - self.least)
        return self.before + (1 - self.before) * min(1.0, max(0.0, way))

    def ticks(self, unit: Unit) -> list[Tick]:
        """Return round figures, few enough to be read."""
        powers = range(floor(self.least), ceil(self.most) + 1)
        tens = [value for power in powers if self._holds(value := 10.0**power)]
        values = tens
        if len(tens) < FEW:
            fine = (step * 10.0**power for power in powers for step in STEPS)
            values = [value for value in fine if self._holds(value)]
        zero = [0.0] if self.before else []
        return [Tick(self.at(each), short(each, unit)) for each in (*zero, *values)]

    def _holds(self, value: float) -> bool:
        return self.least - 1e-9 <= log10(value) <= self.most + 1e-9


def short(value: float, unit: Unit) -> str:
    """Write a round figure."""
    match unit:
        case "seconds":
            return f"{value:,.10g} s"
        case "dollars":
            return f"${value:,.10g}"
        case _:
            return f"{value:,.10g}"


def across(way: float, left: float = LEFT, right: float = RIGHT) -> str:
    """Return a place in per cent of the width."""
    return f"{left + way * (right - left):.2f}%"
