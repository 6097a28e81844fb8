"""A shared folder with POSIX semantics: for agents by its own verbs, for any code by a mount.

Models: a tree of directories, files, hard and symbolic links; open files that
keep what was replaced or removed; truncating and writing as two effects;
appends that go to the end as it is then; O_EXCL; atomic renames; `flock` by
open file and record locks by process, each agent being one; permissions of
an owner; room (`capacity`); what a crash loses of what was not synced; and,
under `files.mount("/data")`, what `open`, `os`, `pathlib`, `shutil`,
`tempfile`, `fcntl` and `filelock` do with all that, with CPython's own
buffers between.

`world.files.write_text` is what `Path.write_text` is: it empties the file
first, so a reader may find nothing. `replace_text` writes beside and renames.

Divergence from the real thing
------------------------------
* One `write` is seen whole or not at all. On most real file systems a reader
  that comes at the same moment may see some of its pages.
* Directories are listed sorted. A real order may tell who came first.
* What opens files without `open` and `os` is not seen: `io.FileIO(path)`,
  `mmap`, C code, programs that are started, imports. They find nothing under a
  mounted path, and its descriptors are no good to them.
* Symbolic links do not cross the mount point, in either direction, and `..`
  at its top stays there.
* Reading does not change the time of access; to empty an empty file changes
  nothing at all.
* All files belong to one user, who is not root; groups and the sticky bit do
  not matter, the umask is 022, and `chown` does nothing.
* A deadlock of record locks is reported as a deadlock; a real kernel refuses
  the last of them with EDEADLK. `os.lockf` and `fcntl.fcntl(F_SETLK)` are
  missing.
* There are no unnamed files (O_TMPFILE), extended attributes, leases, pipes
  or devices. An unclosed file is closed without a ResourceWarning.
* A crash loses the latest writes of a file, and the latest changes of names
  in the whole tree, at most 64 of each and both in order; a file system
  without a journal may lose others. Only `fsync` of the directory makes a new
  name durable, as POSIX says; ext4 does more.
* Room is counted in bytes of contents; names and directories take none.
* Agents are processes but share one thread: a buffered file object that two
  of them use at once fails (reentrant call), and all have one process id, so
  a soft lock of filelock's that a crashed agent left is never taken for stale
  and holds what differs between machines (its host, its process id).
* What an agent's buffers still hold when its last reference is dropped after
  the run has ended is lost.
"""

from __future__ import annotations

from pileup.fakes.files.handle import Files

__all__ = ["Files"]
