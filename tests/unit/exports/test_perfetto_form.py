"""Traces for Perfetto: agents side by side, in an order that can be seen, with arrows."""

from __future__ import annotations

from typing import Any

import pytest
from support.exported import expect_trace

from pileup.detectors import told
from pileup.history import History, Row, Who
from pileup.reports.exports import write


def trace(text: str) -> list[dict[str, Any]]:
    return expect_trace(write(told(text), "perfetto"))


def of(phase: str, text: str) -> list[dict[str, Any]]:
    return [page for page in trace(text) if page["ph"] == phase]


def arrows(text: str) -> list[tuple[str, int, int]]:
    """Say which slices an arrow leads from and to, by the number of the event."""
    found = trace(text)
    slices = [page for page in found if page["ph"] == "X"]
    ends = {
        (page["ph"], page["id"]): next(
            each["args"]["event"]
            for each in slices
            if each["tid"] == page["tid"] and 0 <= page["ts"] - each["ts"] < each["dur"]
        )
        for page in found
        if page["ph"] in "sf"
    }
    names = {page["id"]: page["cat"] for page in found if page["ph"] == "s"}
    return [(name, ends["s", number], ends["f", number]) for number, name in names.items()]


def test_an_agent_is_a_process_with_its_role_session_and_parent() -> None:
    found = of("M", "a(alice):start, b<a:start")
    names = {page["pid"]: page["args"] for page in found if page["name"] == "process_name"}
    labels = [page["args"]["labels"] for page in found if page["name"] == "process_labels"]
    assert names == {1: {"name": "a"}, 2: {"name": "b"}}
    assert labels == ["role a, session alice", "role b, session alice, started by a"]


def test_each_event_takes_a_microsecond_where_time_stands_still() -> None:
    slices = of("X", "a:r x, b:r x, a:w x1")
    assert [(page["ts"], page["dur"]) for page in slices] == [(1, 1), (2, 1), (3, 1)]


def test_a_second_of_virtual_time_is_a_second_wide() -> None:
    slices = of("X", "a:r x @1, b:r x @3.5")
    assert [page["ts"] + page["dur"] for page in slices] == [1_000_002, 3_500_003]
    assert [page["args"]["virtual seconds"] for page in slices] == [1.0, 3.5]


def test_a_slice_begins_when_its_operation_was_asked_for() -> None:
    rows = [("a", 0), ("b", 0), ("a", 1)]
    history = History(
        [Who("a", "a", "a"), Who("b", "b", "b")],
        [Row("go", (), (), "ab".index(who), 0, None, at, 0.0, "ok", None) for who, at in rows],
    )
    slices = [page for page in expect_trace(write(history, "perfetto")) if page["ph"] == "X"]
    assert [(page["ts"], page["dur"]) for page in slices] == [(1, 1), (1, 2), (2, 2)]


def test_what_overlaps_gets_a_thread_of_its_own() -> None:
    rows = [Row("go", (), (), 0, 0, None, 0, 0.0, "ok", None) for _ in range(2)]
    found = expect_trace(write(History([Who("a", "a", "a")], rows), "perfetto"))
    assert [page["tid"] for page in found if page["ph"] == "X"] == [1, 2]
    names = {page["tid"]: page["args"]["name"] for page in found if page["name"] == "thread_name"}
    assert names == {1: "a", 2: "a (overlapping)"}


def test_steps_and_transactions_lie_around_their_operations() -> None:
    found = trace("a/s:r x, b:w y1 {unit=4}, a/s:w x1, b:rollback {unit=4}")
    spans = [(page["name"], page["ts"], page["pid"]) for page in found if page["ph"] in "be"]
    assert spans == [("s", 1, 1), ("transaction 4", 2, 2), ("s", 4, 1), ("transaction 4", 5, 2)]
    assert [page["args"]["ended"] for page in found if page["ph"] == "b"] == ["done", "undone"]


def test_a_fault_is_an_instant_that_says_what_it_does() -> None:
    (found,) = of("i", "a:r x, a:POST(u charges)? ~lost")
    assert found["name"] == "fault: lost"
    assert found["ts"] == 2
    assert found["args"] == {"says": "it happens, and the answer never arrives", "event": 1}


def test_what_is_clicked_on_tells_value_version_and_outcome() -> None:
    (found,) = of("X", 'a/s:w x1="new"? {unit=3}')
    assert found["name"] == "write x"
    assert found["args"] == {
        "event": 0,
        "outcome": "info",
        "virtual seconds": 0.0,
        "versions": {"x": 1},
        "value": "new",
        "step": "s",
        "transaction": "3",
    }


STALE = {
    "a:r x, b:w x1, a:w x2": [("stale", 0, 2)],
    "a:r x, b:c x1, a:w x2": [("stale", 0, 2)],
    "a:r x, b:w x1, a:r x1, a:w x2": [],
    "a:r x, b:w x1, a:c x2": [],
    "a:r x, b:w x1, a:u x2": [],
    "a:r x, a:w x1, a:w x2": [],
    "a:r x, a:u x1, a:w x2": [],
    "a:r x, b:u x1, a:u x2, a:w x3": [("stale", 0, 3)],
    "a:w x1, b:w x2, a:w x3": [],
    "a:r x, b:w x1!, a:w x1": [],
    "a.1:r x, b:w x1, a.2:w x2": [],
}


@pytest.mark.parametrize("text", STALE)
def test_an_arrow_leads_from_a_stale_look_to_the_write_that_went_by_it(text: str) -> None:
    assert arrows(text) == STALE[text]


def test_an_arrow_leads_from_what_a_parent_did_last_to_its_helper() -> None:
    assert arrows("a:start, a:r x, b<a:start, a:r x, c<b:start") == [
        ("started", 1, 2),
        ("started", 2, 4),
    ]


def test_an_arrow_leads_from_a_task_to_the_task_that_it_started() -> None:
    assert arrows("a:start, a.1:r x, a.1:r x") == [("started", 0, 1)]


def test_an_arrow_leads_from_a_message_to_each_who_first_has_it() -> None:
    text = "a:publish{message=m}, b:claim{message=m}, b:ack{message=m}, c:claim{message=m}"
    assert arrows(text) == [("message", 0, 1), ("message", 0, 3)]
    assert arrows("b:claim{message=m}, a:claim{message=m}") == []
