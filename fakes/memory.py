"""The memory of one process: cells and locks by name, each access one operation.

The smallest world in which a race can be written down. For state that your
code has already, see `pileup.shared`.

Divergence from the real thing
------------------------------
* Real threads switch between any two bytecodes; here a cell is read or
  written in one piece, and a value that is read is the very object, not a copy.
* A lock is granted to any waiter, in no order that a program may rely on.
"""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import Any

from pileup.fakes._port import Cell, Port
from pileup.notes import blank
from pileup.operations import Operation
from pileup.sim.agents import here
from pileup.sim.kernel import Sim
from pileup.spelling import brief


class Memory:
    """Cells and locks by name. A cell that was never set holds None."""

    def __init__(self, sim: Sim, name: str = "memory") -> None:
        self._name = name
        self._values: dict[str, Any] = {}  # Any: whatever the user puts there
        self._port = Port(sim, name)
        self._sim = sim
        self._locks: dict[str, Lock] = {}
        sim.contents[name] = self._values.copy

    def seed(self, **values: object) -> None:
        """Set cells before the agents start."""
        self._values.update(values)

    def peek(self, key: str) -> Any:
        """Look at a cell after the agents have ended, as a check does."""
        return self._values.get(key)

    async def get(self, key: str) -> Any:
        """Read a cell."""
        perform = self._port.perform  # a name of its own, because Python calls it sooner
        return await perform(self._reading(key))

    async def set(self, key: str, value: object) -> None:
        """Overwrite a cell."""
        perform = self._port.perform
        await perform(self._writing(key, value))

    async def add(self, key: str, amount: float) -> Any:
        """Add to a cell atomically, and return the sum."""
        return await self._port.perform(self._adding(key, amount))

    async def swap(self, key: str, expected: object, value: object) -> bool:
        """Set a cell if it still holds `expected`; whether it did."""
        swapped: bool = await self._port.perform(self._swapping(key, expected, value))
        return swapped

    def load(self, key: str) -> Any:
        """Read a cell in sync code."""
        return self._port.call(self._reading(key))

    def store(self, key: str, value: object) -> None:
        """Overwrite a cell in sync code."""
        self._port.call(self._writing(key, value))

    def lock(self, name: str = "lock") -> Lock:
        """Return the lock of that name: `async with` or `with` it."""
        found = self._locks.get(name)
        if found is None:
            found = self._locks[name] = Lock(self._port, f"{self._name}.{name}")
        return found

    def _reading(self, key: str) -> Operation:
        op = Operation("read", self._port.cells[key].reads, partial(self._values.get, key))
        return self._marked(op) if self._sim.marked else op

    def _writing(self, key: str, value: object) -> Operation:
        op = Operation(
            "write", self._port.cells[key].writes, partial(self._values.__setitem__, key, value)
        )
        op.detail = brief(value)
        return self._marked(op, (key, value)) if self._sim.marked else op

    def _marked(self, op: Operation, sent: object = None) -> Operation:
        """Note the marks in what is put there, and in what is got."""
        apply = op.apply
        op.note = note = blank()
        note.sent = self._sim.marks_in(sent)

        def look() -> object:
            answer = apply()
            note.got = self._sim.marks_in(answer)
            return answer

        op.apply = look
        return op

    def _adding(self, key: str, amount: float) -> Operation:
        def apply() -> Any:
            value = self._values[key] = (self._values.get(key) or 0) + amount
            return value

        return Operation("add", self._port.cells[key].updates, apply)

    def _swapping(self, key: str, expected: object, value: object) -> Operation:
        cell = self._port.cells[key]

        def apply() -> bool:
            if self._values.get(key) != expected:
                op.touches = cell.reads  # refused: it only looked
                return False
            self._put(key, value)
            return True

        op = Operation("swap", cell.alters, apply)
        return self._marked(op, (key, value)) if self._sim.marked else op

    def _put(self, key: str, value: object) -> None:
        self._values[key] = value


class Lock:
    """A lock between agents. It is not reentrant, and only its holder may release it."""

    def __init__(self, port: Port, name: str) -> None:
        self._port = port
        self._cell = Cell(port.sim.item(name))

    @property
    def holder(self) -> str | None:
        """Who has it."""
        return self._cell.item.holder

    async def __aenter__(self) -> None:
        await self._port.perform(self._acquiring(here.get().name))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        # At once, as any lock of a process: a release that gave way could be cancelled,
        # and the lock would be held for ever by nobody.
        strand = here.get()
        self._port.sim.witness(strand, self._releasing(strand.name))

    def __enter__(self) -> None:
        self._port.call(self._acquiring(here.get().name))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._port.sim.call(self._releasing(here.get().name))

    def _acquiring(self, who: str) -> Operation:
        item = self._cell.item

        def take() -> None:
            item.holder = who

        return Operation("acquire", self._cell.alters, take, lambda: item.holder is None)

    def _releasing(self, who: str) -> Operation:
        item = self._cell.item

        def release() -> None:
            if item.holder != who:
                raise RuntimeError(
                    f"{who} released {item.name}, which is held by {item.holder or 'nobody'}. "
                    "Release a lock where it was acquired; `async with` does that."
                )
            item.holder = None

        # No fault is asked about: in a real process nothing comes between an agent and its lock.
        return Operation("release", self._cell.alters, release)
