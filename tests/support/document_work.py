"""The document work as tests of topologies look at it: one dull run, and what is found in many."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pileup
from pileup import Finding, Run, Scenario
from pileup.scenarios.documents.books import Account, accounts
from pileup.strategies import Dull


def dull(scenario: Scenario) -> Run:
    """Run once, one agent after another."""
    return scenario.explorer().once(Dull())


def books(run: Run) -> list[Account]:
    """Return what came of each document."""
    return accounts(run.world)


def briefly(scenario: Scenario, steps: int = 2000) -> Scenario:
    """End runs that do not end by themselves early."""
    return replace(scenario, budgets=pileup.Budgets(steps=steps))


def found(scenario: Scenario, runs: int) -> list[Finding]:
    """Return what is found in so many runs."""
    return list(pileup.explore(scenario, runs=runs, shrink=False, workers=1).findings)


def kinds(scenario: Scenario, runs: int) -> Counter[str]:
    """Count what is found by its kind."""
    return Counter(each.kind for each in found(scenario, runs))
