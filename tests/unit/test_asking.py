"""What a call asks for is the same however it ends, and not the same for different calls."""

from __future__ import annotations

import pytest

from pileup.asking import asked_for
from pileup.notes import Note
from pileup.operations import Access, Item, Touch

LETTERS: dict[str, Access] = {"r": "read", "w": "write", "c": "change", "u": "update"}


def about(text: str, name: str = "write", note: Note | None = None) -> str:
    """What is asked for with a footprint, as in `r:db[jobs] c:db.lock[jobs/1]`."""
    touches = []
    for each in text.split():
        letter, _, what = each.partition(":")
        resource, _, key = what.removesuffix("]").partition("[")
        touches.append(Touch(Item(resource, key.replace("_", " ")), LETTERS[letter]))
    return asked_for(name, tuple(touches), note)


SAME = {
    "a select that found nothing": ("r:db[jobs]", "r:db[jobs] r:db[jobs/1] r:db[jobs/2]"),
    "a select that has locked rows": (
        "r:db[jobs]",
        "r:db[jobs] r:db[jobs/1] c:db.lock[jobs/1] r:db[commits]",
    ),
    "a select that has waited": (
        "r:db[jobs] c:db.lock[jobs/1]",
        "r:db[timeout_3] c:db.lock[jobs/1] r:db[jobs] r:db[jobs/1]",
    ),
    "an update that has waited": ("w:db[jobs/1]", "r:db[timeout_3] c:db.lock[jobs/1] u:db[jobs]"),
    "an update of all that match": (
        "r:db[jobs] w:db[jobs/1] r:db.lock[jobs/1] u:db[jobs] u:db[commits]",
        "r:db[jobs]",
    ),
    "a delete": ("r:db[jobs/2]", "c:db.lock[jobs/2] w:db[jobs/2] u:db[jobs] u:db[commits]"),
    "by another column": ("r:db[jobs/name=x]", "r:db[jobs/name=x] r:db[jobs/7]"),
    "a queue with a message and without": ("c:bus[mail]", "c:bus[mail] c:bus[mail#3]"),
}

OTHER = {
    "other rows": ("r:db[jobs/1]", "r:db[jobs/2]"),
    "other tables": ("r:db[jobs]", "r:db[steps]"),
    "two keys and one": ("r:cache[a] r:cache[b]", "r:cache[a]"),
    "keys beside each other": ("r:cache[user/1] r:cache[user/2]", "r:cache[user/1]"),
    "other transactions": (
        "w:db[jobs/1] w:db[jobs/2] u:db[jobs] u:db[commits]",
        "w:db[jobs/1] u:db[jobs] u:db[commits]",
    ),
    "other resources": ("r:one[x]", "r:other[x]"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_one_call_asks_for_the_same_however_it_ends(one: str, other: str) -> None:
    assert about(one) == about(other)


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER)
def test_different_calls_ask_for_different_things(one: str, other: str) -> None:
    assert about(one) != about(other)


def test_it_is_spelled_as_a_report_spells_it() -> None:
    assert about("w:db[jobs/1] u:db[jobs] c:db.lock[jobs/1] w:model") == "db[jobs/1] model"


def test_what_touches_nothing_asks_for_nothing() -> None:
    assert about("") == ""


# What the note says ------------------------------------------------------------------------------

QUEUED = "c:bus[mail] c:bus[mail#{}]"


@pytest.mark.parametrize("name", ["ack", "nack", "extend"])
def test_who_settles_a_message_asks_for_no_other(name: str) -> None:
    one, other = (about(QUEUED.format(each), name, Note(message=f"mail#{each}")) for each in (1, 2))
    assert one != other


def test_to_settle_a_message_is_the_same_whether_its_queue_changes_or_not() -> None:
    note = Note(message="mail#1")
    assert about(QUEUED.format(1), "ack", note) == about("c:bus[mail#1]", "ack", note)
    assert about(QUEUED.format(1), "nack", note) == about("r:bus[mail#1]", "nack", note)


def test_who_takes_a_message_takes_any() -> None:
    handed = about(QUEUED.format(1), "claim", Note(message="mail#1"))
    assert handed == about(QUEUED.format(2), "claim", Note(message="mail#2"))
    assert handed == about("c:bus[mail]", "claim")


def test_who_appends_asks_for_its_own_line() -> None:
    ends = "u:files[log] c:files[log_(end)]"
    one, again, other = (about(ends, "append", Note(adds=line)) for line in ("a", "a", "b"))
    assert one == again
    assert one != other


def test_what_a_request_says_goes_before_what_it_touches() -> None:
    assert about("w:http[/pay]", "POST", Note(intent="POST /pay #1")) == "POST /pay #1"
