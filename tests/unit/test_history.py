"""Histories: written and read without loss, and refused by the line where they cannot be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileup.errors import UsageError
from pileup.history import Event, History, Outcome, Row, Seen, Who
from pileup.operations import READ, UPDATE, WRITE, Access, Item, Touch
from pileup.spelling import Brief, brief

unhurried = settings(deadline=None)  # because no verdict may hang on a real clock

WHO = (Who("a", "session-a", "writer"), Who("b", "session-b", "reader", "a"))
FILE, LOCK = Item("files", "config.json"), Item("lock", "")

ODD = st.text(st.characters()) | st.sampled_from(
    ["", "\n", "\r\n", "\u2028", '"', "\\", "\0", "🙂", "\ud800", "\udfff", '"}\n{"', "ö" * 300]
)
BRIEFS: st.SearchStrategy[Brief] = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ODD
)
ACCESSES: st.SearchStrategy[Access] = st.sampled_from((READ, WRITE, UPDATE))
OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(("ok", "fail", "info"))


def row(**changes: Any) -> Row:  # Any: the fields of a row
    plain = Row("read", (Touch(FILE, READ),), (3,), 0, 0, None, 1, 0.5, "ok", None)
    return plain._replace(**changes)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    items = st.builds(Item, ODD, ODD)
    touches = tuple(draw(st.lists(st.builds(Touch, items, ACCESSES), max_size=3)))
    known = draw(st.booleans())
    return Row(
        draw(ODD),
        touches,
        tuple(draw(st.integers(0)) for _ in touches) if known else (),
        draw(st.integers(0, len(WHO) - 1)),
        draw(st.integers(0, 9)),
        draw(st.none() | ODD),
        draw(st.integers(0)),
        draw(st.floats(0, allow_infinity=False)),
        draw(OUTCOMES),
        draw(BRIEFS),
    )


HISTORIES = st.builds(History, st.just(WHO), st.lists(rows(), max_size=8))


def joined(text: str) -> str:
    """Spell two halves of a character as the character: JSON cannot tell them apart."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@unhurried
@given(HISTORIES)
def test_what_was_written_is_read_without_loss(history: History) -> None:
    back = History.parse(history.lines())
    assert back.agents == history.agents
    assert [joined(repr(each)) for each in back] == [joined(repr(each)) for each in history]


@unhurried
@given(HISTORIES)
def test_writing_again_gives_the_same_lines_and_digest(history: History) -> None:
    back = History.parse(history.lines())
    assert back.lines() == history.lines()
    assert back.digest == history.digest


@unhurried
@given(HISTORIES)
def test_an_event_is_one_line_of_plain_ascii(history: History) -> None:
    lines = history.lines()
    assert len(lines) == 1 + len(history)
    assert all(line.isascii() and len(line.splitlines()) == 1 for line in lines)


@unhurried
@given(st.lists(st.builds(Who, ODD, ODD, ODD, st.none() | ODD)))
def test_agents_of_any_name_come_back(agents: list[Who]) -> None:
    lines = History(agents, []).lines()
    assert History.parse(lines).lines() == lines


def test_lines_from_a_file_may_keep_their_ends() -> None:
    history = History(WHO, [row(), row(agent=1)])
    assert list(History.parse(line + "\r\n" for line in history.lines())) == list(history)


def test_an_event_tells_its_row_in_full() -> None:
    touches = (Touch(FILE, READ), Touch(LOCK, WRITE))
    found = row(
        touches=touches, versions=(3, 4), agent=1, strand=2, step="draft", outcome="info", detail=7
    )
    assert History(WHO, [row(), found])[1] == Event(
        number=1,
        agent="b",
        strand=2,
        name="read",
        items=(Seen("files", "config.json", "read", 3), Seen("lock", "", "write", 4)),
        outcome="info",
        invoked=1,
        time=0.5,
        step="draft",
        detail=7,
    )


def test_an_operation_that_took_no_effect_has_no_versions() -> None:
    event = History(WHO, [row(versions=(), outcome="info")])[0]
    assert event.items == (Seen("files", "config.json", "read", None),)


@pytest.mark.parametrize(("item", "name"), [(FILE, "files[config.json]"), (LOCK, "lock")])
def test_an_item_is_called_alike_before_and_after(item: Item, name: str) -> None:
    assert item.name == Seen(item.resource, item.key, "read", 0).name == name


def test_a_history_is_a_sequence_of_numbered_events() -> None:
    history = History(WHO, [row(), row(agent=1), row()])
    assert [event.number for event in history] == [0, 1, 2]
    assert history[-1].number == 2
    assert [event.number for event in history[1:]] == [1, 2]
    with pytest.raises(IndexError):
        history[3]


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "write"},
        {"versions": (4,)},
        {"agent": 1},
        {"strand": 1},
        {"step": ""},
        {"invoked": 0},
        {"time": 0.25},
        {"outcome": "fail"},
        {"detail": 0},
        {"touches": (Touch(FILE, UPDATE),)},
        {"touches": (Touch(LOCK, READ),)},
    ],
)
def test_every_field_of_a_row_shows_in_the_digest(changed: dict[str, object]) -> None:
    assert History(WHO, [row(**changed)]).digest != History(WHO, [row()]).digest


def test_who_took_part_shows_in_the_digest() -> None:
    others = (Who("a", "session-b", "writer"), WHO[1])
    assert History(others, [row()]).digest != History(WHO, [row()]).digest


def test_what_is_as_usual_is_left_out() -> None:
    (_, line) = History(WHO, [row(touches=(), versions=())]).lines()
    assert line == '{"n":0,"agent":"a","do":"read","end":"ok","asked":1,"at":0.5}'


def test_a_number_beyond_what_text_can_hold_is_written_all_the_same() -> None:
    # What a row holds is a Brief, and a Brief must be small enough to write.
    history = History(WHO, [row(detail=brief(10**5_000))])
    assert History.parse(history.lines()).digest == history.digest


HEAD = History(WHO, []).lines()[0]
EVENT: dict[str, Any] = json.loads(History(WHO, [row()]).lines()[1])


def refused(*lines: str) -> str:
    with pytest.raises(UsageError) as caught:
        list(History.parse(lines))
    return str(caught.value)


@pytest.mark.parametrize(
    "head",
    [
        "",
        "[]",
        "null",
        "not json",
        "{}",
        HEAD[:-1],
        json.dumps(EVENT),
        '{"pileup_history": 2, "agents": []}',
        '{"pileup_history": 1}',
        '{"pileup_history": 1, "agents": 3}',
        '{"pileup_history": 1, "agents": [{"nom": "a"}]}',
        "[" * 100_000,
    ],
)
def test_what_does_not_begin_as_a_history_is_refused(head: str) -> None:
    assert "first line" in refused(head)


def test_nothing_at_all_is_refused() -> None:
    assert "first line" in refused()


def changed(**fields: object) -> str:
    return json.dumps({**EVENT, **fields})


def without(field: str) -> str:
    return json.dumps({name: value for name, value in EVENT.items() if name != field})


BAD = {
    "nothing": "",
    "no json": "not json",
    "a list": "[]",
    "cut": json.dumps(EVENT)[:-1],
    "too deep": "[" * 100_000,
    "no verb": without("do"),
    "no agent": without("agent"),
    "no outcome": without("end"),
    "no time": without("at"),
    "not asked": without("asked"),
    "an unknown agent": changed(agent="c"),
    "an agent that is no text": changed(agent=[]),
    "items that are no list": changed(items=3),
    "an item too short": changed(items=[["files", "a", "read"]]),
    "an item that is no list": changed(items=[7]),
    "an item without a name": changed(items=[[[], "a", "read", 1]]),
}


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
def test_a_bad_line_is_refused_by_its_number(line: str) -> None:
    said = refused(HEAD, json.dumps(EVENT), json.dumps(EVENT), line)
    assert "line 3" in said.lower()
    assert len(said) < 500
