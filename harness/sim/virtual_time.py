"""What clocks show during a run: `sim.now`, as the time module would tell it.

Monotonic clocks start at 0; the wall clock starts at 2026-01-01T00:00:00 UTC,
and the local time zone is UTC while an exploration lasts, because a history
must not depend on where it was made. A sleep in sync agent code is an
operation, so that others act meanwhile; in async agent code it blocks the
loop, as it does in reality: time moves and nobody else acts.

Divergence from the real thing
------------------------------
* Code takes no time: two readings without an operation between them are equal.
* A clock that was captured as a default before the exploration stays real, as
  in `field(default_factory=time.time)`; write `lambda: time.time()` there.
* CPU time (`time.process_time`, `time.thread_time`) is real.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from math import inf
from typing import Any, Final, TypeVar

from pileup.errors import RunOver
from pileup.operations import Operation, nothing
from pileup.sim.agents import here
from pileup.sim.endings import Overrun
from pileup.sim.greenlets import in_sync_code
from pileup.sim.kernel import Sim
from pileup.sim.presence import run_here
from pileup.sim.sites import call_site
from pileup.sim.swaps import Pair

T = TypeVar("T")

EPOCH: Final = 1_767_225_600
"""2026-01-01T00:00:00Z: the wall clock at the start of every run."""

NANO: Final = 1_000_000_000

_real_sleep = time.sleep


def wall(sim: Sim) -> float:
    """Tell the time of day of a run, as `time.time` does, by the clock of the agent that asks."""
    strand = here.get(None)
    return EPOCH + sim.now + (strand.agent.skew if strand is not None else 0.0)


def move(sim: Sim, seconds: float) -> None:
    """Let time pass while nobody acts, as a call does that blocks a whole loop."""
    sim.now += seconds
    if sim.now > sim.budgets.seconds:
        sim.end(Overrun("seconds", sim.budgets.seconds, (call_site(),)))
        raise RunOver


@wraps(_real_sleep)
def _sleep(seconds: float, /) -> None:
    sim = run_here()
    if sim is None or not 0 <= seconds < inf:
        _real_sleep(seconds)  # in a run it refuses such a number, in its own words
    elif in_sync_code():
        sim.call(Operation("sleep", (), nothing, delay=float(seconds)))
    else:
        move(sim, float(seconds))


def _clock(real: Callable[[], T], show: Callable[[Sim], T]) -> Pair:
    @wraps(real)
    def stand_in() -> T:
        sim = run_here()
        return real() if sim is None else show(sim)

    return real, stand_in


def _calendar(real: Callable[..., T], before: int, now: Callable[[Sim], Any]) -> Pair:
    """Stand in for a function that takes the present where its last argument is left out."""

    @wraps(real)
    def stand_in(*args: Any) -> T:
        sim = run_here()
        if sim is None or args[before:] not in ((), (None,)):
            return real(*args)
        return real(*args[:before], now(sim))

    return real, stand_in


def _numbered(real: Callable[[int], T], unit: Callable[[float], T]) -> Pair:
    """Stand in for a function that reads the clock of a given number; CPU time stays real."""
    kinds = [getattr(time, name, None) for name in ("CLOCK_REALTIME", "CLOCK_MONOTONIC")]

    @wraps(real)
    def stand_in(number: int, /) -> T:
        sim = run_here()
        if sim is None or number not in kinds:
            return real(number)
        return unit(wall(sim) if number == kinds[0] else sim.now)

    return real, stand_in


def _nanoseconds(sim: Sim) -> int:
    return round(sim.now * NANO)


def _moment(sim: Sim) -> time.struct_time:
    return time.gmtime(wall(sim))


@cache
def stand_ins() -> tuple[Pair, ...]:
    """Return the originals and their stand-ins, made once for the process."""
    optional: tuple[tuple[str, Callable[[float], Any]], ...] = (
        ("clock_gettime", float),
        ("clock_gettime_ns", lambda seconds: round(seconds * NANO)),
    )
    return (
        (_real_sleep, _sleep),
        _clock(time.time, wall),
        _clock(time.time_ns, lambda sim: EPOCH * NANO + _nanoseconds(sim)),
        _clock(time.monotonic, lambda sim: sim.now),
        _clock(time.monotonic_ns, _nanoseconds),
        _clock(time.perf_counter, lambda sim: sim.now),
        _clock(time.perf_counter_ns, _nanoseconds),
        _calendar(time.localtime, 0, wall),
        _calendar(time.gmtime, 0, wall),
        _calendar(time.ctime, 0, wall),
        _calendar(time.asctime, 0, _moment),
        _calendar(time.strftime, 1, _moment),
        *(_numbered(getattr(time, name), unit) for name, unit in optional if hasattr(time, name)),
    )


@contextmanager
def universal() -> Iterator[None]:
    """Make UTC the local time zone."""
    zone = os.environ.get("TZ")
    _set_zone("UTC")
    try:
        yield
    finally:
        _set_zone(zone)


def _set_zone(zone: str | None) -> None:
    if os.environ.get("TZ") == zone:
        return
    if zone is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = zone
    if hasattr(time, "tzset"):
        time.tzset()
