"""The whole comparison: run all of it, and put the tables together."""

from __future__ import annotations

from collections.abc import Iterator

import pileup
from pileup.comparison.ablations import ablation
from pileup.comparison.advice import advice
from pileup.comparison.claims import EXPERIMENTS, claims
from pileup.comparison.crowds import crowds
from pileup.comparison.crowds import jobs as crowd_jobs
from pileup.comparison.hall import Watcher, do_all, do_each
from pileup.comparison.jobs import Job
from pileup.comparison.lines import Results, base_of, line, with_cost
from pileup.comparison.stories import show, showings, shown
from pileup.comparison.terms import HARDENED, NAIVE, Contender, Terms
from pileup.reports.comparison import Ablation, Comparison, Line


def contenders() -> tuple[Contender, ...]:
    """Return all topologies that come with pileup."""
    from pileup.scenarios.catalogue import HOMES

    return tuple(Contender(name) for name in HOMES)


def usual_terms(seed: int = 0) -> Terms:
    """Return what `pileup compare` runs where nothing else is said."""
    from pileup.scenarios.controls import CONTROLS

    return Terms(contenders(), tuple(CONTROLS), seed=seed)


def compare(terms: Terms, *, workers: int = 1, watch: Watcher | None = None) -> Comparison:
    """Run everything, and return the tables."""
    results = do_all(_jobs(terms), workers, watch)
    to_show = list(showings(terms, results)) if terms.shown else []
    pages = do_each(show, to_show, workers, watch)
    rows = lines(terms, results)
    said = tuple(claims(results, terms.seed)) if terms.articles else ()
    return Comparison(
        title="documents, by topology",
        terms=_told(terms),
        lines=tuple(rows),
        ablations=tuple(_ablations(terms, results)),
        crowds=tuple(crowds(results, terms.seed)) if terms.articles else (),
        claims=said,
        advice=tuple(advice(rows, said)),
        stories=tuple(shown(pages)),
    )


def _jobs(terms: Terms) -> Iterator[Job]:
    if terms.articles:
        yield from crowd_jobs(terms.seed)
        yield from (job for each in EXPERIMENTS for job in each.jobs(terms.seed))
    yield from terms.jobs()


def _ablations(terms: Terms, results: Results) -> Iterator[Ablation]:
    from pileup.scenarios.controls import CONTROLS

    for name in terms.controls:
        if list(terms.places(name)):
            yield ablation(terms, name, CONTROLS[name], results)


def lines(terms: Terms, results: Results) -> list[Line]:
    """Return a line for each topology, naive and hardened."""
    found = [
        line(terms, each, controls, results)
        for controls in (NAIVE, HARDENED)
        for each in terms.contenders
    ]
    return [with_cost(each, base_of(found, each.controls)) for each in found]


def _told(terms: Terms) -> dict[str, str]:
    from pileup.scenarios.documents.days import USUAL_DAY

    day = f"{USUAL_DAY.documents} documents for {USUAL_DAY.instances} instances, few faults"
    return {
        "usual day": f"{day}; {terms.days} times",
        "storm": f"2 instances, any order, all faults; {terms.storms} times",
        "outage": f"no model for three minutes, {terms.outages} times",
        "seed": f"{terms.seed}",
        "pileup": pileup.__version__,
    }
