"""What the kernel writes down: the items of a run with their versions, and a row an operation."""

from __future__ import annotations

from pileup.history import INFO, RawRow
from pileup.operations import Item, Operation
from pileup.sim.agents import Strand


class Record:
    """The history of one run while it is being made."""

    __slots__ = ("_items", "rows", "withdrawn")

    def __init__(self) -> None:
        self.rows: list[RawRow] = []
        self._items: dict[tuple[str, str], Item] = {}
        self.withdrawn: list[tuple[Strand, Operation, int]] = []

    def item(self, resource: str, key: str) -> Item:
        """Return the run's one item of that name."""
        found = self._items.get((resource, key))
        if found is None:
            found = self._items[resource, key] = Item(resource, key)
        return found

    def withdraw(self, strand: Strand, op: Operation) -> None:
        """Remember an operation whose caller gave up before it took effect."""
        self.withdrawn.append((strand, op, strand.invoked))

    def flush(self, now: float) -> None:
        """Add the rows of what was withdrawn.

        Loops cancel tasks in the order of a set of objects, which differs from
        process to process; the history must not, so they are sorted here.
        """
        if not self.withdrawn:
            return
        self.withdrawn.sort(key=lambda each: (each[0].rank, each[2]))
        for strand, op, invoked in self.withdrawn:
            agent, branch, step = strand.agent.index, strand.branch, strand.step
            self.rows.append(
                (
                    op.name,
                    op.touches,
                    (),
                    agent,
                    branch,
                    step,
                    invoked,
                    now,
                    INFO,
                    op.detail,
                    op.fault,
                    op.note,
                )
            )
        self.withdrawn.clear()
