"""Rounds of an async function, all of them in one loop that was started once.

Whoever takes the time calls a plain function, and knows of no await. So the
rounds are in a greenlet, which asks the loop's own task for one more call and
waits for it there: a microsecond, where a new loop for each call costs hundreds.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import trio

from pileup.operations import Operation, nothing
from pileup.sim.greenlets import call, in_greenlet
from pileup.sim.probes import loop_wanted_by, running_loop, without_trio

T = TypeVar("T")


def in_one_loop(
    function: Callable[[], Awaitable[T]],
    rounds: Callable[[Callable[[], T]], T],
    found: Callable[[str], object],
) -> T:
    """Have `rounds` call an async function as if it were a plain one, and return what it returns.

    The function is called once before, to see whether it needs trio rather
    than asyncio; `found` is told.
    """

    async def await_it(_: Operation) -> T:
        return await function()

    async def main(backend: str) -> T:
        await function()
        found(backend)
        once = Operation("call", (), nothing)
        return await in_greenlet(await_it, rounds, partial(call, once))

    with _apart_from_other_loops():
        try:
            return asyncio.run(main("asyncio"))
        except Exception as error:
            if loop_wanted_by(error) != "trio":
                raise
        return trio.run(main, "trio")


@contextmanager
def _apart_from_other_loops() -> Iterator[None]:
    """Hide a loop that this thread is inside of, as an async test is."""
    wakes = threading.current_thread() is threading.main_thread()
    outer = signal.set_wakeup_fd(-1) if wakes else -1
    try:
        with running_loop(None), without_trio():
            yield
    finally:
        if wakes:
            signal.set_wakeup_fd(outer, warn_on_full_buffer=False)
