"""Locks of the threading module that park: waiting for one lets others act.

While a run is on, `threading.Lock()` and `threading.RLock()` make locks whose
acquire and release are operations, so who gets a lock is a choice, and a
deadlock is found at once. What the standard library builds on them in Python
(Condition, Event, Semaphore, Barrier, Queue) parks with them.

Divergence from the real thing
------------------------------
* Locks made before the run (module globals) are real, and so are those that a
  default made before it will make, as `field(default_factory=threading.Lock)`
  does (write `lambda: threading.Lock()`). The watchdog ends what waits for a
  real lock; a real RLock does not keep agents apart, because they share a
  thread. `queue.SimpleQueue` is real as well, and agents share one
  `threading.local` and one `threading.get_ident()`.
* With `allow_real={"thread"}` all locks are real.
"""

from __future__ import annotations

import threading
from _thread import allocate_lock
from collections.abc import Callable
from functools import cache, wraps
from inspect import currentframe
from math import inf
from typing import Any, Final

from pileup.sim.greenlets import in_sync_code
from pileup.sim.holds import Hold
from pileup.sim.kernel import Sim
from pileup.sim.presence import run_here
from pileup.sim.sites import call_site
from pileup.sim.stacks import is_library
from pileup.sim.swaps import Pair

FOR_EVER: Final = -1
FRAMES_FROM_WAIT: Final = 4
_real_lock: Final[Any] = threading.Lock  # Any: a function or a class, by Python's version
_real_rlock: Final[Any] = threading.RLock
_real_kinds: Final = {"Lock": type(_real_lock()), "RLock": type(_real_rlock())}


class _Parking:
    """The run whose locks park."""

    sim: Sim | None = None


_parking: Final = _Parking()


def park(sim: Sim) -> None:
    """Make locks park in this run."""
    _parking.sim = sim


def leave_real() -> None:
    """Make real locks again."""
    _parking.sim = None


def _run() -> Sim | None:
    sim = run_here()
    return sim if sim is _parking.sim else None


class _Kind(type):
    """Makes real locks outside of runs, and knows both sorts as its own."""

    _make: Callable[[], Any]  # Any: what threading makes has no type of its own before 3.13

    def __call__(cls) -> Any:
        return cls._make() if _run() is None else super().__call__()

    def __instancecheck__(cls, instance: object) -> bool:
        kind = _real_kinds[cls.__name__]
        return super().__instancecheck__(instance) or isinstance(instance, kind)


class Lock(metaclass=_Kind):
    """Stands in for `threading.Lock`. Outside of runs it is a real one, as it may outlive its."""

    _make = staticmethod(_real_lock)

    def __init__(self) -> None:
        self._real = self._make()
        self._maker = _maker()
        self._is_wakeup = _is_made_by_wait()
        self._is_inner = _is_made_by_a_library()
        # Nobody else knows of it yet, so Condition.wait takes it without an operation.
        self._is_unseen = self._is_wakeup
        self._hold: Hold | None = None
        self._held()

    def _held(self) -> Hold | None:
        """Return the lock as the run knows it; one left over from an earlier run starts free."""
        sim = _run()
        if sim is None:
            return None
        if self._hold is None or self._hold.sim is not sim:
            self._hold = Hold(sim, "wakeup" if self._is_wakeup else "lock", self._maker)
        return self._hold

    def acquire(self, blocking: bool = True, timeout: float = FOR_EVER) -> bool:
        """Take the lock, waiting for it as long as is said; whether it was taken."""
        hold = self._held()
        if hold is None:
            return bool(self._real.acquire(blocking, timeout))
        if not blocking and timeout != FOR_EVER:
            raise ValueError("can't specify a timeout for a non-blocking call")
        if timeout < 0 and timeout != FOR_EVER:
            raise ValueError("timeout value must be a non-negative number")
        if self._is_unseen or self._is_again(hold) or self._is_private(hold):
            self._is_unseen = False
            hold.take_unseen()
            return True
        if not blocking or timeout == 0:
            return hold.try_to_take()
        return hold.wait(inf if timeout == FOR_EVER else timeout)

    __enter__ = acquire

    def _is_again(self, _: Hold) -> bool:
        """Whether the caller has it and may take it once more; not so with a plain lock."""
        return False

    def _is_private(self, hold: Hold) -> bool:
        """Whether nobody can tell when it is taken.

        What a library locks for itself, as futures do, is free whenever async code
        comes to it; as operations these would be most of what an agent does that
        retries with tenacity.
        """
        return self._is_inner and hold.is_free and not in_sync_code()

    def release(self) -> None:
        """Give the lock back."""
        hold = self._held()
        if hold is None:
            self._real.release()
        elif hold.depth > 1:
            hold.depth -= 1
        elif self._is_inner and not in_sync_code() and hold.is_mine and not hold.is_wanted:
            hold.give_back_unseen()
        else:
            hold.give_back()

    def __exit__(self, *_: object) -> None:
        self.release()

    def locked(self) -> bool:
        """Whether anybody has it."""
        hold = self._held()
        return bool(self._real.locked()) if hold is None else not hold.is_free

    def _is_owned(self) -> bool:
        """Tell Condition whether anybody has it, which it would find out by an acquire."""
        return self.locked()

    def _at_fork_reinit(self) -> None:
        self._real._at_fork_reinit()  # noqa: SLF001 - the standard library asks this of all locks
        self._hold = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._maker}>"


class RLock(Lock):
    """Stands in for `threading.RLock`: whoever has it may take it again."""

    _make = staticmethod(_real_rlock)

    def _is_again(self, hold: Hold) -> bool:
        return hold.is_mine

    def release(self) -> None:
        """Give it back once."""
        hold = self._held()
        if hold is not None and not hold.is_mine:
            raise RuntimeError("cannot release un-acquired lock")
        super().release()

    # What Condition asks of a lock that can be taken more than once.

    def _is_owned(self) -> bool:
        hold = self._held()
        if hold is None:
            return bool(self._real._is_owned())  # noqa: SLF001 - as Condition does
        return hold.is_mine

    def _release_save(self) -> Any:  # Any: Condition only hands it back
        hold = self._held()
        if hold is None:
            return self._real._release_save()  # noqa: SLF001 - as Condition does
        depth = hold.depth
        hold.give_back()
        return depth

    def _acquire_restore(self, state: Any) -> None:
        hold = self._held()
        if hold is None:
            self._real._acquire_restore(state)  # noqa: SLF001 - as Condition does
        else:
            hold.wait(inf)
            hold.depth = state

    def _recursion_count(self) -> int:
        hold = self._held()
        if hold is None:
            return int(self._real._recursion_count())  # noqa: SLF001 - as the library does
        return hold.depth if hold.is_mine else 0


def _maker() -> str:
    """Name the function that makes a lock, without its line, so that a tape survives an edit."""
    file, _, line = call_site().partition(":")
    return f"{line.partition(' in ')[2]} in {file}"


def _is_made_by_a_library() -> bool:
    """Whether a library makes this lock for something of its own."""
    frame = currentframe()
    while frame is not None and frame.f_code.co_filename in (__file__, threading.__file__):
        frame = frame.f_back
    return frame is not None and is_library(frame.f_code.co_filename)


def _is_made_by_wait() -> bool:
    """Whether Condition.wait makes this lock, to be woken by its release."""
    frame = currentframe()
    for _ in range(FRAMES_FROM_WAIT):
        frame = frame and frame.f_back
        if frame is not None and frame.f_code is threading.Condition.wait.__code__:
            return True
    return False


@wraps(allocate_lock)
def _allocate_lock() -> Any:  # Any: a real lock or one of ours
    return Lock()


@cache
def stand_ins() -> tuple[Pair, ...]:
    """Return the originals and their stand-ins, made once for the process."""
    pairs: list[Pair] = [(_real_lock, Lock), (_real_rlock, RLock)]
    if allocate_lock is not _real_lock:  # from Python 3.13 on, where Lock is a class
        pairs.append((allocate_lock, _allocate_lock))
    return tuple(pairs)
