"""The rehearsal: what is done once in a process is done before the first run that counts.

A client looks at its platform at its first call, a module is imported where it
is first needed, a pool opens its connections. A run in which that happens is
another one than all that come after it, and no program is to be refused for
it. So the dull run is made beforehand: no strategy learns from it, and nothing
counts it. A program that goes on being another one is refused all the same,
and so is one whose first run alone shows something wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pileup.errors import NotDeterministic
from pileup.history import History
from pileup.results import Run
from pileup.search.accounts.portions import Mode
from pileup.search.proving.sameness import expect_same, is_same, marks, parting, same_events, titles
from pileup.search.runs.runner import Runner
from pileup.strategies import Dull

TO_BE_SURE: Final = 10
"""How often a run is seen again once two that should have been the same were not.

What comes out one way or the other by chance is the same ten times once in a thousand.
"""


class Rehearsal:
    """The first run in this process, and whether those that followed were like it."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._before = Mode.of(runner)
        self._first: Run | None = self._dull()
        self.warnings: list[str] = []
        """What was done once for all, if anything was."""
        if Mode.of(runner) != self._before:
            # Now, because what is done once may be all that has needed the event loop.
            self._look_again(self._first)

    def agrees(self, digest: str, shown: Sequence[str]) -> bool:
        """Whether the first run that counts is like it; refuse a program that never is the same.

        It may be another one because its strategy wants it so.
        """
        first, self._first = self._first, None
        if first is None:
            return False
        if (first.history.digest, marks(first)) == (digest, list(shown)):
            return True
        self._look_again(first)
        return False

    def _look_again(self, first: Run) -> None:
        again = self._dull()
        if is_same(first, again):
            return
        if Mode.of(self._runner) != self._before:
            self._before.impress(self._runner)
            self._runner.renew_oracle()
            again = self._dull()
        for _ in range(TO_BE_SURE):
            expect_same(again, self._dull())
        expect_shown(first, again)
        self._first = again
        self.warnings.append(done_once(first.history, again.history))

    def _dull(self) -> Run:
        return self._runner.run(Dull(), 0, traced=True)


def expect_shown(run: Run, again: Run) -> None:
    """Refuse a program of which something shows in the first run alone."""
    if marks(run) != marks(again):
        if run.history.digest == again.history.digest:
            expect_same(run, again)
        raise NotDeterministic(
            "What a run showed is not there when it is seen again: first "
            f"{titles(run)}, then {titles(again)}. The difference: "
            f"{parting(run.history, again.history)}. Probably something is done once in a process "
            "and then kept (a client, a cache, a connection), and goes wrong where it is done. Let "
            "`setup` make anew what keeps it, so that each run does it. See docs/determinism.md."
        )


def done_once(run: History, again: History) -> str:
    """Say that a run has done what none will do again, and what becomes of that."""
    said = (
        "A run did something that is done once in a process, so it was made anew and not counted: "
        f"{parting(run, again)}."
    )
    if same_events(run, again):
        return f"{said} It touched nothing that agents share, so no order is missed."
    return (
        f"{said} No run that counts has it, so what can go wrong there was not looked for. "
        "Probably a client, a connection or a cache is made at its first use and kept. Let `setup` "
        "make it, so that each run begins with a first use; see docs/determinism.md."
    )
