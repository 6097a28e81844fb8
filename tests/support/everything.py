"""Every order of a small program, fast, and what each comes to: what a search has to find.

A run here is not judged, so a hundred thousand orders are a matter of seconds.
Two runs came to the same if their agents returned or failed alike, left the
same behind, and ended for the same reason. Two are of one *trace* if they
differ only in the order of what commutes; that is told from the trail alone,
by other means than the search has.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from support.exhaust import Odometer

from pileup.choices import CLOCK_TURN, LOOP_TURN, Point, Strategy, Student, Trail
from pileup.faults.weather import Weather
from pileup.history import FAIL
from pileup.operations import COMMUTING, READ
from pileup.search.explorer import Explorer
from pileup.search.runs.garbage import resting_collector
from pileup.sim.kernel import Sim
from pileup.sim.studied import StudiedSim
from pileup.sim.world import controlled
from pileup.spelling import canonical
from pileup.strategies.systematic import MOST_OPTIONS, Systematic

Outcome: TypeAlias = tuple[str, ...]
"""What a run came to, in words."""

Trace: TypeAlias = frozenset[tuple[Any, ...]]
"""What in a run came before what of all that does not commute."""

RUNS_BETWEEN_COLLECTIONS = 200


class _Odometer(Odometer):
    """Gives one answer to what the search gives one answer to: a seed, a fault that is certain."""

    def choose(self, point: Point) -> int:
        many = point.stream != "schedule" and point.count > MOST_OPTIONS
        return point.usual if many or point.usual else super().choose(point)


@dataclass
class Found:
    """What a search has come upon in so many runs: each outcome with one tape that leads to it."""

    runs: int = 0
    whole: bool = True
    outcomes: dict[Outcome, tuple[int, ...]] = field(default_factory=dict)
    traces: dict[Trace, None] = field(default_factory=dict)


def everything(explorer: Explorer, most: int, *, traces: bool = False) -> Found:
    """Run a program in every order, if there are no more than so many."""
    found, odometer = Found(), _Odometer()
    for _ in _runs(explorer, odometer, found, traces=traces):
        if not odometer.advance():
            return found
        if found.runs >= most:
            break
    found.whole = False
    return found


def searched(explorer: Explorer, strategy: Systematic, most: int, *, traces: bool = False) -> Found:
    """Run a program as the strategy says until it is done, or so often."""
    found = Found()
    for _ in _runs(explorer, strategy, found, traces=traces):
        if strategy.done:
            return found
        if found.runs >= most:
            break
    found.whole = False
    return found


def _runs(explorer: Explorer, strategy: Strategy, found: Found, *, traces: bool) -> Iterator[None]:
    with resting_collector(), controlled(explorer.conditions.budgets):
        try:
            while True:
                sim = copy_context().run(_play, explorer, strategy, studied=traces)
                found.outcomes.setdefault(_outcome(sim), sim.tape.schedule)
                if isinstance(sim, StudiedSim):
                    if traces:
                        found.traces.setdefault(trace(sim.trail))
                    if isinstance(strategy, Student):
                        strategy.learn(sim.trail)
                sim.let_go()
                found.runs += 1
                if found.runs % RUNS_BETWEEN_COLLECTIONS == 0:
                    gc.collect()
                yield
        finally:
            explorer.runtime.close()


def _play(explorer: Explorer, strategy: Strategy, *, studied: bool) -> Sim:
    strategy.begin(0)
    kind = StudiedSim if studied or isinstance(strategy, Student) else Sim
    sim = kind(strategy, explorer.conditions.budgets)
    plan = explorer.conditions.faults
    if plan.rules:
        sim.faults = Weather(plan, sim.choose, lambda: len(sim.agents), sim.note_weather)
    with explorer._played(sim):
        pass
    return sim


def _outcome(sim: Sim) -> Outcome:
    said = [f"{type(sim.ending).__name__}"]
    for agent in sim.agents:
        if not agent.done:
            said.append(f"{agent.name} is left")
        elif agent.error is not None:
            said.append(f"{agent.name} failed: {agent.error!r}")
        else:
            said.append(f"{agent.name} returned {canonical(agent.result)}")
    held = [
        f"{resource}[{key}] {canonical(value)}"
        for resource, contents in sim.contents.items()
        for key, value in contents().items()
    ]
    return (*said, *sorted(held), *_last_done(sim))


def _last_done(sim: Sim) -> list[str]:
    """Say what was last done to each thing of a resource that does not say what it holds."""
    last: dict[str, str] = {}
    for row in sim.history.rows:
        for item, access in row[1]:
            if access != READ and item.resource not in sim.contents and row[8] != FAIL:
                last[item.name] = f"{row[0]} {row[9]!r}" if row[0] != "end" else ""
    return [f"{name} {what}" for name, what in sorted(last.items()) if what]


# Traces -----------------------------------------------------------------------------------------

Event: TypeAlias = tuple[int, int]
"""A strand and how manieth of its turns."""


def trace(trail: Trail) -> Trace:
    """Say what came before what: all pairs of turns that do not commute, in their order."""
    turns = trail.turns
    counts: dict[int, int] = {}
    events: list[Event] = []
    for turn in turns:
        counts[turn.strand] = counts.get(turn.strand, 0) + 1
        events.append((turn.strand, counts[turn.strand]))
    pairs = [
        (events[one], events[other])
        for other in range(len(turns))
        for one in range(other)
        if _ordered(turns[one], turns[other])
    ]
    return frozenset((*pairs, *events))


def _ordered(one: Any, other: Any) -> bool:
    if CLOCK_TURN in (one.strand, other.strand) or LOOP_TURN in (one.strand, other.strand):
        return True
    if one.agent == other.agent:
        return True
    return any(
        (foot[:2] == foot_2[:2] or not foot[0] or not foot_2[0])
        and not (foot[2] == foot_2[2] and foot[2] in COMMUTING)
        for foot in one.feet
        for foot_2 in other.feet
    )
