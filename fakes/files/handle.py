"""The fake folder as agents use it: `world.files`, and `world.files.sync` for sync code."""

from __future__ import annotations

import os
from functools import cached_property

from pileup.fakes.files.courses import Calls
from pileup.fakes.files.spots import Where
from pileup.fakes.files.stream import Stream, as_bytes
from pileup.fakes.files.sync import SyncFiles
from pileup.fakes.files.volume import Volume
from pileup.fakes.files.ways import Ways
from pileup.operations import Operation
from pileup.sim.agents import Agent, here
from pileup.sim.kernel import Sim


class Files:
    """The files that agents share, by path.

    `capacity` is how many bytes there is room for in all; without it the disk
    is never full.
    """

    def __init__(self, sim: Sim, name: str = "files", *, capacity: int | None = None) -> None:
        self._sim = sim
        self._volume = Volume(sim, name, capacity)
        self._calls = Calls(self._volume)
        self._ways = Ways(self._volume.perform, self._volume.act)
        sim.fakes.setdefault("files", self)
        sim.on_crash.append(self.lose)

    @cached_property
    def sync(self) -> SyncFiles:
        """The same verbs for sync code, for `setup` and for `check`."""
        return SyncFiles(self._ways, self._calls)

    # Outside of agents -------------------------------------------------------------------

    def seed(self, path: str, data: str | bytes) -> None:
        """Put a file there before the agents start, with the directories that lead to it."""
        if "/" in path.strip("/"):
            self.sync.mkdir(path.rpartition("/")[0], parents=True, exist_ok=True)
        self.sync.write_bytes(path, as_bytes(data))

    def peek(self, path: str) -> str:
        """Look at a file after the agents have ended, as a check does."""
        return self.peek_bytes(path).decode("utf-8")

    def peek_bytes(self, path: str) -> bytes:
        """Look at a file's bytes after the agents have ended, as a check does."""
        data = self._calls.read(path).apply()
        assert isinstance(data, bytes)
        return data

    def mount(self, point: str, folder: str = "") -> None:
        """Let unmodified code find these files under a path: `open`, `os`, `pathlib`, `fcntl`.

        Call it in `setup`. `folder` is the part of the tree that is seen there.
        """
        from pileup.fakes.files.mounts import mount

        mount(self._calls, point, folder)

    @property
    def capacity(self) -> int | None:
        """How many bytes there is room for."""
        return self._volume.disk.capacity

    @capacity.setter
    def capacity(self, capacity: int | None) -> None:
        self._volume.disk.capacity = capacity

    # What happens to all -----------------------------------------------------------------

    def crash(self) -> None:
        """Let the machine crash: nothing stays open, and only what is durable is sure to be left.

        What else survives is a choice; the dullest is that all of it does.
        """
        cells = self._volume.port.cells
        op = Operation("crash", tuple([each.alters[0] for each in cells.values()]), self._crash)
        strand = here.get(None)
        if strand is None:
            self._crash()
        else:
            self._sim.witness(strand, op)

    def _crash(self) -> None:
        for process in dict.fromkeys([each.owner for each in self._volume.opens]):
            self._calls.locking.lose(process)
        self._volume.disk.crash()

    def lose(self, agent: Agent) -> None:
        """Let an agent's process die: what it had open is closed, and so its locks are free.

        What it had not yet written is lost with it; lock *files* stay.
        """
        strand = next((each for each in self._sim.strands if each.agent is agent), None)
        lost = self._calls.locking.footprint_of(agent.index)
        if strand is not None and lost is not None:
            process = agent.index
            op = Operation("exit", lost, lambda: self._calls.locking.lose(process))
            self._sim.happen(strand, op)

    # Whole files -------------------------------------------------------------------------

    async def read_text(self, path: str, encoding: str = "utf-8") -> str:
        """Read a whole file."""
        data: bytes = await self._volume.port.perform(self._calls.read(path))
        return data.decode(encoding)

    async def read_bytes(self, path: str) -> bytes:
        """Read a whole file."""
        data: bytes = await self._volume.port.perform(self._calls.read(path))
        return data

    async def write_text(self, path: str, text: str, encoding: str = "utf-8") -> None:
        """Empty a file, then write it: two steps, as with a real file."""
        await self._ways.walk(self._calls.write(path, text.encode(encoding)))

    async def write_bytes(self, path: str, data: bytes) -> None:
        """Empty a file, then write it: two steps, as with a real file."""
        await self._ways.walk(self._calls.write(path, data))

    async def replace_text(self, path: str, text: str, encoding: str = "utf-8") -> None:
        """Write a file beside it, then let that take its place: readers see one or the other."""
        await self._ways.walk(self._calls.replace_whole(path, text.encode(encoding)))

    async def append(self, path: str, data: str | bytes) -> None:
        """Write at the end of a file, wherever that is by then."""
        await self._ways.walk(self._calls.append(path, as_bytes(data)))

    async def create(self, path: str, data: str | bytes = b"") -> None:
        """Make a file that must not be there yet (O_EXCL), then write it."""
        await self._ways.walk(self._calls.create(path, as_bytes(data)))

    # Names -------------------------------------------------------------------------------

    async def replace(self, source: str, target: str) -> None:
        """Let `target` lead to what `source` led to; who has the old one open keeps it."""
        op = self._calls.entries.rename(self._at(source), self._at(target), "replace")
        await self._ways.perform(op)

    async def rename(self, source: str, target: str) -> None:
        """Do what `replace` does: POSIX knows no other."""
        await self._ways.perform(self._calls.entries.rename(self._at(source), self._at(target)))

    async def link(self, source: str, target: str) -> None:
        """Give a file one more name."""
        await self._ways.perform(self._calls.entries.link(self._at(source), self._at(target)))

    async def remove(self, path: str) -> None:
        """Take a name away."""
        await self._ways.perform(self._calls.entries.remove(self._at(path)))

    async def truncate(self, path: str, length: int) -> None:
        """Make a file so and so long."""
        await self._ways.perform(self._calls.attributes.truncate(self._at(path), length))

    async def exists(self, path: str) -> bool:
        """Tell whether a path leads to anything."""
        found: bool = await self._ways.perform(self._calls.exists(path))
        return found

    async def stat(self, path: str) -> os.stat_result:
        """Tell all about a file."""
        op = self._calls.attributes.stat(self._at(path))
        found: os.stat_result = await self._ways.perform(op)
        return found

    async def listdir(self, path: str = "") -> list[str]:
        """Name what is in a directory, sorted."""
        return list(await self._ways.perform(self._calls.entries.listdir(self._at(path))))

    async def mkdir(self, path: str, *, parents: bool = False, exist_ok: bool = False) -> None:
        """Make a directory."""
        await self._ways.walk(self._calls.mkdir(path, parents=parents, exist_ok=exist_ok))

    async def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        await self._ways.perform(self._calls.entries.rmdir(self._at(path)))

    async def fsync(self, path: str) -> None:
        """Make durable what is pending of a file's contents, or of a directory's names."""
        await self._ways.perform(self._calls.sync(path))

    # Open files and locks ----------------------------------------------------------------

    def open(self, path: str, mode: str = "r") -> Stream:
        """Open a file, for work step by step: `async with files.open(path, "r+") as file`."""
        return Stream(self._ways, self._calls, self._calls.open(path, mode))

    def lock(self, path: str, *, shared: bool = False, blocking: bool = True) -> Stream:
        """Hold the `flock` of a file, made if it is not there: `async with files.lock(path)`."""
        course = self._calls.lock(path, shared=shared, blocking=blocking)
        return Stream(self._ways, self._calls, course)

    def _at(self, path: str) -> Where:
        return self._calls.where(path)
