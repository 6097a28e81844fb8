"""What unmodified code finds in place of `open`, of `os` and of `fcntl` while files are mounted.

Each asks where it is called from and what it is called with. Outside of runs,
and for paths and descriptors that are not mounted, it is the original.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache, wraps
from types import FunctionType
from typing import Any, Final

from pileup.fakes.files import on_descriptors, on_paths
from pileup.fakes.files.mounts import Descriptor, is_ours, mounted, other_device
from pileup.fakes.files.on_paths import Ours
from pileup.fakes.files.opening import open_, real_open
from pileup.sim.swaps import Pair, Swaps

_swaps: Final = Swaps()

CAPTURED: Final = (("glob", "_StringGlobber", "lstat"), ("glob", "_StringGlobber", "scandir"))
"""Class attributes of the standard library that hold a function of `os`."""

DEFAULTS: Final = (
    ("tempfile", "_TemporaryFileCloser", "close"),
    ("tempfile", "_TemporaryFileCloser", "cleanup"),
)
"""Methods of the standard library that hold one as a default."""

SUPPORTS: Final = (
    os.supports_dir_fd,
    os.supports_fd,
    os.supports_follow_symlinks,
    os.supports_effective_ids,
)


def _by_path(real: Callable[..., Any], ours: Ours, first: str = "path") -> Pair:
    @wraps(real)
    def stand_in(*args: Any, **options: Any) -> Any:
        mounts = mounted()
        if mounts is None:
            return real(*args, **options)
        path: Any = args[0] if args else options.get(first)
        if path is None:
            path = "."  # what `os.listdir()` lists
        if is_ours(path):
            target: Any = mounts.get(path)
        else:
            target = mounts.find(path, options.get("dir_fd"))
        if target is None:
            return real(*args, **options)
        return ours(mounts, target, *args[1:], **_without(options, first, "dir_fd"))

    return real, stand_in


def _by_two_paths(real: Callable[..., Any], ours: Ours) -> Pair:
    @wraps(real)
    def stand_in(*args: Any, **options: Any) -> Any:
        mounts = mounted()
        if mounts is None:
            return real(*args, **options)
        given = dict(zip(("src", "dst"), args, strict=False)) | options
        source = mounts.find(given.get("src"), options.get("src_dir_fd"))
        target = mounts.find(given.get("dst"), options.get("dst_dir_fd"))
        if source is None and target is None:
            return real(*args, **options)
        if source is None or target is None or source.calls is not target.calls:
            raise other_device(given.get("src"), given.get("dst"))
        rest = _without(given, "src", "dst", "src_dir_fd", "dst_dir_fd")
        return ours(mounts, source, target, **rest)

    return real, stand_in


def _by_descriptor(real: Callable[..., Any], ours: Ours) -> Pair:
    @wraps(real)
    def stand_in(*args: Any, **options: Any) -> Any:
        number: Any = args[0] if args else options.get("fd")
        if type(number) is not int:
            fileno = getattr(number, "fileno", None)
            number = fileno() if callable(fileno) else None
        mounts = mounted() if is_ours(number) else None
        if mounts is None:
            return real(*args, **options)
        return ours(mounts, mounts.get(number), *args[1:], **_without(options, "fd"))

    return real, stand_in


def _without(options: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}


# Those that fit no pattern ---------------------------------------------------------------


def _closing(real: Callable[[int], None]) -> Pair:
    @wraps(real)
    def close(fd: int) -> None:
        mounts = mounted() if is_ours(fd) else None
        real(fd) if mounts is None else mounts.close(fd)

    return real, close


def _duplicating(real: Callable[..., int]) -> Pair:
    @wraps(real)
    def dup2(fd: int, fd2: int, inheritable: bool = True) -> int:
        mounts = mounted() if is_ours(fd) and is_ours(fd2) else None
        if mounts is None:
            return real(fd, fd2, inheritable)
        file = mounts.get(fd)
        if fd != fd2:
            file.opened.refs += 1
            mounts.put(fd2, Descriptor(*file))
        return fd2

    return real, dup2


def _sending(real: Callable[..., int]) -> Pair:
    @wraps(real)
    def sendfile(out_fd: int, in_fd: int, offset: int | None, count: int, **rest: Any) -> int:
        mounts = mounted() if is_ours(out_fd) or is_ours(in_fd) else None
        if mounts is None:
            return real(out_fd, in_fd, offset, count, **rest)
        return on_descriptors.copy(mounts, out_fd, in_fd, offset, count)

    return real, sendfile


def _linking(real: Callable[..., None]) -> Pair:
    @wraps(real)
    def symlink(
        src: Any, dst: Any, target_is_directory: bool = False, *, dir_fd: int | None = None
    ) -> None:
        mounts = mounted()
        target = None if mounts is None else mounts.find(dst, dir_fd)
        if mounts is None or target is None:
            real(src, dst, target_is_directory, dir_fd=dir_fd)
        else:
            on_paths.symlink(target, src)

    return real, symlink


def _whereabouts(real: Callable[[], Any], encode: Callable[[str], Any]) -> Pair:
    @wraps(real)
    def getcwd() -> Any:
        mounts = mounted()
        return real() if mounts is None else encode(mounts.getcwd())

    return real, getcwd


def _moving(real: Callable[..., None]) -> Pair:
    @wraps(real)
    def chdir(path: Any) -> None:
        mounts = mounted()
        target = None if mounts is None else mounts.find(path)
        if mounts is not None and target is not None:
            on_paths.chdir(mounts, target)
            return
        real(path)
        if mounts is not None:
            mounts.chdir(None)

    return real, chdir


@cache
def _pairs() -> tuple[Pair, ...]:
    """Return the originals and their stand-ins, made once for the process."""
    import fcntl

    def those(of: object, table: dict[str, Ours], make: Callable[..., Pair]) -> list[Pair]:
        return [make(getattr(of, n), ours) for n, ours in table.items() if hasattr(of, n)]

    return (
        (real_open, open_),
        *those(os, on_paths.BY_PATH, _by_path),
        *those(os, on_paths.BY_TWO_PATHS, _by_two_paths),
        *those(os, on_descriptors.BY_DESCRIPTOR, _by_descriptor),
        *those(fcntl, on_descriptors.BY_FCNTL, _by_descriptor),
        _closing(os.close),
        _duplicating(os.dup2),
        _sending(os.sendfile),
        _linking(os.symlink),
        _moving(os.chdir),
        _whereabouts(os.getcwd, str),
        _whereabouts(os.getcwdb, os.fsencode),
    )


@contextmanager
def install() -> Iterator[None]:
    """Put the stand-ins wherever the originals are, and take them back afterwards."""
    pairs = _pairs()
    _swaps.add(*pairs)
    with ExitStack() as stack:
        stack.callback(start_anew)
        stack.callback(_swaps.put_back)
        _swaps.put_in()
        for kinds in SUPPORTS:
            added = [ours for real, ours in pairs if real in kinds]
            kinds.update(added)
            stack.callback(kinds.difference_update, added)
        _put_into_captures(pairs, stack)
        yield


def _put_into_captures(pairs: tuple[Pair, ...], stack: ExitStack) -> None:
    """Exchange what the standard library has captured where no sweep of globals sees it."""
    table = {real.__name__: (real, ours) for real, ours in pairs}
    for module, owner, name in CAPTURED:
        kind = getattr(sys.modules.get(module), owner, None)
        real, ours = table[name]
        if kind is not None and kind.__dict__.get(name) is not None:
            setattr(kind, name, staticmethod(ours))
            stack.callback(setattr, kind, name, staticmethod(real))
    for module, owner, name in DEFAULTS:
        method = getattr(getattr(sys.modules.get(module), owner, None), name, None)
        if isinstance(method, FunctionType) and method.__defaults__:
            stack.callback(setattr, method, "__defaults__", method.__defaults__)
            method.__defaults__ = tuple(
                next((ours for real, ours in pairs if real is each), each)
                for each in method.__defaults__
            )


def start_anew() -> None:
    """Let `tempfile` draw its names anew in each run, from the run's own random numbers."""
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile._name_sequence = None  # type: ignore[attr-defined]  # noqa: SLF001 - it has no other switch
