"""Marks are found wherever a value holds them, and looking for them runs nothing of the value's."""

from __future__ import annotations

import enum
import subprocess
import sys
from collections import OrderedDict, deque
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any, NamedTuple, NoReturn

import pytest

from pileup.notes import MOST_PARTS, _anatomy, canary, marks_in, spellings

ALICE, BOB = canary("alice"), canary("bob")


@dataclass
class Customer:
    name: str
    friend: object = None


class Slotted:
    __slots__ = ("name", "unset")

    def __init__(self, name: str) -> None:
        self.name = name


class Further(Slotted):
    def __init__(self, name: str, more: str) -> None:
        super().__init__(name)
        self.more = more


class Pair(NamedTuple):
    one: str
    other: str


class Name(str):
    __slots__ = ()


class Color(enum.Enum):
    RED = ALICE


class Prickly:
    """Everything that it does is a mistake."""

    def __init__(self) -> None:
        self.name = ALICE

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(name)

    def __repr__(self) -> NoReturn:
        raise AssertionError

    @property
    def other(self) -> NoReturn:
        raise AssertionError


def test_a_text_has_the_marks_that_are_in_it_each_once() -> None:
    assert marks_in(f"{BOB}, {ALICE}, {BOB} wrong-0a1b2c invented-ffffff") == (
        *(BOB, ALICE),
        *("wrong-0a1b2c", "invented-ffffff"),
    )


@pytest.mark.parametrize(
    "text", ["", "-", "canary-", f"{ALICE}0", "canary-0A1B2C3D4E5F", "wrong-0a1b2", "right-0a1b2c"]
)
def test_what_only_looks_like_a_mark_is_none(text: str) -> None:
    assert marks_in(text) == ()


HOLDERS: dict[str, Any] = {
    "bytes": f"dear {ALICE}".encode(),
    "a bytearray": bytearray(ALICE, "ascii"),
    "bytes that are no text": b"\xff" + ALICE.encode(),
    "the name of a file": PurePosixPath("/data") / f"{ALICE}.txt",
    "a list": ["x", [ALICE]],
    "a tuple with a name": Pair("x", ALICE),
    "a deque": deque([ALICE]),
    "a key": {ALICE: 1},
    "a value": OrderedDict(a={"b": ALICE}),
    "a set": {ALICE},
    "a frozen set in a set": {frozenset({("x", ALICE)})},
    "a dataclass": Customer("x", Customer(ALICE)),
    "attributes": SimpleNamespace(a=SimpleNamespace(b=ALICE)),
    "a slot": Slotted(ALICE),
    "a slot of the class above": Further(ALICE, "x"),
    "an attribute beside slots": Further("x", ALICE),
    "a kind of text": Name(ALICE),
    "an enum": Color.RED,
    "what must not be touched": Prickly(),
}


@pytest.mark.parametrize("value", HOLDERS.values(), ids=HOLDERS)
def test_it_is_found_in(value: object) -> None:
    assert marks_in(value) == (ALICE,)


@pytest.mark.parametrize(
    "value",
    [None, 1, 1.5, print, Slotted, sys, (each for each in [ALICE]), lambda: ALICE, object()],
)
def test_nothing_is_found_where_nothing_is_held(value: object) -> None:
    assert marks_in(value) == ()


class Called(Slotted):
    def __call__(self) -> None: ...


class CalledToo(Called): ...


@pytest.mark.parametrize("kind", [Called, CalledToo])
def test_what_can_be_called_is_not_looked_into(kind: type[Called]) -> None:
    assert marks_in(kind(ALICE)) == ()
    assert marks_in([kind(ALICE), Slotted(BOB)]) == (BOB,)


def test_a_kind_of_objects_is_taken_apart_once_and_plain_values_never() -> None:
    marks_in(Further("x", ALICE))
    before = _anatomy.cache_info()
    assert marks_in([Further("x", "y"), *[1, None, 2.5, True] * 100, Further(ALICE, "y")]) == (
        ALICE,
    )
    after = _anatomy.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (0, 2)


def test_an_iterator_is_not_used_up() -> None:
    rest = iter([ALICE])
    marks_in([rest])
    assert list(rest) == [ALICE]


def test_what_leads_back_to_itself_has_an_end() -> None:
    circle: list[object] = []
    circle += [circle, circle, {"again": circle}, Customer(ALICE, circle)]
    assert marks_in(circle) == (ALICE,)


def test_what_is_near_is_found_however_much_there_is() -> None:
    assert marks_in([[0] * MOST_PARTS, ALICE]) == (ALICE,)
    assert marks_in([*([0] * MOST_PARTS), ALICE]) == ()


def test_objects_of_the_harness_are_not_looked_into() -> None:
    from pileup.operations import Item

    assert marks_in(Item("files", ALICE)) == ()


def test_the_order_is_that_in_which_they_are_met() -> None:
    assert marks_in([[ALICE], BOB]) == (BOB, ALICE)
    assert marks_in({"b": BOB, "a": ALICE}) == (BOB, ALICE)


def test_the_order_in_sets_is_the_same_in_every_process() -> None:
    code = (
        "from pileup.notes import canary, marks_in\n"
        "print(marks_in({canary(str(number)) for number in range(50)}))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


WATCHED = spellings('Zürich "West" & co')


@pytest.mark.parametrize(
    "text",
    [
        'to Zürich "West" & co!',
        '{"to": "Z\\u00fcrich \\"West\\" & co"}',
        '{"to": "Zürich \\"West\\" & co"}',
        "?to=Z%C3%BCrich%20%22West%22%20%26%20co",
        "?to=Z%C3%BCrich+%22West%22+%26+co",
    ],
)
def test_a_watched_text_is_found_however_it_is_spelled(text: str) -> None:
    assert marks_in(text, WATCHED) == ('Zürich "West" & co',)
    assert marks_in([text.encode()], WATCHED) == ('Zürich "West" & co',)


def test_a_text_that_is_not_watched_is_no_mark() -> None:
    assert marks_in("Zurich", WATCHED) == marks_in({"a": "Zurich"}, WATCHED) == ()
