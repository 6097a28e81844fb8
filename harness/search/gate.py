"""The gate of shrinking: a run is kept if it shows the same finding and is plainer."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pileup.findings import Finding
from pileup.results import Run
from pileup.search.attempt import Attempt, cost_of
from pileup.search.prover import Prover
from pileup.settings import Limits
from pileup.strategies import Replay
from pileup.strategies.follow import Follow, Sketch

MOST_RUNS: Final = 400


class Gate:
    """Makes runs, and keeps the plainest that shows one finding: `best`."""

    def __init__(self, prover: Prover, finding: Finding, run: Run) -> None:
        self.prover = prover
        self._wanted = finding.fingerprint
        self.runs = 0
        self.turns: dict[str, int] = {}
        """How many turns each strand had in the run that was made last."""
        first = self.attempt(Follow(Replay(run.tape)), None)
        assert first is not None  # because it was proved
        self.found = first
        self.best = first

    def consider(self, sketch: Sketch, limits: Limits | None) -> bool:
        """Make this run; keep it if it shows the finding and is plainer."""
        if self.runs >= MOST_RUNS:
            return False
        attempt = self.attempt(Follow(sketch), limits)
        if attempt is None or attempt.cost >= self.best.cost:
            return False
        self.best = attempt
        return True

    def attempt(self, follow: Follow, limits: Limits | None) -> Attempt | None:
        """Make a run; None if it does not show the finding."""
        self.runs += 1
        run = self.prover.run(follow, 0, limits=limits)
        self.turns = follow.turns
        for finding in run.findings:
            if finding.fingerprint == self._wanted:
                cost = cost_of(run, follow.sketch, finding)
                return Attempt(run, finding, follow.sketch, limits, cost)
        return None

    def holds(self) -> bool:
        """Whether the finding is there still if a run that was cut off goes on to its end."""
        best = self.best
        if best.limits is None or not best.limits.stops:
            return True
        whole = replace(best.limits, stops=False)
        return self.attempt(Follow(best.sketch), whole) is not None

    def forget_the_plan(self) -> None:
        """See whether it goes without a fault plan altogether, where no fault has struck."""
        plan = self.prover.conditions.faults
        if plan.rules and not any(tally.struck for tally in self.best.run.faults):
            with_faults = self.prover
            self.prover = with_faults.without_faults()
            same = self.attempt(Follow(self.best.sketch), self.best.limits)
            if same is None:
                self.prover = with_faults
            else:
                self.best = same
