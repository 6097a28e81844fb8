"""How measures grow with the number of instances, as plots: a curve for each kind of controls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from pileup.reports.comparison import Crowd
from pileup.reports.html.axes import Axis, Tick, across
from pileup.reports.measures import MEASURES, written

HIGH: Final = 150
"""The height of a curve, without what stands above and below it."""

ABOVE: Final = 12
LEFT: Final = 14.0
"""Per cent of the width for the figures of the upright axis."""

RIGHT: Final = 94.0
"""Per cent of the width where curves end, so that their last marks and labels are whole."""


class Point(NamedTuple):
    """A figure on a curve: how far along, and how far up."""

    way: float
    up: float
    figure: str

    @property
    def x(self) -> str:
        """Its place from the left."""
        return along(self.way)

    @property
    def y(self) -> float:
        """Its place from the top."""
        return height(self.up)


def along(way: float) -> str:
    """Return the place from the left of what is so far along."""
    return across(way, LEFT, RIGHT)


def height(up: float) -> float:
    """Return the place from the top of what is so far up."""
    return round(ABOVE + (1 - up) * HIGH, 1)


class Curve(NamedTuple):
    """How one measure grows under some controls."""

    controls: str
    points: tuple[Point, ...]


class Growth(NamedTuple):
    """One plot: how a measure grows with the number of instances, each curve on the same axes."""

    name: str
    about: str
    curves: tuple[Curve, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]


def growths(crowds: Sequence[Crowd]) -> Iterator[Growth]:
    """Return a plot for each measure that is known of several crowds."""
    sizes = Axis.over(float(each.instances) for each in crowds)
    bottom = tuple(
        Tick(sizes.at(each), f"{each:,}") for each in dict.fromkeys(c.instances for c in crowds)
    )
    for name in dict.fromkeys(name for each in crowds for name in each.measures):
        if name in MEASURES and len(bottom) > 1:
            yield _growth(name, crowds, sizes, bottom)


def _growth(name: str, crowds: Sequence[Crowd], sizes: Axis, bottom: tuple[Tick, ...]) -> Growth:
    unit = MEASURES[name].unit
    known = [each for each in crowds if name in each.measures]
    is_part = unit == "share" and all(each.measures[name].value <= 1 for each in known)
    axis = Axis.over(each.measures[name].value for each in known)
    curves = []
    for controls in dict.fromkeys(each.controls for each in known):
        cells = [
            (each.instances, each.measures[name]) for each in known if each.controls == controls
        ]
        points = [
            Point(
                sizes.at(instances),
                cell.value if is_part else axis.at(cell.value),
                written(cell, unit),
            )
            for instances, cell in cells
        ]
        curves.append(Curve(controls, tuple(points)))
    parts = (Tick(0.0, "0%"), Tick(0.5, "50%"), Tick(1.0, "100%"))
    up = parts if is_part else tuple(axis.ticks(unit))
    said = MEASURES[name]
    return Growth(said.heading, said.told.partition(": ")[2], tuple(curves), bottom, up)
