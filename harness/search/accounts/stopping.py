"""When a campaign ends: when its time is over, or when somebody has pressed Ctrl-C.

Real time decides no verdict here, only how many runs are made.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from types import FrameType


def real_seconds() -> float:
    """Look at the real clock, to know how long something takes."""
    return time.monotonic()


class Stop:
    """When to hand out no more: when the time is over, or somebody has pressed Ctrl-C."""

    def __init__(self, seconds: float | None) -> None:
        self._end = inf if seconds is None else real_seconds() + seconds
        self.asked = False

    @property
    def now(self) -> bool:
        """Whether it is time to stop."""
        return self.asked or real_seconds() >= self._end


@contextmanager
def stopping(seconds: float | None) -> Iterator[Stop]:
    """Let Ctrl-C end a campaign with what it has found; a second one ends it without."""
    stop = Stop(seconds)
    before = signal.getsignal(signal.SIGINT)

    def heed(number: int, frame: FrameType | None) -> None:
        if stop.asked and callable(before):
            before(number, frame)
        stop.asked = True

    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield stop
        return
    signal.signal(signal.SIGINT, heed)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
