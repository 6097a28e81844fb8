"""What `os` does with paths, on a mounted folder. Each takes what the real one takes."""

from __future__ import annotations

import os
from collections.abc import Callable
from errno import ENODATA, ENOTSUP, EOPNOTSUPP
from posixpath import join
from typing import Any, Final

from pileup.fakes.files.attributes import nanoseconds
from pileup.fakes.files.calls import call
from pileup.fakes.files.directories import listed
from pileup.fakes.files.inodes import BLOCK, Inode
from pileup.fakes.files.mounts import Descriptor, Mounts, Place, Target, act
from pileup.fakes.files.scanning import Entry, Scan
from pileup.fakes.files.spots import Where, complaint
from pileup.operations import Operation

TEMPORARY: Final = getattr(os, "O_TMPFILE", 0)
ENDLESS: Final = 1 << 40
Ours = Callable[..., Any]  # Any: each takes what the function of `os` takes that it stands for


def open_(mounts: Mounts, place: Place, flags: int, mode: int = 0o777) -> int:
    """`os.open`."""
    calls, where = place
    if TEMPORARY and flags & TEMPORARY == TEMPORARY:
        raise complaint(EOPNOTSUPP, where.shown)
    return mounts.hand_out(calls, act(calls, calls.entries.open(where, flags, mode)))


def mkdir(_: Mounts, place: Place, mode: int = 0o777) -> None:
    """`os.mkdir`."""
    act(place.calls, place.calls.entries.mkdir(place.where, mode))


def rmdir(_: Mounts, place: Place) -> None:
    """`os.rmdir`."""
    act(place.calls, place.calls.entries.rmdir(place.where))


def remove(_: Mounts, place: Place) -> None:
    """`os.remove` and `os.unlink`."""
    act(place.calls, place.calls.entries.remove(place.where))


def readlink(_: Mounts, place: Place) -> str | bytes:
    """`os.readlink`."""
    target: str = act(place.calls, place.calls.entries.readlink(place.where))
    return os.fsencode(target) if isinstance(place.where.shown, bytes) else target


def lstat(_: Mounts, place: Place) -> os.stat_result:
    """`os.lstat`."""
    op = place.calls.attributes.stat(place.where, follow=False)
    found: os.stat_result = act(place.calls, op)
    return found


def access(_: Mounts, place: Place, mode: int, **__: bool) -> bool:
    """`os.access`; who asks is always the owner."""
    allowed: bool = act(place.calls, place.calls.attributes.access(place.where, mode))
    return allowed


# Paths or descriptors --------------------------------------------------------------------


def stat(_: Mounts, target: Target, *, follow_symlinks: bool = True) -> os.stat_result:
    """`os.stat`."""
    if isinstance(target, Descriptor):
        op = target.opened.stat()
    else:
        op = target.calls.attributes.stat(target.where, follow=follow_symlinks)
    found: os.stat_result = act(target.calls, op)
    return found


def chmod(_: Mounts, target: Target, mode: int, *, follow_symlinks: bool = True) -> None:
    """`os.chmod`."""
    what = target.opened if isinstance(target, Descriptor) else target.where
    act(target.calls, target.calls.attributes.chmod(what, mode, follow=follow_symlinks))


def chown(_: Mounts, target: Target, *__: int, follow_symlinks: bool = True) -> None:
    """`os.chown`: all files have one owner, so it only asks whether the file is there."""
    stat(_, target, follow_symlinks=follow_symlinks)


def utime(
    _: Mounts,
    target: Target,
    times: tuple[float, float] | None = None,
    *,
    ns: tuple[int, int] | None = None,
    follow_symlinks: bool = True,
) -> None:
    """`os.utime`."""
    what = target.opened if isinstance(target, Descriptor) else target.where
    moment = nanoseconds(times, ns)
    act(target.calls, target.calls.attributes.utime(what, moment, follow=follow_symlinks))


def truncate(_: Mounts, target: Target, length: int) -> None:
    """`os.truncate`."""
    if isinstance(target, Descriptor):
        act(target.calls, target.opened.cut(length))
    else:
        act(target.calls, target.calls.attributes.truncate(target.where, length))


def listdir(_: Mounts, target: Target) -> list[Any]:
    """`os.listdir`."""
    shown = target.where.shown if isinstance(target, Place) else ""
    return [_alike(shown, name) for name in act(target.calls, _listing(target))]


def scandir(_: Mounts, target: Target) -> Scan:
    """`os.scandir`."""
    found: dict[str, Inode] = act(target.calls, _listing(target))
    shown: Any  # Any: str or bytes or a Path, as it was given
    if isinstance(target, Place):
        inside, shown = target.where.path.rstrip("/"), target.where.shown
    else:
        inside, shown = _path_of(target), None
    entries: list[Entry] = []
    for plain, node in found.items():
        name = plain if shown is None else _alike(shown, plain)
        path = name if shown is None else join(os.fspath(shown), name)
        entries.append(Entry(target.calls, Where(f"{inside}/{plain}", path), node, name, path))
    return Scan(entries)


def _listing(target: Target) -> Operation:
    if isinstance(target, Place):
        return target.calls.entries.listdir(target.where)
    node = target.opened.node
    return call("listdir", node.seen, listed, node, target.opened.shown, ())


def _path_of(target: Descriptor) -> str:
    names = target.opened.node.names
    return names[0] if names else target.opened.path


def statvfs(_: Mounts, target: Target) -> os.statvfs_result:
    """`os.statvfs`, which `shutil.disk_usage` asks."""
    disk = target.calls.volume.disk
    room = act(target.calls, Operation("statvfs", disk.space(taken=False), lambda: disk.room))
    blocks = (ENDLESS if disk.capacity is None else disk.capacity) // BLOCK
    free = min(blocks, int(min(room, ENDLESS)) // BLOCK)
    return os.statvfs_result((BLOCK, BLOCK, blocks, free, free, blocks, blocks, blocks, 0, 255))


def chdir(mounts: Mounts, target: Target) -> None:
    """`os.chdir`."""
    listdir(mounts, target)
    assert isinstance(target, Place)
    mounts.chdir(target)


# Attributes that this file system does not have ------------------------------------------


def listxattr(*_: object, **__: object) -> list[str]:
    """`os.listxattr`: there are none."""
    return []


def getxattr(*_: object, **__: object) -> None:
    """`os.getxattr`: there are none."""
    raise complaint(ENODATA, None)


def setxattr(*_: object, **__: object) -> None:
    """`os.setxattr`: there can be none."""
    raise complaint(ENOTSUP, None)


# Two paths -------------------------------------------------------------------------------


def rename(_: Mounts, source: Place, target: Place) -> None:
    """`os.rename`."""
    act(source.calls, source.calls.entries.rename(source.where, target.where))


def replace(_: Mounts, source: Place, target: Place) -> None:
    """`os.replace`."""
    act(source.calls, source.calls.entries.rename(source.where, target.where, "replace"))


def link(_: Mounts, source: Place, target: Place, **__: bool) -> None:
    """`os.link`, which on Linux never follows a symbolic link."""
    act(source.calls, source.calls.entries.link(source.where, target.where))


def symlink(target: Place, text: str | bytes | os.PathLike[str]) -> None:
    """`os.symlink`, whose first argument is only a text."""
    act(target.calls, target.calls.entries.symlink(os.fsdecode(text), target.where))


def _alike(shown: object, text: str) -> Any:
    """Give a text as bytes where the caller gave bytes."""
    return os.fsencode(text) if isinstance(shown, bytes) else text


BY_PATH: Final[dict[str, Ours]] = {
    "open": open_,
    "mkdir": mkdir,
    "rmdir": rmdir,
    "remove": remove,
    "unlink": remove,
    "readlink": readlink,
    "lstat": lstat,
    "access": access,
    "stat": stat,
    "chmod": chmod,
    "chown": chown,
    "utime": utime,
    "truncate": truncate,
    "listdir": listdir,
    "scandir": scandir,
    "statvfs": statvfs,
    "listxattr": listxattr,
    "getxattr": getxattr,
    "setxattr": setxattr,
}
BY_TWO_PATHS: Final[dict[str, Ours]] = {"rename": rename, "replace": replace, "link": link}
