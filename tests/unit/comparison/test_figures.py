"""Figures and their intervals, against values worked out elsewhere."""

from __future__ import annotations

import pytest

from pileup.comparison.figures import (
    clean_below,
    mean,
    quantile,
    quantile_over_runs,
    quantiles,
    ratio,
    share,
    share_over_runs,
)
from pileup.reports.comparison import Cell


@pytest.mark.parametrize(
    ("part", "of", "low", "high"),
    # Wilson's interval, as in Brown, Cai and DasGupta (2001) and any table of it.
    [(5, 10, 0.2366, 0.7634), (1, 20, 0.0089, 0.2361), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0)],
)
def test_a_share_has_wilsons_interval(part: int, of: int, low: float, high: float) -> None:
    cell = share(part, of)
    assert cell.value == part / of
    assert (cell.low, cell.high) == pytest.approx((low, high), abs=5e-5)


def test_a_share_of_nothing_may_be_anything() -> None:
    assert share(0, 0) == Cell(0.0, 0.0, 1.0)


def test_a_mean_has_students_interval() -> None:
    cell = mean([1.0, 2.0, 3.0, 4.0, 5.0], "token")
    assert (cell.value, cell.token) == (3.0, "token")
    assert cell.high - cell.value == pytest.approx(2.776445 * (2.5 / 5) ** 0.5)


def test_two_runs_say_little_and_a_hundred_say_what_a_normal_one_does() -> None:
    assert mean([1.0, 2.0]).high == pytest.approx(1.5 + 12.706205 * 0.5)
    many = mean([1.0, 2.0] * 50)
    assert many.high - many.value == pytest.approx(1.959964 * many_error())


def many_error() -> float:
    """Return the standard error of fifty ones and fifty twos."""
    return float((25 / 99 / 100) ** 0.5)


def test_a_share_over_runs_that_vary_is_less_sure_than_one_over_documents() -> None:
    together = share(30, 60)
    alike, apart = share_over_runs([(10, 20)] * 3), share_over_runs([(0, 20), (10, 20), (20, 20)])
    assert alike == together
    assert (apart.value, apart.low, apart.high) == (0.5, 0.0, 1.0)


def test_a_share_of_one_run_is_that_of_its_documents() -> None:
    assert share_over_runs([(5, 10)], "token") == share(5, 10, "token")


def test_a_quantile_over_runs_that_vary_is_less_sure_than_one_over_documents() -> None:
    alike, apart = [[1.0, 2.0, 3.0]] * 3, [[1.0] * 3, [2.0] * 3, [3.0] * 3]
    assert quantile_over_runs(alike, 0.5) == quantile([1.0, 2.0, 3.0] * 3, 0.5)
    found = quantile_over_runs(apart, 0.5, "token")
    assert found is not None
    assert (found.value, found.low, found.token) == (2.0, 0.0, "token")
    assert found.high == pytest.approx(2 + 4.302653 / 3**0.5)
    assert quantile_over_runs([[], [7.0]], 0.5) == Cell(7.0, 7.0, 7.0)
    assert quantile_over_runs([[], []], 0.5) is None


def test_quantiles_go_from_the_least_to_the_largest() -> None:
    found = quantiles([float(each) for each in range(101, 0, -1)])
    assert (found[0], found[10], found[-1], len(found)) == (1.0, 51.0, 101.0, 21)
    assert quantiles([7.0]) == (7.0,) * 21


def test_the_mean_of_one_run_says_nothing_of_how_sure_it_is() -> None:
    assert mean([7.0]) == Cell(7.0, 7.0, 7.0)


def test_a_quantile_is_a_value_that_came_up() -> None:
    values = [float(each) for each in range(100, 0, -1)]
    cell = quantile(values, 0.95)
    assert cell == Cell(96.0, 91.0, 100.0)
    assert quantile([], 0.5) is None


def test_a_ratio_is_as_unsure_as_both_of_its_parts() -> None:
    assert ratio(Cell(4.0, 2.0, 6.0), Cell(2.0, 1.0, 4.0)) == Cell(2.0, 0.5, 6.0)
    assert ratio(Cell(4.0, -2.0, 10.0), Cell(2.0, -1.0, 5.0)) == Cell(2.0, 0.0, 5.0)
    assert ratio(Cell(4.0, 2.0, 6.0), Cell(0.0, 0.0, 0.0)) == Cell(0.0, 0.0, 0.0)


def test_two_hundred_clean_runs_leave_one_and_a_half_percent() -> None:
    assert clean_below(200) == pytest.approx(0.01487, abs=1e-5)


def test_figures_are_apart_where_their_intervals_do_not_meet() -> None:
    assert Cell(1, 0, 2).is_apart_from(Cell(5, 3, 7))
    assert not Cell(1, 0, 4).is_apart_from(Cell(5, 3, 7))
