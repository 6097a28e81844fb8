"""A circuit breaker: who fails too often is left alone for a while, then tried with one call."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from pileup.scenarios.controls.not_now import NotNow

FEWEST: Final = 10
"""So many calls there must have been before their share of failures says anything."""


class Breaker:
    """Opens when `share` of the calls of the last `window` seconds failed, for `rest` seconds."""

    def __init__(
        self,
        now: Callable[[], float],
        *,
        share: float = 0.3,
        window: float = 300,
        rest: float = 60,
    ) -> None:
        self._now = now
        self._share, self._window, self._rest = share, window, rest
        self._calls: deque[tuple[float, bool]] = deque()
        self._failures = 0
        self._shut_until = 0.0

    @property
    def is_open(self) -> bool:
        """Whether a call would be refused now."""
        return self._now() < self._shut_until

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Let one call through and see how it goes; NotNow if none may pass."""
        if self.is_open:
            raise NotNow("too many calls failed", self._shut_until - self._now())
        if self._shut_until:  # one may try; if it dies of that, another may when as long has passed
            self._shut_until = self._now() + self._rest
        try:
            yield
        except Exception:
            self._note(failed=True)
            raise
        self._note(failed=False)

    def _note(self, *, failed: bool) -> None:
        now = self._now()
        if self._shut_until:  # this was the one call that tells whether it is over
            self._shut_until = now + self._rest if failed else 0.0
            self._calls.clear()
            self._failures = 0
            return
        self._calls.append((now, failed))
        self._failures += failed
        while self._calls[0][0] < now - self._window:
            self._failures -= self._calls.popleft()[1]
        if len(self._calls) >= FEWEST and self._failures >= self._share * len(self._calls):
            self._shut_until = now + self._rest
