"""A mounted fake folder outside of any agent, as `setup` and `check` have it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pileup.fakes.files import Files
from pileup.sim.current import being
from pileup.sim.drop_ins import taken_out_afterwards
from pileup.sim.kernel import Sim
from pileup.sim.presence import occupying
from pileup.strategies import Dull

POINT = "/pileup-fake"


@contextmanager
def mounted(**options: Any) -> Iterator[Files]:
    """Mount a fake folder, as `setup` would, for the length of the block."""
    sim = Sim(Dull())
    with taken_out_afterwards(), occupying(), being(sim):
        files = Files(sim, **options)
        files.mount(POINT)
        yield files
