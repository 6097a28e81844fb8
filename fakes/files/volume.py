"""A volume: the tree, the disk below it, and the way to the kernel."""

from __future__ import annotations

from collections.abc import Awaitable
from errno import EACCES, EIO, ENOSPC, ESTALE, ETIMEDOUT
from functools import partial
from typing import Any, Final

from pileup.errors import Unacknowledged, UsageError
from pileup.fakes._port import Port
from pileup.fakes.files.disk import Disk
from pileup.fakes.files.inodes import Regular
from pileup.fakes.files.opened import Opened
from pileup.fakes.files.spots import complaint
from pileup.fakes.files.tree import Tree
from pileup.operations import Operation
from pileup.sim.agents import here
from pileup.sim.kernel import Sim

GIVING_BACK: Final = frozenset(("close", "unlock"))
NOBODY: Final = -1
"""The process of `setup` and `check`."""


def _error(code: int, message: str) -> OSError:
    return OSError(code, message)


FAILURES: Final = {
    "error": partial(_error, EIO),
    "denied": partial(_error, EACCES),
    "full": partial(_error, ENOSPC),
    "timeout": partial(_error, ETIMEDOUT),
    "unavailable": partial(_error, ESTALE),
    "lost": partial(_error, ETIMEDOUT),
    "reset": partial(_error, EIO),
}
"""What a program sees of a fault; the network's are those of a folder that is mounted by NFS."""


class Volume:
    """What all parts of a fake folder share."""

    def __init__(self, sim: Sim, name: str, capacity: int | None) -> None:
        self.name = name
        self.port = Port(sim, name, FAILURES)
        self._sure = Port(sim, name)  # `close` closes even where it tells of an error
        self.tree = Tree(sim, self.port.cells)
        self.disk = Disk(self.tree, capacity)
        self.opens: dict[Opened, None] = {}
        """What is open, by whomever, in the order in which it was opened."""
        sim.contents[name] = self._contents

    def _contents(self) -> dict[str, object]:
        """Return the files with what they hold, by path."""
        nodes = self.tree.nodes.items()
        return {path: bytes(node.data) for path, node in nodes if isinstance(node, Regular)}

    def perform(self, op: Operation) -> Awaitable[Any]:  # Any: what the operation returns
        """Let an operation take effect, in async code."""
        return (self._sure if op.name in GIVING_BACK else self.port).perform(op)

    def act(self, op: Operation) -> Any:  # Any: what the operation returns
        """Let an operation take effect: parked in an agent, at once in `setup` and `check`."""
        strand = here.get(None)
        if strand is not None and strand.sim is self.tree.sim:
            return (self._sure if op.name in GIVING_BACK else self.port).call(op)
        if op.ready is not None and not op.ready():
            raise UsageError(
                f"'{op.label}' would wait for ever: outside of agents nobody else can act. "
                "Release the lock first, or ask without waiting (LOCK_NB, blocking=False)."
            )
        self.tree.live = False
        try:
            return op.apply()
        except Unacknowledged as told:
            raise told.reason from None
        finally:
            self.tree.live = True

    def settle(self, op: Operation) -> None:
        """Let an operation take effect at once, because its agent has no time left to park."""
        strand, sim = here.get(None), self.tree.sim
        if strand is None or strand.sim is not sim or sim.ending is not None:
            op.apply()
        else:
            sim.witness(strand, op)

    def process(self) -> int:
        """Tell which process acts: each agent is one."""
        strand = here.get(None)
        return NOBODY if strand is None else strand.agent.index

    def resize(self, op: Operation, node: Regular, length: int, shown: object) -> None:
        """Make a file so and so long."""
        space = self.disk.space(taken=True)
        # To make it longer erases nothing.
        op.touches = (*(node.writes if length < len(node.data) else node.alters), *space)
        if not self.disk.cut(node, length):
            op.touches = (*node.reads, *self.disk.space(taken=False))
            raise complaint(ENOSPC, shown)

    def close(self, opened: Opened) -> None:
        """Let go of an open file."""
        opened.refs = 0
        self.opens.pop(opened, None)
        node = opened.node
        node.opened.remove(opened)
        if opened.path not in node.names:
            self.tree.rename(node)
            self.disk.release(node)
