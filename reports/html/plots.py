"""How figures lie, as a plot: a bar for each topology and its controls, all on one axis.

Places are in per cent of the width, so that letters keep their size on a phone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from pileup.reports.comparison import Cell, Comparison, Line
from pileup.reports.html.axes import LEFT, RIGHT, Axis, Tick, across
from pileup.reports.measures import Unit, written

SPREADS: Final[dict[str, tuple[str, Unit]]] = {
    "latency": ("How long a document takes", "seconds"),
    "dollars": ("What a document costs", "dollars"),
    "attempts": ("How many attempts a call takes", "count"),
}
"""What is told of a usual day, and in which unit."""

QUANTILES: Final = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
HEAD, BAR, GAP = 20, 16, 10
"""Heights: of a topology's name, of each of its bars, and of what follows them."""


class Bar(NamedTuple):
    """How the figures of one line lie: the places of its quantiles, and the figures themselves."""

    controls: str
    y: int
    places: tuple[float, ...]
    figures: tuple[str, ...]

    @property
    def from_to(self) -> dict[str, str]:
        """Return the places in per cent, by what they are called in the template."""
        names = ("least", "low", "quarter", "middle", "three", "high", "most")
        found = {name: across(way) for name, way in zip(names, self.places, strict=True)}
        wide = (self.places[4] - self.places[2]) * (RIGHT - LEFT)
        return {**found, "wide": f"{max(0.3, wide):.2f}%"}


class Group(NamedTuple):
    """A topology, and how its figures lie, naive and hardened."""

    topology: str
    y: int
    bars: tuple[Bar, ...]


class Lie(NamedTuple):
    """One plot of how figures lie, all on one axis."""

    name: str
    title: str
    unit: Unit
    groups: tuple[Group, ...]
    ticks: tuple[Tick, ...]
    height: int


def spreads(found: Comparison) -> Iterator[Lie]:
    """Return a plot for each measure of which it is known how its figures lie."""
    for name, (title, unit) in SPREADS.items():
        lines = [line for line in found.lines if line.spreads.get(name)]
        if lines:
            yield _lie(name, title, unit, lines)


def _lie(name: str, title: str, unit: Unit, lines: Sequence[Line]) -> Lie:
    axis = Axis.over(value for line in lines for value in line.spreads[name])
    groups, y = [], 0
    for topology in dict.fromkeys(line.topology for line in lines):
        own = [line for line in lines if line.topology == topology]
        bars = [
            _bar(line, y + HEAD + place * BAR, axis, unit, name) for place, line in enumerate(own)
        ]
        groups.append(Group(topology, y, tuple(bars)))
        y += HEAD + len(own) * BAR + GAP
    return Lie(name, title, unit, tuple(groups), tuple(axis.ticks(unit)), y)


def _bar(line: Line, y: int, axis: Axis, unit: Unit, name: str) -> Bar:
    values = [_quantile(line.spreads[name], part) for part in QUANTILES]
    figures = tuple(written(Cell(each, each, each), unit) for each in values)
    return Bar(line.controls, y, tuple(map(axis.at, values)), figures)


def _quantile(values: Sequence[float], part: float) -> float:
    return values[round(part * (len(values) - 1))]
