"""Random priorities: who goes, when that changes, and whether the promise is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from support.asked import who

import pileup
from pileup.choices import Point, Strategy, Student, Trail, Turn
from pileup.errors import UsageError
from pileup.fakes import World
from pileup.strategies import Random
from pileup.strategies._draws import GUESS, Draws
from pileup.strategies.pct import TURN, Pct, missing


def turns(strategy: Strategy, steps: int, numbers: Sequence[int] = range(5)) -> list[int]:
    """Play a schedule among agents that never end; say who acted."""
    acted, at = [], 0
    for _ in range(steps):
        at = (at + strategy.choose(who(numbers, at=at))) % len(numbers)
        acted.append(numbers[at])
    return acted


def run(
    strategy: Strategy, number: int, steps: int, numbers: Sequence[int] = range(5)
) -> list[int]:
    strategy.begin(number)
    return turns(strategy, steps, numbers)


def switches(acted: list[int]) -> list[int]:
    """After which steps, counted from 1, somebody else went on."""
    return [step for step in range(1, len(acted)) if acted[step] != acted[step - 1]]


def test_the_name_says_the_depth() -> None:
    assert (Pct(0).name, Pct(0, depth=5).name) == ("pct:3", "pct:5")


@pytest.mark.parametrize("wrong", [{"depth": 0}, {"depth": True}, {"steps": 0}])
def test_what_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=f"`{next(iter(wrong))}` must be a whole number from 1 on"):
        Pct(0, **wrong)


# Priorities ------------------------------------------------------------------------------------


def order(strategy: Strategy, at: int = 0) -> list[int]:
    """Let each go until it ends: the order of the priorities."""
    left, gone = list(range(6)), []
    while len(left) > 1:
        start = at % len(left)
        gone.append(left.pop((start + strategy.choose(who(left, at=start))) % len(left)))
    return [*gone, *left]


def begun(strategy: Pct, number: int) -> Pct:
    strategy.begin(number)
    return strategy


@pytest.mark.parametrize("at", range(6))
def test_the_order_of_priorities_does_not_depend_on_who_went_last(at: int) -> None:
    assert order(begun(Pct(1, 1, 40), 2), at) == order(begun(Pct(1, 1, 40), 2))


def test_every_order_of_priorities_is_as_likely() -> None:
    strategy = Pct(0, 1, 40)
    first = Counter(order(begun(strategy, number))[0] for number in range(3_000))
    last = Counter(order(begun(strategy, number))[-1] for number in range(3_000))
    # 500 each with a standard deviation of 20: five of them either way.
    assert all(400 < count < 600 for count in [*first.values(), *last.values()])
    assert len(first) == len(last) == 6


def expect_one_that_was_blocked_to_go_first_again(strategy: Pct) -> None:
    for number in range(20):
        (best,) = run(strategy, number, 1)
        others = [each for each in range(5) if each != best]
        turns(strategy, 3, others)
        assert turns(strategy, 2) == [best, best]


def test_one_that_was_blocked_goes_first_again() -> None:
    expect_one_that_was_blocked_to_go_first_again(Pct(0, 1, 40))


class Forgetful(Pct):
    """A mutant: looks at who stands there only when their number changes."""

    def choose(self, point: Point) -> int:
        if len(self._seen) == len(point.candidates):
            self._seen = point.candidates
        return super().choose(point)


def test_a_new_one_of_higher_priority_goes_at_once() -> None:
    expect_newcomers_to_be_seen(Pct(0, 1, 40))
    with pytest.raises(AssertionError):
        expect_newcomers_to_be_seen(Forgetful(0, 1, 40))


def expect_newcomers_to_be_seen(strategy: Pct) -> None:
    went = set()
    for number in range(40):
        run(strategy, number, 1, [0, 1])
        (acted,) = turns(strategy, 1, [0, 2])
        assert acted == max((0, 2), key=strategy._priorities.__getitem__)
        went.add(acted)
    # Either with 1/2: one of them is missing by chance once in 10**11.
    assert went == {0, 2}


# Changes ---------------------------------------------------------------------------------------


def expect_changes(strategy: Pct, changes: int) -> None:
    """Among so many agents each fall makes another go, so the switches are the changes."""
    for number in range(50):
        acted = run(strategy, number, 41, range(changes + 2))
        assert len(switches(acted)) == changes
        assert len(set(acted)) == changes + 1, "one that fell went on"


@pytest.mark.parametrize("depth", [1, 2, 3, 6])
def test_a_run_has_one_change_less_than_its_depth(depth: int) -> None:
    expect_changes(Pct(7, depth, 40), depth - 1)


class Steady(Pct):
    """A mutant: nobody falls."""

    def _lower(self, number: int, priority: int) -> None:
        pass


class Shy(Pct):
    """A mutant: who falls stays above those that it was above."""

    def _lower(self, number: int, priority: int) -> None:
        super()._lower(number, priority + self._depth)


class Stale(Pct):
    """A mutant: a fall is not noticed while the same ones stand there."""

    def _lower(self, number: int, priority: int) -> None:
        self._priorities[number] = priority


@pytest.mark.parametrize("mutant", [Steady, Shy, Stale])
def test_a_change_that_is_none_is_noticed(mutant: type[Pct]) -> None:
    with pytest.raises(AssertionError):
        expect_changes(mutant(7, 3, 40), 2)


def test_changes_come_at_every_step_as_often() -> None:
    strategy = Pct(0, 2, 10)
    found = Counter(switches(run(strategy, number, 11))[0] for number in range(3_000))
    assert sorted(found) == list(range(1, 11))
    # 300 each with a standard deviation of 16: five of them either way.
    assert all(220 < count < 380 for count in found.values())


def test_the_first_change_drawn_falls_below_the_second_whichever_comes_first() -> None:
    strategy = Pct(0, 3, 40)
    back = []
    for number in range(200):
        acted = run(strategy, number, 41, [0, 1])
        early, late = sorted(strategy._changes)
        back.append(strategy._changes[early] > strategy._changes[late])
        assert switches(acted) == ([early, late] if back[-1] else [early])
    # Half of them with a standard deviation of 7: five of them either way.
    assert 65 < sum(back) < 135


def test_the_clock_is_no_step() -> None:
    strategy = begun(Pct(0, 3, 40), 0)
    strategy._draws._eager = 1.0
    assert [strategy.choose(who([0, 1], jump=True)) for _ in range(50)] == [2] * 50
    assert len(switches(turns(strategy, 41))) == 2


def expect_all_to_go_in_the_end(strategy: Pct) -> None:
    assert set(run(strategy, 0, 40 + 5 * TURN)) == set(range(5))


def test_nobody_polls_for_ever() -> None:
    expect_all_to_go_in_the_end(Pct(0, 1, 40))
    with pytest.raises(AssertionError):
        expect_all_to_go_in_the_end(Steady(0, 1, 40))


# What a run depends on -------------------------------------------------------------------------


def test_the_same_seed_and_run_give_the_same_answers() -> None:
    strategy = Pct(3, steps=40)
    first = run(strategy, 5, 60)
    run(strategy, 6, 60)
    assert run(strategy, 5, 60) == run(Pct(3, steps=40), 5, 60) == first


def test_seeds_and_runs_differ() -> None:
    found = {
        tuple(run(Pct(seed, steps=40), number, 41)) for seed in range(3) for number in range(9)
    }
    # Of 60 orders times 1,560 places two of 27 are alike by chance once in 270 times.
    assert len(found) == 27


def test_the_length_is_that_of_the_first_run_alone() -> None:
    strategy = begun(Pct(0), 0)
    assert strategy.steps == GUESS
    turns(strategy, 30)
    for number in range(1, 4):
        run(strategy, number, 90)
        assert strategy.steps == 30


async def many(world: World) -> None:
    for _ in range(20):
        await world.memory.get("x")


async def one(world: World) -> None:
    await world.memory.get("x")


@pytest.mark.parametrize("seed", range(8))
def test_the_length_does_not_depend_on_who_was_left_alone_in_the_first_run(seed: int) -> None:
    strategy = Pct(seed, 2)
    pileup.explore([many, one], runs=2, strategy=strategy)
    # Two starts and 21 reads; asked about are all but two of them, or only two.
    assert 23 <= strategy.steps <= 25
    assert not strategy.studies


def test_a_trail_is_studied_once() -> None:
    strategy = begun(Pct(0), 0)
    assert isinstance(strategy, Student)
    assert strategy.studies
    trail = Trail()
    trail.turns = [Turn(0, 0, 0, waits=False)] * 30
    strategy.learn(trail)
    strategy.learn(Trail())
    assert (strategy.studies, strategy.steps, strategy.done) == (False, 30, False)
    assert not begun(Pct(0, steps=9), 0).studies


def test_a_length_learned_from_the_run_of_another_holds_from_the_start() -> None:
    told, given = Pct(0), Pct(0, steps=30)
    trail = Trail()
    trail.turns = [Turn(0, 0, 0, waits=False)] * 30
    told.learn(trail)
    assert run(told, 3, 40) == run(given, 3, 40)
    assert told.claim(7) == given.claim(7)


def test_a_first_run_that_was_started_over_is_counted_once() -> None:
    strategy = Pct(0)
    run(strategy, 0, 3)
    run(strategy, 0, 30)
    assert begun(strategy, 1).steps == 30


def test_workers_that_begin_alike_play_every_run_alike() -> None:
    one, two = Pct(0), Pct(0)
    assert run(one, 0, 30) == run(two, 0, 30)
    run(one, 3, 200)
    assert run(one, 8, 40) == run(two, 8, 40)
    assert run(one, 0, 30) == run(Pct(0), 0, 30), "the first run is on a guess whenever it is made"


# The other streams -----------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Pct, Draws])
def test_faults_and_data_are_those_of_the_random_walk(make: type[Pct | Draws]) -> None:
    random, strategy = Random(4), make(4)
    answer = strategy.choose if isinstance(strategy, Pct) else strategy.other
    for number in (2, 9):
        random.begin(number)
        strategy.begin(number)
        points = [Point("faults", 2, "f", 0.3), Point("data", 9, "d"), Point("faults", 2, "f", 1.0)]
        for point in points * 20:
            assert answer(point) == random.choose(point)


def test_the_clock_is_as_eager_as_that_of_the_random_walk() -> None:
    random, pct = Random(4), Pct(4, steps=9)
    for number in range(20):
        random.begin(number)
        pct.begin(number)
        assert pct._draws._eager == random._draws._eager


# What it is worth ------------------------------------------------------------------------------


async def opens_and_closes(world: World) -> None:
    for step in range(25):
        await world.memory.set("gate", step == 12)


async def looks(world: World) -> None:
    assert not await world.memory.get("gate")


def hits(strategy: Strategy, runs: int) -> int:
    """In how many runs the one looked while the other had the gate open: a bug of depth 2."""
    found = pileup.explore([opens_and_closes, looks], runs=runs, strategy=strategy)
    return max((each.times for each in found.stats.sightings.values()), default=0)


def expect_the_bound(make: Callable[[int], Strategy]) -> None:
    # The bound is 1/(2k), and k about 26: 800 runs hit 15.4 times with a standard
    # deviation of 3.9. A random walk looks so late in one of 2,000 runs.
    assert hits(make(0), 800) >= 15.4 - 2.5 * 3.9


def test_a_bug_of_depth_2_is_hit_as_often_as_promised() -> None:
    strategy = Pct(0, 2)
    expect_the_bound(lambda _: strategy)
    assert 1 / 60 < strategy.bound(2) < 1 / 50


@pytest.mark.parametrize(
    "mutant", [Random, lambda seed: Pct(seed, 1), lambda seed: Steady(seed, 2)]
)
def test_what_keeps_no_promise_does_not_hit(mutant: Callable[[int], Strategy]) -> None:
    with pytest.raises(AssertionError):
        expect_the_bound(mutant)


def test_a_lost_update_is_found_and_found_again() -> None:
    async def adds(world: World) -> None:
        total = await world.memory.get("total")
        await world.memory.set("total", (total or 0) + 1)

    first, second = (pileup.explore(adds, runs=40, strategy=Pct(0)) for _ in range(2))
    assert [each.kind for each in first.findings] == ["lost_write"]
    assert first.stats == second.stats
    assert {each.strategy for each in first.stats.sightings.values()} == {"pct:3"}


def test_the_claim_has_the_figures_of_the_bound() -> None:
    strategy = Pct(0, 2, 10)
    run(strategy, 0, 10, range(3))
    assert strategy.bound(3) == 1 / 30
    # (29/30) ** 200 is 0.00114.
    assert "among 3 agents or tasks and 10 steps" in strategy.claim(200)
    assert "at most 1 - 1/(3 x 10^1): by all of 200 runs with at most 0.2%" in strategy.claim(200)


def test_the_claim_leaves_out_the_run_that_was_on_a_guess() -> None:
    strategy = Pct(0, 1)
    run(strategy, 0, 10, range(2))
    assert "by all of the 2 runs after the first with at most 25%" in strategy.claim(3)
    assert "at most 100%" in strategy.claim(1)


def test_the_claim_admits_that_runs_were_longer() -> None:
    strategy = Pct(0, 2, 10)
    run(strategy, 0, 10)
    assert "nothing is promised" not in strategy.claim(1)
    run(strategy, 1, 12)
    strategy.begin(2)
    assert "Runs had up to 12 steps: of what takes more than 10, nothing" in strategy.claim(2)


def test_what_is_certain_is_never_missed() -> None:
    assert (missing(1.0, 1), missing(1.0, 0), missing(0.5, 0)) == (0.0, 1.0, 1.0)
    assert missing(0.5, 2) == pytest.approx(0.25)
