"""Runs to look at: of each kind that was found, one that is made as plain as it can be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pileup.comparison.jobs import Done, Job, scenario_of
from pileup.comparison.lines import Results
from pileup.comparison.terms import HARDENED, NAIVE, STORM, Terms
from pileup.findings import SYMPTOMS
from pileup.reports.comparison import Shown
from pileup.reports.pages import Page
from pileup.reports.run_pages import run_in, run_page
from pileup.search.shrinking.shrink import shrink
from pileup.tokens import decode

PLAINEST: Final = ("single agent", "supervisor", "fan-out", "pipeline", "chaining")
"""Topologies whose runs are the easiest to follow, because few agents take part."""


@dataclass(frozen=True)
class Showing:
    """A kind that a job has found, and the token of a run that shows it."""

    job: Job
    kind: str
    token: str


def showings(terms: Terms, results: Results) -> Iterator[Showing]:
    """Say of each kind where it is shown: whatever hardened has, and of the naive the plainest."""
    jobs = [job for each in terms.contenders for job in terms.of(each, HARDENED)]
    yield from _of(results[job] for job in jobs if job.day == STORM)
    seen = set[str]()
    for done in sorted(_naive(terms, results), key=_plainness):
        for each in _of([done]):
            if each.kind not in seen:
                seen.add(each.kind)
                yield each


def _naive(terms: Terms, results: Results) -> Iterator[Done]:
    for each in terms.contenders:
        yield from (results[job] for job in terms.of(each, NAIVE) if job.day == STORM)


def _plainness(done: Done) -> int:
    name = done.job.topology
    return PLAINEST.index(name) if name in PLAINEST else len(PLAINEST)


def _of(all_done: Iterator[Done] | Sequence[Done]) -> Iterator[Showing]:
    for done in all_done:
        for kind, seen in done.kinds.items():
            if kind not in SYMPTOMS:
                yield Showing(done.job, kind, seen.token)


def show(showing: Showing) -> str:
    """Make the run as plain as it can be, and write it down."""
    explorer = scenario_of(showing.job).explorer()
    run = explorer.replay(decode(showing.token))
    worst = next(each for each in run.findings if each.kind == showing.kind)
    return json.dumps(run_page(shrink(explorer, worst, run)))


def shown(pages: Mapping[Showing, str]) -> Iterator[Shown]:
    """Read what `show` wrote: whatever process it was in, this is the same."""
    for showing, page in pages.items():
        run = run_in(Page(json.loads(page), "a run"))
        yield Shown(showing.job.topology, showing.job.controls, showing.kind, run)
