"""What was said of runs so far, by their choices: the same choices are the same run.

A small program has few orders, and most of the runs of an exploration are runs
that have been judged before. To play one again costs what it costs; to judge it
again would be half as much on top.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from pileup.choices import Tape
from pileup.findings import Finding

LONGEST: Final = 64
"""Longer runs hardly ever come again, and are not kept in mind."""

MOST: Final = 4_096
"""So many are kept in mind, for a search may make millions."""

Mode: TypeAlias = tuple[str, bool]
"""Under which runtime, and whether agents may block: else the same choices are another run."""


class Verdicts:
    """What detectors say, asked once for each run that there is."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], list[Finding]] = {}

    def of(self, tape: Tape, mode: Mode, ask: Callable[[], list[Finding]]) -> list[Finding]:
        """Return what is wrong in the run of a tape."""
        schedule, faults, data = tape.schedule, tape.faults, tape.data
        if len(schedule) + len(faults) + len(data) > LONGEST:
            return ask()
        which = (mode, schedule, faults, data)
        known = self._known.get(which)
        if known is None:
            known = ask()
            if len(self._known) < MOST:
                self._known[which] = known
        return known
