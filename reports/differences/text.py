"""What two reports differ in, as text: from what to what, how sure that is, and how to see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pileup.reports.columns import paragraph
from pileup.reports.comparison import Cell
from pileup.reports.differences.chance import LEVEL
from pileup.reports.differences.model import Difference, Differences, Figure
from pileup.reports.measures import MEASURES, interval, written

WIDTH: Final = 100
LEAST: Final = 1e-6

Again = Callable[[Difference], str]
"""The command that shows a difference once more, or '' where there is none."""


def render(found: Differences, again: Again, width: int = WIDTH) -> str:
    """Write all of it, the worst first."""
    lines = [_summary(found)]
    for each in found.found:
        lines += ["", *_told(each, again, width)]
    rest = [line for part in _rest(found) for line in paragraph(part, width, "  ")]
    return "\n".join([*lines, *([""] if rest else []), *rest])


def _summary(found: Differences) -> str:
    counts = [
        f"{sum(each.trend == trend for each in found.found)} {trend}"
        for trend in dict.fromkeys(each.trend for each in found.found)
    ]
    same = f"{found.same:,} not told apart" if found.same else ""
    told = ", ".join(each for each in (*counts, same) if each) or "nothing was found in either"
    return f"pileup: {told}."


def _told(each: Difference, again: Again, width: int) -> Iterator[str]:
    severity = f" ({each.severity})" if each.severity else ""
    yield f"{each.trend.upper()}  {each.program}: {called(each)}{severity}"
    if each.title:
        yield from (f"  {line}" for line in paragraph(each.title, width - 2, "  "))
    yield f"  {figure(each.before, each.what)} -> {figure(each.after, each.what)}"
    yield f"  {sure(each.chance)}"
    line = again(each) if each.is_bad else ""
    if line:
        yield f"  replay: {line}"


def called(each: Difference) -> str:
    """Say what it is about: a kind of finding, or a measure."""
    known = MEASURES.get(each.what) if isinstance(each.after, Cell) else None
    return each.what if known is None else known.heading


def figure(each: Figure, what: str) -> str:
    """Write a figure, with its interval if it has one."""
    if not isinstance(each, Cell):
        return str(each)
    unit = MEASURES[what].unit
    spread = f" ({interval(each, unit)})" if each.low < each.high else ""
    return f"{written(each, unit)}{spread}"


def sure(chance: float) -> str:
    """Say how sure a difference is."""
    if not chance:
        return "sure: all orders were tried"
    if chance < LEAST:
        return f"by chance: less than once in {1 / LEAST:,.0f} such pairs of reports"
    return f"by chance: once in {1 / chance:,.0f} such pairs of reports"


def _rest(found: Differences) -> Iterator[str]:
    if found.same:
        yield (
            f"Not told apart: {found.same:,}, which differ by no more than so many runs can tell. "
            f"Where nothing has changed, fewer than {LEVEL * 100:.0f} pair of reports in 100 shows "
            "any difference."
        )
    for said, names in (("before", found.only_before), ("after", found.only_after)):
        if names:
            yield f"Only {said}, so not compared: {', '.join(names)}."
    yield from (f"warning: {each}" for each in found.warnings)
