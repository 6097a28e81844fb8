"""Shrinking: what comes out is as plain as it should be, is the same bug, and is really there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from corpus import table
from corpus.labels import BUGS
from support.mutants import broken

import pileup
from pileup.detectors.taxonomy import LASTING
from pileup.fakes import World
from pileup.faults import Rule
from pileup.findings import Finding
from pileup.results import Run, Size
from pileup.search.explorer import Explorer
from pileup.search.runs.garbage import resting_collector
from pileup.search.shrinking import attempt, gate, reduce, shrink
from pileup.sim.world import controlled
from pileup.strategies import Replay, make
from pileup.strategies.follow import Follow
from pileup.tokens import decode

assert table.MODULES  # because to import it is what fills BUGS

TESTS = Path(__file__).parents[1]
SEEDS = range(4)
NOT_BY_CHANCE = {"steps_back_and_tries_again", "steps_back_from_files_and_tries_again"}
"""What no random walk finds, because it takes many steps in turns."""

TWO_FEWER = {"keeps_private_answers_in_redis", "shows_the_model_all_customers"}
"""Where up to two operations less would do: these show without any deviation, so runs from
scratch that have one are tried the second time alone."""

BY_CHANCE = [name for name in BUGS if name not in NOT_BY_CHANCE]
MODULES = (shrink, gate, attempt, reduce)


@dataclass
class Case:
    """A finding that a random walk came upon, and the run that showed it."""

    scenario: pileup.Scenario
    explorer: Explorer
    finding: Finding
    run: Run

    def shrunk(self, shrinking: ModuleType = shrink) -> Run:
        """Shrink it."""
        with prepared(self.explorer):
            run = shrinking.shrink(self.explorer, self.finding, self.run)
        assert isinstance(run, Run)
        return run


@contextmanager
def prepared(explorer: Explorer) -> Iterator[None]:
    """Get ready for many runs, as an exploration does."""
    with resting_collector(), controlled(explorer.conditions.budgets):
        try:
            yield
        finally:
            explorer.runtime.close()


def walk(scenario: pileup.Scenario, kind: str, seed: int = 0, runs: int = 300) -> Case:
    """Walk at random until such a finding comes up."""
    explorer, strategy = scenario.explorer(seed), make("random", seed)
    with prepared(explorer):
        for number in range(runs):
            run = explorer.run(strategy, number)
            for finding in run.findings:
                if finding.kind == kind:
                    return Case(scenario, explorer, finding, explorer.prove(run))
    raise AssertionError(f"no {kind} in {runs} runs")


@cache
def of_corpus(name: str) -> tuple[Case, Run]:
    """Find a bug of the corpus and shrink it; once, because several tests look at it."""
    program = BUGS[name]
    case = walk(program.scenario, program.kind)
    return case, case.shrunk()


def told(run: Run, finding: Finding) -> Finding | None:
    """Return the finding as a run shows it, if it does."""
    same = (each for each in run.findings if each.fingerprint == finding.fingerprint)
    return next(same, None)


def whole(scenario: pileup.Scenario, token: str) -> Run:
    """Do what a token does, but let a run that was cut off go on to its end.

    Written without the shrinker's help, because it is to be checked by this.
    """
    ticket = decode(token)
    faults = pileup.faults.Plan.from_json(ticket.faults) if ticket.faults else None
    follow = Follow(Replay(ticket.tape))
    replace(scenario, faults=faults, backend=ticket.backend).explorer().once(
        follow, limits=ticket.limits
    )
    limits = ticket.limits
    if limits is not None:
        limits = replace(limits, stops=False)
    again = replace(scenario, faults=faults, backend=ticket.backend).explorer()
    return again.once(Follow(follow.sketch), limits=limits)


def order(size: Size) -> tuple[int, ...]:
    """Put what makes a run hard to understand in the order of how hard."""
    return (size.faults, size.agents, size.operations, size.deviations)


# The target --------------------------------------------------------------------------------


async def adds_five_times(world: World) -> None:
    for _ in range(5):
        n = await world.memory.get("n") or 0
        await world.memory.set("n", n + 1)


def crowd(faults: str | None) -> pileup.Scenario:
    return pileup.Scenario(adds_five_times, agents=20, faults=faults)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("faults", [None, "3am"])
def test_a_lost_write_among_twenty_agents_comes_down_to_four_operations_of_two(
    faults: str | None, seed: int
) -> None:
    case = walk(crowd(faults), "lost_write", seed)
    run = case.shrunk()
    assert run.shrunk is not None
    assert run.shrunk.before.agents > 5
    agents, operations, struck, deviations = run.shrunk.after
    assert (agents, struck, deviations) == (2, 0, 1)
    assert operations <= 4
    assert run.shrunk.runs <= 110
    assert told(run, case.finding) is not None
    assert len(run.token) < 1_000


def test_an_exploration_shows_the_shrunk_run() -> None:
    found = pileup.explore(crowd("3am"), runs=20)
    loss = next(each for each in found.findings if each.kind == "lost_write")
    assert found.counterexample is not None
    assert found.counterexample.shrunk is not None
    again = pileup.replay(loss.replay, crowd(None))
    assert len({event.agent for event in again.history if event.items}) == 2


# Every bug of the corpus -------------------------------------------------------------------


def test_what_is_left_out_here_is_not_found_by_chance() -> None:
    assert set(BUGS) >= NOT_BY_CHANCE
    assert len(BY_CHANCE) >= 60


@pytest.mark.parametrize("name", BY_CHANCE)
def test_the_shrunk_run_shows_the_same_bug_and_is_no_bigger(name: str) -> None:
    case, run = of_corpus(name)
    assert told(run, case.finding) is not None
    assert run.shrunk is not None
    assert order(run.shrunk.after) <= order(run.shrunk.before)


@pytest.mark.parametrize("name", BY_CHANCE)
def test_its_token_replays_faithfully(name: str) -> None:
    case, run = of_corpus(name)
    again = pileup.replay(run.token, BUGS[name].scenario)
    assert again.faithful
    assert again.history.digest == run.history.digest
    assert told(again, case.finding) is not None


@pytest.mark.parametrize("name", BY_CHANCE)
def test_what_was_shrunk_cannot_be_shrunk_further(name: str) -> None:
    case, _ = of_corpus(name)
    with prepared(case.explorer):
        shrinker = shrink.Shrinker(
            case.explorer, case.finding, case.run, stops=case.finding.kind in LASTING
        )
        shrinker.shrink()
        assert shrinker.gate.runs < gate.MOST_RUNS
        before = shrinker.best.cost
        shrinker.gate.runs = 0
        shrinker.shrink()
    after = shrinker.best.cost
    if name in TWO_FEWER:
        assert after[:2] == before[:2]
        assert before.operations - 2 <= after.operations < before.operations
    else:
        assert after == before


@pytest.mark.parametrize("name", BY_CHANCE)
def test_to_shrink_it_twice_gives_the_same_token(name: str) -> None:
    case, run = of_corpus(name)
    assert case.shrunk().token == run.token
    assert walk(case.scenario, case.finding.kind).shrunk().token == run.token


ELSEWHERE = (
    "counts_in_memory",
    "works_longer_than_its_message_is_hidden",
    "tries_in_tasks_of_trio",
)


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_another_process_comes_to_the_same_tokens(hash_seed: str) -> None:
    code = (
        "from quality.test_shrinking import *\n"
        "for name in ELSEWHERE: print(of_corpus(name)[1].token)"
    )
    path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.split() == [of_corpus(name)[1].token for name in ELSEWHERE]


# A run that was cut off --------------------------------------------------------------------


@pytest.mark.parametrize("name", BY_CHANCE)
def test_all_that_a_shrunk_run_shows_is_there_still_when_it_goes_on(name: str) -> None:
    case, run = of_corpus(name)
    shown = {each.fingerprint for each in whole(case.scenario, run.token).findings}
    assert {each.fingerprint for each in run.findings} <= shown


def test_many_runs_are_cut_off_and_none_of_a_kind_that_may_pass() -> None:
    cut = [
        BUGS[name].kind
        for name in BY_CHANCE
        if (limits := decode(of_corpus(name)[1].token).limits) is not None and limits.stops
    ]
    assert len(cut) > 10, "or the test above looks at nothing"
    assert set(cut) <= set(LASTING)


# Traps: what only seems so because somebody was stopped -------------------------------------


def real(case: Case, run: Run) -> Finding:
    """Return the finding as the shrunk run shows it; it must be there when all goes on."""
    finding = told(run, case.finding)
    assert finding is not None
    assert told(whole(case.scenario, run.token), case.finding) is not None
    return finding


@pytest.mark.parametrize("seed", SEEDS)
def test_who_gives_a_lock_back_late_has_not_orphaned_it(seed: int) -> None:
    async def works(world: World) -> None:
        async with world.memory.lock():
            for _ in range(3):
                await world.memory.add("done", 1)

    scenario = pileup.Scenario(works, agents=4, faults=Rule("crash", on="add*", most=1))
    case = walk(scenario, "orphaned_lock", seed)
    run = case.shrunk()
    finding = real(case, run)
    crashed = {event.agent for event in run.history if event.fault == "crash"}
    assert len(crashed) == 1
    assert crashed <= set(finding.agents)


@pytest.mark.parametrize("seed", SEEDS)
def test_work_that_is_done_late_is_not_lost(seed: int) -> None:
    def with_jobs(sim: pileup.Sim) -> World:
        world = World(sim)
        for number in range(3):
            world.bus.seed("jobs", {"job": number})
        return world

    async def works(world: World) -> None:
        message = await world.bus.claim("jobs")
        if message is not None:
            await message.ack()
            await world.memory.get("how")
            await world.memory.add("done", 1)

    rule = Rule("crash", on="read*", most=1)
    scenario = pileup.Scenario(works, setup=with_jobs, agents=3, faults=rule)
    case = walk(scenario, "lost_work", seed)
    run = case.shrunk()
    (worker,) = real(case, run).agents
    assert worker in {event.agent for event in run.history if event.fault == "crash"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_result_whose_parts_come_late_is_whole(seed: int) -> None:
    program = BUGS["forgets_who_did_not_answer"]
    scenario = replace(program.scenario, agents=3)
    case = walk(scenario, "silent_partial", seed)
    run = case.shrunk()
    real(case, run)
    assert sum(event.fault is not None for event in run.history) >= 1


@pytest.mark.parametrize("seed", SEEDS)
def test_to_wait_for_one_who_stands_by_is_no_deadlock(seed: int) -> None:
    async def takes_two(world: World, me: pileup.Agent) -> None:
        first, second = ("a", "b") if me.index % 2 else ("b", "a")
        async with world.memory.lock("slow"):
            await world.memory.add("done", 1)
        async with world.memory.lock(first), world.memory.lock(second):
            await world.memory.add("done", 1)

    case = walk(pileup.Scenario(takes_two, agents=5), "deadlock", seed, 1_000)
    run = case.shrunk()
    assert "slow" not in real(case, run).explanation
    assert run.shrunk is not None
    assert run.shrunk.after.agents <= run.shrunk.before.agents


async def keeps_the_lock_now_and_then(world: World, me: pileup.Agent) -> None:
    """Lose a write; and who is first of all agents to look at the door never ends what it holds."""
    n = await world.memory.get("n") or 0
    await world.memory.set("n", n + 1)
    async with world.memory.lock("door"):
        await world.memory.get("inside")
        m = await world.memory.get("m") or 0
        await world.memory.add("looked", 1)
        if m == 0 and me.index == 2:
            async with world.memory.lock("door"):
                pass
    await world.memory.set("m", 1)


def test_no_finding_of_an_exploration_is_there_because_a_run_was_cut_off() -> None:
    scenario = pileup.Scenario(keeps_the_lock_now_and_then, agents=4)
    for seed in SEEDS:
        for finding in pileup.explore(scenario, runs=60, seed=seed).findings:
            assert told(whole(scenario, finding.replay), finding) is not None, finding.kind


async def goes_by_the_phase(world: World, me: pileup.Agent) -> None:
    """Lose an add, but only where somebody looks just before and just after another has begun."""
    if me.index % 2:
        await world.memory.set("phase", 1)
        await world.memory.set("phase", 2)
        await world.memory.add("n", 1)
        return
    before = await world.memory.get("phase")
    after = await world.memory.get("phase")
    if before is None and after == 1:
        n = await world.memory.get("n") or 0
        await world.memory.set("n", n + 1)
    else:
        await world.memory.add("n", 1)


async def waits_for_the_second(world: World, me: pileup.Agent) -> None:
    """Wait for who counts to two, which nobody does after a lost update."""
    if me.index == 0:
        await world.cache.blpop("done")
        return
    n = await world.memory.get("n") or 0
    await world.memory.set("n", n + 1)
    if n == 1:
        await world.cache.rpush("done", "yes")


async def polls_and_adds(world: World, me: pileup.Agent) -> None:
    if me.index == 3:
        await world.memory.set("go", value=True)
        return
    while not await world.memory.get("go"):
        pass
    n = await world.memory.get("n") or 0
    await world.memory.set("n", n + 1)


async def adds_and_fails(world: World) -> None:
    await world.memory.get("n")
    n = await world.memory.get("n") or 0
    await world.memory.set("n", n + 1)
    raise ValueError("as always")


PHASES = pileup.Scenario(goes_by_the_phase, agents=8, faults="3am")
WAITING = pileup.Scenario(waits_for_the_second, agents=3)
FAILING = pileup.Scenario(adds_and_fails, agents=12)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_takes_more_than_one_deviation_becomes_plain_too(seed: int) -> None:
    case = walk(PHASES, "lost_write", seed)
    run = case.shrunk()
    assert real(case, run).kind == case.finding.kind
    assert run.shrunk is not None
    assert order(run.shrunk.after) < order(run.shrunk.before)


def test_a_deadlock_that_only_the_cut_made_does_not_come_out() -> None:
    case = walk(WAITING, "deadlock")
    run = case.shrunk()
    assert real(case, run).kind == case.finding.kind
    assert run.shrunk is not None
    assert run.shrunk.after.agents == 3
    limits = decode(run.token).limits
    assert limits is None or not limits.stops


def test_an_agent_that_polls_for_one_who_stands_by_does_not_take_all_the_time_there_is() -> None:
    case = walk(pileup.Scenario(polls_and_adds, agents=4), "lost_write")
    with prepared(case.explorer):
        shrinker = shrink.Shrinker(case.explorer, case.finding, case.run, stops=True)
        longest = 0
        attempted = shrinker.gate._quick.run

        def counted(*given: Any, **options: Any) -> Run:
            nonlocal longest
            run = attempted(*given, **options)
            longest = max(longest, run.steps)
            return run

        shrinker.gate._quick.run = counted  # type: ignore[method-assign] # to count
        shrinker.shrink()
    assert longest < 2 * case.run.steps + 500 < case.explorer.conditions.budgets.steps


# The shrinker, broken ----------------------------------------------------------------------

JUDGED = {
    "crowd": (crowd("3am"), "lost_write"),
    "phases": (PHASES, "lost_write"),
    "two bugs": (FAILING, "lost_write"),
    "waiting": (WAITING, "deadlock"),
}


@cache
def judged(name: str) -> tuple[Case, Run]:
    scenario, kind = JUDGED[name]
    case = walk(scenario, kind)
    return case, case.shrunk()


def complaint(shrinking: ModuleType, name: str) -> str:
    """Say what of all that is checked above does not hold of a shrinker; empty if all does."""
    case, good = judged(name)
    try:
        run = case.shrunk(shrinking)
    except Exception as error:  # noqa: BLE001 - a broken one may fail with anything
        return type(error).__name__
    if told(run, case.finding) is None:
        return "another bug"
    assert run.shrunk is not None
    assert good.shrunk is not None
    if order(run.shrunk.after) > order(good.shrunk.after):
        return "not as plain"
    if told(whole(case.scenario, run.token), case.finding) is None:
        return "not real"
    return ""


@pytest.mark.parametrize("name", JUDGED)
def test_the_shrinker_as_it_is_gives_no_cause_for_complaint(name: str) -> None:
    unbroken = broken(MODULES, '"""Shrinking:', '"""Shrinking indeed:')
    assert complaint(unbroken, name) == ""


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("phases", "attempt is None or attempt.cost >= self.best.cost", "attempt is None"),
        ("crowd", "attempt.cost >= self.best.cost", "attempt.cost <= self.best.cost"),
        ("two bugs", "if finding.fingerprint == self._wanted:", "if finding.kind:"),
        ("waiting", "return self._wanted in {", "return True or self._wanted in {"),
        ("phases", "self._quick.run(follow, 0, limits=limits)", "self._quick.run(follow, 0)"),
        ("phases", "            if keep(fewer):", "            if not keep(fewer):"),
        ("phases", "            self.drop_agents()\n", ""),
        ("phases", "            self.drop_faults()\n", ""),
        ("phases", "            self.drop_swerves()\n", ""),
    ],
)
def test_a_broken_shrinker_is_noticed(name: str, old: str, new: str) -> None:
    assert complaint(broken(MODULES, old, new), name)
