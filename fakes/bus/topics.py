"""A topic: groups that each get every message."""

from __future__ import annotations

from collections.abc import Iterable

from pileup.fakes._port import Cell
from pileup.fakes.bus.letters import Options
from pileup.fakes.bus.queues import Queue, Window
from pileup.operations import Footprint


class Topic:
    """Groups that each get every message: one queue for each."""

    def __init__(self, name: str, options: Options, cell: Cell) -> None:
        self.name = name
        self.options = options
        self.cell = cell
        self.groups: dict[str, Queue] = {}
        self.window = Window(options.dedup_window)
        self._numbers = 0

    @property
    def queues(self) -> Iterable[Queue]:
        """Who gets what is published."""
        return self.groups.values()

    @property
    def touched(self) -> Footprint:
        """What publishing touches."""
        return (*self.cell.alters, *(each for queue in self.queues for each in queue.cell.alters))

    def number(self) -> str:
        """Name the next message."""
        self._numbers += 1
        return f"{self.name}#{self._numbers}"
