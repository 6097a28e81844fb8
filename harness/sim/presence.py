"""Whether the running code is inside a run: in its thread, while it is on.

The stand-ins for clocks, random sources and locks sit where the whole process
sees them. Only code that a run drives may notice; to everybody else (other
threads, the test runner between two runs) they are the real thing.
"""

from __future__ import annotations

from _thread import get_ident
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from pileup.errors import UsageError
from pileup.sim.current import running
from pileup.sim.kernel import Sim

_owners: Final[list[int]] = []
"""The thread that explores, while one does."""


def run_here() -> Sim | None:
    """Return the run that is on, if the running code belongs to it."""
    return running() if _owners and _owners[0] == get_ident() else None


@contextmanager
def occupying() -> Iterator[bool]:
    """Make the process this thread's to explore in; False when it is already."""
    if _owners:
        if _owners[0] != get_ident():
            raise UsageError(
                "Two threads explore at once. An exploration takes over what the whole process "
                "shares (clocks, random sources), so there can be one at a time: explore one after "
                "the other, or in several processes (pytest-xdist)."
            )
        yield False
        return
    _owners.append(get_ident())
    try:
        yield True
    finally:
        _owners.clear()
