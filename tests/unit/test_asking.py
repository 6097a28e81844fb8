"""What a call asks for is the same however it ends, and not the same for different calls."""

from __future__ import annotations

import pytest

from pileup.asking import asked_for
from pileup.operations import Access, Item, Touch

LETTERS: dict[str, Access] = {"r": "read", "w": "write", "c": "change", "u": "update"}


def about(text: str) -> str:
    """What is asked for with a footprint, as in `r:db[jobs] c:db.lock[jobs/1]`."""
    touches = []
    for each in text.split():
        letter, _, name = each.partition(":")
        resource, _, key = name.removesuffix("]").partition("[")
        touches.append(Touch(Item(resource, key.replace("_", " ")), LETTERS[letter]))
    return asked_for(tuple(touches))


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
