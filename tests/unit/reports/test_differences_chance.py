"""Whether a difference may be chance: held against counting, and against chance itself."""

from __future__ import annotations

from fractions import Fraction
from math import comb
from random import Random

import pytest
from support.small_comparison import cell

from pileup.reports.comparison import Cell
from pileup.reports.differences.chance import LEVEL, by_counts, by_intervals, telling


def by_hand(before: int, runs_before: int, after: int, runs_after: int) -> Fraction:
    seen = before + after

    def likely(part: int) -> Fraction:
        ways = comb(runs_before, part) * comb(runs_after, seen - part)
        return Fraction(ways, comb(runs_before + runs_after, seen))

    parts = range(max(0, seen - runs_after), min(seen, runs_before) + 1)
    return sum((likely(each) for each in parts if likely(each) <= likely(before)), Fraction(0))


@pytest.mark.parametrize("runs", [(1, 1), (3, 7), (12, 12), (20, 5)])
def test_it_is_as_likely_as_counting_all_tables_says(runs: tuple[int, int]) -> None:
    for before in range(runs[0] + 1):
        for after in range(runs[1] + 1):
            found = by_counts(before, runs[0], after, runs[1])
            assert found == pytest.approx(float(by_hand(before, runs[0], after, runs[1])))


def test_a_million_runs_are_no_trouble() -> None:
    assert by_counts(100, 1_000_000, 200, 1_000_000) < 1e-7
    assert by_counts(100, 1_000_000, 101, 1_000_000) > 0.9


def test_once_in_two_hundred_runs_is_no_news() -> None:
    assert by_counts(0, 200, 1, 200) == pytest.approx(1.0)
    assert by_counts(0, 200, 9, 200) < LEVEL


def test_intervals_that_just_meet_are_not_far_apart_enough() -> None:
    chance = by_intervals(cell(10, 2), cell(14, 2))
    assert chance == pytest.approx(0.0056, abs=1e-4)
    assert by_intervals(cell(14, 2), cell(10, 2)) == chance
    nearer, farther = by_intervals(cell(10, 2), cell(13, 2)), by_intervals(cell(10, 2), cell(20, 2))
    assert nearer is not None
    assert farther is not None
    assert farther < 1e-6
    assert nearer > LEVEL


def test_of_an_interval_the_side_counts_that_faces_the_other() -> None:
    lopsided = Cell(10, 9.9, 19)
    assert by_intervals(lopsided, cell(20, 1)) == pytest.approx(0.0303, abs=1e-3)
    assert by_intervals(lopsided, cell(0, 1)) == pytest.approx(0, abs=1e-9)


def test_figures_without_intervals_say_nothing_unless_they_are_the_same() -> None:
    assert by_intervals(cell(1), cell(2)) is None
    assert by_intervals(cell(1), cell(1)) == 1.0


@pytest.mark.parametrize(
    ("chances", "told"),
    [
        ([], []),
        ([0.004], [True]),
        ([0.004, 0.004, 0.5], [False, False, False]),
        ([0.5, 0.004, 0.003], [False, True, True]),
        ([0.005, 0.003, 0.9], [True, True, False]),
        ([0.02], [False]),
    ],
)
def test_the_more_is_looked_at_the_less_likely_has_a_difference_to_be(
    chances: list[float], told: list[bool]
) -> None:
    assert telling(chances) == told


def test_chance_alone_tells_of_hardly_anything() -> None:
    """Ten kinds, each at its own rate, in 400 pairs of 100 runs that differ in nothing."""
    dice = Random(1)
    rates = (0.0, 0.01, 0.02, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)

    def seen(rate: float) -> int:
        return sum(dice.random() < rate for _ in range(100))

    wrong = sum(
        any(telling([by_counts(seen(rate), 100, seen(rate), 100) for rate in rates]))
        for _ in range(400)
    )
    assert wrong <= 10  # 4 of 400 are allowed; that many come up in 1 of 300 tries
