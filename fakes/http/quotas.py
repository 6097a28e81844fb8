"""Quotas: so many calls in so many seconds of virtual time, for each client.

A window begins with the first call in it; when it is full, calls are refused
(429), with Retry-After, until it ends. Calls that are refused do not count.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TypeAlias

from pileup.errors import UsageError
from pileup.fakes._wire import Request, Response, reply

By: TypeAlias = str | Callable[[Request], str] | None
"""Whose quota a call is taken from: a header's value, or what a function makes of the request."""


class Limit:
    """One quota."""

    def __init__(self, calls: int, per: float, by: By) -> None:
        if calls < 1 or per <= 0:
            raise UsageError(
                f"limit(calls={calls!r}, per={per!r}) lets nothing through. Write how many calls "
                "in how many seconds, as in api.limit(calls=60, per=60.0)."
            )
        self._calls = calls
        self._per = per
        self._by = by
        self._windows: dict[str, tuple[float, int]] = {}

    def client(self, request: Request) -> str:
        """Name whose quota this call is taken from; empty where all share one."""
        if self._by is None:
            return ""
        if callable(self._by):
            return str(self._by(request))
        return request.headers.get(self._by.lower(), "")

    def refuse(self, client: str, now: float) -> Response | None:
        """Say no if the window is full; it changes nothing."""
        begun, count = self._window(client, now)
        if count < self._calls:
            return None
        wait = ceil(begun + self._per - now)
        return reply(
            429,
            {"error": f"more than {self._calls} calls in {self._per:g} s"},
            {"retry-after": str(wait)},
        )

    def count(self, client: str, now: float) -> None:
        """Take one call from the quota."""
        begun, count = self._window(client, now)
        self._windows[client] = (begun, count + 1)

    def _window(self, client: str, now: float) -> tuple[float, int]:
        begun, count = self._windows.get(client, (now, 0))
        return (begun, count) if now < begun + self._per else (now, 0)
