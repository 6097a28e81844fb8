"""Agents that poll for ever: the search is given up, says so, and is the same for all workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import pileup
from pileup.fakes import World
from pileup.search.accounts import endless
from pileup.search.shrinking import gate, shrink

BUDGETS = pileup.Budgets(steps=200, events=200)


@pytest.fixture(autouse=True)
def _soon_tired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endless, "MOST_IN_VAIN", 1_000)
    for module in (gate, shrink):
        monkeypatch.setattr(module, "MOST_STEPS", 30_000)
    monkeypatch.setattr(shrink, "MOST_SCRATCH_STEPS", 10_000)


async def polls(world: World) -> None:
    while not await world.memory.get("done"):
        await world.memory.get("other")


async def polls_if_first(world: World, me: pileup.Agent) -> None:
    """Ends in about half of the orders."""
    entered = await world.memory.add("entered", 1)
    while me.index == 1 and entered == 1:
        await world.memory.get("done")


def stopped(found: pileup.Exploration) -> list[str]:
    return [each for each in found.warnings if each.startswith("The search was stopped")]


def test_the_search_is_given_up_when_enough_was_spent_in_vain() -> None:
    found = pileup.explore(polls, budgets=BUDGETS)
    assert found.runs == 5
    assert found.findings[0].kind in ("overrun", "endless_loop")
    assert found.stats.sightings[found.findings[0].fingerprint].times == 5
    (said,) = stopped(found)
    assert "after 5 of 200 runs, because 5 runs did not end and took 1,005 steps" in said


@pytest.mark.parametrize("budget", ["steps", "events"])
def test_either_budget_counts(budget: str) -> None:
    assert pileup.explore(polls, budgets=pileup.Budgets(**{budget: 400})).runs == 3


def test_runs_that_end_cost_nothing_however_long_they_are() -> None:
    async def reads(world: World) -> None:
        for _ in range(60):
            await world.memory.get("other")

    found = pileup.explore(reads, budgets=BUDGETS, runs=50)
    assert (found.runs, stopped(found)) == (50, [])


def test_an_order_that_seldom_ends_leaves_the_search_going_on_until_then() -> None:
    found = pileup.explore(polls_if_first, budgets=BUDGETS)
    assert 5 < found.runs < 200
    assert found.stats.sightings[found.findings[0].fingerprint].times == 5


def test_a_search_that_would_have_ended_there_anyway_was_not_stopped() -> None:
    assert stopped(pileup.explore(polls, budgets=BUDGETS, runs=5)) == []


@pytest.mark.parametrize("agent", [polls, polls_if_first])
def test_several_workers_stop_at_the_same_run(agent: Callable[..., object], tmp_path: Path) -> None:
    alone = pileup.explore(agent, budgets=BUDGETS, shrink=False)
    both = pileup.explore(agent, budgets=BUDGETS, shrink=False, workers=2, resume=tmp_path / "d")
    more = pileup.explore(agent, budgets=BUDGETS, shrink=False, resume=tmp_path / "d")
    for found in (both, more):
        assert (found.runs, found.findings) == (alone.runs, alone.findings)
        assert found.stats == alone.stats
        assert found.spread == alone.spread
        assert stopped(found) == stopped(alone)


def test_shrinking_is_given_up_as_well_and_tells_how_many_runs_it_was_tried_on() -> None:
    found = pileup.explore(polls, budgets=pileup.Budgets(steps=2_000))
    assert found.counterexample is not None
    shrunk = found.counterexample.shrunk
    assert shrunk is not None
    assert shrunk.after.agents == 1
    assert (shrunk.too, shrunk.others) == (3, 3)
    assert shrunk.runs < 20
