"""From what the jobs came to, to a line of the comparison: a topology and all its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from pileup.comparison.figures import (
    clean_below,
    mean,
    quantile_over_runs,
    quantiles,
    ratio,
    share,
    share_over_runs,
)
from pileup.comparison.jobs import Done, Job, per_thousand
from pileup.comparison.terms import BASE, Contender, Terms
from pileup.reports.comparison import Cell, Line

if TYPE_CHECKING:
    from pileup.scenarios.documents.measures import Measured
    from pileup.scenarios.topology import Topology

Results = Mapping[Job, Done]
Pick = Callable[["Measured"], float]

SHARES: Final[dict[str, Pick]] = {
    "done": lambda run: run.done,
    "alone": lambda run: run.alone,
    "right": lambda run: run.right,
    "judged": lambda run: run.judged,
    "record": lambda run: run.recorded,
    "enter": lambda run: run.entered,
    "charge": lambda run: run.charged,
    "tell": lambda run: run.told,
    "audited": lambda run: run.written_down,
}
"""Of how many documents something is so."""

MEANS: Final[dict[str, Pick]] = {
    "dollars": lambda run: run.dollars / run.documents,
    "calls per intent": lambda run: run.calls / max(1, run.intents),
    "model calls": lambda run: run.model_calls / run.documents,
    "duplicates": lambda run: run.duplicates / run.documents,
    "refused": lambda run: run.refused / run.documents,
}
"""What runs come to on average, for each document or intent."""


SPREADS: Final[dict[str, Callable[[Measured], Sequence[float]]]] = {
    "latency": lambda run: run.seconds,
    "dollars": lambda run: run.costs,
    "attempts": lambda run: run.attempts,
}
"""What varies from document to document, and from call to call."""


def line(terms: Terms, contender: Contender, controls: str, results: Results) -> Line:
    """Put together what is known of one variant."""
    storm, day = (results[job] for job in terms.of(contender, controls))
    outage = results.get(terms.outage(contender, controls))
    known = _topology(contender)
    return Line(
        topology=contender.name,
        controls=controls,
        shape=known.shape,
        is_anti_pattern=known.is_anti_pattern,
        runs=storm.job.runs,
        days=day.job.runs,
        clean_below=clean_below(storm.job.runs),
        kinds={kind: per_thousand(seen, storm.job.runs) for kind, seen in storm.kinds.items()},
        measures={**dict(measures_of(day)), **dict(_storm(storm)), **dict(_recovery(outage))},
        spreads=dict(_spreads(day)),
    )


def _spreads(day: Done) -> Iterator[tuple[str, tuple[float, ...]]]:
    """Say how the figures of a day lie, beyond what half of them are below."""
    for name, pick in SPREADS.items():
        values = [each for run in day.measured for each in pick(run)]
        if values:
            yield name, quantiles(values)


def with_cost(each: Line, base: Line | None) -> Line:
    """Say what it costs in multiples of the single agent's, if that takes part."""
    if base is None:
        return each
    dollars = each.measures["dollars"]
    cost = ratio(dollars, base.measures["dollars"], dollars.token)
    if each is base:
        cost = Cell(1.0, 1.0, 1.0, dollars.token)
    return Line(**{**vars(each), "measures": {"cost": cost, **each.measures}})


def base_of(lines: list[Line], controls: str) -> Line | None:
    """Return the line that costs are multiples of."""
    return next(
        (each for each in lines if (each.topology, each.controls) == (BASE, controls)), None
    )


def _topology(contender: Contender) -> Topology:
    from pileup.comparison.jobs import own
    from pileup.scenarios.catalogue import topology

    return own(contender.place) if contender.place else topology(contender.name)


def measures_of(day: Done) -> Iterator[tuple[str, Cell]]:
    """Return what the runs of a day came to, each figure by its name."""
    runs = day.measured
    slowest = _shown(day, lambda run: max(run.seconds, default=0.0))
    for name, part in (("p50", 0.5), ("p95", 0.95)):
        cell = quantile_over_runs([run.seconds for run in runs], part, slowest)
        if cell is not None:
            yield name, cell
    for name, pick in SHARES.items():
        least = _shown(day, lambda run, pick=pick: -pick(run) / run.documents)  # type: ignore[misc]
        yield name, share_over_runs([(int(pick(run)), run.documents) for run in runs], least)
    for name, pick in MEANS.items():
        yield name, mean([pick(run) for run in runs], _shown(day, pick))


def _storm(storm: Done) -> Iterator[tuple[str, Cell]]:
    """Say into how many effects a faulty answer went, in the run that shows it."""
    seen = storm.kinds.get("contamination")
    if seen is not None:
        yield "blast radius", Cell(seen.spread, seen.spread, seen.spread, seen.token)


def _recovery(outage: Done | None) -> Iterator[tuple[str, Cell]]:
    if outage is None:
        return
    times = [run.recovery for run in outage.measured]
    back = [each for each in times if each is not None]
    worst = _shown(outage, lambda run: float("inf") if run.recovery is None else run.recovery)
    yield "recovered", share(len(back), len(times), worst)
    if back:
        yield "recovery", mean(back, worst)


def _shown(done: Done, key: Pick) -> str:
    """Return the token of the run that shows a figure best: the one in which it is largest."""
    place = max(range(len(done.measured)), key=lambda number: key(done.measured[number]))
    return done.tokens[place]
