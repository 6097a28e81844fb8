"""Delays: how many there are, where they fall, and that all else is dull."""

from __future__ import annotations

from collections import Counter

import pytest
from support.asked import who

import pileup
from pileup.choices import CLOCK, Point
from pileup.errors import UsageError
from pileup.fakes import World
from pileup.strategies import Random
from pileup.strategies._draws import GUESS
from pileup.strategies.delay import Delay, sampled


def run(strategy: Delay, number: int, questions: int, *, jump: bool = False) -> list[int]:
    strategy.begin(number)
    strategy._draws._eager = float(jump)
    return [strategy.choose(who(jump=jump)) for _ in range(questions)]


def delayed(answers: list[int]) -> list[int]:
    """At which questions, counted from 1, the strand that would go was passed over."""
    return [1 + place for place, answer in enumerate(answers) if answer == 1]


def test_the_name_says_the_delays() -> None:
    assert (Delay(0).name, Delay(0, delays=5).name) == ("delay:2", "delay:5")


@pytest.mark.parametrize("wrong", [{"delays": -1}, {"delays": True}, {"steps": 0}])
def test_what_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=f"`{next(iter(wrong))}` must be a whole number"):
        Delay(0, **wrong)


def expect_delays(strategy: Delay, delays: int, dull: int = 0, *, jump: bool = False) -> None:
    for number in range(60):
        answers = run(strategy, number, 40, jump=jump)
        assert Counter(answers) == Counter({dull: 40 - delays, 1: delays})


@pytest.mark.parametrize("delays", [1, 2, 7, 39])
def test_a_run_has_exactly_so_many_delays(delays: int) -> None:
    expect_delays(Delay(3, delays, 40), delays)


def test_without_delays_a_run_is_dull() -> None:
    assert run(Delay(3, 0, 40), 1, 100) == [0] * 100


def test_no_more_than_every_question_can_be_delayed() -> None:
    assert run(Delay(3, 9, 5), 1, 7) == [1] * 5 + [0] * 2


def test_no_delay_is_lost_to_the_clock() -> None:
    expect_delays(Delay(3, 2, 40), 2, dull=3, jump=True)


class ClockFirst(Delay):
    """A mutant: the clock is asked before the delays."""

    def choose(self, point: Point) -> int:
        clock = self._draws.wants_clock(point)
        return point.count - 1 if clock else super().choose(point)


class Late(Delay):
    """A mutant: counts a question after it was answered."""

    def choose(self, point: Point) -> int:
        self._asked -= 1
        answer = super().choose(point)
        self._asked += 1
        return answer


class Twice(Delay):
    """A mutant: may draw the same question twice."""

    def begin(self, run: int) -> None:
        super().begin(run)
        draw = self._draws.draw
        self._places = {1 + int(draw() * 40): None for _ in range(self._delays)}


@pytest.mark.parametrize("mutant", [ClockFirst, Late, Twice])
def test_a_wrong_number_of_delays_is_noticed(mutant: type[Delay]) -> None:
    # Of 60 runs with 9 of 40 places, one draws none twice by chance in 2.7.
    jump = mutant is ClockFirst
    with pytest.raises(AssertionError):
        expect_delays(mutant(3, 9, 40), 9, dull=3 if jump else 0, jump=jump)


def test_beside_the_clock_alone_a_delay_lets_the_deadline_pass() -> None:
    strategy = Delay(0, 4, 4)
    strategy.begin(0)
    point = who([7], jump=True)
    assert [point.option(strategy.choose(point)) for _ in range(4)] == [CLOCK] * 4


def test_every_way_to_place_the_delays_is_as_likely() -> None:
    strategy = Delay(0, 2, 6)
    found = Counter(tuple(delayed(run(strategy, number, 6))) for number in range(3_000))
    assert len(found) == strategy.schedules == 15
    # 200 each with a standard deviation of 13.7: five of them either way.
    assert all(131 < count < 269 for count in found.values())


# What a run depends on -------------------------------------------------------------------------


def test_the_same_seed_and_run_give_the_same_answers() -> None:
    strategy = Delay(3, steps=40)
    first = run(strategy, 5, 40)
    run(strategy, 6, 40)
    assert run(strategy, 5, 40) == run(Delay(3, steps=40), 5, 40) == first


def test_seeds_and_runs_differ() -> None:
    found = {tuple(run(Delay(seed, 9, 40), number, 40)) for seed in range(3) for number in range(9)}
    # Of 273 million ways, two of 27 are alike by chance once in 800,000.
    assert len(found) == 27


def test_the_length_is_that_of_the_first_run_alone() -> None:
    strategy = Delay(0)
    run(strategy, 0, 3)  # under a loop that was the wrong one
    strategy.begin(0)
    assert strategy.steps == GUESS
    for _ in range(30):
        strategy.choose(who())
    one = run(strategy, 1, 90)
    assert strategy.steps == 30
    run(strategy, 2, 90)
    assert strategy.steps == 30
    assert one == run(Delay(0, steps=30), 1, 90)


# The rest --------------------------------------------------------------------------------------


def test_the_other_streams_are_those_of_the_random_walk() -> None:
    strategy, random = Delay(4), Random(4)
    strategy.begin(2)
    random.begin(2)
    for point in [Point("faults", 2, "f", 0.3), Point("data", 9, "d")] * 20:
        assert strategy.choose(point) == random.choose(point)


def test_other_streams_are_no_questions_of_the_schedule() -> None:
    strategy = Delay(0, 4, 4)
    strategy.begin(0)
    for _ in range(9):
        strategy.choose(Point("data", 9, "d"))
    assert [strategy.choose(who()) for _ in range(5)] == [1, 1, 1, 1, 0]


def test_a_lost_update_is_found_and_found_again() -> None:
    async def adds(world: World) -> None:
        total = await world.memory.get("total")
        await world.memory.set("total", (total or 0) + 1)

    first, second = (pileup.explore(adds, runs=80, strategy=Delay(0)) for _ in range(2))
    assert [each.kind for each in first.findings] == ["lost_write"]
    assert first.stats == second.stats


def test_the_claim_says_which_share_was_tried() -> None:
    # 780 ways, of which 200 draws find 780 x (1 - (779/780) ** 200) = 176.5.
    claim = Delay(0, 2, 40).claim(200)
    assert "780 ways to place 2 delays among the 40 questions" in claim
    assert "tried by 200 runs is about 22.63%" in claim


def test_the_claim_leaves_out_the_run_that_was_on_a_guess() -> None:
    strategy = Delay(0, 1)
    run(strategy, 0, 4)
    assert "tried by the 1 run after the first is about 25.00%" in strategy.claim(2)
    assert "is about 0.00%" in strategy.claim(1)


def test_the_share_is_certain_at_the_ends() -> None:
    assert (sampled(1, 0), sampled(1, 3), sampled(780, 0)) == (0.0, 1.0, 0.0)
    assert sampled(10**400, 1_000) == 0.0
