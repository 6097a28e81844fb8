"""One job of a comparison: a topology under some controls, on one kind of day, so many runs.

A job is a few words and numbers and its result is data, so that any process
can do it. What it comes to depends on nothing but the job.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import pileup
from pileup.comparison.figures import share
from pileup.reports.comparison import Cell

if TYPE_CHECKING:
    from pileup.scenarios.documents.measures import Measured
    from pileup.scenarios.topology import Topology
    from pileup.search.explorer import Explorer

APART: Final = 1_000_003
"""Seeds of runs are so far apart from those of the next seed of a comparison."""


@dataclass(frozen=True)
class Job:
    """What is to be run; `place` is where a topology of the user's own is, MODULE:NAME."""

    topology: str
    controls: str
    day: str
    runs: int
    seed: int = 0
    place: str = ""

    @property
    def name(self) -> str:
        """What its scenario is called."""
        return f"{self.topology}, {self.controls}, {self.day}"


@dataclass(frozen=True)
class Sighting:
    """A kind of finding: in how many runs it was, and one of them."""

    times: int
    token: str
    title: str
    spread: int = 0
    """Where it is a contamination: how many effects carried it."""


@dataclass(frozen=True)
class Done:
    """What a job came to."""

    job: Job
    kinds: dict[str, Sighting] = field(default_factory=dict)
    measured: tuple[Measured, ...] = ()
    tokens: tuple[str, ...] = ()


def scenario_of(job: Job) -> pileup.Scenario:
    """Return what a job runs."""
    from pileup.scenarios.catalogue import scenario_named

    others = [own(job.place)] if job.place else []
    return scenario_named(job.name, others)


def own(place: str) -> Topology:
    """Return a topology of the user's own, MODULE:NAME, which whoever asks can import."""
    home, _, name = place.partition(":")
    found: Topology = getattr(import_module(home), name)
    return found


def do(job: Job) -> Done:
    """Do a job: search for what can go wrong, or measure how it goes."""
    scenario = scenario_of(job)
    return _measured(job, scenario) if scenario.timed else _searched(job, scenario)


def _searched(job: Job, scenario: pileup.Scenario) -> Done:
    found = pileup.explore(scenario, runs=job.runs, seed=job.seed, shrink=False)
    if found.interrupted:
        raise KeyboardInterrupt  # because a figure over fewer runs is another figure
    kinds: dict[str, Sighting] = {}
    for finding in found.findings:
        kinds.setdefault(
            finding.kind,
            Sighting(
                found.stats.kinds[finding.kind], finding.replay, finding.title, _carried(finding)
            ),
        )
    return Done(job, kinds)


def _carried(finding: pileup.Finding) -> int:
    counts: list[Any] = [  # Any: a receipt holds briefs
        finding.receipt.get(each, 0) for each in ("requests", "writes", "messages", "answers")
    ]
    return sum(each for each in counts if isinstance(each, int))


def _measured(job: Job, scenario: pileup.Scenario) -> Done:
    from pileup.scenarios.documents.days import day_named
    from pileup.scenarios.documents.measures import measure
    from pileup.search.runs.garbage import resting_collector
    from pileup.strategies import make

    over = day_named(job.day).over
    explorer = scenario.explorer()
    explorer.renew_oracle(most=0)  # because a figure needs no verdict on what is in doubt
    runs = []
    with resting_collector() as tidy:
        for number in range(job.runs):
            runs.append(explorer.once(make("random", job.seed * APART + number)))
            tidy.after(runs[-1].steps)
    tokens = tuple(_token(explorer, run) for run in runs)
    return Done(job, _kinds(runs, tokens), tuple(measure(run, over) for run in runs), tokens)


def _token(explorer: Explorer, run: pileup.Run) -> str:
    """Return what shows a run again, which was seen but once; replay says so if it differs."""
    from pileup.tokens import Ticket, encode

    program, conditions = explorer.program, explorer.conditions
    plan = conditions.faults
    return encode(
        Ticket(
            tape=run.tape,
            program=program.name,
            agents=len(program.bodies),
            backend=explorer.runtime.name,
            digest=run.history.digest,
            faults=plan.to_json() if plan.rules else "",
            timed=conditions.timed,
        )
    )


def _kinds(runs: list[pileup.Run], tokens: tuple[str, ...]) -> dict[str, Sighting]:
    found: dict[str, Sighting] = {}
    for run, token in zip(runs, tokens, strict=True):
        for kind in dict.fromkeys(finding.kind for finding in run.findings):
            first = next(each for each in run.findings if each.kind == kind)
            known = found.get(kind) or Sighting(0, token, first.title, _carried(first))
            found[kind] = replace(known, times=known.times + 1)
    return found


def per_thousand(seen: Sighting, runs: int) -> Cell:
    """Say in how many of 1,000 runs something was found."""
    cell = share(seen.times, runs, seen.token)
    return Cell(1000 * cell.value, 1000 * cell.low, 1000 * cell.high, cell.token)
