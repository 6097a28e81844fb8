"""Two comparisons of topologies compared: cell by cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pileup.reports.comparison import Cell, Comparison, Line
from pileup.reports.differences.chance import by_counts, by_intervals
from pileup.reports.differences.explorations import trend
from pileup.reports.differences.model import Count, Difference, Differences, Trend
from pileup.reports.differences.pairs import by_name, told, unpaired
from pileup.reports.measures import LIKED, MEASURES

FEW: Final = ("recovered", "recovery", "blast radius", "p95")
"""Measures of an outage or two, of one run, or of what one bad day makes: they vary too much."""

DAYS: Final = 5
"""From fewer days it cannot be seen how much days vary: documents of one day share its luck."""

NO_RUNS: Final = ("seed", "pileup")
"""Terms that may differ: chance is reckoned with, and versions are what is compared."""


def compare(before: Comparison, after: Comparison) -> Differences:
    """Say what differs by more than chance, cell by cell."""
    old, new = _lines(before), _lines(after)
    rest = unpaired(old, new)
    looked_at = [each for name in new if name in old for each in _pairs(name, old[name], new[name])]
    days = [_days(old[name], each) for name, each in new.items() if name in old]
    warnings = (*_warnings(before.terms, after.terms), *_too_few(days))
    return told(looked_at, Differences((), 0, rest.only_before, rest.only_after, warnings))


def _lines(found: Comparison) -> dict[str, Line]:
    return by_name((f"{each.topology}/{each.controls}", each) for each in found.lines)


def _pairs(name: str, old: Line, new: Line) -> Iterator[Difference]:
    if old.runs and new.runs:
        for kind in dict.fromkeys((*old.kinds, *new.kinds)):
            yield _finding(name, kind, old, new)
    for what, cell in new.measures.items() if _days(old, new) >= DAYS else ():
        if what in old.measures and what in MEASURES and what not in FEW:
            yield from _measure(name, what, old.measures[what], cell)


def _days(old: Line, new: Line) -> int:
    return min(old.days, new.days)


def _too_few(days: Sequence[int]) -> Iterator[str]:
    if days and min(days) < DAYS:
        yield (
            f"Measures from fewer than {DAYS} usual days are not compared, because days vary. "
            "`pileup compare --runs 40` has as many."
        )


def _finding(name: str, kind: str, old: Line, new: Line) -> Difference:
    before, after = _count(old, kind), _count(new, kind)
    shown = new.kinds.get(kind) or old.kinds[kind]
    return Difference(
        trend=trend(before.times / before.runs, after.times / after.runs),
        program=name,
        what=kind,
        before=before,
        after=after,
        chance=by_counts(before.times, before.runs, after.times, after.runs),
        token=shown.token,
    )


def _count(line: Line, kind: str) -> Count:
    cell = line.kinds.get(kind)
    times = 0 if cell is None else round(cell.value * line.runs / 1000)
    return Count(min(max(times, 0), line.runs), line.runs)


def _measure(name: str, what: str, before: Cell, after: Cell) -> Iterator[Difference]:
    chance = by_intervals(before, after)
    if chance is not None:
        yield Difference(
            _trend(what, before, after), name, what, before, after, chance, token=after.token
        )


def _trend(what: str, before: Cell, after: Cell) -> Trend:
    return "better" if (after.value > before.value) == (what in LIKED) else "worse"


def _warnings(then: dict[str, str], now: dict[str, str]) -> Iterator[str]:
    for what in dict.fromkeys((*then, *now)):
        one, other = then.get(what, "none"), now.get(what, "none")
        if one != other and what not in NO_RUNS:
            yield f"The {what} differs: {one} before, {other} after."
