"""The native runtime: a driver of our own for agents that await nothing but pileup's awaitables.

It is the fast path and the physical limit: `coro.send` in a loop, one strand
for each agent. An await that belongs to an event loop is noticed at once:
while a native run is on, asyncio and trio find a probe where they look for
their running loop (see `probes`).
"""

from __future__ import annotations

import types
from collections.abc import Generator
from contextlib import AbstractAsyncContextManager
from functools import partial
from types import TracebackType
from typing import Any, Final

from pileup.errors import Cancelled, Expired, NeedsLoop, RunOver
from pileup.operations import Firm, Operation
from pileup.sim.agents import Strand
from pileup.sim.bodies import coroutine_of
from pileup.sim.given_up import keep_for_ever
from pileup.sim.greenlets import call
from pileup.sim.kernel import Sim
from pileup.sim.probes import loop_of, probing
from pileup.sim.stacks import standing

UNWINDING_TRIES: Final = 100
"""How often an agent may await on its way out before it is dropped."""

GIVE_UP: Final = "give up"


@types.coroutine
def perform(op: Operation) -> Generator[Operation, Any, Any]:  # Any: what the operation returns
    """Hand an operation to the driver."""
    return (yield op)


class NativeRuntime:
    """Drives agents without any event loop."""

    name = "native"

    def run(self, sim: Sim) -> None:
        """Run all agents until they have ended or the run has."""
        sim.where, sim.timeout = _where, _Timeout
        sim.connect(perform, call)
        with probing():
            try:
                _drive(sim)
            except RunOver:
                pass  # an agent ended the run while it acted
            finally:
                for strand in sim.strands:
                    _unwind(strand)

    def close(self) -> None:
        """Nothing outlives a native run."""


def _drive(sim: Sim) -> None:
    """Run whichever strand is next to its next operation or to its end, again and again."""
    while (strand := sim.step()) is not None:
        try:
            if (resume := strand.resume) is None:
                op = _begin(sim, strand)
            elif strand.error is None:
                op = resume(strand.value)
            else:
                op = strand.context.run(strand.handle.throw, strand.error)
        except StopIteration as stop:
            sim.finish(strand, stop.value, None)
        except (Exception, SystemExit, Cancelled) as failure:  # noqa: BLE001 - it is how it ended
            sim.finish(strand, None, failure)
        else:
            if type(op) is not Operation and type(op) is not Firm:
                raise NeedsLoop(loop_of(op))
            if sim.ending is None:  # its last operation may have spent the budget of events
                late = strand.overdue and type(op) is not Firm
                sim.park(strand, _overdue(strand) if late else op)


def _begin(sim: Sim, strand: Strand) -> Any:  # Any: what a coroutine sends to its loop
    """Start a strand: run it to its first operation; or let it hear that it is not to start."""
    run: Any = strand.context.run  # Any: of partial, typeshed knows only what it calls at once
    strand.handle = handle = run(coroutine_of, sim, strand.agent)
    strand.resume = resume = partial(run, handle.send)
    return resume(None) if strand.error is None else run(handle.throw, strand.error)


def _unwind(strand: Strand) -> None:
    """End a strand that the run has left behind, letting it clean up but not go on."""
    handle, strand.handle, strand.resume = strand.handle, None, None
    if handle is None or (strand.agent.done and strand.life == strand.agent.life):
        return
    for _ in range(UNWINDING_TRIES):
        try:
            strand.context.run(handle.throw, RunOver())
        except KeyboardInterrupt:
            raise
        except BaseException:  # noqa: BLE001 - however it ends, it has ended
            return
    keep_for_ever(handle)


def _where(strand: Strand) -> list[str]:
    return standing(strand.handle)


def _overdue(strand: Strand) -> Operation:
    """Let a strand hear at last, and once, that the innermost of its timeouts has passed."""
    strand.overdue.remove(max(strand.overdue, key=lambda each: each.entered))
    return _giving_up()


def _giving_up() -> Operation:
    return Operation(GIVE_UP, (), _give_up)


def _give_up() -> None:
    raise Expired


class _Timeout(AbstractAsyncContextManager[None]):
    """`pileup.timeout` without an event loop: a deadline that makes the strand give up."""

    def __init__(self, sim: Sim, strand: Strand, seconds: float) -> None:
        self.sim = sim
        self.strand = strand
        self.seconds = seconds
        self.timer = 0
        self.entered = sim.count("timeout")
        self.expired = False

    async def __aenter__(self) -> None:
        self.sim.timers.set(self.sim.now + self.seconds, self)

    def fire(self) -> None:
        """Take back what the strand waits to do; it gives up instead, when it is chosen."""
        self.expired = True
        op = self.strand.op
        if op is None or op.name == GIVE_UP or type(op) is Firm:
            self.strand.overdue.append(self)  # it hears of it at what it does next
            return
        self.sim.withdraw(self.strand)
        self.sim.park(self.strand, _giving_up())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.timer = 0
        if self in self.strand.overdue:
            self.strand.overdue.remove(self)
        if self.expired and (error is None or isinstance(error, Expired)):
            raise TimeoutError(f"timed out after {self.seconds:g} s of virtual time") from None
