"""Which control does what: each taken away alone, and each alone without the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pileup.comparison.lines import Results, line
from pileup.comparison.terms import HARDENED, NAIVE, Contender, Terms
from pileup.reports.comparison import Ablation, Cell, Change, Line

BETTER_IF_MORE: Final = frozenset(
    ("done", "alone", "right", "judged", "record", "enter", "charge", "tell")
)
WORSE_IF_MORE: Final = frozenset(
    ("dollars", "p50", "p95", "calls per intent", "model calls", "duplicates")
)
NONE: Final = Cell(0.0, 0.0, 0.0)


def ablation(terms: Terms, control: str, says: str, results: Results) -> Ablation:
    """Say what one control does."""
    tried = list(terms.ablated(control))
    away = [change for each in tried for change in _away(terms, each, control, results)]
    alone = [change for each in tried for change in _alone(terms, each, control, results)]
    return Ablation(control, says, tuple(away), tuple(alone), tuple(each.name for each in tried))


def _away(terms: Terms, each: Contender, control: str, results: Results) -> Iterator[Change]:
    """Say what is worse without it."""
    before = line(terms, each, HARDENED, results)
    after = line(terms, each, f"without {control}", results)
    for kind, cell in after.kinds.items():
        if kind not in before.kinds:
            yield Change(kind, None, cell, each.name)
    yield from _moved(before, after, each.name, for_the_better=False)


def _alone(terms: Terms, each: Contender, control: str, results: Results) -> Iterator[Change]:
    """Say what is better with it alone."""
    before = line(terms, each, NAIVE, results)
    after = line(terms, each, f"only {control}", results)
    for kind, cell in before.kinds.items():
        now = after.kinds.get(kind, NONE)
        if now.value < cell.value and _are_apart(now, cell, after):
            yield Change(kind, cell, now, each.name)
    yield from _moved(before, after, each.name, for_the_better=True)


def _are_apart(now: Cell, before: Cell, after: Line) -> bool:
    """Whether fewer are fewer: where none were, so many runs might still have hidden some."""
    high = now.high if now.value else 1000 * after.clean_below
    return high < before.low


def _moved(before: Line, after: Line, where: str, *, for_the_better: bool) -> Iterator[Change]:
    for name, cell in after.measures.items():
        was = before.measures.get(name)
        if was is None or name not in BETTER_IF_MORE | WORSE_IF_MORE or not was.is_apart_from(cell):
            continue
        if ((cell.value > was.value) == (name in BETTER_IF_MORE)) == for_the_better:
            yield Change(name, was, cell, where)
