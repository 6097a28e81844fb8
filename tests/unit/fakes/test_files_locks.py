"""Locks on files: who excludes whom, who waits for whom, and what filelock makes of it."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
import pytest
from support.files_explored import DATA, every_run, one_run, rows, runs_with_few, start

import pileup
from pileup.fakes import World
from pileup.strategies import Dull, RoundRobin

PATH = f"{DATA}/a"
LOCK = f"{DATA}/a.lock"


def adds(world: World) -> None:
    """What is to be protected: two operations, so that every order can be tried."""
    world.memory.store("n", (world.memory.load("n") or 0) + 1)


async def adds_in_async_code(world: World) -> None:
    await world.memory.set("n", (await world.memory.get("n") or 0) + 1)


def sums(*agents: Any) -> set[int]:
    return {run.world.memory.peek("n") for run in every_run(*agents, a="", **{"a.lock": ""})}


@contextmanager
def flocked(how: int, path: str = LOCK) -> Iterator[None]:
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(fd, how)
    try:
        yield
    finally:
        os.close(fd)


def under_flock(world: World) -> None:
    with flocked(fcntl.LOCK_EX):
        adds(world)


def under_shared_flock(world: World) -> None:
    with flocked(fcntl.LOCK_SH):
        adds(world)


def under_lockf(world: World) -> None:
    with open(LOCK, "r+") as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        adds(world)


async def under_native_lock(world: World) -> None:
    async with world.files.lock("a.lock"):
        await adds_in_async_code(world)


async def under_step_lock(world: World) -> None:
    async with world.files.open("a.lock", "w") as file:
        await file.lock()
        await adds_in_async_code(world)
        await file.unlock()


@pytest.mark.parametrize(
    "agent",
    [under_flock, under_lockf, under_native_lock, under_step_lock],
    ids=lambda a: a.__name__,
)
def test_exclusive_locks_exclude(agent: Any) -> None:
    assert sums(agent, agent) == {2}


def test_locks_of_different_ways_are_one_lock() -> None:
    assert sums(under_flock, under_native_lock) == {2}


def test_flock_and_lockf_do_not_see_each_other() -> None:
    assert sums(under_flock, under_lockf) == {1, 2}


def test_shared_locks_do_not_exclude_each_other_but_exclusive_ones() -> None:
    assert sums(under_shared_flock, under_shared_flock) == {1, 2}
    assert sums(under_shared_flock, under_flock) == {2}


def test_a_lock_without_waiting_is_refused() -> None:
    def tries(world: World) -> str:
        try:
            with flocked(fcntl.LOCK_EX | fcntl.LOCK_NB):
                world.memory.load("n")
        except BlockingIOError:
            return "busy"
        return "had it"

    runs = every_run(tries, tries)
    assert {tuple(run.results.values()) for run in runs} == {
        ("had it", "had it"),
        ("had it", "busy"),
        ("busy", "had it"),
    }


async def refused(world: World) -> bool:
    try:
        async with world.files.lock("a.lock", blocking=False):
            await world.memory.get("n")
    except BlockingIOError:
        return True
    return False


def test_the_native_lock_without_waiting_is_refused_too() -> None:
    found = {frozenset(run.results.values()) for run in every_run(refused, refused)}
    assert found == {frozenset({False}), frozenset({True, False})}


def test_one_process_waits_for_its_own_flock_for_ever() -> None:
    def waits() -> None:
        with flocked(fcntl.LOCK_EX), flocked(fcntl.LOCK_EX):
            pass

    (found,) = pileup.explore(waits, setup=start(), agents=1, runs=2).findings
    assert (found.kind, "held by waits-0" in found.explanation) == ("deadlock", True)


def test_a_deadlock_names_the_holders() -> None:
    def one(world: World) -> None:
        with flocked(fcntl.LOCK_EX, f"{DATA}/l1"), flocked(fcntl.LOCK_EX, f"{DATA}/l2"):
            pass

    def other(world: World) -> None:
        with flocked(fcntl.LOCK_EX, f"{DATA}/l2"), flocked(fcntl.LOCK_EX, f"{DATA}/l1"):
            pass

    found = pileup.explore([one, other], setup=start()).findings[0]
    assert found.kind == "deadlock"
    for said in ("files.lock[l1]", "files.lock[l2]", "held by one-0", "held by other-1"):
        assert said in found.explanation


def test_to_upgrade_a_shared_lock_lets_another_in_between() -> None:
    """Real flock gives the old lock back first: two upgraders neither deadlock nor exclude."""

    def upgrades(world: World) -> None:
        with open(LOCK) as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            count = world.memory.load("n") or 0
            fcntl.flock(file, fcntl.LOCK_EX)
            world.memory.store("n", count + 1)

    assert sums(upgrades, upgrades) == {1, 2}


def test_record_locks_on_different_bytes_do_not_exclude() -> None:
    def locks(byte: int) -> None:
        with open(LOCK, "w") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
            Path(PATH).exists()
            fcntl.lockf(file, fcntl.LOCK_UN)

    def first() -> None:
        locks(0)

    def second() -> None:
        locks(1)

    assert {run.findings for run in every_run(first, second)} == {()}


def test_to_close_any_descriptor_loses_a_record_lock() -> None:
    """The oldest trap of POSIX: to read the lock file unlocks it."""

    def careless(world: World) -> None:
        with open(LOCK, "r+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            os.close(os.open(LOCK, os.O_RDONLY))
            adds(world)

    assert 1 in sums(careless, under_lockf)


def test_record_locks_are_carved_as_the_kernel_does() -> None:
    def holds() -> None:
        with open(LOCK, "w+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX, 10, 0)
            fcntl.lockf(file, fcntl.LOCK_UN, 4, 3)  # 0-2 and 7-9 are left
            fcntl.lockf(file, fcntl.LOCK_SH, 1, 8)  # 7 and 9 exclusive, 8 shared

    def tries() -> str:
        with open(LOCK, "r+") as file:
            taken = ""
            for byte in range(10):
                try:
                    fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, byte)
                    taken += "_"
                except BlockingIOError:
                    taken += "X"
            return taken

    runs = runs_with_few(1, holds, tries, **{"a.lock": ""})
    assert "XXX____X_X" in {run.results.get("tries-1") for run in runs}


def test_a_lock_file_that_one_alone_can_make_excludes() -> None:
    def takes(world: World) -> None:
        try:
            os.close(os.open(LOCK, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        adds(world)
        os.unlink(LOCK)

    runs = every_run(takes, takes)
    counts = [run.world.memory.peek("n") for run in runs]
    assert set(counts) == {1, 2}
    went_in = [sum(row.startswith("create files[a.lock]") for row in rows(run)) for run in runs]
    assert counts == went_in  # and nothing of theirs is lost


def test_to_look_and_then_make_a_lock_file_does_not() -> None:
    def takes(world: World) -> None:
        if not os.path.exists(LOCK):
            os.close(os.open(LOCK, os.O_CREAT))
            adds(world)
            os.unlink(LOCK)

    found = pileup.explore(takes, setup=start(a=""))
    assert any("FileNotFoundError" in each.title for each in found.findings)


# The package filelock ---------------------------------------------------------------------

SHARED = filelock.FileLock(LOCK)
SOFT = filelock.SoftFileLock(f"{DATA}/a.soft")


def by_own_lock(world: World) -> None:
    with filelock.FileLock(LOCK):
        adds(world)


def by_shared_lock(world: World) -> None:
    with SHARED:
        adds(world)


def by_soft_lock(world: World) -> None:
    with filelock.SoftFileLock(f"{DATA}/a.soft"):
        adds(world)


def by_shared_soft_lock(world: World) -> None:
    with SOFT:
        adds(world)


def by_a_lock_of_ones_own(world: World, me: pileup.Agent) -> None:
    with filelock.FileLock(f"{DATA}/{me.name}.lock"):
        adds(world)


FILELOCKS = [by_own_lock, by_shared_lock, by_soft_lock, by_shared_soft_lock]


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
@pytest.mark.parametrize("agent", FILELOCKS, ids=lambda agent: agent.__name__)
def test_filelock_excludes(agent: Any, backend: str) -> None:
    found = pileup.explore(
        agent, setup=start(a=""), agents=3, runs=60, backend=backend, check=expect_three
    )
    found.assert_clean()


def expect_three(world: World) -> None:
    assert world.memory.peek("n") == 3


@pytest.mark.parametrize("agent", FILELOCKS, ids=lambda agent: agent.__name__)
def test_filelock_excludes_in_all_orders_with_two_deviations(agent: Any) -> None:
    runs = list(runs_with_few(2, agent, agent, a=""))
    assert {run.world.memory.peek("n") for run in runs} == {2}
    assert any("sleep" in row for run in runs for row in rows(run))  # one has had to wait


def test_a_filelock_of_ones_own_excludes_nobody() -> None:
    found = pileup.explore(by_a_lock_of_ones_own, setup=start(a=""), agents=3, check=expect_three)
    assert any(each.kind == "check_failed" for each in found.findings)


def test_filelock_times_out_in_virtual_time() -> None:
    def holds() -> None:
        with filelock.FileLock(LOCK):
            Path(PATH).exists()

    def hurries() -> str:
        try:
            with filelock.FileLock(LOCK, timeout=5):
                return "had it"
        except filelock.Timeout:
            return "too late"

    runs = runs_with_few(2, holds, hurries, a="")
    assert {run.results["hurries-1"] for run in runs} >= {"had it"}


# pileup's asyncio loop serves many runs, and says so of the generators that filelock makes.
@pytest.mark.filterwarnings("ignore:asynchronous generator .* was scheduled after")
def test_the_async_filelock_excludes() -> None:
    async def takes(world: World) -> None:
        async with filelock.AsyncFileLock(LOCK, run_in_executor=False):
            await adds_in_async_code(world)
            await asyncio.sleep(0)

    found = pileup.explore(
        takes, setup=start(a=""), agents=3, runs=60, check=expect_three, backend="asyncio"
    )
    found.assert_clean()


def test_filelock_is_as_it_was_afterwards(tmp_path: Path) -> None:
    before = vars(filelock.BaseFileLock).get("_context"), filelock._api._REGISTRY
    pileup.explore(by_own_lock, setup=start(a=""), runs=2)
    assert (vars(filelock.BaseFileLock).get("_context"), filelock._api._REGISTRY) == before
    with filelock.FileLock(tmp_path / "lock") as lock:
        assert lock.is_locked


def test_a_lock_of_filelock_is_free_again_in_the_next_run() -> None:
    def keeps(world: World) -> None:
        SHARED.acquire()

    found = pileup.explore(keeps, setup=start(a=""), agents=1, runs=5)
    assert found.clean


def test_locks_are_found_in_all_runtimes_alike() -> None:
    def histories(backend: str) -> set[tuple[str, ...]]:
        runs = every_run(under_flock, under_flock, backend=backend, a="")
        return {tuple(run.history.lines()) for run in runs}

    assert histories("native") == histories("trio") == histories("asyncio")


def test_round_robin_makes_one_wait() -> None:
    run = one_run(under_flock, under_flock, strategy=RoundRobin(), a="")
    names = [row for row in rows(run) if "lock" in row]
    assert names == [
        "create files[a.lock] files[/]",
        "open files[a.lock]",
        "lock files.lock[a.lock]",
        "close files.lock[a.lock]",
        "lock files.lock[a.lock]",
        "close files.lock[a.lock]",
    ]
    assert rows(one_run(under_flock, strategy=Dull(), a="")) != []
