"""Results of jobs that nobody has run, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pileup.comparison.jobs import Done, Job, Sighting
from pileup.comparison.terms import HARDENED, NAIVE, Contender, Terms
from pileup.scenarios.documents.measures import Measured

CONTENDER = Contender("supervisor")
GOOD = Measured(
    documents=20,
    seconds=tuple(float(each) for each in range(1, 21)),
    done=20,
    alone=20,
    right=20,
    judged=20,
    recorded=20,
    entered=20,
    charged=20,
    told=20,
    duplicates=0,
    dollars=0.02,
    model_calls=60,
    calls=100,
    intents=100,
    turns=1000,
    refused=0,
)


def measured(**facts: Any) -> Measured:  # Any: each has its own type
    """Return a day on which all went well, but for these facts."""
    return replace(GOOD, **facts)


def results(terms: Terms, **variants: Mapping[str, Any]) -> dict[Job, Done]:  # Any: see below
    """Return results for naive, hardened, `without` and `only` the first control of the terms.

    Each variant may name kinds with how many runs they were in, and the `day`.
    """
    control = terms.controls[0]
    names = {
        NAIVE: NAIVE,
        HARDENED: HARDENED,
        "without": f"without {control}",
        "only": f"only {control}",
    }
    return {
        terms.at(place, controls): _done(terms.at(place, controls), dict(variants.get(name, {})))
        for name, controls in names.items()
        for place in terms.places(control)
    }


def _done(job: Job, facts: dict[str, Any]) -> Done:  # Any: counts, and a day
    day = facts.pop("day", GOOD)
    kinds = {kind: Sighting(times, "token", kind) for kind, times in facts.items()}
    return Done(job, kinds, (day,) * job.runs, tuple(f"run {each}" for each in range(job.runs)))
