"""What `os` and `fcntl` do with descriptors, on files of a mounted folder."""

from __future__ import annotations

import os
from errno import EINVAL
from typing import Any, Final

from pileup.fakes.files.locks import LOCK_EX, LOCK_SH, LOCK_UN
from pileup.fakes.files.mounts import Descriptor, Mounts, act, is_ours, ways_of
from pileup.fakes.files.on_paths import Ours, chmod, chown, stat, statvfs, truncate
from pileup.fakes.files.spots import complaint
from pileup.operations import Operation


def read(_: Mounts, file: Descriptor, length: int, /) -> bytes:
    """`os.read`."""
    if length < 0:
        raise complaint(EINVAL, None)
    data: bytes = act(file.calls, file.opened.read(length))
    return data


def pread(_: Mounts, file: Descriptor, length: int, offset: int, /) -> bytes:
    """`os.pread`."""
    if length < 0 or offset < 0:
        raise complaint(EINVAL, None)
    data: bytes = act(file.calls, file.opened.read(length, offset))
    return data


def write(_: Mounts, file: Descriptor, data: Any, /) -> int:
    """`os.write`."""
    written: int = act(file.calls, file.opened.write(bytes(data)))
    return written


def pwrite(_: Mounts, file: Descriptor, data: Any, offset: int, /) -> int:
    """`os.pwrite`."""
    if offset < 0:
        raise complaint(EINVAL, None)
    written: int = act(file.calls, file.opened.write(bytes(data), offset))
    return written


def readv(_: Mounts, file: Descriptor, buffers: Any, /) -> int:
    """`os.readv`."""
    views = [memoryview(each).cast("B") for each in buffers]
    data = read(_, file, sum(map(len, views)))
    rest = memoryview(data)
    for view in views:
        part = rest[: len(view)]
        view[: len(part)] = part
        rest = rest[len(view) :]
    return len(data)


def writev(_: Mounts, file: Descriptor, buffers: Any, /) -> int:
    """`os.writev`."""
    return write(_, file, b"".join(map(bytes, buffers)))


def lseek(_: Mounts, file: Descriptor, position: int, whence: int = os.SEEK_SET, /) -> int:
    """`os.lseek`."""
    move = file.opened.seek(position, whence)
    place: int = act(file.calls, move) if isinstance(move, Operation) else move
    return place


def fsync(_: Mounts, file: Descriptor) -> None:
    """`os.fsync` and `os.fdatasync`."""
    act(file.calls, file.opened.sync())


def no(*_: object) -> bool:
    """`os.isatty` and `os.get_inheritable`: nothing is inherited, for no process is started."""
    return False


def yes(*_: object) -> bool:
    """`os.get_blocking`."""
    return True


def ignored(*_: object) -> None:
    """`os.set_inheritable` and `os.set_blocking`, which does nothing to files."""


def posix_fallocate(_: Mounts, file: Descriptor, offset: int, length: int, /) -> None:
    """`os.posix_fallocate`."""
    if file.opened.node.size < offset + length:
        truncate(_, file, offset + length)


def dup(mounts: Mounts, file: Descriptor, /) -> int:
    """`os.dup`."""
    file.opened.refs += 1
    return mounts.hand_out(*file)


# fcntl -----------------------------------------------------------------------------------


def flock(_: Mounts, file: Descriptor, operation: int, /) -> None:
    """`fcntl.flock`."""
    ways_of(file.calls).run(file.calls.locking.flock(file.opened, operation))


def lockf(_: Mounts, file: Descriptor, cmd: int, *span: int) -> None:
    """`fcntl.lockf`, with its length, start and whence."""
    if cmd != LOCK_UN and not cmd & (LOCK_SH | LOCK_EX):
        raise ValueError("unrecognized lockf argument")
    length, start, whence = (*span, 0, 0, 0)[:3]
    ways_of(file.calls).run(file.calls.locking.lockf(file.opened, cmd, length, start, whence))


def control(_: Mounts, file: Descriptor, cmd: int, *_arg: object) -> int:
    """`fcntl.fcntl`, as far as it asks for flags or sets those that mean nothing here."""
    import fcntl

    if cmd == fcntl.F_GETFL:
        return file.opened.flags & ~(os.O_CREAT | os.O_EXCL | os.O_TRUNC)
    if cmd in (fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_SETFL):
        return fcntl.FD_CLOEXEC if cmd == fcntl.F_GETFD else 0
    raise complaint(EINVAL, None)


# Calls that are not about one descriptor --------------------------------------------------


def copy(mounts: Mounts, target: int, source: int, offset: int | None, count: int) -> int:
    """`os.sendfile`, which is a read and a write, of either world."""
    if is_ours(source):
        place = mounts.get(source)
        data = read(mounts, place, count) if offset is None else pread(mounts, place, count, offset)
    else:
        data = os.read(source, count) if offset is None else os.pread(source, count, offset)
    if not data:
        return 0
    return write(mounts, mounts.get(target), data) if is_ours(target) else os.write(target, data)


BY_DESCRIPTOR: Final[dict[str, Ours]] = {
    "read": read,
    "pread": pread,
    "write": write,
    "pwrite": pwrite,
    "readv": readv,
    "writev": writev,
    "lseek": lseek,
    "fsync": fsync,
    "fdatasync": fsync,
    "fstat": stat,
    "ftruncate": truncate,
    "fchmod": chmod,
    "fchown": chown,
    "fstatvfs": statvfs,
    "isatty": no,
    "get_inheritable": no,
    "set_inheritable": ignored,
    "get_blocking": yes,
    "set_blocking": ignored,
    "posix_fallocate": posix_fallocate,
    "dup": dup,
}
BY_FCNTL: Final[dict[str, Ours]] = {"flock": flock, "lockf": lockf, "fcntl": control}
