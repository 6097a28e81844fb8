"""A central rate limiter: all agents ask one place when to call, and urgent ones wait less."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Awaitable, Callable

from pileup.scenarios.controls.not_now import NotNow


class RateLimiter:
    """Lets `calls` through in any `per` seconds, and tells each caller how long to wait.

    A `reserve` of them is kept for urgent calls, so that what is short of time is
    not behind a bulk of work that is not.
    """

    def __init__(
        self,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        *,
        calls: int,
        per: float = 60,
        reserve: float = 0.2,
        patience: float = 10,
    ) -> None:
        self._now, self._sleep = now, sleep
        self._calls, self._per = calls, per
        self._bulk = max(1, int(calls * (1 - reserve)))
        self._patience = patience
        self._granted: deque[float] = deque()

    async def turn(self, *, urgent: bool = False) -> None:
        """Wait until a call may be made; NotNow if that takes longer than anybody should wait."""
        wait = self._grant(self._calls if urgent else self._bulk)
        if wait:
            await self._sleep(wait)

    def _grant(self, most: int) -> float:
        """Take the first moment at which no more than `most` are let through; say how far off."""
        now = self._now()
        while self._granted and self._granted[0] <= now - self._per:
            self._granted.popleft()
        wait = 0.0
        if len(self._granted) >= most:
            wait = max(0.0, self._granted[-most] + self._per - now)
        if wait > self._patience:
            raise NotNow("too many want to call", wait)
        insort(self._granted, now + wait)
        return wait
