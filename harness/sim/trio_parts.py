"""What the trio runtime touches inside trio, all in one place.

The switch that pytest-trio uses for deterministic scheduling, the source it
shuffles with, the run queue, and what trio keeps for a thread while a loop runs
in it. The tests of the runtimes pass with trio 0.27 and 0.35.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from inspect import CORO_CREATED, getcoroutinestate
from typing import Any

import sniffio
import trio
import trio._core._run as trio_run  # the run loop's module: see above
from greenlet import getcurrent
from trio._core._traps import WaitTaskRescheduled

from pileup.errors import Cancelled, RunOver
from pileup.operations import Firm
from pileup.sim.agents import Agent, Strand, here
from pileup.sim.greenlets import Blocking
from pileup.sim.kernel import Sim
from pileup.sim.stacks import standing


class KernelClock(trio.abc.Clock):
    """Virtual time for trio; its question how long to sleep is the idle moment."""

    def __init__(self, now: Callable[[], float], idle: Callable[[float], float]) -> None:
        self.current_time = now  # type: ignore[method-assign] # a plain call less in the hot path
        self.deadline_to_sleep_time = idle  # type: ignore[assignment,method-assign] # likewise

    def start_clock(self) -> None:
        """Virtual time needs no start."""

    def current_time(self) -> float:
        """Replaced by the constructor."""
        raise NotImplementedError

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Replaced by the constructor."""
        raise NotImplementedError


class Shuffler:
    """Stands where trio keeps its random source, and hands each batch to the kernel."""

    def __init__(self, shuffle: Callable[[list[trio.lowlevel.Task]], None]) -> None:
        self.shuffle = shuffle


@dataclass(frozen=True)
class _Kept:
    """What trio keeps outside of its loop object, for one loop or for none."""

    context: dict[str, Any] = field(default_factory=dict)  # Any: trio's own objects
    hooks: Any = (None, None)  # Any: async generator hooks
    library: str | None = None
    interrupt: Any = None  # Any: a signal handler
    wakeup: int = -1

    @classmethod
    def taken(cls) -> _Kept:
        """Look at what is there now."""
        signals: tuple[Any, ...] = ()
        if _in_main_thread():
            signals = signal.getsignal(signal.SIGINT), signal.set_wakeup_fd(-1)
        context = dict(vars(trio_run.GLOBAL_RUN_CONTEXT))
        return cls(context, sys.get_asyncgen_hooks(), sniffio.thread_local.name, *signals)

    def put(self) -> None:
        """Put this in place of what is there now."""
        context = vars(trio_run.GLOBAL_RUN_CONTEXT)
        context.clear()
        context.update(self.context)
        sys.set_asyncgen_hooks(*self.hooks)
        sniffio.thread_local.name = self.library
        if _in_main_thread():
            signal.signal(signal.SIGINT, self.interrupt)
            signal.set_wakeup_fd(self.wakeup, warn_on_full_buffer=False)


class ThreadState:
    """What belongs to one trio loop of ours while other code has the thread."""

    def __init__(self, shuffle: Callable[[list[trio.lowlevel.Task]], None]) -> None:
        self._shuffler = Shuffler(shuffle)
        self._ours: _Kept | None = None

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Put our loop's state in place, and what was there back afterwards."""
        outer = _Kept.taken()
        settings = trio_run._ALLOW_DETERMINISTIC_SCHEDULING, trio_run._r
        (self._ours or replace(outer, context={}, library="trio", wakeup=-1)).put()
        trio_run._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc] # as pytest-trio does
        trio_run._r = self._shuffler  # type: ignore[assignment] # only shuffle is ever called
        try:
            yield
        finally:
            self._ours = _Kept.taken()
            trio_run._ALLOW_DETERMINISTIC_SCHEDULING, trio_run._r = settings  # type: ignore[misc]
            outer.put()


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def run_queue() -> deque[trio.lowlevel.Task]:
    """Return the tasks that trio would run next."""
    return trio_run.GLOBAL_RUN_CONTEXT.runner.runq


def next_deadline() -> float:
    """When the earliest of trio's cancel scopes runs out."""
    return trio_run.GLOBAL_RUN_CONTEXT.runner.deadlines.next_deadline()


def waits_for_idle() -> bool:
    """Whether a task is in trio's wait_all_tasks_blocked."""
    return bool(trio_run.GLOBAL_RUN_CONTEXT.runner.waiting_for_idle)


def message_of(abort: Callable[[Any], trio.lowlevel.Abort]) -> Any:  # Any: trio's own
    """Make what a parked task tells the loop; one serves for all that the task waits for."""
    return WaitTaskRescheduled(abort)


def switch_out(*, in_order: bool) -> None:
    """Give way from the loop's greenlet to whoever called for the run."""
    outside = getcurrent().parent
    assert outside is not None
    outside.switch(in_order)


def withdraw(strand: Strand, _: object) -> trio.lowlevel.Abort:
    """Take a cancelled task's operation back; what trio calls an abort function."""
    if type(strand.op) is Firm:
        return trio.lowlevel.Abort.FAILED  # the task hears of it when it is there again
    strand.sim.withdraw(strand)
    return trio.lowlevel.Abort.SUCCEEDED


class _Over:
    """What tells a task, as an outcome of trio's would, that the run is over."""

    def unwrap(self) -> None:
        raise RunOver


def wake_to_unwind(strands: Iterable[Strand]) -> None:
    """Wake those whose cancellation was refused: trio does not offer it twice."""
    for strand in strands:
        trio.lowlevel.reschedule(strand.handle, _Over())  # type: ignore[arg-type] # see above


async def cancellable(sim: Sim, agent: Agent, body: Awaitable[object]) -> object:
    """Await an agent's code so that a fault plan can cancel it."""
    if sim.faults is None:
        return await body
    with trio.CancelScope() as scope:
        sim.cancels[agent] = scope.cancel
        return await body
    raise Cancelled


@asynccontextmanager
async def timeout(_sim: object, _strand: Strand, seconds: float) -> AsyncIterator[None]:
    """Be `pileup.timeout` under trio."""
    with trio.move_on_after(seconds) as scope:
        yield
    if scope.cancelled_caught:
        raise TimeoutError(f"timed out after {seconds:g} s of virtual time")


def is_strand(strand: Strand, task: trio.lowlevel.Task) -> bool:
    """Whether a task runs a strand; a task that has just been started may not say so yet."""
    return strand.handle is task or (strand.handle is None and task.context.get(here) is strand)


def where(strand: Strand) -> list[str]:
    """Tell where a strand stands, line by line."""
    return [] if strand.handle is None else standing(strand.handle.coro)


def adopt(parent: Strand, task: trio.lowlevel.Task) -> Strand:
    """Give a task that an agent has started a strand of its own."""
    if parent.handle is None:
        parent.handle = task
        return parent
    strand = parent.sim.branch(parent.agent, parent, task.context)
    if parent.sim.blocking and getcoroutinestate(task.coro) == CORO_CREATED:
        steps: Any = Blocking(parent.sim.perform, task.coro)  # Any: it steps like a coroutine
        task.coro = steps
        task._next_send_fn = task.coro.send
    strand.handle = task
    return strand
