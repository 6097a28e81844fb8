"""The shrinker's parts: its gate, its passes, what a run costs, and what it says in the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import pileup
from pileup.choices import CLOCK
from pileup.fakes import World
from pileup.faults import Rule
from pileup.findings import Finding
from pileup.results import Run, Size
from pileup.search.explorer import Explorer
from pileup.search.runs.garbage import resting_collector
from pileup.search.shrinking.attempt import Cost
from pileup.search.shrinking.gate import MOST_RUNS, Gate
from pileup.search.shrinking.shrink import OTHERS, Shrinker, _swerves, shrink
from pileup.settings import Limits
from pileup.sim.world import controlled
from pileup.strategies import Random
from pileup.strategies.follow import Answer, Sketch, Swerve
from pileup.tokens import decode

FREE = 1 << 30


async def adds(world: World) -> None:
    n = await world.memory.get("n") or 0
    await world.memory.set("n", n + 1)


async def adds_twice(world: World) -> None:
    for _ in range(2):
        await adds(world)


async def looks(world: World) -> None:
    await world.memory.get("n")


@contextmanager
def found(
    agent: Any, kind: str = "lost_write", seed: int = 0, **given: Any
) -> Iterator[tuple[Explorer, Finding, Run]]:
    """Come upon a finding by chance, and stay ready for more runs."""
    explorer = pileup.Scenario(agent, **given).explorer()
    strategy = Random(seed)
    with resting_collector(), controlled(explorer.conditions.budgets):
        try:
            for number in range(300):
                run = explorer.run(strategy, number)
                same = [each for each in run.findings if each.kind == kind]
                if same:
                    yield explorer, same[0], explorer.prove(run)
                    return
            pytest.fail(f"no {kind}")
        finally:
            explorer.runtime.close()


# The gate ----------------------------------------------------------------------------------


def test_the_gate_begins_with_what_was_found() -> None:
    with found(adds, agents=5) as (explorer, finding, run):
        gate = Gate(explorer, finding, run)
        assert gate.best is gate.found
        assert gate.best.run.history.lines() == run.history.lines()
        assert gate.best.limits is None
        assert gate.runs == 1


def test_it_keeps_what_is_plainer_and_shows_the_same() -> None:
    with found(adds, agents=5) as (explorer, finding, run):
        gate = Gate(explorer, finding, run)
        race = Sketch((Swerve("adds-0", 2, "adds-1"),))
        assert not gate.consider(Sketch(), None), "it shows nothing"
        assert gate.best is gate.found
        assert gate.consider(race, Limits(5, ((0, FREE), (1, FREE)), stops=True))
        assert gate.best.cost[:4] == (0, 2, 4, 1)
        assert not gate.consider(race, Limits(5, ((0, FREE), (1, FREE)), stops=True)), "no plainer"
        assert not gate.consider(gate.found.sketch, None), "it is less plain"
        assert gate.runs == 5


def test_it_takes_no_other_finding_of_the_same_kind() -> None:
    async def on_two_lines(world: World, me: pileup.Agent) -> None:
        key = "n" if me.index < 2 else "m"
        n = await world.memory.get(key) or 0
        await world.memory.set(key, n + 1)

    with found(on_two_lines, agents=4) as (explorer, finding, run):
        gate = Gate(explorer, finding, run)
        for first, second in ((0, 1), (2, 3)):
            swerve = Swerve(f"on_two_lines-{first}", 2, f"on_two_lines-{second}")
            gate.consider(Sketch((swerve,)), None)
        assert gate.best.finding.fingerprint == finding.fingerprint
        assert gate.best.finding.resource == finding.resource
        assert gate.best.finding.key == finding.key


def test_there_is_an_end_to_trying() -> None:
    with found(adds, agents=3) as (explorer, finding, run):
        gate = Gate(explorer, finding, run)
        gate.runs = MOST_RUNS
        assert not gate.consider(Sketch((Swerve("adds-0", 2, "adds-1"),)), None)
        assert gate.runs == MOST_RUNS


def test_a_run_that_is_too_long_is_no_plainer() -> None:
    with found(adds, agents=3) as (explorer, finding, run):
        gate = Gate(explorer, finding, run)
        gate._most = 1
        assert not gate.consider(Sketch((Swerve("adds-0", 2, "adds-1"),)), None)


def test_a_fault_plan_of_which_nothing_struck_is_forgotten() -> None:
    rules = Rule("pause", on="nothing at all")
    with found(adds, faults=rules) as (explorer, finding, run):
        told = shrink(explorer, finding, run)
    assert decode(told.token).faults == ""
    assert pileup.replay(told.token, adds).faithful


def test_a_fault_plan_that_is_needed_is_kept() -> None:
    rules = Rule("crash", on="add*", most=1)

    async def works(world: World) -> None:
        async with world.memory.lock():
            await world.memory.add("n", 1)

    with found(works, "orphaned_lock", agents=4, faults=rules) as (explorer, finding, run):
        told = shrink(explorer, finding, run)
    assert '"crash"' in decode(told.token).faults
    assert told.shrunk is not None
    assert told.shrunk.after.agents == 2
    assert pileup.replay(told.token, pileup.Scenario(works, agents=4)).faithful


# Passes ------------------------------------------------------------------------------------


def shrinker_of(explorer: Explorer, finding: Finding, run: Run) -> Shrinker:
    return Shrinker(explorer, finding, run, stops=True)


def test_those_that_are_named_or_their_like_are_tried_alone() -> None:
    bodies = [looks, adds, looks, adds, adds]
    with found(bodies) as (explorer, finding, run):
        shrinker = shrinker_of(explorer, finding, run)
        assert shrinker._like([3, 4]) == [1, 3]
        assert shrinker._like([4, 2]) == [0, 1]
        assert shrinker._like([0, 2]) == [0, 2]
        assert shrinker._like([]) == []
        shrinker.start_from_scratch()
        assert shrinker.best.limits == Limits(5, ((1, FREE), (3, FREE)), stops=True)
        assert len(shrinker.best.sketch.swerves) == 1


def test_all_single_deviations_are_tried_the_earliest_first() -> None:
    swerves = _swerves({"a": 3, "b": 2})
    assert swerves == [
        Swerve("a", 1, "b"),
        Swerve("a", 1, CLOCK),
        Swerve("b", 1, "a"),
        Swerve("b", 1, CLOCK),
        Swerve("a", 2, "b"),
        Swerve("a", 2, CLOCK),
    ]
    assert _swerves({}) == []
    assert _swerves({"a": 1}) == []


@pytest.mark.parametrize(
    "name",
    [
        *("drop_faults", "drop_agents", "stop_after_the_proof", "stop_earlier"),
        *("drop_swerves", "swerve_earlier", "strike_earlier", "drop_data"),
    ],
)
def test_no_pass_makes_it_worse(name: str) -> None:
    for seed in range(3):
        with found(adds_twice, agents=6, faults="3am", seed=seed) as case:
            shrinker = shrinker_of(*case)
            before = shrinker.best.cost
            getattr(shrinker, name)()
            assert shrinker.best.cost <= before
            assert shrinker.best.finding.fingerprint == case[1].fingerprint


def test_agents_are_dropped() -> None:
    with found(adds_twice, agents=8) as case:
        shrinker = shrinker_of(*case)
        before = shrinker.best.cost.agents
        shrinker.drop_agents()
        assert shrinker.best.cost.agents < before


def test_swerves_are_dropped() -> None:
    with found(adds_twice, agents=4) as case:
        shrinker = shrinker_of(*case)
        before = shrinker.best.cost.deviations
        shrinker.drop_swerves()
        assert shrinker.best.cost.deviations < before


def test_nobody_does_what_comes_after_the_proof() -> None:
    with found(adds_twice, agents=2) as case:
        shrinker = shrinker_of(*case)
        shrinker.shrink()
        assert shrinker.best.cost.operations <= 4
        assert len(list(shrinker.best.story)) == shrinker.best.cost.operations


def test_faults_strike_earlier_or_not_at_all() -> None:
    with found(adds_twice, agents=3, faults=Rule("pause", odds=0.3)) as case:
        shrinker = shrinker_of(*case)
        shrinker.drop_faults()
        assert not [each for each in shrinker.best.sketch.answers if each.stream == "faults"]
        assert shrinker.best.cost.faults == 0


# What it costs -----------------------------------------------------------------------------


def test_costs_are_compared_the_worst_first() -> None:
    plain = Cost(0, 2, 4, 1, 0, 6)
    worse = [
        Cost(1, 1, 1, 0, 0, 1),
        Cost(0, 3, 3, 0, 0, 3),
        Cost(0, 2, 5, 0, 0, 5),
        Cost(0, 2, 4, 2, 0, 6),
        Cost(0, 2, 4, 1, 1, 6),
        Cost(0, 2, 4, 1, 0, 7),
    ]
    assert all(plain < each for each in worse)
    assert worse == sorted(worse, reverse=True)


def test_agents_are_named_by_who_started_them() -> None:
    async def starts_two(world: World, me: pileup.Agent) -> None:  # noqa: ARG001 - as users write it
        helpers = [me.spawn(adds), me.spawn(adds)]
        for helper in helpers:
            await helper

    with found(starts_two, agents=3) as (explorer, finding, run):
        gate = Gate(explorer, finding, run)
        assert gate.best.named
        assert set(gate.best.named) <= {0, 1, 2}
        told = shrink(explorer, finding, run)
    assert told.shrunk is not None
    assert told.shrunk.after.operations == 4
    assert told.shrunk.after.agents == 2, "of one parent, or of two"


# What it says ------------------------------------------------------------------------------


def test_it_says_from_what_to_what_and_how_often_others_show_it() -> None:
    with found(adds, agents=6) as (explorer, finding, run):
        told = shrink(explorer, finding, run)
    assert told.shrunk is not None
    before, after, runs, too, others = told.shrunk
    assert after == Size(2, 4, 0, 1)
    assert before > after
    assert 0 < too <= others == OTHERS
    assert OTHERS < runs < 60
    assert [each.fingerprint for each in told.findings] == [finding.fingerprint]
    assert told.findings[0].replay == told.token


@pytest.mark.parametrize("kind", ["check_failed", "lost_write", "agent_failed"])
def test_what_needs_the_end_of_a_run_is_not_cut_off(kind: str) -> None:
    def check(world: World) -> None:
        assert world.memory.peek("n") == 4

    async def notices(world: World) -> None:
        n = await world.memory.get("n") or 0
        await world.memory.set("n", n + 1)
        seen = await world.memory.get("n")
        assert seen == n + 1, "somebody wrote in between"

    checked = check if kind == "check_failed" else None
    agent = notices if kind == "agent_failed" else adds
    with found(agent, kind, agents=4, check=checked) as (explorer, finding, run):
        told = shrink(explorer, finding, run)
    assert finding.fingerprint in {each.fingerprint for each in told.findings}
    limits = decode(told.token).limits
    stops = limits is not None and limits.stops
    assert stops == (kind == "lost_write")
    again = pileup.replay(told.token, agent, check=checked)
    assert again.faithful


def test_an_exploration_can_leave_it_out() -> None:
    plain = pileup.explore(adds, agents=6, runs=20)
    raw = pileup.explore(adds, agents=6, runs=20, shrink=False)
    assert plain.counterexample is not None
    assert raw.counterexample is not None
    assert plain.counterexample.shrunk is not None
    assert raw.counterexample.shrunk is None
    assert [each.fingerprint for each in plain.findings] == [
        each.fingerprint for each in raw.findings
    ]


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
@pytest.mark.parametrize("timed", [True, False])
def test_it_goes_under_every_runtime(backend: str, timed: bool) -> None:
    scenario = pileup.Scenario(adds_twice, agents=6, backend=backend, timed=timed, faults="crashy")
    (loss, *_) = pileup.explore(scenario, runs=40).findings
    assert loss.kind == "lost_write"
    again = pileup.replay(loss.replay, scenario)
    assert again.faithful
    assert loss.fingerprint in {each.fingerprint for each in again.findings}


def test_a_sketch_is_plain_data() -> None:
    sketch = Sketch((Swerve("a", 1, "b"),), (Answer("faults", "crash", 0, 1),))
    assert sketch == Sketch((Swerve("a", 1, "b"),), (Answer("faults", "crash", 0, 1),))
    assert len({sketch, Sketch()}) == 2
