"""What the trio runtime touches inside trio, all in one place.

Checked against trio 0.27 to 0.35: the switch that pytest-trio uses for
deterministic scheduling, the source it shuffles with, the run queue, and what
trio keeps for a thread while a loop runs in it.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sniffio
import trio
import trio._core._run as trio_run  # the run loop's module: see above


class KernelClock(trio.abc.Clock):
    """Virtual time for trio; its question how long to sleep is the idle moment."""

    def __init__(self, now: Callable[[], float], idle: Callable[[float], float]) -> None:
        self.current_time = now  # type: ignore[method-assign] # a plain call less in the hot path
        self.deadline_to_sleep_time = idle  # type: ignore[method-assign] # likewise

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


class ThreadState:
    """What trio keeps for a thread, for a loop that is not always on."""

    def __init__(self, shuffle: Callable[[list[trio.lowlevel.Task]], None]) -> None:
        self._shuffler = Shuffler(shuffle)
        self._context: dict[str, Any] = {}  # Any: trio's own objects
        self._hooks = sys.get_asyncgen_hooks()

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Put our loop's state in place, and what was there back afterwards."""
        context = vars(trio_run.GLOBAL_RUN_CONTEXT)
        outer = dict(context), sys.get_asyncgen_hooks(), sniffio.thread_local.name
        settings = trio_run._ALLOW_DETERMINISTIC_SCHEDULING, trio_run._r
        _put(context, self._context, self._hooks, "trio")
        trio_run._ALLOW_DETERMINISTIC_SCHEDULING = True  # type: ignore[misc] # as pytest-trio does
        trio_run._r = self._shuffler  # type: ignore[assignment] # only shuffle is ever called
        try:
            yield
        finally:
            self._context, self._hooks = dict(context), sys.get_asyncgen_hooks()
            trio_run._ALLOW_DETERMINISTIC_SCHEDULING, trio_run._r = settings  # type: ignore[misc]
            _put(context, *outer)


def _put(context: dict[str, Any], kept: dict[str, Any], hooks: Any, library: str | None) -> None:
    context.clear()
    context.update(kept)
    sys.set_asyncgen_hooks(*hooks)
    sniffio.thread_local.name = library


def run_queue() -> deque[trio.lowlevel.Task]:
    """Return the tasks that trio would run next."""
    return trio_run.GLOBAL_RUN_CONTEXT.runner.runq


def next_deadline() -> float:
    """When the earliest of trio's cancel scopes runs out."""
    return trio_run.GLOBAL_RUN_CONTEXT.runner.deadlines.next_deadline()


def waits_for_idle() -> bool:
    """Whether a task is in trio's wait_all_tasks_blocked."""
    return bool(trio_run.GLOBAL_RUN_CONTEXT.runner.waiting_for_idle)
