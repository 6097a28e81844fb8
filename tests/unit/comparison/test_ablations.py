"""What a control does, read from runs with and without it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from support.comparing import CONTENDER, measured, results

from pileup.comparison.ablations import ablation
from pileup.comparison.places import PLACES
from pileup.comparison.terms import Contender, Terms
from pileup.scenarios.catalogue import HOMES
from pileup.scenarios.controls import CONTROLS
from pileup.scenarios.documents.days import day_named

TERMS = Terms((CONTENDER,), ("gates",), storms=200, days=20, outages=1)
(PLACE,) = PLACES["gates"]


def changes(**variants: Mapping[str, object]) -> tuple[list[str], list[str]]:
    """Give each variant its kinds and measures; return what changed without and with it alone."""
    found = ablation(TERMS, "gates", "", results(TERMS, **variants))
    return [each.what for each in found.away], [each.what for each in found.alone]


def test_every_control_has_a_place_that_there_is() -> None:
    assert list(PLACES) == list(CONTROLS)
    for place in (place for places in PLACES.values() for place in places):
        assert place.topology in HOMES
        assert day_named(place.day).says


def test_a_control_is_not_tried_where_its_topology_takes_no_part() -> None:
    other = Terms((Contender("single agent"),), ("gates",))
    assert list(other.places("gates")) == []


def test_a_kind_that_was_not_there_before_has_come_back() -> None:
    assert changes(without={"contamination": 1}) == (["contamination"], [])


def test_a_kind_that_was_there_before_has_not_come_back() -> None:
    both = {"contamination": 2}
    assert changes(hardened=both, without=both) == ([], [])


def test_where_nothing_has_changed_it_is_redundant() -> None:
    found = ablation(TERMS, "gates", "", results(TERMS))
    assert found.is_redundant
    assert found.where == ("supervisor: half of the model's answers are invented",)


def test_a_kind_that_is_gone_with_the_control_alone_has_gone() -> None:
    assert changes(naive={"contamination": PLACE.runs}) == ([], ["contamination"])


@pytest.mark.parametrize("left", [3, 5])
def test_a_kind_that_is_as_frequent_but_for_chance_has_not_gone(left: int) -> None:
    variants = {"naive": {"contamination": PLACE.runs}, "only": {"contamination": left}}
    assert changes(**variants) == ([], [])


def test_a_rare_kind_that_did_not_come_up_may_only_have_been_missed() -> None:
    assert changes(naive={"contamination": 2}) == ([], [])


def test_a_measure_that_is_worse_counts_and_one_that_is_better_does_not() -> None:
    assert changes(without={"day": measured(right=10)})[0] == ["right"]
    assert changes(hardened={"day": measured(right=10)})[0] == []


def test_less_duplicates_with_the_control_alone_are_for_the_better() -> None:
    assert changes(naive={"day": measured(duplicates=40)})[1] == ["duplicates"]


def test_how_it_was_judged_is_not_held_side_by_side() -> None:
    assert changes(without={"day": measured(judged=0)}) == ([], [])
