"""What agents call while they run. All of pileup may be imported here, late."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from math import inf
from typing import Any

from pileup.errors import UsageError
from pileup.notes import Step
from pileup.operations import Operation, nothing
from pileup.sim.agents import current_step, here
from pileup.sim.current import current


async def sleep(seconds: float) -> None:
    """Wait for virtual time to pass; costs no real time."""
    _expect_duration(seconds)
    await current("pileup.sleep").perform(Operation("sleep", (), nothing, delay=seconds))


def _expect_duration(seconds: object) -> None:
    if not isinstance(seconds, int | float) or not 0 <= seconds < inf:
        raise UsageError(
            f"pileup.sleep({seconds!r}): to sleep takes a number of seconds, as in "
            "pileup.sleep(1.5). To wait for ever, wait for something that never comes."
        )


async def checkpoint() -> None:
    """Give way once: whoever else can go on may go first."""
    await current("pileup.checkpoint").perform(Operation("checkpoint", (), nothing))


def timeout(seconds: float) -> AbstractAsyncContextManager[None]:
    """Give up on what is inside after `seconds` of virtual time, with TimeoutError."""
    sim = current("pileup.timeout")
    return sim.timeout(sim, here.get(), seconds)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Mark a unit of work: what is inside should look as if it happened at once."""
    current("pileup.step")
    strand = here.get()
    unit = Step(name, strand.sim.count("unit"))
    outer, strand.step = strand.step, unit
    mark = current_step.set(unit)
    try:
        yield
    except BaseException:
        unit.failed = True
        raise
    finally:
        current_step.reset(mark)
        strand.step = outer


def shared(value: Any, name: str = "") -> Any:  # Any: it poses as the value
    """Make in-process state a resource: who reads and who changes it becomes visible."""
    from pileup.fakes.shared import Shared

    return Shared(value, name)
