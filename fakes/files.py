"""A shared folder: whole files, read and written in one piece.

Models: reading and replacing whole files by name, and files that are not
there.

Divergence from the real thing
------------------------------
* A real `write_text` truncates first and writes then, in pieces; here both
  are one effect, so a torn read cannot be seen yet.
* There are no directories, permissions, locks or full disks yet.
"""

from __future__ import annotations

from functools import partial

from pileup.fakes._port import Cell, noted
from pileup.operations import Operation
from pileup.sim.kernel import Sim


class Files:
    """The files that agents share, by path."""

    def __init__(self, sim: Sim, name: str = "files") -> None:
        self._sim = sim
        self._name = name
        self._texts: dict[str, str] = {}
        self._cells: dict[str, Cell] = {}

    def seed(self, path: str, text: str) -> None:
        """Put a file there before the agents start."""
        self._texts[path] = text

    def peek(self, path: str) -> str:
        """Look at a file after the agents have ended, as a check does."""
        return self._load(path)

    async def read_text(self, path: str) -> str:
        """Read a whole file."""
        op = Operation("read", self._cell(path).reads, partial(self._load, path))
        text: str = await self._sim.perform(op)
        return text

    async def write_text(self, path: str, text: str) -> None:
        """Replace a whole file."""
        op = Operation("write", self._cell(path).writes, partial(self._store, path, text))
        await self._sim.perform(noted(op, text))

    def _cell(self, path: str) -> Cell:
        cell = self._cells.get(path)
        if cell is None:
            cell = self._cells[path] = Cell(self._sim.item(self._name, path))
        return cell

    def _load(self, path: str) -> str:
        if path not in self._texts:
            raise FileNotFoundError(
                f"[Errno 2] No such file: {path!r} in the fake files. "
                f"To have it there from the start, call files.seed({path!r}, text) in setup."
            )
        return self._texts[path]

    def _store(self, path: str, text: str) -> None:
        self._texts[path] = text
