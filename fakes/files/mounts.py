"""Mount points and descriptors of one run: which paths and numbers are ours, and whose.

A descriptor is a number that no real file can have, so that a real call that
is handed one by mistake fails (EBADF) instead of hitting something else. Each
process, which is each agent, has its own range and gets the lowest number
that is free in it, so that no number depends on what other agents do.
"""

from __future__ import annotations

import os
from errno import EBADF, EMFILE, EXDEV
from posixpath import normpath
from typing import Any, Final, NamedTuple, TypeAlias

from pileup.errors import UsageError
from pileup.fakes.files.courses import Calls
from pileup.fakes.files.opened import Opened
from pileup.fakes.files.spots import Where, complaint
from pileup.fakes.files.ways import Ways
from pileup.sim.agents import here
from pileup.sim.drop_ins import drop_in
from pileup.sim.kernel import Sim
from pileup.sim.presence import run_here

FIRST: Final = 1 << 30
PER_PROCESS: Final = 1 << 13
MOST_OPEN: Final = 1024
"""As many as a process may have open on most systems (`ulimit -n`)."""

_real_getcwd: Final = os.getcwd


class Place(NamedTuple):
    """A path in a mounted folder."""

    calls: Calls
    where: Where


class Descriptor(NamedTuple):
    """A number, and what it stands for."""

    calls: Calls
    opened: Opened


Target: TypeAlias = Place | Descriptor


class Mounts:
    """What is mounted in one run."""

    def __init__(self) -> None:
        self._points: list[tuple[str, Calls, str]] = []
        self._table: dict[int, Descriptor] = {}
        self._folders: dict[int, str] = {}
        """The working directories of processes that have gone into a mounted folder."""

    def add(self, point: str, calls: Calls, folder: str) -> None:
        """Let a folder be seen under a path."""
        self._points.append((point, calls, folder))
        self._points.sort(key=lambda each: len(each[0]), reverse=True)

    # Paths -------------------------------------------------------------------------------

    def find(self, path: object, dir_fd: int | None = None) -> Place | None:
        """Return the place that a path means, if it is in a mounted folder."""
        if not isinstance(path, str | bytes | os.PathLike):
            return None
        shown = os.fspath(path)
        text = os.fsdecode(shown)
        if not text or "\0" in text:
            return None
        if not text.startswith("/"):
            base = self._base(dir_fd)
            if base is None:
                return None
            text = f"{base}/{text}"
        return self._inside(text, shown)

    def _base(self, dir_fd: int | None) -> str | None:
        """Name the directory that a relative path starts from; None if it is a real descriptor."""
        if dir_fd is None:
            return self.getcwd()
        if not is_ours(dir_fd):
            return None
        calls, opened = self.get(dir_fd)
        return self._outside(calls, opened.node.names[0] if opened.node.names else opened.path)

    def _outside(self, calls: Calls, path: str) -> str:
        """Name a place in the tree as it is seen where the folder is mounted."""
        for point, each, folder in self._points:
            if each is calls and (not folder or path.startswith(folder)):
                return f"{point}/{path[len(folder) :].lstrip('/')}"
        raise complaint(EBADF, None)

    def _inside(self, text: str, shown: object) -> Place | None:
        for point, calls, folder in self._points:
            rest = _below(point, text)
            if rest is not None:
                return Place(calls, Where(f"{folder}/{rest}".lstrip("/"), shown))
        return None

    def getcwd(self) -> str:
        """Name the working directory of the process that acts."""
        return self._folders.get(_process()) or _real_getcwd()

    def chdir(self, place: Place | None) -> None:
        """Remember that a process has gone into a mounted folder, or out of it."""
        self._folders.pop(_process(), None)
        if place is not None:
            path = place.calls.volume.tree.spot(place.where.path).path
            self._folders[_process()] = self._outside(place.calls, path).rstrip("/")

    # Descriptors -------------------------------------------------------------------------

    def hand_out(self, calls: Calls, opened: Opened) -> int:
        """Give an open file the lowest number that is free in its process."""
        start = FIRST + (_process() + 1) * PER_PROCESS
        for number in range(start, start + MOST_OPEN):
            known = self._table.get(number)
            if known is None or not known.opened.is_open:
                self._table[number] = Descriptor(calls, opened)
                return number
        calls.abandon(opened)
        raise complaint(EMFILE, opened.shown)

    def get(self, number: int) -> Descriptor:
        """Return what a number stands for."""
        known = self._table.get(number)
        if known is None or not known.opened.is_open:
            raise OSError(EBADF, os.strerror(EBADF))
        return known

    def close(self, number: int) -> None:
        """Take a number back."""
        calls, opened = self.get(number)
        del self._table[number]
        ways_of(calls).run(calls.close(opened))

    def put(self, number: int, descriptor: Descriptor) -> None:
        """Let a number stand for an open file, as `dup2` does."""
        if number in self._table and self._table[number].opened.is_open:
            self.close(number)
        self._table[number] = descriptor


def ways_of(calls: Calls) -> Ways:
    """Return how calls take effect in sync code."""
    return Ways(calls.volume.perform, calls.volume.act)


def act(calls: Calls, op: Any) -> Any:  # Any: what the operation returns
    """Let an operation take effect: parked in an agent, at once in `setup` and `check`."""
    return calls.volume.act(op)


def is_ours(number: object) -> bool:
    """Whether a descriptor is one of those that are handed out here."""
    return isinstance(number, int) and number >= FIRST


def mounted() -> Mounts | None:
    """Return what is mounted in the run that the running code belongs to."""
    sim = run_here()
    return None if sim is None else sim.fakes.get("mounts")


def mount(calls: Calls, point: str, folder: str) -> None:
    """Let a folder be seen under a path for the rest of the run."""
    from pileup.fakes.files.stand_ins import install, start_anew
    from pileup.fakes.files.with_filelock import install as install_filelock

    path = normpath(os.fspath(point))
    if not path.startswith("/") or path.strip("/") == "":
        raise UsageError(
            f"files.mount({point!r}): a mount point is an absolute path other than '/', as in "
            "files.mount('/data'). It need not exist."
        )
    sim: Sim = calls.volume.tree.sim
    mounts: Mounts = sim.fakes.setdefault("mounts", Mounts())
    mounts.add(path, calls, folder.strip("/"))
    calls.volume.tree.mount(path, folder.strip("/"))
    drop_in("os", install)
    drop_in("filelock", install_filelock)
    start_anew()


def _below(point: str, text: str) -> str | None:
    """Return what follows a mount point in a path; None if the path is not below it."""
    plain = normpath(text).replace("//", "/", 1) if "/." in text or "//" in text else text
    if plain != point and not plain.startswith(f"{point}/"):
        return None if plain.rstrip("/") != point else ""
    if text.startswith(f"{point}/"):
        return text[len(point) + 1 :]  # as it was spelled: `link/..` is not what it looks like
    return plain[len(point) + 1 :]


def _process() -> int:
    strand = here.get(None)
    return -1 if strand is None else strand.agent.index


def other_device(one: object, other: object) -> OSError:
    """Make the error for a rename from a mounted folder to elsewhere."""
    return complaint(EXDEV, one, other)
