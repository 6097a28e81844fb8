"""How far an exploration has come, for somebody who watches it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from pileup.errors import UsageError
from pileup.results import Run


@dataclass(frozen=True)
class Progress:
    """How many runs have been made, and how many distinct findings they have shown.

    `of` is how many runs there will be, if nothing ends them sooner; None
    where the budget is in seconds.
    """

    runs: int
    of: int | None
    findings: int


Watcher: TypeAlias = Callable[[Progress], object]
"""Who wants to know. What it returns is of no account; what it raises ends the exploration."""


def expect_watcher(watcher: object) -> None:
    """Refuse what cannot be called."""
    if watcher is not None and not callable(watcher):
        raise UsageError(
            f"`progress` must be a function; {watcher!r} was given. It is called after each run "
            "with an object that has `runs`, `of` and `findings`."
        )


class Teller:
    """Counts what comes in, and tells a watcher."""

    def __init__(self, watcher: Watcher, of: int | None) -> None:
        self._watcher = watcher
        self._of = of
        self._runs = 0
        self._marks: dict[str, None] = {}

    def tell(self, runs: int, marks: Iterable[str]) -> None:
        """Count so many runs more, which have shown findings with these fingerprints."""
        self._runs += runs
        self._marks.update(dict.fromkeys(marks))
        self._watcher(Progress(self._runs, self._of, len(self._marks)))

    def tell_run(self, run: Run) -> None:
        """Count one."""
        self.tell(1, (finding.fingerprint for finding in run.findings))
