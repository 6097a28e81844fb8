"""One of each fake, made when it is first touched."""

from __future__ import annotations

from functools import cached_property

from pileup.fakes.files import Files
from pileup.fakes.memory import Memory
from pileup.sim.kernel import Sim


class World:
    """What agents share in one run. Subclass it to add things of your own."""

    def __init__(self, sim: Sim) -> None:
        self.sim = sim

    @cached_property
    def memory(self) -> Memory:
        """Named cells and locks of one process."""
        return Memory(self.sim)

    @cached_property
    def files(self) -> Files:
        """A shared folder."""
        return Files(self.sim)
