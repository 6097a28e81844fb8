"""Operations: which of them conflict, and values spelled alike in every process."""

from __future__ import annotations

import enum
import os
import subprocess
import sys
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pileup.operations import (
    READ,
    UPDATE,
    WRITE,
    Access,
    Footprint,
    Item,
    Operation,
    Touch,
    conflict,
    nothing,
)
from pileup.spelling import BRIEF_LENGTH, brief, canonical, digest

unhurried = settings(deadline=None)  # because no verdict may hang on a real clock

ONE, OTHER = Item("files", "a"), Item("files", "b")


def touches(*accesses: Access, item: Item = ONE) -> Footprint:
    return tuple(Touch(item, access) for access in accesses)


CONFLICTS: list[tuple[Access, Access, bool]] = [
    (READ, READ, False),
    (READ, WRITE, True),
    (READ, UPDATE, True),
    (WRITE, WRITE, True),
    (WRITE, UPDATE, True),
    (UPDATE, UPDATE, False),
]


@pytest.mark.parametrize(("mine", "theirs", "expected"), CONFLICTS)
def test_two_accesses_to_one_item(mine: Access, theirs: Access, expected: bool) -> None:
    assert conflict(touches(mine), touches(theirs)) is expected
    assert conflict(touches(theirs), touches(mine)) is expected


@pytest.mark.parametrize(("mine", "theirs", "_"), CONFLICTS)
def test_accesses_to_two_items_never_conflict(mine: Access, theirs: Access, _: bool) -> None:
    assert not conflict(touches(mine), touches(theirs, item=OTHER))


def test_one_conflicting_touch_among_many_is_enough() -> None:
    mine = touches(READ, item=OTHER) + touches(READ)
    assert conflict(mine, touches(UPDATE, item=OTHER))
    assert not conflict(mine, touches(READ) + touches(READ, item=OTHER))


def test_what_touches_nothing_conflicts_with_nothing() -> None:
    assert not conflict((), touches(WRITE))
    assert not conflict((), ())


def test_an_item_is_one_thing_whatever_another_is_called() -> None:
    assert not conflict(touches(WRITE), touches(WRITE, item=Item("files", "a")))


@pytest.mark.parametrize(
    ("footprint", "label"),
    [
        ((), "write"),
        (touches(WRITE), "write files[a]"),
        (touches(READ, WRITE), "write files[a]"),
        (touches(READ) + touches(WRITE, item=OTHER), "write files[a] files[b]"),
        (touches(WRITE, item=Item("memory.lock", "")), "write memory.lock"),
    ],
)
def test_a_label_says_what_is_done_to_what(footprint: Footprint, label: str) -> None:
    assert Operation("write", footprint, nothing).label == label


@pytest.mark.parametrize("value", [0, -7, True, None, 0.5, "", "x" * BRIEF_LENGTH])
def test_a_small_value_is_its_own_brief(value: object) -> None:
    assert brief(value) is value


def kind(value: object) -> str:
    return type(value).__name__


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([1, "a"], "[1, 'a']"),
        ({"b": 2, "a": [None]}, "{'a': [None], 'b': 2}"),
        ((1, 2), "tuple[1, 2]"),
        ({2, 1}, "set(1, 2)"),
        (b"x", "b'x'"),
    ],
    ids=kind,
)
def test_a_short_container_is_spelled_out(value: object, said: str) -> None:
    assert brief(value) == said


@pytest.mark.parametrize(
    "value",
    ["x" * (BRIEF_LENGTH + 1), [1] * BRIEF_LENGTH, object(), 10**5_000, -(10**5_000)],
    ids=kind,
)
def test_anything_else_is_briefly_its_digest(value: object) -> None:
    said = brief(value)
    assert isinstance(said, str)
    assert said == "#" + digest(value)
    assert len(said) == 17


def test_a_brief_is_plain_even_of_what_only_derives_from_text() -> None:
    class Name(str):
        __slots__ = ()

    assert type(brief(Name("n"))) is str


@unhurried
@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_a_dictionary_is_spelled_alike_in_any_order(value: dict[str, int]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@unhurried
@given(st.sets(st.text()))
def test_a_set_is_spelled_alike_in_any_order(value: set[str]) -> None:
    other: set[str] = set()
    for each in sorted(value, reverse=True):
        other.add(each)
    assert canonical(other) == canonical(value)


@unhurried
@given(st.lists(st.integers(), min_size=2, unique=True))
def test_the_order_of_a_list_counts(value: list[int]) -> None:
    assert canonical(value[::-1]) != canonical(value)


@dataclass
class Order:
    name: str
    count: int


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left: object) -> None:
        self.left = left


class Deeper(Slotted):
    __slots__ = ("more",)

    def __init__(self, left: object, more: object) -> None:
        super().__init__(left)
        self.more = more


class Private:
    __slots__ = ("__value",)

    def __init__(self, value: object) -> None:
        self.__value = value


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


DIFFERENT: list[tuple[object, object]] = [
    (1, True),
    (1, 1.0),
    (1, "1"),
    ("a", b"a"),
    (0.0, -0.0),
    ([1], (1,)),
    ({1}, frozenset((1,))),
    ({}, []),
    ({"a": 1}, {"a": 2}),
    (["a,b"], ["a", "b"]),
    (["a','b"], ["a", "b"]),
    ({"a": 1}, OrderedDict(a=1)),
    (Order("a", 1), Order("a", 2)),
    (Slotted(1), Slotted(2)),
    (Deeper(1, 2), Deeper(1, 3)),
    (Deeper(1, 2), Deeper(0, 2)),
    (Private(1), Private(2)),
    (Colour.RED, Colour.BLUE),
    (10**5_000, 10**5_000 + 1),
    (datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)),
    (timedelta(1), timedelta(2)),
    (Decimal(1), Decimal(2)),
    (deque([1]), deque([2])),
    (range(1), range(2)),
    (ValueError("a"), ValueError("b")),
    (PurePosixPath("a"), PurePosixPath("b")),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT, ids=kind)
def test_different_values_are_told_apart(one: object, other: object) -> None:
    assert digest(one) != digest(other)


MAKERS: list[Callable[[], object]] = [
    object,
    lambda: Order("a", 1),
    lambda: Slotted([1]),
    lambda: Deeper(1, 2),
    lambda: Private({1, 2}),
    lambda: [Order("a", 1), {Order: object()}],
    lambda: Decimal("1.5"),
    lambda: datetime(2024, 1, 1, tzinfo=UTC),
    lambda: PurePosixPath("a/b"),
    lambda: deque([object()]),
    lambda: ValueError("a", object()),
]


@pytest.mark.parametrize("make", MAKERS)
def test_equal_contents_are_spelled_alike_without_an_address(make: Callable[[], object]) -> None:
    one, other = make(), make()
    assert canonical(one) == canonical(other)
    assert f"{id(one):x}" not in canonical(one)


def test_looking_at_a_path_does_not_change_its_spelling() -> None:
    # A path remembers its text and its hash once they were asked for.
    used = PurePosixPath("a/b")
    assert {used: str(used)} == {PurePosixPath("a/b"): "a/b"}
    assert canonical(used) == canonical(PurePosixPath("a/b"))


def test_what_holds_itself_can_be_spelled() -> None:
    ring: list[object] = [1]
    ring.append(ring)
    assert canonical(ring) == "[1, <itself>]"


def test_objects_that_hold_each_other_can_be_spelled() -> None:
    one = Slotted(None)
    one.left = Slotted(one)
    assert "<itself>" in canonical(one)


def test_what_is_met_twice_side_by_side_is_no_ring() -> None:
    part = [1]
    assert canonical([part, part]) == canonical([[1], [1]])


def test_a_deeply_nested_value_has_a_digest() -> None:
    value: list[object] = []
    for _ in range(5_000):
        value = [value]
    assert brief(value) == brief([value[0]])


def test_what_is_shared_many_times_costs_no_more_than_once() -> None:
    # Twenty levels that each hold the next twice are twenty lists, but a
    # million paths; such a value must not take seconds.
    value: list[object] = []
    for _ in range(18):
        value = [value, value]
    assert len(canonical(value)) < 1_000_000


def test_a_huge_value_has_a_short_brief() -> None:
    value = {str(number): [number] * 10 for number in range(20_000)}
    assert len(str(brief(value))) == 17


@unhurried
@given(st.text(st.characters()))
def test_any_text_has_a_digest(text: str) -> None:
    assert digest(text) == digest("".join(text))


SPELLING = """
from pathlib import PurePosixPath
from pileup.spelling import brief, canonical
class Thing:
    def __init__(self):
        self.names = {"a", "b", "c", "d", "e"}
        self.table = {name: {name} for name in self.names}
path = PurePosixPath("a/b")
hash(path)
for value in [Thing(), {Thing.__name__: {1.5, "x", None, b"y"}}, frozenset("pileup"), [path]]:
    print(canonical(value), brief(value))
"""


def spelled(seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SPELLING],
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_another_process_with_another_hash_seed_spells_alike() -> None:
    first = spelled("1")
    assert len(first.splitlines()) == 4
    assert first.count("#") == 1, "a short container is spelled, an object is a digest"
    assert spelled("2") == first
