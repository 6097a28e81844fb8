"""One exploration of a session: with its options, its saved failures, and an entry in the log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import pytest

import pileup
from pileup.errors import NotSaved
from pileup.pytest_plugin.asking import OF_THE_SEARCH, Words, scenario_of, settled
from pileup.pytest_plugin.options import EXPLORED, GIVEN, NAMES
from pileup.pytest_plugin.quieting import Output
from pileup.pytest_plugin.replaying import recipe_of
from pileup.pytest_plugin.reporting import write
from pileup.reports.writing import render
from pileup.results import Exploration, Run, Sighting, Stats
from pileup.search.accounts.progress import Progress
from pileup.search.accounts.stopping import real_seconds
from pileup.sim.agents import Body
from pileup.tokens import decode

REPLAYED: Final = "replay"
CHANGED: Final = "It is not quite the run that was recorded: the code has changed since."


@dataclass(frozen=True)
class Explored:
    """An exploration that a test has made, and how long it took in real time."""

    program: str
    found: Exploration
    seconds: float


LOG: Final = pytest.StashKey[list[Explored]]()


def unwatched(_: Progress) -> None:
    """Tell nobody: pytest has the terminal."""


def conduct(
    item: pytest.Item,
    agent: Body | Sequence[Body] | pileup.Scenario,
    asked: Mapping[str, Any],  # Any: arguments of many types
    watch: Callable[[Progress], None] = unwatched,
) -> Exploration:
    """Explore as the test and the session say; or see the one run that the session is for."""
    __tracebackhide__ = True
    given = item.config.stash[GIVEN]
    wanted = settled(asked, given)
    repeats = _repeats(wanted)
    scenario, search = _parted(item, agent, wanted)
    if repeats:
        scenario = _numbered(item, scenario)
    program = scenario.explorer().program.name
    output, begun = Output(item), real_seconds()
    item.stash[EXPLORED] = True
    if given.replay is not None and decode(given.replay).program == program:
        found = _one_run(given.replay, output.replay(given.replay, scenario))
    else:
        # Because somebody watches, Ctrl-C ends it with what it has found.
        play = partial(pileup.explore, scenario, progress=watch, **search)
        found = _saving(play, given.saved if repeats else None)
        _show_output(output, found, scenario)
    if found.interrupted:
        item.session.shouldstop = f"Ctrl-C during the exploration of {item.nodeid}"
    item.stash.setdefault(LOG, []).append(Explored(program, found, real_seconds() - begun))
    if given.report is not None:
        write(given.report, program, found, recipe_of(item))
    return found


def _saving(play: Callable[..., Exploration], shelf: str | None) -> Exploration:
    """Explore; where nothing can be saved, what was found is told all the same."""
    try:
        return play(saved=shelf)
    except NotSaved as error:
        found = play(saved=None)
        said = f"Failures are not kept: {error} Under pytest: --pileup-saved=DIR, or off."
        return replace(found, warnings=(*found.warnings, said))


def _show_output(output: Output, found: Exploration, scenario: pileup.Scenario) -> None:
    if found.counterexample is not None and found.counterexample.findings:
        output.replay(found.counterexample.token, scenario)
    else:
        output.keep()


def _parted(
    item: pytest.Item, agent: Body | Sequence[Body] | pileup.Scenario, wanted: Words
) -> tuple[pileup.Scenario, Words]:
    """Part what is explored, named after the test, from how it is searched."""
    search = {name: value for name, value in wanted.items() if name in OF_THE_SEARCH}
    other = {name: value for name, value in wanted.items() if name not in OF_THE_SEARCH}
    if not isinstance(agent, pileup.Scenario):
        return scenario_of(agent, other, item.nodeid), search
    faults = other.pop("faults", None)
    if other:
        raise pileup.UsageError(
            f"A Scenario names the agents and their conditions once; {', '.join(other)} cannot be "
            "given beside it. To vary one, write dataclasses.replace(scenario, agents=10)."
        )
    name = f"{item.nodeid}, {agent.name}" if agent.name else item.nodeid
    return replace(agent, name=name, faults=agent.faults if faults is None else faults), search


def _numbered(item: pytest.Item, scenario: pileup.Scenario) -> pileup.Scenario:
    """Tell a test's second exploration of the same name from its first."""
    made = item.stash.setdefault(NAMES, {})
    number = made[scenario.name] = made.get(scenario.name, 0) + 1
    return scenario if number == 1 else replace(scenario, name=f"{scenario.name}, {number}")


def _repeats(wanted: Words) -> bool:
    """Whether this exploration is made again in the next session, and no other under its name."""
    if not isinstance(wanted.get("strategy", ""), str):
        return False
    hypothesis = sys.modules.get("hypothesis")  # an example keeps its failures in its own database
    return hypothesis is None or not hypothesis.currently_in_test_context()


def _one_run(token: str, run: Run) -> Exploration:
    """Call a run that was seen again an exploration of one run."""
    sightings = {each.fingerprint: Sighting(0, REPLAYED, 1) for each in run.findings}
    kinds = dict.fromkeys([each.kind for each in run.findings], 1)
    return Exploration(
        findings=run.findings,
        runs=1,
        stats=Stats(decode(token).backend, run.steps, sightings, kinds=kinds),
        counterexample=run,
        warnings=() if run.faithful else (CHANGED,),
        claim="the run of this token was seen again, and shows nothing now",
        exhausted=True,
        render=render,
    )
