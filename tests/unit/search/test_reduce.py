"""Leaving out and lowering: what is left is what is needed, in as few questions as can be."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileup.search.shrinking.reduce import lower, reduce

unhurried = settings(deadline=None)  # because no verdict may hang on a real clock


class Asked:
    """Whoever is asked whether what is left is enough, and keeps it if so."""

    def __init__(self, items: list[int], enough: Callable[[list[int]], bool]) -> None:
        self.kept = items
        self.times = 0
        self._enough = enough

    def __call__(self, fewer: list[int]) -> bool:
        self.times += 1
        if not self._enough(fewer):
            return False
        self.kept = fewer
        return True


def reduced(size: int, needed: set[int]) -> Asked:
    asked = Asked(list(range(size)), lambda fewer: needed <= set(fewer))
    reduce(asked.kept, asked)
    return asked


def test_all_goes_at_once_where_nothing_is_needed() -> None:
    asked = reduced(1_000, set())
    assert asked.kept == []
    assert asked.times == 1


@pytest.mark.parametrize("needed", [{0}, {999}, {500}, {0, 999}, {3, 4, 5}, {100, 900}])
def test_what_is_needed_is_left_and_nothing_else(needed: set[int]) -> None:
    asked = reduced(1_000, needed)
    assert asked.kept == sorted(needed)
    assert asked.times < 80, "halves are tried before single ones"


def test_nothing_goes_where_all_is_needed() -> None:
    asked = reduced(8, set(range(8)))
    assert asked.kept == list(range(8))
    assert asked.times == 1 + 2 + 4 + 8


def test_nothing_is_asked_of_nothing() -> None:
    assert reduced(0, set()).times == 0


@unhurried
@given(st.integers(0, 40), st.sets(st.integers(0, 39)))
def test_it_is_exact_where_more_is_never_worse(size: int, needed: set[int]) -> None:
    needed = {each for each in needed if each < size}
    assert reduced(size, needed).kept == sorted(needed)


@unhurried
@given(st.sets(st.frozensets(st.integers(0, 9)), min_size=1))
def test_what_is_left_is_always_enough(enough: set[frozenset[int]]) -> None:
    items = list(range(10))
    asked = Asked(items, lambda fewer: frozenset(fewer) in enough)
    reduce(items, asked)
    assert asked.kept == items or frozenset(asked.kept) in enough
    assert items == list(range(10)), "what it was given is left as it was"


class Number:
    """A number that may not be lowered below a bound."""

    def __init__(self, value: int, least: int) -> None:
        self.value = value
        self.least = least
        self.tried: list[int] = []

    def keep(self, less: int) -> bool:
        self.tried.append(less)
        if less < self.least:
            return False
        self.value = less
        return True


@pytest.mark.parametrize("least", [1, 2, 3, 7, 63, 64, 65, 99, 100])
def test_a_number_is_lowered_to_its_least(least: int) -> None:
    number = Number(100, least)
    lower(lambda: number.value, number.keep)
    assert number.value == least


def test_it_is_halved_as_long_as_that_goes() -> None:
    number = Number(1 << 20, 1)
    lower(lambda: number.value, number.keep)
    assert number.value == 1
    assert len(number.tried) == 20


def test_nothing_is_tried_twice_in_a_row_and_never_naught() -> None:
    number = Number(3, 3)
    lower(lambda: number.value, number.keep)
    assert number.tried == [1, 2]


@pytest.mark.parametrize("value", [0, 1])
def test_what_cannot_be_lowered_is_left(value: int) -> None:
    number = Number(value, 0)
    lower(lambda: number.value, number.keep)
    assert number.tried == []


def test_it_is_odd_and_even_numbers_that_can_be_lowered_apart() -> None:
    value = 41
    kept: list[int] = []

    def keep(less: int) -> bool:
        nonlocal value
        if not less % 2:
            return False
        value = less
        kept.append(less)
        return True

    lower(lambda: value, keep)
    assert value == 1
    assert all(each % 2 for each in kept)
