"""The gate of shrinking: a run is kept if it shows the same finding and is plainer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from pileup.findings import Finding
from pileup.results import Run
from pileup.search.proving.prover import Prover
from pileup.search.runs.garbage import Tidy
from pileup.search.shrinking.attempt import Attempt, cost_of
from pileup.settings import Limits
from pileup.strategies import Replay
from pileup.strategies.follow import Follow, Sketch

MOST_RUNS: Final = 400

MOST_STEPS: Final = 1_000_000
"""So many steps are spent at most: what took ten thousand is not much plainer after them."""

LONGER: Final = 2
FREE_STEPS: Final = 200
"""A run may be so many times as long as what was found, and so many steps more, or it is no
plainer: an agent that polls for one who stands by would poll until the budget is spent."""


class Gate:
    """Makes runs, and keeps the plainest that shows one finding: `best`."""

    def __init__(self, prover: Prover, finding: Finding, run: Run) -> None:
        self.prover = prover
        self._wanted = finding.fingerprint
        self.runs = self.steps = 0
        self._tidy = Tidy()
        self.turns: dict[str, int] = {}
        """How many turns each strand had in the run that was made last."""
        self._most = LONGER * run.steps + FREE_STEPS
        self._quick = _hurried(prover, self._most)
        first = self.attempt(Follow(Replay(run.tape)), None)
        assert first is not None  # because it was proved
        self.found = first
        self.best = first

    def consider(self, sketch: Sketch, limits: Limits | None) -> bool:
        """Make this run; keep it if it shows the finding and is plainer."""
        if self.is_tired:
            return False
        attempt = self.attempt(Follow(sketch), limits)
        if attempt is None or attempt.cost >= self.best.cost:
            return False
        self.best = attempt
        return True

    @property
    def is_tired(self) -> bool:
        """Whether enough has been tried."""
        return self.runs >= MOST_RUNS or self.steps >= MOST_STEPS

    def attempt(self, follow: Follow, limits: Limits | None) -> Attempt | None:
        """Make a run; None if it does not show the finding."""
        self.runs += 1
        run = self._quick.run(follow, 0, limits=limits)
        self.steps += run.steps
        self._tidy.after(run.steps)
        self.turns = follow.turns
        if run.steps > self._most:
            return None  # it was stopped for its length, so it would be another with more time
        for finding in run.findings:
            if finding.fingerprint == self._wanted:
                cost = cost_of(run, follow.sketch, finding)
                return Attempt(run, finding, follow.sketch, limits, cost)
        return None

    def holds(self) -> bool:
        """Whether the finding is there still if a run that was cut off goes on to its end."""
        return self._wanted in {finding.fingerprint for finding in self.lasting}

    @property
    def lasting(self) -> Sequence[Finding]:
        """What the plainest run shows that is there still if it goes on to its end."""
        best = self.best
        if best.limits is None or not best.limits.stops:
            return best.run.findings
        self.runs += 1
        whole = replace(best.limits, stops=False)
        return self.prover.run(Follow(best.sketch), 0, limits=whole).findings

    def forget_the_plan(self) -> None:
        """See whether it goes without a fault plan altogether, where no fault has struck."""
        plan = self.prover.conditions.faults
        if plan.rules and not any(tally.struck for tally in self.best.run.faults):
            before = self.prover, self._quick, self.best
            self.prover = self.prover.without_faults()
            self._quick = _hurried(self.prover, self._most)
            same = self.attempt(Follow(self.best.sketch), self.best.limits)
            self.best = same or self.best
            if same is None or not self.holds():  # what comes later may hang on a fault
                self.prover, self._quick, self.best = before


def _hurried(prover: Prover, steps: int) -> Prover:
    """Return one that stops earlier."""
    budgets = prover.conditions.budgets
    fewer = replace(budgets, steps=min(budgets.steps, steps))
    quick = Prover(prover.program, replace(prover.conditions, budgets=fewer))
    quick.runtime, quick.blocking = prover.runtime, prover.blocking
    quick.oracle = prover.oracle
    return quick
