"""Figures and their intervals, against values worked out elsewhere."""

from __future__ import annotations

import pytest

from pileup.comparison.figures import clean_below, mean, quantile, ratio, share
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


def test_a_mean_lies_within_two_standard_errors() -> None:
    cell = mean([1.0, 2.0, 3.0, 4.0, 5.0], "token")
    assert (cell.value, cell.token) == (3.0, "token")
    assert cell.high - cell.value == pytest.approx(1.959964 * (2.5 / 5) ** 0.5)


def test_the_mean_of_one_run_says_nothing_of_how_sure_it_is() -> None:
    assert mean([7.0]) == Cell(7.0, 7.0, 7.0)


def test_a_quantile_is_a_value_that_came_up() -> None:
    values = [float(each) for each in range(100, 0, -1)]
    cell = quantile(values, 0.95)
    assert cell == Cell(96.0, 91.0, 100.0)
    assert quantile([], 0.5) is None


def test_a_ratio_takes_its_interval_along() -> None:
    assert ratio(Cell(4.0, 2.0, 6.0), 2.0) == Cell(2.0, 1.0, 3.0)
    assert ratio(Cell(4.0, 2.0, 6.0), 0.0) == Cell(0.0, 0.0, 0.0)


def test_two_hundred_clean_runs_leave_one_and_a_half_percent() -> None:
    assert clean_below(200) == pytest.approx(0.01487, abs=1e-5)


def test_figures_are_apart_where_their_intervals_do_not_meet() -> None:
    assert Cell(1, 0, 2).is_apart_from(Cell(5, 3, 7))
    assert not Cell(1, 0, 4).is_apart_from(Cell(5, 3, 7))
