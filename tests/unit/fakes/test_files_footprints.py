"""Footprints: what commutes may be left out of a search, and nothing else may."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.exhaust import all_runs
from support.files_explored import DATA, one_run, rows, start
from support.sleeping import fewer_runs

import pileup
from pileup.fakes import World
from pileup.results import Run
from pileup.settings import Budgets
from pileup.sim.world import controlled

Instruction = tuple[Any, ...]
NAMES = ("a", "b", "d", "d/a", "e/a", "s")
names = st.sampled_from(NAMES)
access = st.sampled_from(
    [
        os.O_RDONLY,
        os.O_RDWR,
        os.O_RDWR | os.O_APPEND,
        os.O_RDWR | os.O_CREAT,
        os.O_WRONLY | os.O_TRUNC,
    ]
)
instructions = st.one_of(
    st.tuples(st.just("open"), names, access),
    st.tuples(st.sampled_from(["read", "write", "end", "cut", "flock", "close", "fstat"])),
    st.tuples(st.sampled_from(["replace", "link", "symlink"]), names, names),
    st.tuples(st.sampled_from(["remove", "mkdir", "rmdir", "stat", "list", "whole"]), names),
    st.tuples(st.sampled_from(["put", "shorten", "bar", "touch"]), names),
)
programs = st.tuples(
    st.lists(instructions, min_size=1, max_size=3), st.lists(instructions, min_size=1, max_size=2)
)


def agent(program: list[Instruction]) -> Callable[[World, pileup.Agent], list[Any]]:
    """Do what is written there, and tell what came of each."""

    def runs(world: World, me: pileup.Agent) -> list[Any]:
        held: list[int] = []
        told = [outcome(each, held, me.name) for each in program]
        for fd in held:
            os.close(fd)
        return told

    return runs


def outcome(instruction: Instruction, held: list[int], who: str) -> Any:
    verb, *rest = instruction
    try:
        if verb in ON_OPEN:
            return ON_OPEN[verb](held[-1], who) if held else "nothing open"
        if verb == "open":
            held.append(os.open(f"{DATA}/{rest[0]}", rest[1]))
            return "opened"
        return ON_PATHS[verb](*[f"{DATA}/{each}" for each in rest])
    except OSError as error:
        return errno.errorcode[error.errno or 0]


def whole(path: str) -> str:
    with open(path) as file:
        return file.read()


def put(path: str) -> None:
    with open(path, "w") as file:
        file.write("xy")


ON_OPEN: dict[str, Callable[[int, str], Any]] = {
    "read": lambda fd, _: os.read(fd, 3),
    "write": lambda fd, who: os.write(fd, who[-1:].encode()),
    "end": lambda fd, _: os.lseek(fd, 0, os.SEEK_END),
    "cut": lambda fd, _: os.ftruncate(fd, 1),
    "flock": lambda fd, _: fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB),
    "close": lambda fd, _: os.close(fd),
    "fstat": lambda fd, _: (os.fstat(fd).st_nlink, os.fstat(fd).st_size),
}
ON_PATHS: dict[str, Callable[..., Any]] = {
    "replace": os.replace,
    "link": os.link,
    "symlink": lambda goal, path: os.symlink(os.path.basename(goal), path),
    "remove": os.remove,
    "mkdir": os.mkdir,
    "rmdir": os.rmdir,
    "stat": lambda path: (os.stat(path).st_nlink, os.stat(path).st_size),
    "list": os.listdir,
    "whole": whole,
    "put": put,
    "shorten": lambda path: os.truncate(path, 1),
    "bar": lambda path: os.chmod(path, 0o400),
    "touch": lambda path: os.utime(path, (1, 1)),
}


def summary(run: Run) -> str:
    tree = run.world.files._volume.tree
    names = {
        path: (node.names, node.mode, getattr(node, "data", None), getattr(node, "target", None))
        for path, node in sorted(tree.nodes.items())
    }
    return f"{run.results} {[each.title for each in run.findings]} {names}"


@given(programs)
@settings(max_examples=60, deadline=None)
@example([[("open", "a", os.O_RDWR), ("write",)], [("replace", "a", "b"), ("whole", "b")]])
@example([[("mkdir", "e"), ("open", "e/a", os.O_RDWR | os.O_CREAT)], [("stat", "e/a")]])
@example([[("replace", "d", "e"), ("stat", "e/a")], [("open", "d/a", os.O_RDWR), ("write",)]])
@example([[("link", "a", "b"), ("whole", "b")], [("open", "a", os.O_WRONLY | os.O_TRUNC)]])
@example([[("symlink", "a", "s"), ("whole", "s")], [("open", "s", os.O_RDWR), ("write",)]])
@example([[("open", "a", os.O_RDWR | os.O_APPEND), ("write",)]] * 2)
@example([[("remove", "a"), ("list", "")], [("open", "a", os.O_RDWR | os.O_CREAT), ("write",)]])
@example([[("bar", "d"), ("stat", "d/a")], [("put", "d/a")]])
def test_orders_that_are_said_to_commute_do(program: Sequence[list[Instruction]]) -> None:
    expect_alike(program, None)


@given(programs)
@settings(max_examples=20, deadline=None)
@example([[("put", "a")], [("put", "b")]])
@example([[("remove", "a"), ("put", "b")], [("open", "a", os.O_RDWR), ("close",), ("put", "e")]])
def test_they_do_where_room_is_scarce(program: Sequence[list[Instruction]]) -> None:
    expect_alike(program, 5)


def expect_alike(program: Sequence[list[Instruction]], capacity: int | None) -> None:
    def setup(sim: pileup.Sim) -> World:
        world: World = start(**{"a": "old", "d/a": "x"})(sim)
        world.files.capacity = capacity
        return world

    bodies = [agent(each) for each in program]
    scenario = pileup.Scenario(bodies, setup=setup)
    with controlled(Budgets()):
        every = [summary(run) for run in all_runs(scenario.explorer())]
        fewer = [summary(run) for run in fewer_runs(scenario.explorer())]
    assert set(fewer) == set(every)
    assert len(fewer) <= len(every)


async def reads(world: World) -> None:
    await world.files.read_text("a")


async def writes(world: World) -> None:
    await world.files.write_text("b", "x")


def test_files_that_have_nothing_to_do_with_each_other_commute() -> None:
    scenario = pileup.Scenario([reads, writes], setup=start(a="", b="-"))
    fewer, every = (len(list(runs(scenario.explorer()))) for runs in (fewer_runs, all_runs))
    assert (fewer, every) == (1, 10)


def test_a_rename_touches_both_names_and_what_lists_them() -> None:
    async def renames(world: World) -> None:
        await world.files.rename("a", "d/b")

    assert rows(one_run(renames, **{"a": "", "d/x": ""})) == [
        "rename files[a] files[/] files[d/b] files[d/]"
    ]


def test_an_open_file_goes_by_its_old_name_and_its_new_one() -> None:
    async def rotates(world: World) -> None:
        async with world.files.open("log", "a") as file:
            await file.write("early")
            await world.files.rename("log", "log.1")
            await file.write("late")
            await world.files.read_text("log.1")
        await world.files.read_text("log.1")

    run = one_run(rotates, log="")
    assert rows(run)[1:] == [
        "append files[log] files[log (end)]",
        "rename files[log] files[/] files[log.1]",
        "append files[log.1] files[log] files[log.1 (end)]",
        "read files[log.1] files[log]",
        "read files[log.1]",
    ]


def test_an_append_updates_and_a_write_overwrites() -> None:
    async def does(world: World) -> None:
        await world.files.append("a", "x")
        await world.files.write_text("a", "y")

    run = one_run(does, a="-")
    seen = [(event.name, event.items[0].access) for event in run.history if event.items]
    assert seen[:4] == [
        ("open", "read"),
        ("append", "update"),
        ("truncate", "write"),
        ("write", "write"),
    ]


def test_what_fails_has_only_read() -> None:
    def fails(world: World) -> None:
        for call in (os.remove, os.rmdir, os.mkdir):
            try:
                call(f"{DATA}/d/" if call is os.mkdir else f"{DATA}/x")
            except OSError:
                continue
        try:
            os.rename(f"{DATA}/x", f"{DATA}/a")
        except OSError:
            return

    run = one_run(fails, **{"a": "", "d/x": ""})
    events = [event for event in run.history if event.items and event.name not in ("start", "end")]
    assert {seen.access for event in events for seen in event.items} == {"read"}
    assert {event.outcome for event in events} == {"fail"}


def test_paths_below_a_directory_that_moves_are_touched_by_the_move() -> None:
    def moves(world: World) -> None:
        os.stat(f"{DATA}/d/x")
        os.rename(f"{DATA}/d", f"{DATA}/e")
        os.stat(f"{DATA}/e/x")

    assert rows(one_run(moves, **{"d/x": ""})) == [
        "stat files[d/x]",
        "rename files[d] files[/] files[d/] files[d/x] files[e]",
        "stat files[e/x] files[e]",
    ]


def test_to_bar_a_directory_touches_what_is_below_and_all_later_ways_through_it() -> None:
    def bars(world: World) -> None:
        os.stat(f"{DATA}/d/x")
        os.chmod(f"{DATA}/d", 0o700)
        os.stat(f"{DATA}/d/x")
        os.chmod(DATA, 0o700)
        os.listdir(DATA)

    assert rows(one_run(bars, **{"d/x": ""})) == [
        "stat files[d/x]",
        "chmod files[d] files[d/] files[d/x]",
        "stat files[d/x] files[d]",
        "chmod files[/] files[d] files[d/] files[d/x]",
        "listdir files[/]",
    ]
