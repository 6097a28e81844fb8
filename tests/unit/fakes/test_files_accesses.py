"""What detectors are told of files: who looks, who writes blindly, and what is one write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from support.files_explored import every_run, one_run, start

import pileup
from pileup.fakes import World
from pileup.history import Event
from pileup.strategies import RoundRobin


def events(*agents: Any, strategy: Any = None, **texts: str) -> list[Event]:
    run = one_run(*agents, strategy=strategy, **texts)
    return [event for event in run.history if event.name not in ("start", "end")]


def accesses(*agents: Any, **texts: str) -> list[tuple[str, str]]:
    """Say what each operation does to the first thing that it touches."""
    return [(event.name, event.items[0].access) for event in events(*agents, **texts)]


async def writes(world: World) -> None:
    await world.files.write_text("a", "new")


async def creates(world: World) -> None:
    await world.files.create("a", "new")


async def appends(world: World) -> None:
    await world.files.append("a", "more")


async def removes(world: World) -> None:
    await world.files.remove("a")


async def renames(world: World) -> None:
    await world.files.rename("b", "a")


async def locks(world: World) -> None:
    async with world.files.lock("lock"):
        pass


async def makes_a_directory(world: World) -> None:
    await world.files.mkdir("a")
    await world.files.rmdir("a")


async def changes_in_place(world: World) -> None:
    async with world.files.open("a", "r+") as file:
        data = await file.read()
        await file.seek(0)
        await file.write(data[:-1])
        await file.truncate(len(data) - 1)


async def writes_a_piece(world: World) -> None:
    async with world.files.open("a", "r+") as file:
        await file.seek(2)
        await file.write("x")


async def makes_longer(world: World) -> None:
    await world.files.truncate("a", 9)


def takes_a_lock_file(_: World) -> None:
    os.close(os.open("/data/a", os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_TRUNC))
    Path("/data/a").unlink()


@pytest.mark.parametrize(
    ("agent", "texts", "expected"),
    [
        (writes, {"a": "old"}, [("truncate", "write"), ("write", "write")]),
        (writes, {"a": ""}, [("truncate", "read"), ("write", "write")]),
        (writes, {}, [("create", "write"), ("write", "write")]),
        (creates, {}, [("create", "change"), ("write", "write")]),
        (appends, {"a": "old"}, [("open", "read"), ("append", "update")]),
        (removes, {"a": "old"}, [("remove", "write")]),
        (makes_a_directory, {}, [("mkdir", "change"), ("rmdir", "change")]),
        (locks, {}, [("create", "change"), ("lock", "change"), ("close", "change")]),
        (makes_longer, {"a": "old"}, [("truncate", "change")]),
        (takes_a_lock_file, {}, [("create", "change"), ("remove", "write")]),
        (
            changes_in_place,
            {"a": "old"},
            [("open", "read"), ("read", "read"), ("write", "write"), ("truncate", "write")],
        ),
        (writes_a_piece, {"a": "old!"}, [("open", "read"), ("write", "change")]),
    ],
)
def test_only_what_does_not_look_is_a_write(agent: Any, texts: Any, expected: Any) -> None:
    assert accesses(agent, **texts) == expected


def test_a_rename_looks_at_its_source_and_not_at_its_target() -> None:
    (event,) = events(renames, a="old", b="new")
    touched = {seen.name: seen.access for seen in event.items}
    assert touched == {"files[a]": "write", "files[b]": "change", "files[/]": "update"}
    assert event.detail == "new"


def test_to_list_a_directory_and_add_to_it_loses_nothing() -> None:
    async def lists_and_adds(world: World, me: pileup.Agent) -> None:
        await world.files.listdir()
        await world.files.create(me.name, "x")

    assert all(not run.findings for run in every_run(lists_and_adds, lists_and_adds))


def test_one_write_is_one_part_from_its_emptying_to_its_end() -> None:
    parts = [event.note.part if event.note else None for event in events(writes, writes, a="old")]
    first, second = parts[0], parts[2]
    assert parts == [first, first, second, second]
    assert first != second


def test_what_only_adds_or_is_a_lock_is_no_part() -> None:
    for agent in (appends, locks, changes_in_place, takes_a_lock_file):
        texts = {"a": "old"} if agent in (appends, changes_in_place) else {}
        assert all(
            event.note is None or event.note.part is None for event in events(agent, **texts)
        )


def test_what_is_read_is_spelled_as_what_was_written() -> None:
    async def reads(world: World) -> None:
        await world.files.read_text("a")

    async def replaces(world: World) -> None:
        await world.files.replace_text("a", "new")

    for writer in (writes, replaces):
        *_, wrote, read = events(writer, reads, a="old")
        assert (wrote.detail, read.detail) == ("new", "new")


async def writes_long(world: World) -> None:
    await world.files.write_text("a", "longer")


def test_a_write_over_half_of_another_says_so() -> None:
    said = {
        (run.world.files.peek("a"), tuple(event.note.beside for event in run.history if event.note))
        for run in every_run(writes, writes_long, a="")
    }
    mixed = {text for text, beside in said if beside[-1] is not None}
    assert mixed == {"newger"}
    assert {text for text, beside in said if beside[-1] is None} == {"new", "longer"}


def test_a_piece_that_lands_behind_what_was_cut_away_says_so() -> None:
    def in_two(_: World) -> None:
        with open("/data/a", "w", buffering=2) as file:
            file.write("ab")
            file.flush()
            file.write("cd")

    async def empties(world: World) -> None:
        await world.files.write_text("a", "")

    runs = every_run(in_two, empties, a="old")
    texts = {run.world.files.peek("a") for run in runs}
    assert texts == {"abcd", "", "\0\0cd"}
    named = {run.world.files.peek("a") for run in runs if run.findings}
    assert named == {"\0\0cd"}


def test_who_writes_a_file_that_another_has_emptied_has_not_read_it() -> None:
    scenario = pileup.Scenario(writes, setup=start(), agents=2)
    assert not scenario.explorer().once(RoundRobin()).findings


def test_the_marks_in_what_was_written_and_read_are_noted() -> None:
    async def tells(world: World, me: pileup.Agent) -> None:
        await world.files.write_text("a", f"secret: {me.secret}")

    async def hears(world: World) -> None:
        await world.files.read_text("a")

    *_, wrote, read = events(tells, hears, a="old")
    assert wrote.note is not None
    assert read.note is not None
    assert len(wrote.note.sent) == 1
    assert read.note.got == wrote.note.sent
    assert wrote.note.part is not None
