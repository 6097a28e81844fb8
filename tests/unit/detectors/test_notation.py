"""Histories in a few words: what they mean, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileup.detectors import spelled, told
from pileup.errors import UsageError
from pileup.history import Event, History, Seen
from pileup.notes import Note, Step

unhurried = settings(deadline=None)  # because no verdict may hang on a real clock


def only(text: str) -> Event:
    (event,) = told(text)
    return event


def test_the_letters_are_the_four_accesses() -> None:
    events = told("a:r x1, a:w x2, b:u x3, b:c x4")
    assert [event.name for event in events] == ["read", "write", "update", "change"]
    assert [event.items for event in events] == [
        (Seen("x", "", "read", 1),),
        (Seen("x", "", "write", 2),),
        (Seen("x", "", "update", 3),),
        (Seen("x", "", "change", 4),),
    ]


def test_versions_that_are_left_out_go_on_from_what_is_there() -> None:
    versions = [event.items[0].version for event in told("a:r x, a:w x, b:r x, b:u x, a:r x")]
    assert versions == [0, 1, 1, 2, 2]


def test_a_failed_write_makes_no_version() -> None:
    assert [event.items[0].version for event in told("a:r x1, a:w x2!, a:w x2")] == [1, 2, 2]


def test_an_old_version_can_be_read() -> None:
    assert told("a:w x2, b:r x1")[1].items[0].version == 1


def test_any_operation_has_a_name_and_what_it_touches() -> None:
    event = only("a:POST(u http[/charges] r quota3)=5 ? ~lost @2.5 {intent=abc effect=yes}")
    assert (event.name, event.outcome, event.fault, event.time) == ("POST", "info", "lost", 2.5)
    assert event.items == (Seen("http", "/charges", "update", 1), Seen("quota", "", "read", 3))
    assert event.detail == 5
    assert event.note == Note(intent="abc", effect=True)


def test_an_operation_may_touch_nothing() -> None:
    event = only("a:end!")
    assert (event.name, event.items, event.outcome) == ("end", (), "fail")


def test_a_value_in_quotes_may_hold_anything() -> None:
    event = only('a:w files[a, b.json]1="x, y: z"')
    assert (event.detail, event.items[0].key) == ("x, y: z", "a, b.json")


def test_time_goes_on_from_where_it_was() -> None:
    assert [event.time for event in told("a:r x, a:r x @5, a:r x, a:r x @7.5")] == [0, 5, 5, 7.5]


def test_agents_have_sessions_parents_and_tasks() -> None:
    history = told("a(alice):r x, b<a:r x, b.2:r x, c-7:r x")
    assert [(who.name, who.session, who.role, who.parent) for who in history.agents] == [
        ("a", "alice", "a", None),
        ("b", "alice", "b", "a"),
        ("c-7", "c-7", "c", None),
    ]
    assert (history.parents, history[2].strand) == ({(1, 2): 0}, 2)


def test_what_has_one_name_is_one_unit_of_work() -> None:
    steps = [event.step for event in told("a/one:r x, b/one:r x, a/one:r y, a/two:r x, a:r x")]
    assert [str(step) for step in steps] == ["one", "one", "one", "two", "None"]
    assert [step.number for step in steps if isinstance(step, Step)] == [0, 1, 0, 2]


def test_a_note_can_hold_a_call_path_and_marks() -> None:
    event = only("a:complete(u model){path=1>loop:3+2>client:9 sent=canary-1+wrong-2 cost=0.25}")
    assert event.note == Note(
        path=((1, "loop:3"), (2, "client:9")), sent=("canary-1", "wrong-2"), cost=0.25
    )


def test_events_are_parted_by_commas_semicolons_or_lines() -> None:
    assert len(told("a:r x, b:r x; c:r x\n d:r x,\n")) == 4
    assert len(told("")) == 0


WRONG = {
    "a r x1": "it should be `who:deed`",
    "a:x1": "its deed should be",
    "a:r": "its deed should be",
    "a:commit(w)": "what it touches, 'w'",
    "a:commit(w x2 z y1)": "what it touches, 'z y1'",
    "a:r x1 %": "what follows the deed",
    "a:r x1, b:w x5": "x is at version 1, so this makes 2",
    "a:r x1, b:r x4": "x is at version 1, and nobody has made a later",
    "a:r x1 {colour=red}": "no such fact: colour",
}


@pytest.mark.parametrize(("text", "why"), WRONG.items(), ids=WRONG)
def test_what_cannot_be_read_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(UsageError) as refused:
        told(text)
    assert why in str(refused.value)
    assert "a:r x1, b:r x1, a:w x2, b:w x3" in str(refused.value)


@st.composite
def stories(draw: st.DrawFn) -> str:
    deeds = st.sampled_from(["r x", "w x", "u y", "c y", "commit(w x r y)", "end", "go(u z[1.a])"])
    whos = st.sampled_from(["a", "b", "b.1", "c/one", "c/two"])
    marks = st.sampled_from(["", "?", "!"])
    parts = draw(st.lists(st.tuples(whos, deeds, marks), max_size=12))
    return ", ".join(f"{who}:{deed}{mark}" for who, deed, mark in parts)


@unhurried
@given(stories())
def test_what_is_spelled_is_told_again(text: str) -> None:
    history = told(text)
    again = told(spelled(history))
    assert [*again] == [*history]
    assert again.lines() == history.lines() == History.parse(history.lines()).lines()


def test_the_spelling_is_the_one_of_the_page() -> None:
    text = "a:r x1, b:r x1, a:w x2, b:w x3"
    assert spelled(told(text)) == text
