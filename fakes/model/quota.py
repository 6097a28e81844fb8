"""So many calls in so much virtual time: what goes beyond is refused with 429."""

from __future__ import annotations

from pileup.errors import UsageError
from pileup.fakes.model.errors import Throttled


class Quota:
    """A window begins with its first call, and ends after `per` seconds."""

    def __init__(self, calls: int, per: float) -> None:
        if calls < 1 or per <= 0:
            raise UsageError(
                f"A limit of {calls!r} calls in {per!r} seconds lets nothing through. Write "
                "model.limit(calls=50, per=60.0)."
            )
        self._calls = calls
        self._per = per
        self._begun = -per
        self._used = 0

    def take(self, now: float) -> None:
        """Count one call, or refuse it."""
        if now >= self._begun + self._per:
            self._begun, self._used = now, 0
        if self._used == self._calls:
            left = self._begun + self._per - now
            raise Throttled(f"{self._calls} calls in {self._per:g} s are all used", left)
        self._used += 1
