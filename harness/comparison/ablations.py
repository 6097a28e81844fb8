"""Which control does what: each taken away alone, and each alone without the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pileup.comparison.figures import clean_below
from pileup.comparison.jobs import Done, per_thousand
from pileup.comparison.lines import Results, measures_of
from pileup.comparison.places import Place
from pileup.comparison.terms import HARDENED, NAIVE, Terms
from pileup.reports.comparison import Ablation, Cell, Change
from pileup.reports.measures import LIKED

TOLD: Final = (
    *("right", "done", "alone", "record", "enter", "charge", "tell", "audited"),
    *("duplicates", "refused", "calls per intent", "model calls", "dollars", "p95", "p50"),
)
"""What is held side by side, in the order in which it is told. Not how it was judged, because
answers that are remembered are wrong, or right, all at once."""

NONE: Final = Cell(0.0, 0.0, 0.0)


def ablation(terms: Terms, control: str, says: str, results: Results) -> Ablation:
    """Say what one control does."""
    places = list(terms.places(control))
    return Ablation(
        control,
        says,
        away=tuple(change for each in places for change in away(terms, each, control, results)),
        alone=tuple(change for each in places for change in alone(terms, each, control, results)),
        where=tuple(map(_told, places)),
    )


def _told(place: Place) -> str:
    from pileup.scenarios.documents.days import day_named

    return f"{place.topology}: {day_named(place.day).says}"


def away(terms: Terms, place: Place, control: str, results: Results) -> Iterator[Change]:
    """Say what is worse without it."""
    before = results[terms.at(place, HARDENED)]
    after = results[terms.at(place, f"without {control}")]
    for kind, seen in after.kinds.items():
        if kind not in before.kinds:
            yield Change(kind, None, per_thousand(seen, after.job.runs), place.topology)
    yield from _moved(before, after, place, for_the_better=False)


def alone(terms: Terms, place: Place, control: str, results: Results) -> Iterator[Change]:
    """Say what is better with it alone."""
    before = results[terms.at(place, NAIVE)]
    after = results[terms.at(place, f"only {control}")]
    for kind, seen in before.kinds.items():
        was, now = per_thousand(seen, before.job.runs), _often(after, kind)
        if now.high < was.low:
            yield Change(kind, was, now, place.topology)
    yield from _moved(before, after, place, for_the_better=True)


def _often(done: Done, kind: str) -> Cell:
    """Say how often it was found; where it was not, so many runs might still have hidden some."""
    seen = done.kinds.get(kind)
    if seen is not None:
        return per_thousand(seen, done.job.runs)
    return Cell(0.0, 0.0, 1000 * clean_below(done.job.runs))


def _moved(before: Done, after: Done, place: Place, *, for_the_better: bool) -> Iterator[Change]:
    """Say which figures are apart, of a day that has any."""
    was, now = (dict(measures_of(each)) if each.measured else {} for each in (before, after))
    for name in TOLD:
        one, other = was.get(name), now.get(name)
        if one is None or other is None or not one.is_apart_from(other):
            continue
        if ((other.value > one.value) == (name in LIKED)) == for_the_better:
            yield Change(name, one, other, place.topology)
