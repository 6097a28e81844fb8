"""asyncio's loop with the kernel behind it: virtual time, no input, no threads."""

from __future__ import annotations

import asyncio
import selectors
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from functools import wraps
from math import inf
from typing import Any

from pileup.operations import Firm
from pileup.sim.agents import Strand, here
from pileup.sim.given_up import keep_for_ever
from pileup.sim.greenlets import Blocking
from pileup.sim.kernel import Sim
from pileup.sim.presence import run_here
from pileup.sim.probes import running_loop, without_trio
from pileup.sim.swaps import Pair


class _Numbered:
    """Hashes by order of first use: asyncio keeps tasks in sets, whose order must not vary.

    A task is entered into a set when it is made, so its number is its order of
    creation within the run.
    """

    count = 0
    _number: int | None = None

    def __hash__(self) -> int:
        if self._number is None:
            self._number = _Numbered.count
            _Numbered.count += 1
        return self._number

    def __eq__(self, other: object) -> bool:
        return self is other


class NumberedTask(_Numbered, asyncio.Task[Any]):  # Any: whatever the coroutine returns
    """A task whose place in a set is the same in every process."""

    __hash__ = _Numbered.__hash__


class NumberedFuture(_Numbered, asyncio.Future[Any]):  # Any: whatever it is set to
    """A future whose place in a set is the same in every process."""

    __hash__ = _Numbered.__hash__


class ParkedFuture(asyncio.Future[Any]):  # Any: what the operation returns
    """What a task awaits while its operation is parked; cancelling it takes the operation back."""

    strand: Strand

    def cancel(self, msg: object = None) -> bool:
        """Withdraw at once, so that the operation cannot be chosen any more."""
        if not self.done():
            if type(self.strand.op) is Firm:
                return False  # the task hears of it when it is there again
            self.strand.sim.withdraw(self.strand)
        return super().cancel(msg)


class _KernelSelector(selectors.SelectSelector):
    """Answers the loop's question what has happened; files are never ready."""

    ask: Callable[[bool], None]

    def select(self, timeout: float | None = None) -> list[Any]:  # Any: as the base class has it
        """Let the kernel take a step."""
        self.ask(timeout is None or timeout > 0)
        return []


Turn = Callable[[bool], None]


class KernelLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time that asks the kernel at every turn."""

    _ready: deque[asyncio.Handle]
    _scheduled: list[asyncio.TimerHandle]

    def __init__(self, turn: Turn, in_greenlet: Callable[..., Coroutine[Any, Any, object]]) -> None:
        selector = _KernelSelector()
        super().__init__(selector)
        selector.ask = turn
        self._in_greenlet = in_greenlet
        self._sim: Sim | None = None
        self.set_task_factory(_strand_task)

    def begin(self, sim: Sim) -> None:
        """Start a run with nothing left over from the one before."""
        self._sim = sim
        self._ready.clear()
        self._scheduled.clear()
        # One loop serves many runs, and each of them shuts its generators down.
        self._asyncgens_shutdown_called = False
        _Numbered.count = 0

    def next_timer(self) -> float:
        """When the loop's next timer is due; infinity if it has none."""
        return float(self._scheduled[0].when()) if self._scheduled else inf

    def time(self) -> float:
        """Virtual time."""
        return self._sim.now if self._sim is not None else 0.0

    def create_future(self) -> asyncio.Future[Any]:
        """Make a future whose place in a set is the same in every process."""
        return NumberedFuture(loop=self)

    def run_in_executor(  # type: ignore[override] # the base class promises a plain Future
        self, executor: object, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run sync code as a task of its own, in a greenlet instead of a thread."""
        return self.create_task(self._in_greenlet(func, *args))

    def other_tasks(self) -> list[asyncio.Task[Any]]:
        """Return the tasks that have not ended, in order of creation, but for the current one."""
        current = asyncio.current_task(self)
        return sorted((each for each in asyncio.all_tasks(self) if each is not current), key=hash)

    def give_up(self) -> None:
        """Leave the loop to tasks that refuse to end."""
        for task in self.other_tasks():
            keep_for_ever(task)
        self.close()


def _strand_task(
    loop: asyncio.AbstractEventLoop, coro: Any, *, context: Context | None = None, **options: Any
) -> asyncio.Task[Any]:  # Any: as asyncio's task factories have it
    """Make a task, and the strand of the agent that it belongs to."""
    context = copy_context() if context is None else context
    strand = context.get(here)
    if strand is not None and strand.handle is not None:
        strand = strand.sim.branch(strand.agent, strand, context)
        context.run(here.set, strand)
    if strand is not None and strand.sim.blocking and not isinstance(coro, Blocking):
        coro = Blocking(strand.sim.perform, coro)
    task = NumberedTask(coro, loop=loop, context=context, **options)
    if options.get("name") is None:
        task.set_name(f"Task-{hash(task)}")  # asyncio numbers them through the whole process
    if strand is not None:
        strand.handle = task
    return task


@contextmanager
def outside_any_loop() -> Iterator[None]:
    """Hide the loops that this thread is inside of, so that another one can run."""
    with running_loop(None), without_trio():
        yield


_real_as_completed = asyncio.as_completed


@wraps(_real_as_completed)
def _as_completed(fs: Iterable[Any], *, timeout: float | None = None) -> Any:  # Any: as asyncio's
    """Start the awaitables in order first: asyncio puts them into a set, ordered by address."""
    started = fs if run_here() is None else [asyncio.ensure_future(each) for each in fs]
    return _real_as_completed(started, timeout=timeout)


def stand_ins() -> tuple[Pair, ...]:
    """Return the original and its stand-in."""
    return ((_real_as_completed, _as_completed),)
