"""When things happened, in whole microseconds, so that their order can be seen.

Virtual time may stand still for a whole run, and to a viewer all would be one
moment. So each event takes one microsecond on top of the virtual time that had
passed by then: two events of one virtual moment stand beside each other, and a
second of virtual time is still a second wide.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pileup.events import Event

START: Final = 1
"""Where it begins: some take 0 for `unknown`."""

SECOND: Final = 1_000_000

LATEST: Final = 1e9
"""Seconds, 30 years: what claims to be later happens then, because times have 64 bits."""

TOLD: Final = "microseconds of virtual time, and one more for each event before"


class Moments:
    """When each event of a history was asked for, took effect and was over."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._ends: list[int] = []
        passed = 0.0
        for number, event in enumerate(events):
            passed = max(passed, min(event.time, LATEST))
            self._ends.append(START + int(passed * SECOND) + number + 1)

    def asked(self, event: Event) -> int:
        """When it was asked for: right after the last event before that."""
        before = min(event.invoked, event.number)
        return self._ends[before - 1] if before > 0 else START

    def effect(self, event: Event) -> int:
        """When it took effect."""
        return self._ends[event.number] - 1

    def end(self, event: Event) -> int:
        """When it was over."""
        return self._ends[event.number]
