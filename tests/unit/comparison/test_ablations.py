"""What a control does, read from runs with and without it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from support.comparing import CONTENDER, measured, results

from pileup.comparison.ablations import ablation
from pileup.comparison.terms import Terms

TERMS = Terms((CONTENDER,), ("gates",), storms=200, days=20, outages=1)


def changes(**variants: Mapping[str, object]) -> tuple[list[str], list[str]]:
    """Give each variant its kinds and measures; return what changed without and with it alone."""
    found = ablation(TERMS, "gates", "", results(TERMS, **variants))
    return [each.what for each in found.away], [each.what for each in found.alone]


def test_a_kind_that_was_not_there_before_has_come_back() -> None:
    assert changes(without={"contamination": 20}) == (["contamination"], [])


def test_a_kind_that_was_there_before_has_not_come_back() -> None:
    both = {"contamination": 20}
    assert changes(hardened=both, without=both) == ([], [])


def test_where_nothing_has_changed_it_is_redundant() -> None:
    found = ablation(TERMS, "gates", "", results(TERMS))
    assert found.is_redundant
    assert found.topologies == (CONTENDER.name,)


def test_a_kind_that_is_rarer_with_the_control_alone_has_gone() -> None:
    assert changes(naive={"contamination": 100}) == ([], ["contamination"])


@pytest.mark.parametrize("left", [90, 99])
def test_a_kind_that_is_as_frequent_but_for_chance_has_not_gone(left: int) -> None:
    variants = {"naive": {"contamination": 100}, "only": {"contamination": left}}
    assert changes(**variants) == ([], [])


def test_a_rare_kind_that_did_not_come_up_may_only_have_been_missed() -> None:
    assert changes(naive={"contamination": 2}) == ([], [])


def test_a_measure_that_is_worse_counts_and_one_that_is_better_does_not() -> None:
    assert changes(without={"day": measured(right=10)})[0] == ["right"]
    assert changes(hardened={"day": measured(right=10)})[0] == []


def test_less_duplicates_with_the_control_alone_are_for_the_better() -> None:
    assert changes(naive={"day": measured(duplicates=40)})[1] == ["duplicates"]
