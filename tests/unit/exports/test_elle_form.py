"""Histories for Elle: as Jepsen writes them, and with the cycles that our own detectors see."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.elle import Txn, edges, expect_jepsen
from support.unit_histories import Deed, deeds, history_of

from pileup.detectors import told
from pileup.detectors.accesses import Reading
from pileup.detectors.case import Case
from pileup.detectors.dependencies import Dependencies
from pileup.detectors.graph import strong_components
from pileup.detectors.stretches import stretches
from pileup.detectors.units import levels
from pileup.history import History, Who
from pileup.operations import Item, Touch
from pileup.reports.exports import write


def txns(text: str) -> list[Txn]:
    return expect_jepsen(write(told(text), "elle"))


def acts(text: str) -> list[list[list[object]]]:
    return [txn.acts for txn in txns(text)]


def is_circular(found: list[Txn]) -> bool:
    out = {node: [target << 2 for target in targets] for node, targets in edges(found).items()}
    return bool(strong_components(out))


def detectors_see_a_circle(history: History) -> bool:
    case = Case(history)
    return any(
        any(Dependencies(Reading(case, units, strict=True), stretch).components())
        for units in levels(case)
        for stretch in stretches(case, units)
    )


@given(deeds(), st.sampled_from(["transaction", "step"]))
@settings(max_examples=300, deadline=None)
def test_the_same_cycles_are_there(drawn: list[Deed], level: str) -> None:
    """But for updates, because registers do not commute, and lone looks, which go by nothing."""
    meant = [
        each._replace(access="write" if each.access == "update" else each.access)
        for each in drawn
        if each.unit is not None or each.access != "read"
    ]
    history = history_of(meant, level)
    assert is_circular(expect_jepsen(write(history, "elle"))) == detectors_see_a_circle(history)


def test_both_answers_come_up() -> None:
    lost = "a/s:r x, b/s:r x, a/s:w x1, b/s:w x2"
    assert is_circular(txns(lost))
    assert not is_circular(txns("a/s:r x, a/s:w x1, b/s:r x1, b/s:w x2"))
    assert not is_circular(txns(lost.replace("/s", "")))  # nobody said what belongs together


def test_a_version_is_a_value_and_null_is_what_was_there_at_first() -> None:
    assert acts("a:r x, a:w x1, a:r x1") == [
        [["r", "x", None]],
        [["w", "x", 1]],
        [["r", "x", 1]],
    ]


def test_a_change_reads_what_it_changes_and_an_update_does_not() -> None:
    assert acts("a:c x1, a:c x2, a:u y1, a:u y2") == [
        [["r", "x", None], ["w", "x", 1]],
        [["r", "x", 1], ["w", "x", 2]],
        [["w", "y", 1]],
        [["w", "y", 2]],
    ]


def test_a_transaction_comes_before_the_step_that_it_is_in() -> None:
    text = "a/s:w x1, a/s:w y1 {unit=1}, a/s:commit(w z1) {unit=1}, a/s:w x2"
    assert sorted(acts(text)) == [
        [["w", "x", 1], ["w", "x", 2]],
        [["w", "y", 1], ["w", "z", 1]],
    ]


def test_nobody_does_two_things_at_once() -> None:
    found = txns("a/s:w x1, a:w y1, a/s:w x2, a:w z1")
    assert [txn.process for txn in found] == [1, 0, 0]
    assert [txn.acts[0][1] for txn in found] == ["y", "x", "z"]


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        ("commit(w y1)", "ok"),
        ("commit(w y1)?", "info"),
        ("commit(w y1)!", "info"),
        ("rollback", "fail"),
        ("r y", "info"),
    ],
)
def test_a_transaction_is_what_its_end_says(end: str, outcome: str) -> None:
    (found,) = txns(f"a:w x1 {{unit=1}}, a:{end} {{unit=1}}")
    assert found.type == outcome


def test_a_process_ends_with_an_outcome_that_is_not_known() -> None:
    found = txns("a:w x1?, a:w x2, a:w x3")
    assert [(txn.type, txn.process) for txn in found] == [("info", 0), ("ok", 1), ("ok", 1)]


def test_what_was_never_heard_was_never_read() -> None:
    assert acts("a:c x1?, a:r x1?, a:r x1??") == [[["w", "x", 1]]]


def test_what_failed_did_nothing() -> None:
    assert acts("a:w x1!, a:w x1") == [[["w", "x", 1]]]


def test_the_rows_of_a_step_that_failed_stand_for_themselves() -> None:
    history = told("a/s:r x, a/s:w x1")
    for row in history.rows:
        row[5].failed = True  # type: ignore[union-attr] # the notation makes steps
    assert len(expect_jepsen(write(history, "elle"))) == 2


def test_locks_and_messages_hold_no_data() -> None:
    assert (
        acts("a:c db.lock[k]1, a:acquire(c x1), a:publish(c q1) {message=m1}, a:join(r agent[b]1)")
        == []
    )


def test_items_of_one_name_are_kept_apart() -> None:
    row = (
        "write",
        (Touch(Item("a", "b"), "write"), Touch(Item("a[b]", ""), "write")),
        (1, 1),
        0,
        0,
    )
    history = History([Who("a", "a", "a")], [(*row, None, 0, 0.0, "ok", None, None, None)])
    (found,) = expect_jepsen(write(history, "elle"))
    assert found.acts == [["w", "a[b]", 1], ["w", "a[b]~", 1]]
