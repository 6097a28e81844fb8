"""Torn reads and writes: half of a write that somebody went by, and two writes in one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import pileup
from pileup.detectors import detect, told
from pileup.fakes import World
from pileup.findings import Finding
from pileup.history import History

BEGUN = 'a:truncate(w x2)="to write" {part=1}'
DONE = "a:w x3=new {part=1}"

TORN = {
    "between emptying and writing": f'{BEGUN}, b:r x2="", {DONE}',
    "between two pieces": f"{BEGUN}, a:w x3=ne {{part=1}}, b:r x3=ne, a:w x4=w {{part=1}}",
    "it read the half twice": f'{BEGUN}, b:r x2="", b:r x2="", {DONE}',
    "it wrote next": f'{BEGUN}, b:r x2="", {DONE}, b:w x4=2, b:r x4',
    "an append came between": f'{BEGUN}, c:append(u x3), b:r x3="", a:w x4=new {{part=1}}',
    "it was asked for, and an append came between": (
        f'{BEGUN}, d:exists(r x2), c:append(u x3), b:r x3="", a:w x4=new {{part=1}}'
    ),
    "by another task": 'a.1:truncate(w x2)="" {part=1}, a.2:r x2="", a.1:w x3 {part=1}',
    "torn by a fault": f"{BEGUN}, a:w x3=ne? ~torn {{part=1}}, b:r x3=ne",
    "no room for the rest": f"{BEGUN}, a:w x3=ne? ~full {{part=1}}, b:r x3=ne",
    "its writer crashed": f'{BEGUN}, a:end! ~crash, b:r x2=""',
    "it was only made as yet": 'a:create(w x1) {part=1}, b:r x1="", a:w x2=new {part=1}',
}

WHOLE = {
    "before": f"b:r x1=old, {BEGUN}, {DONE}",
    "after": f"{BEGUN}, {DONE}, b:r x3=new",
    "it looked again": f'{BEGUN}, b:r x2="", {DONE}, b:r x3=new',
    "it looked again and again": f'{BEGUN}, b:r x2="", b:r x2="", {DONE}, b:r x3=new, b:w x4=2',
    "it only asked": f"{BEGUN}, b:exists(r x2), b:stat(r x2), b:open(r x2), {DONE}",
    "its writer read it": f'{BEGUN}, a:r x2="", {DONE}, b:r x3=new',
    "another has written it whole since": (
        f"{BEGUN}, b:truncate(w x3) {{part=2}}, b:w x4=mine {{part=2}}, c:r x4=mine, "
        "a:w x5=new {part=1}"
    ),
    "it was replaced since": f"{BEGUN}, c:replace(w x3), b:r x3=old, a:w x4=new {{part=1}}",
    "it was written in one": "a:w x2=new {part=1}, b:r x2=new",
    "to be empty was what it was for": f'{BEGUN}, a:end, b:r x2=""',
    "its crash came after": f"{BEGUN}, {DONE}, a:end! ~crash, b:r x3=new",
    "the half failed": f"{BEGUN}, a:w x! {{part=1}}, a:w x3=new {{part=1}}, b:r x3=new",
    "to empty the empty is no read": f"{BEGUN}, b:truncate(r x2) {{part=2}}, {DONE}",
}

MIXED = {
    "at the end": (
        "a:truncate(w x2) {part=1}, b:truncate(w x3) {part=2}, a:w x4=longer {part=1}, "
        "b:w x5=me {part=2 beside=1}"
    ),
    "somebody read it": (
        "a:truncate(w x2) {part=1}, b:truncate(w x3) {part=2}, a:w x4=longer {part=1}, "
        "b:w x5=me {part=2 beside=1}, c:r x5=menger, c:w x6=2"
    ),
    "somebody added to it": (
        "a:truncate(w x2) {part=1}, b:truncate(w x3) {part=2}, a:w x4=longer {part=1}, "
        "b:w x5=me {part=2 beside=1}, c:append(u x6)"
    ),
}

CLEAR = {
    "the longer came last": (
        "a:truncate(w x2) {part=1}, b:truncate(w x3) {part=2}, b:w x4=me {part=2}, "
        "a:w x5=longer {part=1}"
    ),
    "the rest came next": (
        "a:truncate(w x2) {part=1}, b:truncate(w x3) {part=2}, a:w x4=longer {part=1}, "
        "b:w x5=me {part=2 beside=1}, b:w x6=lody {part=2}"
    ),
    "it was written over unseen": (
        "a:truncate(w x2) {part=1}, b:truncate(w x3) {part=2}, a:w x4=longer {part=1}, "
        "b:w x5=me {part=2 beside=1}, c:stat(r x5), c:truncate(w x6) {part=3}, c:w x7 {part=3}"
    ),
    "one is how the other begins": (
        "a:truncate(w x2) {part=1}, b:truncate(w x3) {part=2}, a:w x4=melody {part=1}, "
        "b:w x5=me {part=2 beside=1}"
    ),
    "both are its own": (
        "a:truncate(w x2) {part=1}, a:truncate(w x3) {part=2}, a:w x4=longer {part=1}, "
        "a:w x5=me {part=2 beside=1}"
    ),
}


def kinds(text: str) -> list[str]:
    return [finding.kind for finding in detect(told(text))]


@pytest.mark.parametrize("text", TORN.values(), ids=TORN)
def test_half_of_a_write_that_was_gone_by_is_named(text: str) -> None:
    assert "torn_read" in kinds(text)


@pytest.mark.parametrize("text", WHOLE.values(), ids=WHOLE)
def test_what_was_whole_or_looked_at_again_is_not(text: str) -> None:
    assert "torn_read" not in kinds(text)


@pytest.mark.parametrize("text", MIXED.values(), ids=MIXED)
def test_two_writes_in_one_are_named(text: str) -> None:
    assert "torn_write" in kinds(text)


@pytest.mark.parametrize("text", CLEAR.values(), ids=CLEAR)
def test_one_write_after_another_is_not(text: str) -> None:
    assert kinds(text) == []


NOT_LOST = {
    "what is erased was not finished": (
        "a:r x1=old, b:truncate(w x2) {part=1}, a:truncate(w x3) {part=2}, a:w x4=mine {part=2}, "
        "b:w x5=new {part=1}"
    ),
    "to empty the empty is no look": (
        "b:truncate(r x1) {part=1}, a:truncate(r x1) {part=2}, a:w x2=mine {part=2}, "
        "b:w x3=new {part=1}"
    ),
}


@pytest.mark.parametrize("text", NOT_LOST.values(), ids=NOT_LOST)
def test_a_part_of_a_write_is_not_lost(text: str) -> None:
    assert "lost_write" not in kinds(text)


def test_it_says_who_read_what_when() -> None:
    (finding,) = detect(told(TORN["between emptying and writing"]))
    assert finding.title == "b read x while a had written only part of it"
    assert finding.evidence == (0, 1, 2)
    assert finding.receipt == {"reader": "b", "writer": "a", "read_version": 2, "finished": True}
    assert finding.explanation == (
        "a emptied x, to write it anew (event 0).\n"
        "b read it in that moment, and found nothing in it (event 1).\n"
        "Only then a wrote the rest (event 2).\n"
        "What b went on with is neither what was there before nor what was meant."
    )


def test_one_place_is_told_once_and_is_the_same_in_another_run() -> None:
    twice = ", ".join(
        f'a:truncate(w x) {{part={part}}}, b:r x="", a:w x=new {{part={part}}}, b:other(w y)'
        for part in range(3)
    )
    (finding,) = detect(told(twice))
    (other,) = detect(told(TORN["between emptying and writing"].replace("a:", "a7:")))
    assert finding.fingerprint == other.fingerprint


def test_it_is_linear_in_the_history() -> None:
    text = ", ".join(
        f'a:truncate(w x) {{part={part}}}, b:r x="", a:w x=new {{part={part}}}'
        for part in range(500)
    )
    history = told(text)
    touched = _counted(history)
    detect(history)
    assert touched() < 60 * len(history)


def _counted(history: History) -> Callable[[], int]:
    """Count how often a row is looked at."""
    count = 0

    class Rows(list[Any]):
        def __getitem__(self, index: Any) -> Any:
            nonlocal count
            count += 1
            return super().__getitem__(index)

    history.rows = Rows(history.rows)
    return lambda: count


# Programs ----------------------------------------------------------------------------------------


def start(sim: pileup.Sim) -> World:
    world = World(sim)
    world.files.mount("/data")
    world.files.seed("config", '{"n": 0}')
    return world


async def publishes(world: World) -> None:
    await world.files.write_text("config", '{"n": 1}')


async def publishes_whole(world: World) -> None:
    await world.files.replace_text("config", '{"n": 1}')


async def follows(world: World) -> str:
    return await world.files.read_text("config")


async def follows_and_looks(world: World) -> object:
    while True:
        try:
            return json.loads(await world.files.read_text("config"))
        except ValueError:
            await pileup.sleep(0.1)


def publishes_in_sync_code() -> None:
    with open("/data/config", "w") as file:  # noqa: PTH123 - as users write it
        json.dump({"n": 1}, file)


def publishes_whole_in_sync_code() -> None:
    import os

    with open("/data/config.new", "w") as file:  # noqa: PTH123 - as users write it
        json.dump({"n": 1}, file)
    os.replace("/data/config.new", "/data/config")  # noqa: PTH105 - as users write it


def follows_in_sync_code() -> str:
    with open("/data/config") as file:  # noqa: PTH123 - as users write it
        return file.read()


async def locks_and_publishes(world: World) -> None:
    async with world.files.lock("lock"):
        await publishes(world)


async def locks_and_follows(world: World) -> str:
    async with world.files.lock("lock"):
        return await follows(world)


def explored(*agents: Any, **options: Any) -> list[str]:
    return [each.kind for each in findings(*agents, **options)]


def findings(*agents: Any, **options: Any) -> tuple[Finding, ...]:
    return pileup.explore(list(agents), setup=start, runs=60, **options).findings


@pytest.mark.parametrize(
    ("writer", "reader"),
    [(publishes, follows), (publishes_in_sync_code, follows_in_sync_code)],
)
def test_a_reader_of_half_a_file_is_found(writer: Any, reader: Any) -> None:
    assert explored(writer, reader) == ["torn_read"]


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        (publishes_whole, follows),
        (publishes_whole_in_sync_code, follows_in_sync_code),
        (publishes, follows_and_looks),
        (locks_and_publishes, locks_and_follows),
    ],
)
def test_and_its_fixed_twin_is_clean(writer: Any, reader: Any) -> None:
    assert explored(writer, reader) == []


async def writes_long(world: World) -> None:
    await world.files.write_text("config", "[1, 2, 3, 4]")


async def writes_short(world: World) -> None:
    await world.files.write_text("config", "{}")


async def writes_long_whole(world: World) -> None:
    await world.files.replace_text("config", "[1, 2, 3, 4]")


async def writes_short_whole(world: World) -> None:
    await world.files.replace_text("config", "{}")


def test_two_texts_in_one_file_are_found() -> None:
    assert explored(writes_long, writes_short) == ["torn_write"]
    assert explored(writes_long_whole, writes_short_whole) == []
    assert explored(writes_long, writes_long) == []


def test_a_writer_that_crashes_leaves_half_a_file() -> None:
    found = findings(publishes, follows, faults="crashy")
    assert {each.kind for each in found} == {"torn_read"}
    assert findings(publishes_whole, follows, faults="crashy") == ()
