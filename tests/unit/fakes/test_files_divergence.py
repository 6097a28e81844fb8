"""Where mounted files are known to differ from real ones, as the docstring of the fake lists it."""

from __future__ import annotations

import errno
import fcntl
import io
import mmap
import os
import time
import warnings
from pathlib import Path
from typing import Any

import filelock
import pytest
from support.files_explored import DATA, every_run, one_run, rows, start

import pileup
from pileup.fakes import World

PATH = f"{DATA}/a"


def alone(agent: Any, **texts: str) -> Any:
    run = one_run(agent, **texts)
    assert run.findings == (), run.findings
    return run


def test_a_write_is_seen_whole_or_not_at_all() -> None:
    def writes(world: World) -> None:
        fd = os.open(PATH, os.O_WRONLY)
        os.write(fd, b"x" * 100_000)  # a real reader may see some of its pages
        os.close(fd)

    async def reads(world: World) -> int:
        return len(await world.files.read_text("a"))

    found = {run.results["reads-1"] for run in every_run(writes, reads, a="")}
    assert found == {0, 100_000}


def test_names_are_listed_sorted() -> None:
    def lists() -> None:
        for name in "cab":
            Path(DATA, name).touch()
        assert os.listdir(DATA) == ["a", "b", "c"]

    alone(lists)


def test_opening_by_the_class_is_not_seen() -> None:
    def opens() -> None:
        with pytest.raises(FileNotFoundError):
            io.FileIO(PATH)

    alone(opens, a="x")


def test_c_code_cannot_use_descriptors() -> None:
    def maps() -> None:
        with open(PATH, "r+b") as file, pytest.raises(OSError, match="Bad file descriptor"):
            mmap.mmap(file.fileno(), 0)

    alone(maps, a="x")


def test_record_locks_are_for_lockf_of_fcntl_alone() -> None:
    def locks() -> None:
        fd = os.open(PATH, os.O_RDWR)
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.lockf(fd, os.F_LOCK, 0)
        with pytest.raises(OSError, match="Invalid argument"):
            fcntl.fcntl(fd, fcntl.F_SETLK, b"")

    alone(locks, a="x")


def test_to_empty_an_empty_file_is_no_change() -> None:
    def empties() -> None:
        before = os.stat(PATH).st_mtime
        time.sleep(1)
        os.close(os.open(PATH, os.O_WRONLY | os.O_TRUNC))
        assert os.stat(PATH).st_mtime == before

    alone(empties, a="")


def test_the_umask_is_that_of_most() -> None:
    def makes() -> None:
        os.close(os.open(f"{DATA}/new", os.O_CREAT, 0o777))
        assert os.stat(f"{DATA}/new").st_mode & 0o777 == 0o755

    alone(makes)


def test_reading_does_not_change_the_time_of_access() -> None:
    def reads() -> None:
        before = os.stat(PATH).st_atime
        time.sleep(100)
        Path(PATH).read_text()
        assert os.stat(PATH).st_atime == before

    alone(reads, a="x")


def test_a_deadlock_of_record_locks_is_reported_rather_than_refused() -> None:
    def locks(first: int, second: int) -> None:
        with open(PATH, "r+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX, 1, first)
            fcntl.lockf(file, fcntl.LOCK_EX, 1, second)  # a real one raises EDEADLK

    def one() -> None:
        locks(0, 1)

    def other() -> None:
        locks(1, 0)

    found = pileup.explore([one, other], setup=start(a="xx"))
    assert [each.kind for each in found.findings] == ["deadlock"]


def test_all_files_have_one_owner_who_is_no_superuser() -> None:
    def tries() -> None:
        os.chown(PATH, 0, 0)
        os.chmod(PATH, 0)
        with pytest.raises(PermissionError):
            open(PATH)
        assert os.stat(PATH).st_uid == os.getuid()

    alone(tries, a="x")


def test_a_link_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    def tries() -> None:
        outside = tmp_path / "outside"
        outside.write_text("x")
        os.symlink(outside, f"{DATA}/link")
        assert not os.path.exists(f"{DATA}/link")
        os.symlink("/data/a", f"{DATA}/inside")
        assert Path(f"{DATA}/inside").read_text() == "in here"
        os.symlink("../a", f"{DATA}/up")  # above the top is the top
        assert Path(f"{DATA}/up").read_text() == "in here"

    alone(tries, a="in here")


def test_a_link_from_outside_does_not_lead_in(tmp_path: Path) -> None:
    def tries() -> None:
        os.symlink(PATH, tmp_path / "link")
        assert not os.path.exists(tmp_path / "link")

    alone(tries, a="x")


def test_there_are_no_unnamed_files_no_attributes_and_no_leases() -> None:
    def tries() -> None:
        for call in (
            lambda: os.open(DATA, os.O_TMPFILE | os.O_RDWR),
            lambda: os.setxattr(PATH, "user.x", b""),
            lambda: os.getxattr(PATH, "user.x"),
            lambda: fcntl.fcntl(os.open(PATH, os.O_RDONLY), fcntl.F_GETLEASE),
        ):
            with pytest.raises(OSError) as raised:  # noqa: PT011 - the number is what matters
                call()
            assert raised.value.errno in (errno.EOPNOTSUPP, errno.ENODATA, errno.EINVAL)

    alone(tries, a="x")


def test_an_unclosed_file_is_not_warned_of() -> None:
    def drops() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            open(PATH).read()

    alone(drops, a="x")


def test_a_buffered_file_cannot_be_shared_by_agents() -> None:
    """Threads of a real process wait for its lock; here, both would be one thread."""
    shared: list[Any] = []

    def setup(sim: pileup.Sim) -> World:
        world: World = start(a="")(sim)
        shared[:] = [open(PATH, "wb")]
        return world

    def writes() -> None:
        shared[0].write(b"x" * 10_000)
        shared[0].flush()

    found = pileup.explore(writes, setup=setup, runs=20)
    assert any("reentrant call" in each.title for each in found.findings)
    shared[0].close()


def test_a_soft_lock_left_behind_is_never_taken_for_stale() -> None:
    """All agents have one process id, and that process lives."""

    def leaves() -> None:
        filelock.SoftFileLock(f"{DATA}/soft").acquire()

    def follows() -> str:
        try:
            with filelock.SoftFileLock(f"{DATA}/soft", timeout=60):
                return "had it"
        except filelock.Timeout:
            return "too late"

    kept: list[Any] = []

    def leaves_for_good() -> None:
        kept.append(filelock.SoftFileLock(f"{DATA}/soft"))
        kept[-1].acquire()

    assert one_run(leaves_for_good, follows).results["follows-1"] == "too late"
    assert one_run(leaves, follows).results["follows-1"] == "had it"  # dropped, so given back


def test_a_failing_close_still_closes() -> None:
    run = alone(lambda: open(PATH, "w").close())
    assert rows(run) == ["create files[a] files[/]"]  # no operation where nobody can tell
