"""All that Hypothesis offers around a test works with drawn runs: each in a real run."""

from __future__ import annotations

import random
import re
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import (
    HealthCheck,
    Phase,
    example,
    given,
    reproduce_failure,
    seed,
    settings,
)
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.errors import DeadlineExceeded, FlakyFailure
from support import property_agents as shops

import pileup
from pileup.fakes import World
from pileup.hypothesis import Found, Schedule, plans, schedules

Test = Callable[..., None]


def losing(seen: list[Schedule] | None = None) -> Test:
    """Return a test that fails, and notes each order that it was given."""

    def nothing_is_lost(order: Schedule) -> None:
        if seen is not None:
            seen.append(order)
        order.play(shops.adds).assert_clean()

    return nothing_is_lost


UNEXPLAINED = set(Phase) - {Phase.explain}
"""Explaining takes several times as long as shrinking."""


def fails(test: Test, *decorators: Any, **options: Any) -> BaseException:
    test = given(order=schedules())(test)
    for decorate in decorators:
        test = decorate(test)
    quiet: dict[str, Any] = {
        "deadline": None,
        "database": None,
        "phases": UNEXPLAINED,
        **options,
    }
    with pytest.raises(Found) as raised:
        settings(**quiet)(test)()
    return raised.value


def test_reproduce_failure_plays_the_failing_run_and_no_other() -> None:
    notes = "\n".join(fails(losing(), derandomize=True, print_blob=True).__notes__)
    version, blob = re.findall(r"@reproduce_failure\('([\d.]+)', b'(.+)'\)", notes)[0]
    seen: list[Schedule] = []
    fails(losing(seen), reproduce_failure(version, blob.encode()))
    assert set(map(str, seen)) == {"Schedule({(0, 2): 1})"}


def test_the_example_database_tries_what_has_failed_first() -> None:
    database = InMemoryExampleDatabase()
    fails(losing(), database=database)
    seen: list[Schedule] = []
    fails(losing(seen), database=database)
    assert str(seen[0]) == "Schedule({(0, 2): 1})"


def test_derandomized_the_same_runs_are_made_each_time() -> None:
    first: list[Schedule] = []
    second: list[Schedule] = []
    fails(losing(first), derandomize=True)
    fails(losing(second), derandomize=True)
    assert first == second


def test_a_seed_decides_which_runs_are_made() -> None:
    def drawn(number: int) -> list[Schedule]:
        seen: list[Schedule] = []

        def plays(order: Schedule) -> None:
            seen.append(order)
            order.play(shops.adds_at_once).assert_clean()

        test = seed(number)(given(order=schedules())(plays))
        settings(database=None, deadline=None, max_examples=20)(test)()
        return seen

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_an_example_is_a_schedule_that_is_written_down() -> None:
    seen: list[Schedule] = []
    order = Schedule({(0, 2): 1, (5, 5): "clock"})
    fails(losing(seen), example(order=order), phases=[Phase.explicit])
    assert set(map(str, seen)) == {str(order)}


def test_without_the_phase_of_shrinking_what_was_found_is_shown() -> None:
    shrunk, found = (
        str(fails(losing(), derandomize=True, phases=phases).__notes__)
        for phases in ([Phase.generate, Phase.shrink], [Phase.generate])
    )
    assert "order=Schedule({(0, 2): 1})" in shrunk
    assert shrunk != found


def test_explaining_says_what_else_would_do() -> None:
    @settings(derandomize=True, database=None, deadline=None)
    @given(order=schedules(), agents=st.integers(2, 4))
    def nothing_is_lost(order: Schedule, agents: int) -> None:
        order.play(shops.adds, agents=agents).assert_clean()

    with pytest.raises(Found) as raised:
        nothing_is_lost()
    assert "agents=2,  # or any other generated value" in "\n".join(raised.value.__notes__)


def test_a_reasonable_suite_passes_all_health_checks_within_its_deadline() -> None:
    @settings(derandomize=True, database=None, max_examples=100, deadline=2000)
    @given(
        order=schedules(),
        agents=st.integers(2, 5),
        faults=plans(),
        jobs=st.lists(st.integers(0, 9), max_size=5),
    )
    def all_is_counted(order: Schedule, agents: int, faults: Any, jobs: list[int]) -> None:
        async def works(world: World) -> None:
            with suppress(TimeoutError):  # an answer may never come
                async with pileup.timeout(60):
                    for _ in jobs:
                        await world.memory.add("n", 1)

        order.play(works, agents=agents, faults=faults).assert_clean()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        all_is_counted()


def test_time_in_a_run_is_no_time_to_the_deadline() -> None:
    @settings(database=None, deadline=2000, max_examples=10)
    @given(order=schedules())
    def sleeps_for_days(order: Schedule) -> None:
        async def sleeps() -> None:
            await pileup.sleep(1e6)

        assert order.play(sleeps).seconds >= 1e6

    sleeps_for_days()


def test_real_time_still_is() -> None:
    @settings(
        database=None,
        deadline=50,
        max_examples=5,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(order=schedules())
    def takes_long(order: Schedule) -> None:
        order.play(shops.adds_at_once)
        time.sleep(0.1)

    with pytest.raises((DeadlineExceeded, FlakyFailure)):
        takes_long()


def test_random_numbers_outside_of_runs_go_on_as_if_there_had_been_none() -> None:
    async def draws(world: World) -> None:
        await world.memory.set("n", random.random())

    random.seed(7)
    expected = [random.random() for _ in range(2)]
    random.seed(7)
    first = random.random()
    Schedule({(0, 1): 1}).play(draws)
    assert [first, random.random()] == expected


def test_random_numbers_in_a_run_are_the_runs_own_and_part_of_what_is_drawn() -> None:
    async def draws() -> float:
        return random.random()

    one, other = (Schedule({(0, 9): 1}).play(draws).results for _ in range(2))
    assert one == other
    assert Schedule(draws={0: 1}).play(draws).results != one


HEALTH = """
from hypothesis import given, settings
from pileup.hypothesis import schedules

async def adds(world):
    count = await world.memory.get("n") or 0
    await world.memory.set("n", count + 1)

@settings(deadline=None)
@given(order=schedules())
def test_nothing_is_lost(order):
    order.play(adds).assert_clean()
"""


def test_under_pytest_a_failure_reads_well(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]")
    pytester.makepyfile(test_it=HEALTH)
    result = pytester.runpytest_subprocess("-W", "ignore", "--hypothesis-seed=1")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*pileup.hypothesis.LostWrite: pileup: this run shows 1 finding.*",
            "*1. lost_write (critical): adds-0 wrote over a change of memory*",
            "*replay: pileup.replay(*",
            "*test_nothing_is_lost(*",
            "*order=Schedule({(0, 2): 1}),*",
        ]
    )
    assert "Flaky" not in result.stdout.str()
    assert "playing.py" not in result.stdout.str().split("Failing test case")[1].split("short")[0]
