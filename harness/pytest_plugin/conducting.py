"""One exploration of a session: with its options, its saved failures, and an entry in the log."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from typing import Any, Final, TypedDict

import pytest

import pileup
from pileup.choices import Strategy
from pileup.faults import plan_of
from pileup.faults.profiles import Faults
from pileup.pytest_plugin.options import EXPLORED, GIVEN, Given
from pileup.pytest_plugin.quieting import Output
from pileup.pytest_plugin.reporting import write
from pileup.reports.text import render
from pileup.results import Exploration, Sighting, Stats
from pileup.search.program import Check, Setup
from pileup.search.progress import Progress
from pileup.search.stopping import real_seconds
from pileup.settings import whole
from pileup.sim.agents import Body
from pileup.strategies import make
from pileup.tokens import decode

REPLAYED: Final = "replay"
MOST_RUNS: Final = 10_000_000


class Asked(TypedDict, total=False):
    """What can be asked of an exploration: the arguments of pileup.explore."""

    setup: Setup | None
    agents: int | Sequence[Body]
    runs: int
    strategy: str | Strategy
    check: Check | None
    seed: int
    backend: str | None
    budgets: pileup.Budgets | None
    allow_real: Collection[str]
    faults: Faults
    timed: bool
    oracle: str | None
    shrink: bool
    workers: int
    executor: Executor | None
    seconds: float | None


BUDGET: Final = ("runs", "seconds")
CHANGED: Final = "It is not quite the run that was recorded: the code has changed since."
OF_THE_SEARCH: Final = ("runs", "strategy", "seed", "shrink", "workers", "executor", "seconds")


@dataclass(frozen=True)
class Explored:
    """An exploration that a test has made, and how long it took in real time."""

    program: str
    found: Exploration
    seconds: float


LOG: Final = pytest.StashKey[list[Explored]]()


def check(asked: dict[str, Any]) -> None:  # Any: whatever somebody has given
    """Refuse what an exploration would refuse, before it is begun."""
    whole("runs", asked.get("runs", 1), MOST_RUNS)
    plan_of(asked.get("faults"))
    make(asked.get("strategy", "auto"), 0)
    if type(asked.get("seed", 0)) is not int:
        raise pileup.UsageError(f"`seed` must be a whole number; {asked['seed']!r} was given.")
    if {"workers", "seconds"} & asked.keys():
        from pileup.search.campaign import Terms

        Terms(asked.get("workers", 1), seconds=asked.get("seconds"))


def conduct(
    item: pytest.Item, agent: Body | Sequence[Body] | pileup.Scenario, asked: Asked
) -> Exploration:
    """Explore as the test and the session say; or see the one run that the session is for."""
    __tracebackhide__ = True
    given = item.config.stash[GIVEN]
    wanted = settled(asked, given)
    scenario, search = _parted(item, agent, wanted)
    program = scenario.explorer().program.name
    output, begun = Output(item), real_seconds()
    if given.replay is not None and decode(given.replay).program == program:
        found = _replayed(given.replay, scenario)
    else:
        shelf = given.saved if _repeats(wanted) else None
        # Because somebody watches, Ctrl-C ends it with what it has found.
        found = pileup.explore(scenario, saved=shelf, progress=_watch, **search)
        if found.interrupted:
            item.session.shouldstop = f"Ctrl-C during the exploration of {item.nodeid}"
    item.stash[EXPLORED] = True
    item.stash.setdefault(LOG, []).append(Explored(program, found, real_seconds() - begun))
    if given.report is not None:
        write(given.report, program, found)
    if found.counterexample is not None and found.counterexample.findings:
        output.replay(found.counterexample.token, scenario)
    else:
        output.keep()
    return found


def _watch(_: Progress) -> None:
    """Tell nobody: pytest has the terminal."""


def settled(asked: Asked, given: Given) -> dict[str, Any]:  # Any: arguments of many types
    """Weigh what was typed against what the test says, against what is kept in the ini file."""
    wanted: dict[str, Any] = {**asked}
    if not isinstance(wanted.get("strategy", ""), str):
        return wanted  # a strategy that was made for this test knows what it wants
    return _over(given.typed, _over(wanted, given.kept))


def _over(stronger: dict[str, Any], weaker: dict[str, Any]) -> dict[str, Any]:
    """Add what the weaker says and the stronger does not; a budget is in runs or in seconds."""
    decided = BUDGET if stronger.keys() & set(BUDGET) else ()
    left = {name: value for name, value in weaker.items() if name not in decided}
    return {**left, **stronger}


def _parted(
    item: pytest.Item, agent: Body | Sequence[Body] | pileup.Scenario, wanted: dict[str, Any]
) -> tuple[pileup.Scenario, dict[str, Any]]:
    """Part what is explored, named after the test, from how it is searched."""
    search = {name: value for name, value in wanted.items() if name in OF_THE_SEARCH}
    other = {name: value for name, value in wanted.items() if name not in OF_THE_SEARCH}
    if not isinstance(agent, pileup.Scenario):
        budgets = other.pop("budgets", None) or pileup.Budgets()
        return pileup.Scenario(agent, name=item.nodeid, budgets=budgets, **other), search
    faults = other.pop("faults", None)
    if other:
        raise pileup.UsageError(
            f"A Scenario names the agents and their conditions once; {', '.join(other)} cannot be "
            "given beside it. To vary one, write dataclasses.replace(scenario, agents=10)."
        )
    name = f"{item.nodeid}, {agent.name}" if agent.name else item.nodeid
    return replace(agent, name=name, faults=agent.faults if faults is None else faults), search


def _repeats(wanted: dict[str, Any]) -> bool:
    """Whether this exploration is made again in the next session, and no other under its name."""
    if not isinstance(wanted.get("strategy", ""), str):
        return False
    hypothesis = sys.modules.get("hypothesis")  # an example keeps its failures in its own database
    return hypothesis is None or not hypothesis.currently_in_test_context()


def _replayed(token: str, scenario: pileup.Scenario) -> Exploration:
    """See one run again, and call it an exploration of one run."""
    run = pileup.replay(token, scenario)
    sightings = {each.fingerprint: Sighting(0, REPLAYED, 1) for each in run.findings}
    changed = () if run.faithful else (CHANGED,)
    return Exploration(
        findings=run.findings,
        runs=1,
        stats=Stats(decode(token).backend, run.steps, sightings),
        counterexample=run,
        warnings=changed,
        claim="the run of this token was seen again, and shows nothing now",
        exhausted=True,
        render=render,
    )
