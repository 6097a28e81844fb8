"""What goes wrong below the files: no room, half a write, a crash of an agent or of all."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.exhaust import all_runs
from support.files_explored import DATA, rows, start

import pileup
from pileup.fakes import World
from pileup.fakes.files import Files
from pileup.faults import Rule
from pileup.results import Run
from pileup.strategies import Dull

PATH = f"{DATA}/a"


def small(capacity: int, **texts: str) -> Any:
    def setup(sim: pileup.Sim) -> World:
        world: World = start(**texts)(sim)
        world.files.capacity = capacity
        return world

    return setup


def alone(agent: Any, setup: Any = None, **more: Any) -> Run:
    return (
        pileup.Scenario(agent, setup=setup or start(a=""), agents=1, **more).explorer().once(Dull())
    )


# No room ----------------------------------------------------------------------------------


def test_a_full_disk_takes_what_there_is_room_for() -> None:
    def writes() -> None:
        fd = os.open(PATH, os.O_WRONLY)
        assert os.write(fd, b"12345678") == 5
        with pytest.raises(OSError, match="No space left") as raised:
            os.write(fd, b"678")
        assert raised.value.errno == errno.ENOSPC
        os.close(fd)

    run = alone(writes, small(5, a=""))
    assert (run.findings, run.world.files.peek("a")) == ((), "12345")


def test_buffers_and_whole_writes_tell_of_it_after_the_part_that_fits() -> None:
    async def writes(world: World) -> None:
        with pytest.raises(OSError, match="No space left"):
            await world.files.write_text("a", "12345678")
        with pytest.raises(OSError, match="No space left"):
            Path(f"{DATA}/b").write_text("x")

    run = alone(writes, small(5, a=""))
    assert (run.findings, run.world.files.peek("a"), run.world.files.peek("b")) == ((), "12345", "")


def test_room_comes_back_when_the_last_who_has_it_lets_go() -> None:
    def writes() -> None:
        with open(PATH, "rb") as held:
            os.unlink(PATH)
            assert shutil.disk_usage(DATA).free == 0
            with pytest.raises(OSError, match="No space left"):
                Path(f"{DATA}/b").write_text("x" * 4096)
            assert len(held.read()) == 4096
        Path(f"{DATA}/b").write_text("x" * 4096)
        os.truncate(f"{DATA}/b", 10)
        with pytest.raises(OSError, match="No space left"):
            os.truncate(f"{DATA}/b", 10_000)
        Path(f"{DATA}/c").write_text("x" * 4086)
        os.replace(f"{DATA}/c", f"{DATA}/b")
        Path(f"{DATA}/d").write_text("x" * 10)

    assert alone(writes, small(4096, a="x" * 4096)).findings == ()


def test_who_gets_the_last_room_depends_on_the_order() -> None:
    async def writes(world: World, me: pileup.Agent) -> bool:
        try:
            await world.files.write_text(me.name, "1234")
        except OSError:
            return False
        return True

    scenario = pileup.Scenario(writes, setup=small(6))
    found = {tuple(run.results.values()) for run in all_runs(scenario.explorer())}
    assert found == {(True, False), (False, True)}
    names = [each for each in rows(next(all_runs(scenario.explorer()))) if each.startswith("write")]
    assert all("files[(free space)]" in each for each in names)


# Faults -----------------------------------------------------------------------------------


async def writes(world: World) -> str:
    try:
        await world.files.write_text("a", "whole")
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "written"


@pytest.mark.parametrize(
    ("fault", "told", "there"),
    [
        ("torn", "EIO", "wh"),
        ("full", "ENOSPC", "wh"),
        ("denied", "EACCES", ""),
        ("error", "EIO", ""),
        ("timeout", "ETIMEDOUT", ""),
        ("unavailable", "ESTALE", ""),
        ("lost", "ETIMEDOUT", "whole"),
        ("reset", "EIO", "whole"),
    ],
)
def test_a_write_fails_before_amid_or_after_its_effect(fault: str, told: str, there: str) -> None:
    run = alone(writes, faults=[Rule(fault, on="write*")])
    assert (run.results["writes-0"], run.world.files.peek("a")) == (told, there)
    (event,) = [event for event in run.history if event.name == "write"]
    assert event.outcome == ("fail" if there == "" else "info")


def test_a_read_may_be_denied_to_unmodified_code() -> None:
    def reads() -> None:
        with pytest.raises(PermissionError):
            open(PATH)
        with pytest.raises(OSError, match="no space left"):
            open(f"{DATA}/new", "w")

    rules = [Rule("denied", on="open*"), Rule("full", on="create*")]
    assert alone(reads, faults=rules).findings == ()


def test_no_fault_keeps_a_lock_from_being_given_back() -> None:
    async def locks(world: World) -> None:
        async with world.files.lock("a"):
            pass
        async with world.files.open("a") as file:
            await file.lock()
            await file.unlock()

    rules = [Rule("error", on="close*"), Rule("error", on="unlock*")]
    scenario = pileup.Scenario(locks, setup=start(a=""), agents=2, faults=rules)
    assert scenario.explorer().once(Dull()).findings == ()


def test_a_timeout_amid_a_close_does_not_keep_the_lock() -> None:
    async def locks(world: World) -> None:
        with suppress(TimeoutError):
            async with pileup.timeout(5), world.files.lock("a"):
                pass
        async with world.files.lock("a", blocking=False):
            pass

    rule = Rule("slow", on="close*", nth=1, seconds=10)
    assert alone(locks, faults=[rule]).findings == ()


# An agent dies ----------------------------------------------------------------------------


def test_a_dead_agent_holds_no_flock() -> None:
    def dies() -> None:
        with open(f"{DATA}/lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write("buffered")
            os.stat(PATH)

    def follows() -> str:
        with open(f"{DATA}/lock") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            return file.read()

    crash = [Rule("crash", on="stat*", by="dies-0", moment="before")]
    scenario = pileup.Scenario([dies, follows], setup=start(a="", lock=""), faults=crash)
    for run in every(scenario):
        died = "exit files.lock[lock]" in rows(run)
        assert died or "dies-0" in run.results
        assert not died or run.results["follows-1"] == ""  # the buffer died with it
    assert "exit files.lock[lock]" in rows(one_run_of(scenario))


def one_run_of(scenario: pileup.Scenario) -> Run:
    return next(run for run in every(scenario) if run.tape.faults == (1,))


def every(scenario: pileup.Scenario) -> Iterable[Run]:
    return all_runs(scenario.explorer())


def test_a_dead_agent_holds_no_record_lock_and_leaves_its_lock_file() -> None:
    def dies() -> None:
        os.close(os.open(f"{DATA}/soft", os.O_CREAT | os.O_EXCL))
        with open(f"{DATA}/lock", "w") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            os.stat(PATH)

    def follows() -> bool:
        with open(f"{DATA}/lock", "w") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
        return os.path.exists(f"{DATA}/soft")

    crash = [Rule("crash", on="stat*", by="dies-0", moment="before")]
    scenario = pileup.Scenario([dies, follows], setup=start(a=""), faults=crash)
    assert one_run_of(scenario).results == {"follows-1": True}


def test_an_agent_that_begins_anew_finds_its_descriptors_closed() -> None:
    async def restarts(world: World) -> None:
        async with world.files.lock("lock", blocking=False):
            await world.files.read_text("a")

    rule = Rule("restart", on="read*", most=1)
    assert [
        each for each in alone(restarts, faults=[rule]).findings if "Blocking" in each.title
    ] == []


def test_a_file_object_that_outlives_its_process_does_nothing() -> None:
    kept: list[Any] = []

    def restarts() -> None:
        kept.append(open(PATH, "w"))
        kept[-1].write(f"life {len(kept)}")
        os.stat(PATH)
        assert kept[0].fileno() == kept[1].fileno()  # it was free again
        kept[0].close()
        kept[1].close()

    run = alone(restarts, faults=[Rule("restart", on="stat*", most=1)])
    assert (run.findings, run.world.files.peek("a")) == ((), "life 2")


# The machine crashes ----------------------------------------------------------------------


def after_crash(agent: Any, name: str = "a", setup: Any = None, **texts: str) -> set[str | None]:
    """What may be in a file after an agent has done its work and the machine has crashed."""

    async def crashes(world: World) -> None:
        agent(world) if not _is_async(agent) else await agent(world)
        world.files.crash()

    def peek(world: World) -> str | None:
        try:
            return world.files.peek(name)
        except FileNotFoundError:
            return None

    scenario = pileup.Scenario(crashes, setup=setup or start(**texts), agents=1)
    return {peek(run.world) for run in every(scenario)}


def _is_async(agent: Any) -> bool:
    return bool(agent.__code__.co_flags & 0x80)


async def renames(world: World) -> None:
    await world.files.write_text("a.tmp", "new")
    await world.files.replace("a.tmp", "a")


async def syncs_and_renames(world: World) -> None:
    async with world.files.open("a.tmp", "w") as file:
        await file.write("new")
        await file.fsync()
    await world.files.replace("a.tmp", "a")


async def syncs_all(world: World) -> None:
    await syncs_and_renames(world)
    await world.files.fsync("")


def test_what_is_written_in_place_may_be_lost_from_the_end() -> None:
    async def writes(world: World) -> None:
        await world.files.write_text("a", "new")
        await world.files.append("a", "er")

    assert after_crash(writes, a="old") == {"newer", "new", "", "old"}


def test_a_rename_without_fsync_may_leave_an_empty_file() -> None:
    assert after_crash(renames, a="old") == {"new", "", "old"}


def test_with_fsync_it_is_the_old_or_the_new() -> None:
    assert after_crash(syncs_and_renames, a="old") == {"new", "old"}


def test_with_fsync_of_the_directory_it_is_the_new() -> None:
    assert after_crash(syncs_all, a="old") == {"new"}


def test_replace_text_is_never_half_there() -> None:
    async def replaces(world: World) -> None:
        await world.files.replace_text("a", "new")

    assert after_crash(replaces, a="old") == {"new", "old"}


def test_a_file_made_anew_may_be_gone_even_if_it_was_synced() -> None:
    async def writes(world: World) -> None:
        await world.files.create("new", "x")
        await world.files.fsync("new")

    assert after_crash(writes, "new") == {"x", None}


def test_names_are_lost_in_order_from_the_last() -> None:
    async def changes(world: World) -> None:
        await world.files.mkdir("d")
        await world.files.create("d/b", "")
        await world.files.rename("d", "e")
        await world.files.remove("a")
        world.files.crash()

    scenario = pileup.Scenario(changes, setup=start(a=""), agents=1)
    found = {
        tuple(sorted(path for path in run.world.files._volume.tree.nodes if path))
        for run in every(scenario)
    }
    assert found == {("e", "e/b"), ("a", "e", "e/b"), ("a", "d", "d/b"), ("a", "d"), ("a",)}


def test_what_setup_does_is_durable() -> None:
    def setup(sim: pileup.Sim) -> World:
        world: World = start(a="old")(sim)
        Path(PATH).write_text("new")
        return world

    async def idles(world: World) -> None:
        await world.files.exists("a")

    assert after_crash(idles, setup=setup) == {"new"}


def test_old_writes_have_reached_the_disk() -> None:
    async def writes(world: World) -> None:
        for number in range(100):
            await world.files.append("a", f"{number},")

    left = after_crash(writes, a="")
    assert len(left) == 65
    assert all(text is not None and text.startswith("0,1,2,") for text in left)


def test_old_writes_are_kept_in_order() -> None:
    async def writes(world: World) -> None:
        for number in range(300):
            await world.files.write_text("a", "short" if number % 7 else f"a longer one, {number}")
        await world.files.truncate("a", 3)

    left = after_crash(writes, a="")
    assert left == {"", "sho", "short", *[f"a longer one, {n}" for n in range(273, 300, 7)]}


def test_old_changes_of_names_have_reached_the_disk() -> None:
    async def makes(world: World) -> None:
        for number in range(300):
            await world.files.create(f"{number}")
        world.files.crash()

    scenario = pileup.Scenario(makes, setup=start(), agents=1)
    left = {len(run.world.files.sync.listdir()) for run in every(scenario)}
    assert left == set(range(300 - 64, 301))


def test_the_dullest_crash_loses_nothing_but_what_is_open() -> None:
    def works(world: World) -> None:
        with open(PATH, "w") as file:
            file.write("new")
        held = os.open(PATH, os.O_RDWR)
        fcntl.flock(held, fcntl.LOCK_EX)
        world.files.crash()
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.read(held, 1)
        with open(PATH, "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    run = alone(works)
    assert (run.findings, run.world.files.peek("a")) == ((), "new")
    assert "crash" in [event.name for event in run.history]


def test_a_crash_can_come_by_itself_between_any_two_operations() -> None:
    def setup(sim: pileup.Sim) -> World:
        world: World = start(a='{"n": 0}')(sim)
        sim.later(pileup_operation(world))
        return world

    def pileup_operation(world: World) -> Any:
        from pileup.operations import Operation

        return Operation("crash", (), world.files.crash)

    async def updates(world: World) -> None:
        await world.files.write_text("a", json.dumps({"n": 1}))

    def check(world: World) -> None:
        json.loads(world.files.peek("a"))

    found = pileup.explore(updates, setup=setup, agents=1, check=check)
    assert "check_failed" in [each.kind for each in found.findings]


def test_a_fake_made_by_itself_has_a_capacity_too() -> None:
    class Small(World):
        def __init__(self, sim: pileup.Sim) -> None:
            super().__init__(sim)
            self.scratch = Files(sim, "scratch", capacity=3)

    async def fills(world: Small) -> None:
        assert world.scratch.capacity == 3
        with pytest.raises(OSError, match="No space left"):
            await world.scratch.append("a", "1234")

    run = pileup.Scenario(fills, setup=Small, agents=1).explorer().once(Dull())
    assert (run.findings, run.world.scratch.peek("a")) == ((), "123")
