"""One worker or two: every program of the corpus comes to the same, letter by letter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from corpus import table
from corpus.labels import BUGS, DECOYS, Program

import pileup

RUNS = 60
PROGRAMS = {**BUGS, **DECOYS}


def told(found: pileup.Exploration) -> list[object]:
    """Take down what a user can see."""
    findings = [finding.to_json() for finding in found.findings]
    run = found.counterexample
    shown = None if run is None else (run.token, run.history.digest, run.tape, run.shrunk)
    return [str(found), findings, shown, found.stats, found.spread, found.warnings, found.runs]


def test_there_are_programs() -> None:
    assert len(PROGRAMS) > len(table.MODULES)


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_two_workers_say_what_one_says(program: Program) -> None:
    one, two = (pileup.explore(program.scenario, runs=RUNS, workers=count) for count in (1, 2))
    assert told(two) == told(one)


@pytest.mark.parametrize("profile", ["3am", "flaky-network"])
@pytest.mark.parametrize("program", [*BUGS.values()][::7], ids=[*BUGS][::7])
def test_so_they_do_when_things_go_wrong(program: Program, profile: str) -> None:
    scenario = replace(program.scenario, faults=profile)
    one, two = (pileup.explore(scenario, runs=RUNS, workers=count) for count in (1, 2))
    assert told(two) == told(one)
