"""What was searched, as facts under headings."""

from __future__ import annotations

from collections.abc import Iterator

from pileup.reports.plain import name, sentence
from pileup.reports.story.model import Fact
from pileup.results import Exploration, Tally


def facts(found: Exploration) -> Iterator[Fact]:
    """Tell how much was tried, how, and what came up."""
    yield Fact("runs", f"{found.runs:,}{' (ended before their time)' * found.interrupted}")
    yield Fact("operations", f"{found.stats.steps:,}")
    yield Fact("under", name(found.stats.backend))
    for kind, times in found.stats.kinds.items():
        yield Fact(f"runs with {name(kind)}", f"{times:,} ({times / found.runs:.1%})")
    for rule, tally in found.stats.faults.items():
        yield Fact(f"fault {name(rule)}", _tally(tally))
    if found.spread is not None and not found.clean:
        yield Fact("orders", f"{found.spread}.")
    if found.exhausted:
        yield Fact("bounds", "all there was to try was tried")
    if found.compared and not found.clean:
        yield Fact("one after another", sentence(found.compared))


def _tally(tally: Tally) -> str:
    return f"struck {tally.struck:,} of the {tally.met:,} operations that it met"
