"""The search loop: run, judge, and prove each new finding by seeing it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from pileup.choices import Strategy
from pileup.findings import Finding
from pileup.results import Exploration, Run
from pileup.search.accounts.endless import Endless
from pileup.search.accounts.ledger import MOST_NAMED, Ledger
from pileup.search.accounts.portions import PROVED, Sights
from pileup.search.accounts.progress import Teller
from pileup.search.accounts.stopping import Stop
from pileup.search.proving.prover import Prover
from pileup.search.proving.sameness import marks
from pileup.search.runs.coverage import Coverage
from pileup.search.runs.garbage import resting_collector
from pileup.search.runs.runner import Conditions
from pileup.search.shrinking.shrink import shrink
from pileup.sim.world import controlled
from pileup.strategies import Systematic

__all__ = ["Conditions", "Explorer"]


class Explorer(Prover):
    """Runs one program many times, and keeps what it has seen."""

    def explore(
        self,
        strategy: Strategy,
        runs: int,
        *,
        plain: bool = True,
        stop: Stop | None = None,
        teller: Teller | None = None,
    ) -> Exploration:
        """Run `runs` times, each as the strategy says; if `plain`, shrink what shows a finding.

        `stop` may end it sooner; `teller` is told of each run.
        """
        ledger, coverage = Ledger(self.conditions.faults), Sights()
        endless = Endless(self.conditions.budgets)
        with resting_collector() as tidy, controlled(self.conditions.budgets):
            try:
                self.rehearse()
                self.coverage = coverage
                for number in range(runs):
                    tidy(number)
                    run = self.run(strategy, number)
                    self._enter(ledger, run, strategy, number)
                    endless.note(run, number)
                    tidy.after(run.steps)
                    if teller is not None:
                        teller.tell_run(run)
                    if getattr(strategy, "done", False) or endless.is_enough:
                        break
                    if stop is not None and stop.now:
                        break
                self.coverage = None
                if plain:
                    ledger.shrink(lambda finding, run: self.shrunk(finding, run, stop))
            finally:
                self.runtime.close()
        found = ledger.exploration(number + 1, self.runtime.name)
        return self.weighed(found, strategy, coverage, endless.warning(number + 1, runs))

    def shrunk(self, finding: Finding, run: Run, stop: Stop | None = None) -> Run:
        """Shrink, unless somebody is waiting for the result."""
        return run if stop is not None and stop.asked else shrink(self, finding, run)

    def weighed(
        self, found: Exploration, strategy: Strategy, coverage: Coverage, cut_short: str = ""
    ) -> Exploration:
        """Say what the search was worth; less, if it was `cut_short`."""
        claim = getattr(strategy, "claim", None)
        return replace(
            found,
            claim="" if claim is None else claim(found.runs),
            drawn=bool(getattr(strategy, "draws", True)),
            exhausted=bool(getattr(strategy, "exhausted", False)),
            spread=coverage.spread,
            compared=self.oracle.strength if self.conditions.oracle is not None else "",
            warnings=(
                *([cut_short] if cut_short else []),
                *self.rehearse().warnings,
                *dict.fromkeys(self.warm_ups),
                *found.warnings,
                *self._doubts(coverage),
            ),
        )

    def _doubts(self, coverage: Coverage) -> Iterator[str]:
        """Say why the search may be worth less than it seems."""
        if self.conditions.oracle is not None:
            yield from self.oracle.warnings
        if not coverage.contended and len(self.program.bodies) > 1:
            named = ", ".join(list(coverage.touched)[:MOST_NAMED]) or "nothing that pileup can see"
            yield (
                f"This search could not find a race: in no run did two agents touch one thing that "
                f"one of them changed. They touched {named}. Probably each has things of its own, "
                "or what they share is not a fake's and not made visible with pileup.shared(...)."
            )

    def _enter(self, ledger: Ledger, run: Run, strategy: Strategy, number: int) -> None:
        fresh = ledger.note(run, strategy.name, number)
        # The first two runs are seen twice even when clean, so that a program that is
        # not deterministic cannot pass unseen; of the first there is the rehearsal.
        known = not number and self.rehearse().agrees(run.history.digest, marks(run))
        if fresh or (number < PROVED and not known):
            proved = self._proved(run, strategy, number)
            ledger.keep(proved)
            for finding in proved.findings:
                self.on_found(finding)

    def _proved(self, run: Run, strategy: Strategy, number: int) -> Run:
        if isinstance(strategy, Systematic):
            return self.prove(run)  # it has gone on to the next run, and makes none anew
        return self.certain(run, partial(self.run, strategy, number))
