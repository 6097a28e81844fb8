"""The run that is on in this process, for code that was not handed a `sim`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pileup.errors import UsageError

if TYPE_CHECKING:
    from pileup.sim.kernel import Sim

_on: list[Sim] = []


def running() -> Sim | None:
    """Return the run that is on, if any."""
    return _on[-1] if _on else None


def current(what: str) -> Sim:
    """Return the run that is on, or say that `what` makes sense only inside one."""
    if not _on:
        raise UsageError(
            f"{what} was used outside of a run. It works in an agent, or in the `setup` or "
            "`check` of pileup.explore(...)."
        )
    return _on[-1]


@contextmanager
def being(sim: Sim) -> Iterator[None]:
    """Make `sim` the run that is on."""
    if _on:
        raise UsageError(
            "pileup.explore was called inside an agent of another exploration. Explore from a "
            "test or a script; in an agent, start sub-agents with me.spawn(...)."
        )
    _on.append(sim)
    try:
        yield
    finally:
        _on.pop()
