"""A shared folder by its native handle: what agents can do to each other there."""

from __future__ import annotations

from typing import Any

import pytest
from support.exhaust import all_runs
from support.files_explored import every_run, one_run, rows, start

import pileup
from pileup.fakes import World
from pileup.fakes.files import Files
from pileup.history import Event
from pileup.scenarios import config_race
from pileup.strategies import Dull, RoundRobin


def texts(*agents: Any, name: str = "a", **seeds: str) -> set[str]:
    return {run.world.files.peek(name) for run in every_run(*agents, **seeds)}


async def appends_by_hand(world: World) -> None:
    await world.files.write_text("a", await world.files.read_text("a") + "x")


async def appends(world: World) -> None:
    await world.files.append("a", "x")


async def replaces(world: World) -> None:
    await world.files.replace_text("a", await world.files.read_text("a") + "x")


async def locks(world: World) -> None:
    async with world.files.lock("a.lock"):
        await appends_by_hand(world)


def locks_in_sync_code(world: World) -> None:
    with world.files.sync.lock("a.lock"):
        world.files.sync.write_text("a", world.files.sync.read_text("a") + "x")


def test_a_whole_file_is_emptied_before_it_is_written() -> None:
    assert rows(one_run(appends_by_hand, a="")) == [
        "read files[a]",
        "truncate files[a]",
        "write files[a]",
    ]


def test_what_another_writes_can_be_lost_or_read_half_done() -> None:
    """ "xx" if one after the other; "x" if one is lost, or reads the file while it is empty."""
    assert texts(appends_by_hand, appends_by_hand, a="") == {"x", "xx"}


def test_a_reader_can_find_a_file_empty_that_never_was() -> None:
    async def reads(world: World) -> str:
        return await world.files.read_text("a")

    async def writes(world: World) -> None:
        await world.files.write_text("a", "new")

    found = {run.results["reads-1"] for run in every_run(writes, reads, a="old")}
    assert found == {"old", "", "new"}


def test_two_writers_can_mix_their_texts() -> None:
    async def writes(text: str, world: World) -> None:
        await world.files.write_text("a", text)

    async def long(world: World) -> None:
        await writes("longer", world)

    async def short(world: World) -> None:
        await writes("me", world)

    assert texts(long, short, a="") == {"longer", "me", "menger"}


def test_a_file_that_takes_anothers_place_is_never_read_half_done() -> None:
    async def reads(world: World) -> str:
        return await world.files.read_text("a")

    async def writes(world: World) -> None:
        await world.files.replace_text("a", "new")

    assert {run.results["reads-1"] for run in every_run(writes, reads, a="old")} == {"old", "new"}


def test_but_what_another_writes_can_still_be_lost() -> None:
    found = pileup.explore(
        replaces, setup=start(a=""), check=lambda world: _expect(world.files.peek("a") == "xx")
    )
    assert [each.kind for each in found.findings] == ["lost_write", "check_failed"]


def _expect(fact: bool) -> None:
    assert fact


@pytest.mark.parametrize("agent", [appends, locks, locks_in_sync_code])
def test_a_right_append_is_never_lost(agent: Any) -> None:
    assert texts(agent, agent, a="") == {"xx"}


def test_one_alone_makes_a_file() -> None:
    async def makes(world: World) -> bool:
        try:
            await world.files.create("a.lock", "mine")
        except FileExistsError:
            return False
        return True

    runs = every_run(makes, makes)
    assert {tuple(run.results.values()) for run in runs} == {(True, False), (False, True)}
    assert {run.world.files.peek("a.lock") for run in runs} == {"mine"}


def test_all_the_verbs_do_what_they_say() -> None:
    async def tries(world: World) -> None:
        files = world.files
        await files.mkdir("d/e", parents=True)
        await files.mkdir("d/e", parents=True, exist_ok=True)
        await files.write_bytes("d/a", b"\xff\0")
        await files.append("d/a", b"x")
        assert await files.read_bytes("d/a") == b"\xff\0x"
        await files.link("d/a", "d/b")
        assert (await files.stat("d/b")).st_nlink == 2
        await files.rename("d/b", "d/e/b")
        await files.replace("d/e/b", "d/c")
        await files.truncate("d/a", 1)
        assert await files.read_bytes("d/c") == b"\xff"
        await files.remove("d/a")
        assert [await files.exists(name) for name in ("d/a", "d/c", "d")] == [False, True, True]
        assert await files.listdir("d") == ["c", "e"]
        await files.rmdir("d/e")
        await files.fsync("d/c")
        await files.fsync("d")
        assert await files.listdir() == ["d"]

    pileup.explore(tries, agents=1, runs=2).assert_clean()


def test_all_the_verbs_do_the_same_in_sync_code() -> None:
    def tries(world: World) -> None:
        files = world.files.sync
        files.mkdir("d/e", parents=True)
        files.mkdir("d/e", exist_ok=True)
        files.write_bytes("d/a", b"ab")
        files.append("d/a", "c")
        files.link("d/a", "d/b")
        files.rename("d/b", "d/e/b")
        files.replace("d/e/b", "d/c")
        files.truncate("d/a", 1)
        assert (files.read_bytes("d/c"), files.stat("d/c").st_nlink) == (b"a", 2)
        files.remove("d/a")
        files.create("d/new", "x")
        files.replace_text("d/new", "y")
        assert (files.read_text("d/new"), files.exists("d/a")) == ("y", False)
        assert files.listdir("d") == ["c", "e", "new"]
        files.rmdir("d/e")
        files.fsync("d")

    pileup.explore(tries, agents=1, runs=2).assert_clean()


def test_an_open_file_is_worked_on_step_by_step() -> None:
    async def tries(world: World) -> None:
        async with world.files.open("a", "w+") as file:
            await file.write("hello")
            assert (await file.stat()).st_size == 5
            assert await file.seek(-3, 2) == 2
            assert await file.read(2) == b"ll"
            await file.seek(1)
            await file.truncate(3)
            assert await file.read() == b"el"
            await file.lock(shared=True)
            await file.unlock()
            await file.fsync()

    run = one_run(tries)
    assert rows(run) == [
        "create files[a] files[/]",
        "write files[a]",
        "stat files[a]",
        "seek files[a]",
        "read files[a]",
        "truncate files[a]",
        "read files[a]",
        "lock files.lock[a]",
        "unlock files.lock[a]",
        "fsync files[a]",
    ]
    assert run.findings == ()


def test_the_same_in_sync_code() -> None:
    def tries(world: World) -> None:
        with world.files.sync.open("a", "w+") as file:
            file.write(b"hello")
            assert (file.stat().st_size, file.seek(0, 2), file.seek(0)) == (5, 5, 0)
            file.truncate(3)
            assert file.read() == b"hel"
            file.lock(blocking=False)
            file.unlock()
            file.fsync()
        with pytest.raises(IsADirectoryError):
            world.files.sync.open("")

    assert one_run(tries).findings == ()


def test_what_opens_a_file_is_good_for_one_block() -> None:
    async def keeps(world: World) -> None:
        lock = world.files.lock("a")
        with pytest.raises(pileup.UsageError, match=r"Write `async with files\.open"):
            await lock.read()
        async with lock:
            with pytest.raises(pileup.UsageError, match="Call it anew for each"):
                async with lock:
                    pass

    assert one_run(keeps, a="").findings == ()


def test_sync_verbs_act_at_once_in_setup_and_check() -> None:
    def setup(sim: pileup.Sim) -> World:
        world = World(sim)
        world.files.sync.mkdir("d")
        world.files.sync.write_text("d/a", "x")
        return world

    async def idles(world: World) -> None:
        await world.files.read_text("d/a")

    def check(world: World) -> None:
        assert world.files.sync.listdir("d") == ["a"]

    pileup.explore(idles, setup=setup, check=check, runs=2).assert_clean()


def test_a_wait_that_nobody_can_end_is_refused_in_setup() -> None:
    def setup(sim: pileup.Sim) -> World:
        world = World(sim)
        with world.files.sync.lock("a"), world.files.sync.lock("a"):
            pass
        return world

    with pytest.raises(pileup.UsageError, match="would wait for ever"):
        pileup.explore(appends, setup=setup, runs=1)


def test_seeds_make_the_directories_that_lead_to_them() -> None:
    async def reads(world: World) -> str:
        return await world.files.read_text("d/e/a")

    def setup(sim: pileup.Sim) -> World:
        world = World(sim)
        world.files.seed("d/e/a", "x")
        world.files.seed("d/e/b", b"\xff")
        return world

    run = pileup.Scenario(reads, setup=setup, agents=1).explorer().once(Dull())
    assert run.results == {"reads-0": "x"}
    assert run.world.files.peek_bytes("d/e/b") == b"\xff"


def test_a_missing_file_says_how_to_put_it_there() -> None:
    async def reads(world: World) -> None:
        with pytest.raises(FileNotFoundError, match=r"files\.seed\('absent\.txt', text\)"):
            await world.files.read_text("absent.txt")
        await world.files.write_text("absent.txt", "here now")
        assert await world.files.read_text("absent.txt") == "here now"

    pileup.explore(reads, agents=1, runs=3).assert_clean()


def test_a_failed_read_is_a_fail_in_the_history() -> None:
    async def reads(world: World) -> None:
        with pytest.raises(FileNotFoundError):
            await world.files.read_text("absent.txt")

    (event,) = events(reads)
    assert (event.outcome, event.detail) == ("fail", "FileNotFoundError")


def events(*agents: Any, strategy: Any = None, **seeds: str) -> list[Event]:
    run = one_run(*agents, strategy=strategy, **seeds)
    return [event for event in run.history if event.items and event.name != "end"]


def test_the_history_shows_what_was_read_and_written() -> None:
    found = events(appends_by_hand, appends_by_hand, strategy=RoundRobin(), a="-")
    assert [(event.name, event.items[0].version, event.detail) for event in found][-2:] == [
        ("write", 2, "-x"),  # the second to empty it found it empty
        ("write", 3, "-x"),
    ]


def test_the_config_race_is_found_and_its_lock_fixes_it() -> None:
    def left(scenario: pileup.Scenario) -> set[bool]:
        runs = all_runs(scenario.explorer())
        return {run.world.files.peek("config.json").count("add_entry") == 2 for run in runs}

    race = pileup.Scenario(config_race.add_entry, setup=config_race.start)
    fixed = pileup.Scenario(config_race.add_entry_under_lock, setup=config_race.start)
    assert (left(race), left(fixed)) == ({True, False}, {True})


def test_two_folders_do_not_know_each_other() -> None:
    class Two(World):
        def __init__(self, sim: pileup.Sim) -> None:
            super().__init__(sim)
            self.other = Files(sim, "other")
            self.other.seed("a", "other")
            self.files.seed("a", "files")

    async def reads(world: Two) -> str:
        return await world.files.read_text("a") + await world.other.read_text("a")

    run = pileup.Scenario(reads, setup=Two, agents=1).explorer().once(Dull())
    assert (run.results["reads-0"], rows(run)) == ("filesother", ["read files[a]", "read other[a]"])
