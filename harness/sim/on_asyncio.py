"""The asyncio runtime: unmodified asyncio programs in virtual time.

The loop asks its selector what has happened; ours answers for the kernel.
`select` with a timeout other than 0 is the idle moment, where one parked
operation takes effect or time moves to the next timer. Ready callbacks keep
asyncio's own order, first in, first out, because programs may rely on it; but
an operation may take effect between two turns of the loop, as input may
arrive there in a real one.

One loop serves all runs of an exploration; it is replaced when agents leave
it in a state that cannot be trusted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from math import inf
from typing import Any, Final

from pileup.operations import Operation
from pileup.sim.agents import Strand, here
from pileup.sim.asyncio_parts import KernelLoop, ParkedFuture, outside_any_loop
from pileup.sim.bodies import coroutine_of
from pileup.sim.greenlets import call, in_greenlet, threadless
from pileup.sim.kernel import Sim
from pileup.sim.stacks import standing
from pileup.sim.swapped import swapped_if_imported

ANYIO_THREADS: Final = "anyio._backends._asyncio:AsyncIOBackend.run_sync_in_worker_thread"

UNWINDING_TURNS: Final = 1_000
"""How many turns of the loop agents may take on their way out before the loop is given up."""


class AsyncioRuntime:
    """Drives agents under asyncio."""

    name = "asyncio"

    def __init__(self) -> None:
        self._loop: KernelLoop | None = None
        self._running: KernelLoop | None = None
        self._sim: Sim | None = None
        self._unwinding = False
        self._over: asyncio.Future[None] | None = None

    def run(self, sim: Sim) -> None:
        """Run all agents until they have ended or the run has."""
        sim.where, sim.timeout = _where, _timeout
        sim.connect(self._perform, call)
        self._sim, self._unwinding, self._over = sim, False, None
        with (
            outside_any_loop(),
            swapped_if_imported("anyio", ANYIO_THREADS, threadless(self._perform)),
        ):
            loop = self._loop or KernelLoop(self._turn, self._in_greenlet)
            self._loop = None  # gone, unless the run ends in order
            loop.begin(sim)
            self._running = loop
            try:
                if loop.run_until_complete(self._serve(loop, sim)):
                    self._loop = loop
            except SystemExit as error:
                # Raised by a task of an agent's; asyncio lets it through everything.
                sim.blame(error)
            finally:
                self._unwinding = True
                if self._loop is None:
                    loop.give_up()

    def close(self) -> None:
        """Close the loop."""
        if self._loop is not None:
            self._loop.close()
            self._loop = None

    async def _serve(self, loop: KernelLoop, sim: Sim) -> bool:
        """Wait for the end of the run, then end what is left; whether all of it ended."""
        self._over = loop.create_future()
        await self._over
        self._unwinding = True
        sim.release()
        for turn in range(UNWINDING_TURNS):
            left = loop.other_tasks()
            if not left:
                await loop.shutdown_asyncgens()
                return True
            if turn % 100 == 0:  # asked again from time to time, as a task may refuse once
                for task in left:
                    task.add_done_callback(_retrieve)
                    task.cancel()
            await asyncio.sleep(0)
            if turn % 10 == 0 and (timer := loop.next_timer()) < inf:
                sim.now = max(sim.now, timer)  # for those that sleep while they clean up
        return False

    # The one place -----------------------------------------------------------------------

    def _turn(self, idle: bool) -> None:
        """The loop asks what has happened: let one thing happen."""
        sim, loop = self._sim, self._running
        if sim is None or self._unwinding or self._over is None or loop is None:
            return
        deadline = loop.next_timer() if idle else inf
        strand = sim.step(deadline) if idle else sim.step_beside_loop()
        if strand is not None:
            self._wake(strand)
        elif (sim.over or (idle and sim.now < deadline)) and not self._over.done():
            self._over.set_result(None)

    def _wake(self, strand: Strand) -> None:
        if strand.handle is None:
            loop = asyncio.get_running_loop()
            body = self._live(strand)
            task = loop.create_task(body, name=strand.name, context=strand.context)
            strand.handle = task
            strand.sim.cancels[strand.agent] = task.cancel
        elif strand.error is not None:
            strand.pending.set_exception(strand.error)
        else:
            strand.pending.set_result(strand.value)

    # Agents ------------------------------------------------------------------------------

    async def _live(self, strand: Strand) -> None:
        sim = strand.sim
        try:
            result = await coroutine_of(sim, strand.agent)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - it is how the agent ended
            if self._unwinding:
                return  # the run is over, and this is how the agent took it
            sim.finish(strand, None, error)
        else:
            sim.finish(strand, result, None)

    async def _perform(self, op: Operation) -> Any:  # Any: what the operation returns
        strand = here.get()
        if strand.sim.ending is not None:
            await asyncio.sleep(0)  # gives way first, even if the agent swallows what comes next
        strand.sim.park(strand, op)
        future = strand.pending = ParkedFuture(loop=self._running)
        future.strand = strand
        return await future

    async def _in_greenlet(self, function: Callable[..., object], *args: object) -> object:
        """Stand in for a thread pool: no thread, and every operation gives way."""
        return await in_greenlet(self._perform, function, *args)


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Look at how a task took its end, so that asyncio does not log it as overlooked."""
    if not task.cancelled():
        task.exception()


def _timeout(_sim: Sim, _strand: Strand, seconds: float) -> AbstractAsyncContextManager[Any]:
    return asyncio.timeout(seconds)


def _where(strand: Strand) -> list[str]:
    return [] if strand.handle is None else standing(strand.handle.get_coro())
