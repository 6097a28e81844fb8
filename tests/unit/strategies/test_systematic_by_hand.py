"""The systematic strategy by itself: what it claims, where it stops, what it refuses."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest
from support.everything import everything, searched, trace
from support.exhaust import all_runs

import pileup
from pileup.choices import Student
from pileup.errors import NotDeterministic
from pileup.fakes import World
from pileup.search.explorer import Conditions, Explorer
from pileup.search.runs.program import assemble
from pileup.sim.studied import StudiedSim
from pileup.strategies import Dull
from pileup.strategies.systematic import Systematic


async def raises(world: World) -> None:
    await world.memory.set("n", (await world.memory.get("n") or 0) + 1)


async def draws(world: World) -> None:
    await world.memory.set("n", random.randrange(100))


def explorer(*bodies: Any) -> Explorer:
    return Explorer(assemble(list(bodies), 2, World, None), Conditions(backend="native"))


def test_it_is_a_student_that_studies_every_run() -> None:
    strategy = Systematic()
    assert isinstance(strategy, Student)
    assert strategy.studies
    assert not strategy.done


def test_an_exploration_ends_when_nothing_is_left() -> None:
    found = pileup.explore(raises, agents=2, setup=World, strategy=Systematic(), runs=1_000)
    assert found.runs == 4
    assert any(each.kind == "lost_write" for each in found.findings)


def test_it_says_how_much_is_left() -> None:
    strategy = Systematic()
    searched(explorer(raises, raises, raises), strategy, 5)
    assert strategy.left > 0
    assert strategy.claim(5) == (
        f"{strategy.orders} inequivalent orders were tried; at least {strategy.left} are left"
    )


def test_one_agent_has_one_order() -> None:
    strategy = Systematic()
    assert searched(explorer(raises), strategy, 10).runs == 1
    assert (strategy.done, strategy.left) == (True, 0)


def test_a_question_with_many_answers_is_answered_once_and_said() -> None:
    strategy = Systematic()
    searched(explorer(draws), strategy, 100)
    assert strategy.done
    assert "with one answer to 'random seed'" in strategy.left_out


async def raises_later(world: World) -> None:
    value = await world.memory.get("n") or 0
    await asyncio.sleep(0)
    await world.memory.set("n", value + 1)


def test_a_first_attempt_that_came_to_nothing_is_forgotten() -> None:
    """Natively it gets as far as the sleep, and then all is done over under asyncio."""
    strategy = Systematic()
    found = pileup.explore(raises_later, agents=2, setup=World, strategy=strategy, runs=1_000)
    assert strategy.done
    given = Explorer(assemble([raises_later] * 2, 2, World, None), Conditions(backend="asyncio"))
    assert found.runs == searched(given, Systematic(), 1_000).runs


def test_the_same_runs_every_time() -> None:
    first, again = (searched(explorer(raises, raises), Systematic(), 100) for _ in range(2))
    assert list(first.outcomes.items()) == list(again.outcomes.items())


def test_what_outlives_a_run_is_said() -> None:
    worlds: list[World] = []

    async def forgets_itself(world: World) -> None:
        if world not in worlds:
            worlds.append(world)
        if len(worlds) == 1:
            await world.memory.set("n", 1)

    with pytest.raises(NotDeterministic, match="outlives a run"):
        searched(explorer(*[forgets_itself] * 3), Systematic(), 100)


def test_each_run_of_a_search_is_another_trace() -> None:
    made = explorer(raises, raises)
    found = searched(made, Systematic(), 100, traces=True)
    assert found.runs == len(found.traces) == len(everything(made, 100, traces=True).traces)


def test_all_orders_are_counted_as_the_other_brute_force_counts_them() -> None:
    assert everything(explorer(raises, raises), 100).runs == _count(
        all_runs(explorer(raises, raises))
    )


def _count(runs: Iterator[Any]) -> int:
    return sum(1 for _ in runs)


def test_a_trace_tells_apart_what_does_not_commute() -> None:
    made = explorer(raises)
    strategy = Dull()
    strategy.begin(0)
    sim = StudiedSim(strategy, made.conditions.budgets)
    assert trace(sim.trail) == frozenset()
