"""A watchdog for agents that block the only thread: they end, and the suite goes on.

It looks up only in runs that take long: a timer is wound anew for each run, so
the many short ones never see a signal. If no step has been made for
`budgets.blocked` real seconds, `LoopBlocked` is raised right inside the
blocked frame, and again `RunOver` if that was swallowed. It decides no
verdict; a run that it ends is an error, never a finding.

A signal reaches the main thread only, and where somebody else (pytest-timeout)
has the timer already, it is left to them. In both cases, and on Windows, a
blocked agent is not interrupted. Nor is C code that never looks for signals.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from pileup.errors import LoopBlocked, RunOver
from pileup.settings import Budgets
from pileup.sim.agents import here
from pileup.sim.current import running
from pileup.sim.endings import Misuse
from pileup.sim.kernel import Sim
from pileup.sim.sites import call_site

LOOKS: Final = 2
"""How often it looks before it acts: the first look may fall right after a step."""


class Watchdog:
    """Looks from time to time whether the run that is on makes steps."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: tuple[Sim | None, int] = (None, 0)
        self._looks = 0

    def wind(self) -> None:
        """Start counting anew."""
        interval = self._seconds / LOOKS
        signal.setitimer(signal.ITIMER_REAL, interval, interval)

    def look(self, _signal: int, frame: FrameType | None) -> None:
        """Compare with what was seen before; act when nothing has moved for too long."""
        sim = running()
        now = (sim, sim.steps if sim is not None else 0)
        self._looks = self._looks + 1 if now == self._seen else 0
        self._seen = now
        if sim is None or self._looks < LOOKS or _is_in_debugger(frame):
            return
        if _is_in_agents(sim):
            self._bark(sim, frame)

    def _bark(self, sim: Sim, frame: FrameType | None) -> None:
        if isinstance(sim.ending, Misuse):
            raise RunOver  # it was told before and went on: this is harder to swallow
        error = blocked(f"for {self._seconds:g} real seconds", call_site(frame))
        sim.end(Misuse(error))
        raise error


def blocked(how_long: str, where: str) -> LoopBlocked:
    """Say who holds the thread, where, and what to do about it."""
    strand = here.get(None)
    return LoopBlocked(
        f"{strand.name if strand else 'The run'} held the only thread {how_long} without reaching "
        f"an operation (at {where}). Probably it waits there for a real thing that nobody will "
        "ever release (a lock or queue made before the run, or by a default_factory that was), or "
        "computes without end. Make locks and queues in `setup` or in the agent, so that waiting "
        "for them gives way; in async code use the event loop's own. A computation that takes so "
        "long is allowed with budgets=pileup.Budgets(blocked=...)."
    )


def _is_in_agents(sim: Sim) -> bool:
    """Whether agents hold things up: not `setup`, not the check, not the judging afterwards."""
    return here.get(None) is not None or (sim.steps > 0 and not sim.over)


def _is_in_debugger(frame: FrameType | None) -> bool:
    """Whether it is the user who takes so long, at a breakpoint."""
    while frame is not None and frame.f_globals.get("__name__") != "bdb":
        frame = frame.f_back
    return frame is not None


_awake: list[Watchdog] = []


def wind() -> None:
    """Start counting anew, at the beginning of a run."""
    if _awake:
        _awake[0].wind()


@contextmanager
def watching(budgets: Budgets) -> Iterator[None]:
    """Keep a watchdog during an exploration, where there can be one."""
    if not _has_free_timer():
        yield
        return
    watchdog = Watchdog(budgets.blocked)
    before = signal.signal(signal.SIGALRM, watchdog.look)
    _awake.append(watchdog)
    try:
        yield
    finally:
        _awake.clear()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _has_free_timer() -> bool:
    return (
        threading.current_thread() is threading.main_thread()
        and hasattr(signal, "setitimer")
        and signal.getsignal(signal.SIGALRM) in (signal.SIG_DFL, signal.SIG_IGN)
        and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    )
