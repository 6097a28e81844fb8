"""A fake directory and a real one side by side: every answer and every errno is the same.

Several open files at a time stand for several clients: what the kernel knows
of a client, it knows by its descriptor.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from support.files_twice import POINT, mounted

NAMES = ["a", "b", "d", "d/a", "d/e", "d/e/a", "d/../a", "a/", "d/", "./b", "link", "link/a", "x/y"]
SLOTS = 3
names = st.sampled_from(NAMES)
slots = st.integers(0, SLOTS - 1)
small = st.integers(0, 12)
contents = st.binary(min_size=0, max_size=6)
access = st.sampled_from([os.O_RDONLY, os.O_WRONLY, os.O_RDWR])
extras = st.sets(
    st.sampled_from([os.O_CREAT, os.O_EXCL, os.O_TRUNC, os.O_APPEND, os.O_NOFOLLOW, os.O_DIRECTORY])
)


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except OSError as error:
        return type(error).__name__, errno.errorcode[error.errno or 0]


def plain(found: os.stat_result) -> tuple[int, ...]:
    size = found.st_size if not stat.S_ISDIR(found.st_mode) else 0
    return stat.S_IFMT(found.st_mode), stat.S_IMODE(found.st_mode), found.st_nlink, size


def kinds(path: str) -> list[tuple[str, bool]]:
    with os.scandir(path) as entries:
        return sorted((entry.name, entry.is_dir()) for entry in entries)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.umask = os.umask(0o022)
        self.stack.callback(os.umask, self.umask)
        real = self.stack.enter_context(TemporaryDirectory())
        self.stack.enter_context(mounted())
        self.roots = (POINT, real)
        self.open: list[tuple[int, int] | None] = [None] * SLOTS

    def both(self, call: Callable[[str], Any]) -> Any:
        fake, real = (outcome(partial(call, root)) for root in self.roots)
        assert fake == real
        return fake

    def each(self, slot: int, call: Callable[[int], Any]) -> None:
        pair = self.open[slot]
        if pair is not None:
            fake, real = (outcome(partial(call, fd)) for fd in pair)
            assert fake == real

    @rule(name=names, how=access, extra=extras, slot=slots)
    def opens(self, name: str, how: int, extra: set[int], slot: int) -> None:
        flags = how
        for each in sorted(extra):
            flags |= each
        if flags & os.O_DIRECTORY and flags & os.O_CREAT:
            return  # what this means has changed between versions of Linux
        if how == os.O_RDONLY and flags & os.O_TRUNC:
            return  # POSIX leaves it open
        self.closes(slot)
        numbers: list[int] = []

        def call(root: str) -> str:
            numbers.append(os.open(f"{root}/{name}", flags, 0o644))
            return "opened"

        if self.both(call) == "opened":
            self.open[slot] = (numbers[0], numbers[1])

    @rule(slot=slots)
    def closes(self, slot: int) -> None:
        self.each(slot, os.close)
        self.open[slot] = None

    @rule(slot=slots, size=small)
    def reads(self, slot: int, size: int) -> None:
        self.each(slot, lambda fd: os.read(fd, size))

    @rule(slot=slots, data=contents)
    def writes(self, slot: int, data: bytes) -> None:
        self.each(slot, lambda fd: os.write(fd, data))

    @rule(slot=slots, size=small, at=small)
    def reads_at(self, slot: int, size: int, at: int) -> None:
        self.each(slot, lambda fd: os.pread(fd, size, at))

    @rule(slot=slots, data=contents, at=small)
    def writes_at(self, slot: int, data: bytes, at: int) -> None:
        self.each(slot, lambda fd: os.pwrite(fd, data, at))

    @rule(slot=slots, to=st.integers(-3, 9), whence=st.sampled_from([0, 1, 2]))
    def seeks(self, slot: int, to: int, whence: int) -> None:
        pair = self.open[slot]
        if pair is not None and not stat.S_ISDIR(os.fstat(pair[1]).st_mode):
            self.each(slot, lambda fd: os.lseek(fd, to, whence))

    @rule(slot=slots, size=st.integers(-1, 12))
    def cuts(self, slot: int, size: int) -> None:
        self.each(slot, lambda fd: os.ftruncate(fd, size))

    @rule(slot=slots)
    def looks_at_open_file(self, slot: int) -> None:
        self.each(slot, lambda fd: plain(os.fstat(fd)))

    @rule(slot=slots)
    def syncs(self, slot: int) -> None:
        self.each(slot, os.fsync)

    @rule(slot=slots, how=st.sampled_from([fcntl.LOCK_EX, fcntl.LOCK_SH, fcntl.LOCK_UN]))
    def locks(self, slot: int, how: int) -> None:
        self.each(slot, lambda fd: fcntl.flock(fd, how | fcntl.LOCK_NB))

    @rule(slot=slots, how=st.sampled_from([fcntl.LOCK_EX, fcntl.LOCK_SH, fcntl.LOCK_UN]), at=small)
    def locks_a_record(self, slot: int, how: int, at: int) -> None:
        now = how if how == fcntl.LOCK_UN else how | fcntl.LOCK_NB
        self.each(slot, lambda fd: fcntl.lockf(fd, now, 2, at))

    @rule(slot=slots, other=slots)
    def duplicates(self, slot: int, other: int) -> None:
        pair = self.open[slot]
        if pair is not None and slot != other:
            self.closes(other)
            self.open[other] = (os.dup(pair[0]), os.dup(pair[1]))

    @rule(source=names, goal=names)
    def renames(self, source: str, goal: str) -> None:
        self.both(lambda root: os.replace(f"{root}/{source}", f"{root}/{goal}"))

    @rule(source=names, goal=names)
    def links(self, source: str, goal: str) -> None:
        self.both(lambda root: os.link(f"{root}/{source}", f"{root}/{goal}"))

    @rule(goal=st.sampled_from(["a", "d", "nowhere", "link", "d/e", "d/../a"]))
    def links_by_name(self, goal: str) -> None:
        self.both(lambda root: os.symlink(goal, f"{root}/link"))

    @rule(name=names)
    def reads_link(self, name: str) -> None:
        self.both(lambda root: os.readlink(f"{root}/{name}"))

    @rule(name=names)
    def removes(self, name: str) -> None:
        self.both(lambda root: os.remove(f"{root}/{name}"))

    @rule(name=names)
    def makes_directory(self, name: str) -> None:
        self.both(lambda root: os.mkdir(f"{root}/{name}"))

    @rule(name=names)
    def removes_directory(self, name: str) -> None:
        self.both(lambda root: os.rmdir(f"{root}/{name}"))

    @rule(name=names, size=st.integers(-1, 9))
    def cuts_by_name(self, name: str, size: int) -> None:
        self.both(lambda root: os.truncate(f"{root}/{name}", size))

    @rule(name=names)
    def looks(self, name: str) -> None:
        self.both(lambda root: plain(os.stat(f"{root}/{name}")))
        self.both(lambda root: plain(os.lstat(f"{root}/{name}")))
        self.both(lambda root: os.access(f"{root}/{name}", os.F_OK))

    @rule(name=st.sampled_from(["", "d", "d/e", "a", "link", "x"]))
    def lists(self, name: str) -> None:
        self.both(lambda root: sorted(os.listdir(f"{root}/{name}")))
        self.both(lambda root: kinds(f"{root}/{name}"))

    @rule(name=names)
    def reads_whole(self, name: str) -> None:
        self.both(lambda root: Path(f"{root}/{name}").read_bytes())

    @rule(name=names, text=st.text(alphabet="xy\n", max_size=5), mode=st.sampled_from("wax"))
    def writes_whole(self, name: str, text: str, mode: str) -> None:
        def call(root: str) -> int:
            with open(f"{root}/{name}", mode) as file:
                return file.write(text)

        self.both(call)

    def teardown(self) -> None:
        with self.stack:
            for slot in range(SLOTS):
                self.closes(slot)
            self.both(lambda root: sorted(str(p)[len(root) :] for p in Path(root).rglob("*")))


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
