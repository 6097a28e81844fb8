"""The built-in `open` on a mounted path: our raw file under CPython's own buffers."""

from __future__ import annotations

import builtins
import io
import os
import warnings
from collections.abc import Callable
from errno import EISDIR
from functools import wraps
from typing import Any, Final, NamedTuple, TypeAlias

from pileup.fakes.files.inodes import Directory
from pileup.fakes.files.modes import Mode, parse
from pileup.fakes.files.mounts import Mounts, Place, act, is_ours, mounted
from pileup.fakes.files.raw import RawFile
from pileup.fakes.files.spots import complaint

real_open: Final = builtins.open
CLOEXEC: Final = getattr(os, "O_CLOEXEC", 0)

Opener: TypeAlias = Callable[[Any, int], int]  # Any: whatever names a file


class Wish(NamedTuple):
    """How a file is to be opened, in the terms of `open`."""

    mode: str = "r"
    buffering: int = -1
    encoding: str | None = None
    errors: str | None = None
    newline: str | None = None
    closefd: bool = True
    opener: Opener | None = None


@wraps(real_open)
def open_(file: Any, *args: Any, **options: Any) -> Any:  # Any: as the real one takes and gives
    """Open a file, of ours or of the real world."""
    mounts = mounted()
    if mounts is None:
        return real_open(file, *args, **options)
    place = None if isinstance(file, int) else mounts.find(file)
    wish = Wish(*args, **options)
    if wish.opener is not None:
        return _open_by(mounts, file, wish)
    if place is None and not is_ours(file):
        return real_open(file, *args, **options)
    spec = _checked(wish)
    if place is None:
        return _dress(RawFile(mounts, file, file, spec.raw), spec, wish)
    if not wish.closefd:
        raise ValueError("Cannot use closefd=False with file name")
    number = _open_place(mounts, place, spec.flags | CLOEXEC)
    return _dress(_raw(mounts, number, file, spec), spec, wish)


def _open_place(mounts: Mounts, place: Place, flags: int) -> int:
    calls, where = place
    return mounts.hand_out(calls, act(calls, calls.entries.open(where, flags)))


def _open_by(mounts: Mounts, file: Any, wish: Wish) -> Any:
    """Open what the caller's own function opens, which may be of either world."""
    spec = _checked(wish)
    assert wish.opener is not None
    number = wish.opener(file, spec.flags | CLOEXEC)
    if is_ours(number):
        return _dress(_raw(mounts, number, file, spec), spec, wish)
    return real_open(file, *wish._replace(opener=lambda *_: number))


def _checked(wish: Wish) -> Mode:
    """Refuse what the real `open` refuses, before anything is opened."""
    spec = parse(wish.mode)
    texts = {"an encoding": wish.encoding, "an errors": wish.errors, "a newline": wish.newline}
    for name, value in texts.items():
        if not spec.text and value is not None:
            raise ValueError(f"binary mode doesn't take {name} argument")
    if spec.text and wish.buffering == 0:
        raise ValueError("can't have unbuffered text I/O")
    return spec


def _raw(mounts: Mounts, number: int, file: object, spec: Mode) -> RawFile:
    raw = RawFile(mounts, number, file, spec.raw)
    opened = mounts.get(number).opened
    if isinstance(opened.node, Directory):
        raw.close()
        raise complaint(EISDIR, file)
    if spec.flags & os.O_APPEND:
        opened.offset = opened.node.size  # as of the moment when it was opened
    return raw


def _dress(raw: RawFile, spec: Mode, wish: Wish) -> Any:
    """Put the buffers on that were asked for."""
    raw.closefd = wish.closefd
    try:
        return _buffered(raw, spec, wish)
    except BaseException:
        raw.close()
        raise


def _buffered(raw: RawFile, spec: Mode, wish: Wish) -> Any:
    by_line = wish.buffering == 1 and spec.text
    if wish.buffering == 1 and not spec.text:
        warnings.warn(
            "line buffering (buffering=1) isn't supported in binary mode, "
            "the default buffer size will be used",
            RuntimeWarning,
            stacklevel=5,
        )
    if wish.buffering == 0:
        return raw
    size = raw.blksize if wish.buffering in (-1, 1) else wish.buffering
    kind = io.BufferedReader if spec.reads else io.BufferedWriter
    buffer = (io.BufferedRandom if spec.updating else kind)(raw, size)
    if not spec.text:
        return buffer
    encoding = io.text_encoding(wish.encoding, 4)
    text = io.TextIOWrapper(buffer, encoding, wish.errors, wish.newline, by_line)
    text.mode = wish.mode  # type: ignore[misc] # the real open sets it in the same way
    return text
