"""What programs rely on, word for word the same on a fake directory and on a real one."""

from __future__ import annotations

import errno
import fcntl
import glob
import io
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest


def code(call: Callable[[], object]) -> str:
    with pytest.raises(OSError) as raised:  # noqa: PT011 - its number is what is asked for
        call()
    return errno.errorcode[raised.value.errno or 0]


# Open files outlive names -----------------------------------------------------------------


def test_an_open_file_keeps_what_was_replaced(place: str) -> None:
    Path(place, "a").write_text("old")
    Path(place, "b").write_text("new")
    with open(f"{place}/a") as file:
        os.replace(f"{place}/b", f"{place}/a")
        assert (file.read(), Path(place, "a").read_text()) == ("old", "new")
        assert os.fstat(file.fileno()).st_nlink == 0
    assert os.listdir(place) == ["a"]


def test_a_file_without_a_name_can_be_written_and_read(place: str) -> None:
    with open(f"{place}/a", "w+") as file:
        os.unlink(f"{place}/a")
        file.write("still here")
        file.seek(0)
        assert file.read() == "still here"
    assert not os.path.exists(f"{place}/a")


def test_a_file_made_anew_is_another_file(place: str) -> None:
    Path(place, "a").write_text("one")
    with open(f"{place}/a") as file:
        os.unlink(f"{place}/a")
        Path(place, "a").write_text("two")
        assert not os.path.samestat(os.fstat(file.fileno()), os.stat(f"{place}/a"))
        assert file.read() == "one"


def test_two_names_are_one_file(place: str) -> None:
    Path(place, "a").write_text("one")
    os.link(f"{place}/a", f"{place}/b")
    Path(place, "b").write_text("two")
    assert Path(place, "a").read_text() == "two"
    assert os.path.samefile(f"{place}/a", f"{place}/b")
    os.rename(f"{place}/a", f"{place}/b")  # POSIX: nothing happens
    assert sorted(os.listdir(place)) == ["a", "b"]


def test_a_directory_takes_its_files_along(place: str) -> None:
    os.makedirs(f"{place}/d/e")
    Path(place, "d/e/a").write_text("x")
    with open(f"{place}/d/e/a") as file:
        os.rename(f"{place}/d", f"{place}/f")
        assert file.read() == "x"
    assert Path(place, "f/e/a").read_text() == "x"
    assert not os.path.exists(f"{place}/d/e/a")


# Positions and appends --------------------------------------------------------------------


def test_appends_go_to_the_end_wherever_that_is(place: str) -> None:
    one = os.open(f"{place}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    other = os.open(f"{place}/log", os.O_WRONLY | os.O_APPEND)
    for fd, text in ((one, b"a"), (other, b"b"), (one, b"c")):
        os.lseek(fd, 0, os.SEEK_SET)
        os.write(fd, text)
    assert Path(place, "log").read_bytes() == b"abc"
    os.close(one)
    os.close(other)


def test_writes_without_append_are_mixed(place: str) -> None:
    files = [open(f"{place}/a", "w") for _ in range(2)]
    files[0].write("longer")
    files[0].close()
    files[1].write("me")
    files[1].close()
    assert Path(place, "a").read_text() == "menger"


def test_a_write_behind_the_end_leaves_a_hole(place: str) -> None:
    with open(f"{place}/a", "wb") as file:
        file.seek(3)
        file.write(b"x")
    assert Path(place, "a").read_bytes() == b"\0\0\0x"


def test_descriptors_made_by_dup_share_their_place(place: str) -> None:
    one = os.open(f"{place}/a", os.O_RDWR | os.O_CREAT, 0o644)
    other = os.dup(one)
    os.write(one, b"ab")
    os.write(other, b"cd")
    os.close(one)
    assert os.pread(other, 9, 0) == b"abcd"
    os.close(other)
    assert code(lambda: os.read(other, 1)) == "EBADF"


def test_dup2_puts_a_file_in_anothers_place(place: str) -> None:
    one = os.open(f"{place}/a", os.O_RDWR | os.O_CREAT, 0o644)
    other = os.open(f"{place}/b", os.O_RDWR | os.O_CREAT, 0o644)
    os.dup2(one, other)
    os.write(other, b"x")
    for fd in (one, other):
        os.close(fd)
    assert (Path(place, "a").read_bytes(), Path(place, "b").read_bytes()) == (b"x", b"")


# Buffers ----------------------------------------------------------------------------------

PIECES = (1, 100, 4000, 4095, 4096, 4097, 8191, 8192, 8193, 20000)


@pytest.mark.parametrize("mode", ["w", "wb", "r+", "a", "ab"])
@pytest.mark.parametrize("piece", PIECES)
def test_buffers_are_written_out_where_cpython_does(place: str, mode: str, piece: int) -> None:
    Path(place, "a").write_bytes(b"")
    seen = []
    with open(f"{place}/a", mode) as file:
        for _ in range(5):
            file.write(b"x" * piece if "b" in mode else "x" * piece)
            seen.append(os.stat(f"{place}/a").st_size)
    block = os.stat(place).st_blksize
    assert seen == expected(mode, piece, block)


def expected(mode: str, piece: int, block: int) -> list[int]:
    """Write the same to a raw file of our own under the same buffers, and see when it comes."""
    sizes: list[int] = []
    raw = Counting()
    buffer = io.BufferedRandom(raw, block) if "+" in mode else io.BufferedWriter(raw, block)
    file = buffer if "b" in mode else io.TextIOWrapper(buffer, "utf-8")
    for _ in range(5):
        file.write(b"x" * piece if "b" in mode else "x" * piece)  # type: ignore[arg-type]
        sizes.append(raw.size)
    return sizes


class Counting(io.RawIOBase):
    size = 0

    def readable(self) -> bool:
        return True

    writable = seekable = readable

    def write(self, data: object) -> int:
        self.size += len(data)  # type: ignore[arg-type]
        return len(data)  # type: ignore[arg-type]

    def seek(self, *_: int) -> int:
        return 0


def test_what_is_in_a_buffer_is_not_in_the_file(place: str) -> None:
    with open(f"{place}/a", "w") as file:
        file.write("x")
        assert os.path.getsize(f"{place}/a") == 0
        file.flush()
        assert os.path.getsize(f"{place}/a") == 1
    with open(f"{place}/a", "w", buffering=1) as file:
        file.write("line\nhalf")
        assert Path(place, "a").read_text() == "line\nhalf"  # a newline flushes all that is there


def test_a_file_that_is_dropped_is_written(place: str) -> None:
    file = open(f"{place}/a", "w")
    file.write("x")
    with pytest.warns(ResourceWarning) if not place.startswith("/pileup") else nothing():
        del file
    assert Path(place, "a").read_text() == "x"


def nothing() -> io.StringIO:
    return io.StringIO()  # a context manager that does nothing


def test_unbuffered_binary_files_are_written_at_once(place: str) -> None:
    with open(f"{place}/a", "wb", buffering=0) as file:
        file.write(b"x")
        assert os.path.getsize(f"{place}/a") == 1
        assert isinstance(file, io.RawIOBase)


@pytest.mark.parametrize(
    ("mode", "options", "message"),
    [
        ("q", {}, "invalid mode: 'q'"),
        ("rw", {}, "must have exactly one of create/read/write/append mode"),
        ("rbt", {}, "can't have text and binary mode at once"),
        ("rb", {"encoding": "utf-8"}, "binary mode doesn't take an encoding argument"),
        ("r", {"buffering": 0}, "can't have unbuffered text I/O"),
    ],
)
def test_a_mode_that_makes_no_sense_is_refused(
    place: str, mode: str, options: dict[str, object], message: str
) -> None:
    Path(place, "a").write_text("x")
    with pytest.raises(ValueError, match=message):
        open(f"{place}/a", mode, **options)  # type: ignore[call-overload]


def test_files_do_only_what_they_were_opened_for(place: str) -> None:
    with open(f"{place}/a", "w") as file, pytest.raises(io.UnsupportedOperation):
        file.read()
    with open(f"{place}/a") as file, pytest.raises(io.UnsupportedOperation):
        file.write("x")
    with pytest.raises(ValueError, match="closed file"):
        file.read()


def test_text_files_know_their_name_mode_and_place(place: str) -> None:
    with open(f"{place}/a", "w+", encoding="utf-8") as file:
        file.write("äß\n")
        assert (file.name, file.mode, file.tell()) == (f"{place}/a", "w+", 5)
        file.seek(0)
        assert list(file) == ["äß\n"]
        file.truncate(2)
    assert Path(place, "a").read_text("utf-8") == "ä"


# Locks ------------------------------------------------------------------------------------


def test_two_exclusive_flocks_exclude_each_other(place: str) -> None:
    with open(f"{place}/lock", "w") as one, open(f"{place}/lock", "w") as other:
        fcntl.flock(one, fcntl.LOCK_EX)
        assert code(lambda: fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)) == "EAGAIN"
        fcntl.flock(one, fcntl.LOCK_UN)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_shared_flocks_share(place: str) -> None:
    with open(f"{place}/lock", "w") as one, open(f"{place}/lock", "w") as other:
        fcntl.flock(one, fcntl.LOCK_SH)
        fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
        assert code(lambda: fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)) == "EAGAIN"


def test_to_ask_for_more_in_vain_costs_the_lock_that_one_had(place: str) -> None:
    with open(f"{place}/lock", "w") as one, open(f"{place}/lock", "w") as other:
        fcntl.flock(one, fcntl.LOCK_SH)
        fcntl.flock(other, fcntl.LOCK_SH)
        assert code(lambda: fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)) == "EAGAIN"
        fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)  # the other's shared lock is gone


def test_a_flock_goes_with_the_last_descriptor(place: str) -> None:
    one = os.open(f"{place}/lock", os.O_RDWR | os.O_CREAT, 0o644)
    copy = os.dup(one)
    fcntl.flock(one, fcntl.LOCK_EX)
    os.close(one)
    with open(f"{place}/lock") as other:
        assert code(lambda: fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)) == "EAGAIN"
        os.close(copy)
        fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)


def test_a_flock_on_a_file_made_anew_is_another_lock(place: str) -> None:
    with open(f"{place}/lock", "w") as one:
        fcntl.flock(one, fcntl.LOCK_EX)
        os.unlink(f"{place}/lock")
        with open(f"{place}/lock", "w") as other:
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_record_locks_never_exclude_their_own_process(place: str) -> None:
    with open(f"{place}/lock", "w") as one, open(f"{place}/lock", "w") as other:
        fcntl.lockf(one, fcntl.LOCK_EX)
        fcntl.lockf(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert code(lambda: fcntl.lockf(open_for_reading(place), fcntl.LOCK_EX)) == "EBADF"


def open_for_reading(place: str) -> int:
    return os.open(f"{place}/lock", os.O_RDONLY)


def test_a_lock_file_can_be_made_by_one_alone(place: str) -> None:
    fd = os.open(f"{place}/lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    os.close(fd)
    assert code(lambda: os.open(f"{place}/lock", os.O_CREAT | os.O_EXCL | os.O_WRONLY)) == "EEXIST"
    with pytest.raises(FileExistsError):
        open(f"{place}/lock", "x")


# Libraries on top -------------------------------------------------------------------------


def test_pathlib_works(place: str) -> None:
    root = Path(place)
    (root / "d/e").mkdir(parents=True)
    (root / "d/e").mkdir(parents=True, exist_ok=True)
    (root / "d/a.txt").write_text("x")
    (root / "d/e/b.txt").touch()
    assert sorted(p.name for p in root.rglob("*.txt")) == ["a.txt", "b.txt"]
    assert sorted(p.name for p in (root / "d").iterdir()) == ["a.txt", "e"]
    assert (root / "d/a.txt").rename(root / "c.txt").read_text() == "x"
    assert (root / "d").is_dir()
    assert (root / "c.txt").is_file()
    assert not (root / "x").exists()
    (root / "s").symlink_to("c.txt")
    assert (root / "s").resolve() == root.resolve() / "c.txt"
    assert (root / "s").readlink() == Path("c.txt")
    (root / "c.txt").chmod(0o600)
    assert stat.S_IMODE((root / "s").stat().st_mode) == 0o600
    (root / "s").unlink()
    (root / "s").unlink(missing_ok=True)


def test_shutil_works(place: str) -> None:
    os.makedirs(f"{place}/d/e")
    Path(place, "d/a").write_bytes(b"x" * 10_000)
    Path(place, "d/e/b").write_text("y")
    shutil.copy(f"{place}/d/a", f"{place}/copy")
    shutil.copy2(f"{place}/d/a", f"{place}/copy2")
    assert os.stat(f"{place}/copy2").st_mtime_ns == os.stat(f"{place}/d/a").st_mtime_ns
    shutil.copytree(f"{place}/d", f"{place}/tree")
    shutil.move(f"{place}/tree/e", f"{place}/moved")
    shutil.rmtree(f"{place}/d")
    found = sorted(glob.glob("**", root_dir=place, recursive=True))
    assert found == ["copy", "copy2", "moved", "moved/b", "tree", "tree/a"]
    assert os.path.getsize(f"{place}/copy") == 10_000
    assert shutil.disk_usage(place).free > 0


def test_files_move_between_worlds_by_copy(place: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"x" * 5000)
    shutil.move(outside, f"{place}/inside")
    assert not outside.exists()
    shutil.copyfile(f"{place}/inside", outside)
    assert outside.read_bytes() == b"x" * 5000


def test_tempfile_works(place: str) -> None:
    with tempfile.NamedTemporaryFile("w", dir=place) as file:
        file.write("x")
        assert os.path.exists(file.name)
    assert os.listdir(place) == []
    fd, name = tempfile.mkstemp(dir=place)
    os.close(fd)
    os.replace(name, f"{place}/a")
    with tempfile.TemporaryDirectory(dir=place) as folder:
        Path(folder, "b").write_text("x")
    with tempfile.TemporaryFile(dir=place) as unnamed:
        unnamed.write(b"x")
        assert os.listdir(place) == ["a"]


def test_walking_works(place: str) -> None:
    os.makedirs(f"{place}/d/e")
    Path(place, "d/a").touch()
    assert [(p[len(place) :], d, f) for p, d, f in os.walk(place)] == [
        ("", ["d"], []),
        ("/d", ["e"], ["a"]),
        ("/d/e", [], []),
    ]
    with os.scandir(place) as entries:
        (entry,) = entries
        assert (entry.name, entry.path, entry.is_dir(), entry.is_file(), entry.is_symlink()) == (
            "d",
            f"{place}/d",
            True,
            False,
            False,
        )
        assert entry.inode() == os.stat(f"{place}/d").st_ino
        assert os.fspath(entry) == f"{place}/d"


def test_relative_paths_start_where_one_has_gone(place: str) -> None:
    before = os.getcwd()
    os.mkdir(f"{place}/d")
    try:
        os.chdir(f"{place}/d")
        Path("a").write_text("x")
        assert os.getcwd() == os.path.realpath(f"{place}/d")
        assert os.path.abspath("a") == os.path.realpath(f"{place}/d/a")
        os.chdir("..")
        assert os.listdir(".") == ["d"]
    finally:
        os.chdir(before)
    assert Path(place, "d/a").read_text() == "x"


def test_paths_may_start_at_an_open_directory(place: str) -> None:
    os.mkdir(f"{place}/d")
    fd = os.open(f"{place}/d", os.O_RDONLY)
    try:
        os.close(os.open("a", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
        os.rename("a", "b", src_dir_fd=fd, dst_dir_fd=fd)
        assert (os.listdir(fd), os.stat("b", dir_fd=fd).st_size) == (["b"], 0)
        os.unlink("b", dir_fd=fd)
        assert os.listdir(f"{place}/d") == []
    finally:
        os.close(fd)


def test_bytes_are_answered_with_bytes(place: str) -> None:
    root = os.fsencode(place)
    with open(root + b"/a", "wb") as file:
        file.write(b"x")
    os.symlink(b"a", root + b"/s")
    assert sorted(os.listdir(root)) == [b"a", b"s"]
    assert os.readlink(root + b"/s") == b"a"
    assert sorted(entry.path for entry in os.scandir(root)) == [root + b"/a", root + b"/s"]


def test_several_buffers_are_read_and_written_at_once(place: str) -> None:
    fd = os.open(f"{place}/a", os.O_RDWR | os.O_CREAT, 0o644)
    assert os.writev(fd, [b"ab", b"cde"]) == 5
    os.lseek(fd, 0, os.SEEK_SET)
    buffers = [bytearray(3), bytearray(9)]
    assert os.readv(fd, buffers) == 5
    assert buffers[0] == b"abc"
    os.posix_fallocate(fd, 0, 10)
    assert os.fstat(fd).st_size == 10
    assert (os.isatty(fd), os.get_inheritable(fd), os.get_blocking(fd)) == (False, False, True)
    assert fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDWR
    os.close(fd)


def test_times_can_be_set(place: str) -> None:
    Path(place, "a").touch()
    os.utime(f"{place}/a", ns=(5, 7_000_000_001))
    assert os.stat(f"{place}/a").st_mtime_ns == 7_000_000_001
    os.utime(f"{place}/a", (1, 2.5))
    assert os.stat(f"{place}/a").st_mtime == 2.5


# Errors -----------------------------------------------------------------------------------


def test_errors_name_the_path_as_it_was_given(place: str) -> None:
    for path in (f"{place}/none", os.fsencode(f"{place}/none"), Path(place, "none")):
        with pytest.raises(FileNotFoundError) as raised:
            open(path)
        assert raised.value.filename == os.fspath(path)
        assert raised.value.strerror == "No such file or directory"
    with pytest.raises(FileNotFoundError) as raised:
        os.rename(f"{place}/none", f"{place}/other")
    assert (raised.value.filename, raised.value.filename2) == (f"{place}/none", f"{place}/other")


def test_a_ring_of_links_leads_nowhere(place: str) -> None:
    os.symlink("b", f"{place}/a")
    os.symlink("a", f"{place}/b")
    assert code(lambda: open(f"{place}/a")) == "ELOOP"
    assert not os.path.exists(f"{place}/a")
    assert os.path.lexists(f"{place}/a")


def test_a_name_can_be_too_long(place: str) -> None:
    longest = "ü" * 127 + "x"
    Path(place, longest).touch()
    assert os.listdir(place) == [longest]
    for name in ("x" * 256, "ü" * 128, "ü" * 128 + "/x"):
        path = f"{place}/{name}"
        assert code(partial(os.stat, path)) == "ENAMETOOLONG"
        assert code(partial(open, path, "w")) == "ENAMETOOLONG"
        assert code(partial(os.rename, f"{place}/{longest}", path)) == "ENAMETOOLONG"
        assert not os.path.exists(path)


def test_without_a_path_it_is_where_one_has_gone(place: str) -> None:
    before = os.getcwd()
    Path(place, "a").touch()
    try:
        os.chdir(place)
        assert (os.listdir(), [each.path for each in os.scandir()]) == (["a"], ["./a"])
    finally:
        os.chdir(before)


def test_an_open_file_tells_how_it_was_opened(place: str) -> None:
    Path(place, "a").touch()
    modes = {"r": "rb", "r+": "rb+", "w": "wb", "w+": "rb+", "a": "ab", "a+": "ab+"}
    for mode, raw in modes.items():
        with open(f"{place}/a", mode) as file:
            assert (file.mode, file.buffer.mode) == (mode, raw)  # type: ignore[attr-defined]


def test_a_link_that_is_not_followed_is_refused(place: str) -> None:
    os.symlink(place, f"{place}/a")
    assert code(lambda: os.open(f"{place}/a", os.O_NOFOLLOW)) == "ELOOP"
    assert code(lambda: os.open(f"{place}/a", os.O_NOFOLLOW | os.O_DIRECTORY)) == "ENOTDIR"
    os.close(os.open(f"{place}/a", os.O_DIRECTORY))


def test_a_directory_is_no_file(place: str) -> None:
    assert code(lambda: open(place)) == "EISDIR"
    assert code(lambda: open(place, "w")) == "EISDIR"
    assert code(lambda: os.listdir(f"{place}/none")) == "ENOENT"


@pytest.fixture
def as_a_user(place: str) -> object:
    """Permissions do not bind the superuser; in the fake, nobody is one."""
    if os.getuid() != 0 or place.startswith("/pileup"):
        yield
        return
    os.chmod(place, 0o777)
    for parent in Path(place).parents[:3]:
        os.chmod(parent, 0o755)
    os.setresuid(65534, 65534, 0)
    yield
    os.setresuid(0, 0, 0)


@pytest.mark.usefixtures("as_a_user")
def test_permissions_bind(place: str) -> None:
    Path(place, "a").write_text("x")
    os.mkdir(f"{place}/d")
    Path(place, "d/a").touch()
    os.chmod(f"{place}/a", 0o400)
    assert code(lambda: open(f"{place}/a", "w")) == "EACCES"
    assert (os.access(f"{place}/a", os.W_OK), os.access(f"{place}/a", os.R_OK)) == (False, True)
    os.chmod(f"{place}/a", 0o200)
    assert code(lambda: open(f"{place}/a")) == "EACCES"
    os.chmod(f"{place}/d", 0o500)
    for change in (lambda: os.remove(f"{place}/d/a"), lambda: open(f"{place}/d/b", "w")):
        assert code(change) == "EACCES"
    os.chmod(f"{place}/d", 0o600)
    assert code(lambda: os.stat(f"{place}/d/a")) == "EACCES"
    os.chmod(f"{place}/d", 0o300)
    assert code(lambda: os.listdir(f"{place}/d")) == "EACCES"
    os.chmod(f"{place}/d", 0o700)
