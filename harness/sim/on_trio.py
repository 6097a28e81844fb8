"""The trio runtime: unmodified trio programs, every order of theirs on the tape.

Two places of trio's are enough. `Clock.deadline_to_sleep_time` is called
exactly when no task is runnable: there the kernel takes a step. And where
trio would shuffle a batch of runnable tasks, ours are held back and become
candidates beside the parked operations, because trio promises no order among
them: one of them goes, and any other may starve.

One `trio.run` serves all runs of an exploration. It lives in a greenlet that
gives way between runs, because a fresh trio.run costs as much as sixty
operations; what trio keeps for the thread is put away meanwhile.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Generator
from functools import partial
from math import inf
from typing import Any, Final, TypeVar

import trio
from greenlet import greenlet
from trio.lowlevel import current_task, reschedule

from pileup.operations import Operation
from pileup.sim.agents import Strand, here
from pileup.sim.bodies import coroutine_of
from pileup.sim.given_up import keep_for_ever
from pileup.sim.greenlets import call, in_greenlet, threadless
from pileup.sim.kernel import Sim
from pileup.sim.parking import RESUME
from pileup.sim.probes import running_loop
from pileup.sim.swapped import swapped, swapped_if_imported
from pileup.sim.trio_parts import (
    KernelClock,
    ThreadState,
    adopt,
    cancellable,
    is_strand,
    message_of,
    next_deadline,
    run_queue,
    switch_out,
    timeout,
    waits_for_idle,
    wake_to_unwind,
    where,
    withdraw,
)

T = TypeVar("T")

ANYIO_THREADS: Final = "anyio._backends._trio:TrioBackend.run_sync_in_worker_thread"

UNWINDING_TURNS: Final = 1_000
"""How many turns of the loop agents may take on their way out before the loop is given up."""


class TrioRuntime:
    """Drives agents under trio."""

    name = "trio"

    def __init__(self) -> None:
        self._loop: greenlet | None = None
        self._sim: Sim | None = None
        self._nursery: trio.Nursery | None = None
        self._held: dict[Strand, None] = {}
        self._granted: Strand | None = None
        self._unwinding = 0
        self._state = ThreadState(self._shuffle)

    def run(self, sim: Sim) -> None:
        """Run all agents until they have ended or the run has."""
        sim.where, sim.timeout = where, timeout
        sim.connect(self._perform, call)
        self._sim, self._unwinding, self._granted = sim, 0, None
        self._held.clear()
        clock = KernelClock(self._now, self._idle)
        loop = self._loop or greenlet(partial(trio.run, self._serve, clock=clock))
        self._loop = None  # gone, unless it comes back in order
        with (
            running_loop(None),
            self._state.installed(),
            swapped(trio.to_thread, "run_sync", self._in_greenlet),
            swapped_if_imported("anyio", ANYIO_THREADS, threadless(self._perform)),
        ):
            if loop.switch():
                self._loop = loop
                return
        keep_for_ever(loop)
        self._state = ThreadState(self._shuffle)

    def close(self) -> None:
        """End the loop, if there is one still."""
        loop, self._loop, self._sim = self._loop, None, None
        self._unwinding = 0
        if loop is not None:
            with self._state.installed():
                loop.switch()

    async def _serve(self) -> None:
        while self._sim is not None:
            await self._serve_one()
            switch_out(in_order=True)

    async def _serve_one(self) -> None:
        try:
            async with trio.open_nursery() as self._nursery:
                await trio.sleep_forever()
        except BaseExceptionGroup as group:
            # Agents' errors were noted when they ended; what is raised here
            # comes from tasks that were told to unwind, but for the user's Ctrl-C.
            if group.subgroup(KeyboardInterrupt) is not None:
                self._sim = None
                raise KeyboardInterrupt from None

    def _now(self) -> float:
        return 0.0 if self._sim is None else self._sim.now

    # The two places ------------------------------------------------------------------------

    def _idle(self, deadline: float) -> float:
        """No task is runnable: let one thing happen."""
        sim = self._sim
        if sim is None or self._nursery is None:
            return 0.0
        if self._unwinding:
            return self._unwind_until(sim, deadline)
        if deadline <= sim.now:
            return 0.0  # due already: trio lets it pass before it runs anyone
        if not sim.contended and waits_for_idle():
            return 3600.0  # anything above the cushion of trio's wait_all_tasks_blocked
        strand = sim.step(deadline)
        if strand is not None:
            self._wake(strand)
        elif sim.over:
            self._unwind()
        return 0.0

    def _shuffle(self, batch: list[trio.lowlevel.Task]) -> None:
        """Pick who of the runnable tasks goes, instead of trio's random order."""
        granted, self._granted = self._granted, None
        if self._unwinding and self._sim is not None:
            self._unwind_until(self._sim, 0.0)
            return
        if not batch or (len(batch) == 1 and granted is not None and is_strand(granted, batch[0])):
            return
        if self._sim is not None and self._sim.ending is not None:
            self._unwind()  # an agent ended the run while it acted
            return
        free = [task for task in batch if not self._hold(task)]
        batch[:] = free
        if not free and self._sim is not None:
            self._grant(self._sim, batch)

    def _hold(self, task: trio.lowlevel.Task) -> bool:
        sim, strand = self._sim, task.context.get(here)
        if sim is None or strand is None or strand.sim is not sim:
            return False
        if strand.handle is not task:
            strand = adopt(strand, task)
            task.context.run(here.set, strand)
        sim.park(strand, RESUME)
        self._held[strand] = None
        return True

    def _grant(self, sim: Sim, batch: list[trio.lowlevel.Task]) -> None:
        strand = sim.step(next_deadline())
        if strand is None:
            if sim.over:
                self._unwind()
        elif strand in self._held:
            del self._held[strand]
            batch.append(strand.handle)
        else:
            self._wake(strand)

    def _wake(self, strand: Strand) -> None:
        self._granted = strand
        if strand.handle is None:
            assert self._nursery is not None
            name = strand.name
            strand.context.run(partial(self._nursery.start_soon, self._live, strand, name=name))
        elif strand in self._held:
            del self._held[strand]
            run_queue().append(strand.handle)
        else:
            reschedule(strand.handle)  # it reads the answer from its strand

    # The end of a run ----------------------------------------------------------------------

    def _unwind(self) -> None:
        """Cancel whatever is left, and let the tasks that were held back see it."""
        assert self._nursery is not None
        self._unwinding = 1
        if self._sim is not None:
            wake_to_unwind(each for each in self._sim.release() if each not in self._held)
        self._nursery.cancel_scope.cancel()
        run_queue().extend(strand.handle for strand in self._held)
        self._held.clear()

    def _unwind_until(self, sim: Sim, deadline: float) -> float:
        """Let time pass for agents that clean up; give the loop up for those that never end."""
        self._unwinding += 1
        if self._unwinding > UNWINDING_TURNS or deadline == inf:
            switch_out(in_order=False)
        sim.now = max(sim.now, deadline)
        return 0.0

    # Agents --------------------------------------------------------------------------------

    async def _live(self, strand: Strand) -> None:
        sim = strand.sim
        strand.handle = trio.lowlevel.current_task()
        try:
            result = await cancellable(sim, strand.agent, coroutine_of(sim, strand.agent))
        except (KeyboardInterrupt, GeneratorExit):
            self._unwinding = 1
            raise
        except BaseException as error:  # noqa: BLE001 - it is how the agent ended
            if self._unwinding:
                return  # the run is over, and this is how the agent took it
            sim.finish(strand, None, error)
        else:
            sim.finish(strand, result, None)

    @types.coroutine
    def _perform(self, op: Operation) -> Generator[Any, Any, Any]:  # Any: what it returns
        strand = here.get()
        task = current_task()
        if strand.handle is not task:
            strand = adopt(strand, task)
            here.set(strand)
        if strand.sim.ending is not None:
            # Gives way first, because an agent that swallows everything would
            # otherwise hold the thread for ever.
            yield from trio.lowlevel.checkpoint()  # noqa: ASYNC105 - in a generator that is awaited
        strand.sim.park(strand, op)
        if strand.pending is None:  # the same message each time, because it takes long to make
            strand.pending = message_of(partial(withdraw, strand))
        cancelled = yield strand.pending
        if cancelled is not None:
            cancelled.unwrap()
        if strand.error is not None:
            raise strand.error
        return strand.value

    async def _in_greenlet(
        self, function: Callable[..., T], *args: object, **_options: object
    ) -> T:
        """Stand in for trio.to_thread.run_sync: no thread, and every operation gives way."""
        return await in_greenlet(self._perform, function, *args)
