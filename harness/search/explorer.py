"""The search loop: run, judge, and prove each new finding by seeing it again."""

from __future__ import annotations

from dataclasses import replace

from pileup.choices import Strategy, Tape
from pileup.results import Exploration, Run
from pileup.search.garbage import resting_collector
from pileup.search.ledger import Ledger
from pileup.search.runner import Conditions, Runner
from pileup.search.sameness import expect_same
from pileup.settings import Limits
from pileup.sim.world import controlled
from pileup.strategies import Replay
from pileup.tokens import Ticket, encode

__all__ = ["Conditions", "Explorer"]


class Explorer(Runner):
    """Runs one program many times, and keeps what it has seen."""

    def explore(self, strategy: Strategy, runs: int) -> Exploration:
        """Run `runs` times, each as the strategy says."""
        ledger = Ledger(self.conditions.faults)
        with resting_collector() as tidy, controlled(self.conditions.budgets):
            try:
                for number in range(runs):
                    tidy(number)
                    run = self.run(strategy, number)
                    self._enter(ledger, run, strategy.name, number)
                    if getattr(strategy, "done", False):
                        break
            finally:
                self.runtime.close()
        found = ledger.exploration(number + 1, self.runtime.name)
        if self.conditions.oracle is None:
            return found
        told = (*found.warnings, *self.oracle.warnings)
        return replace(found, compared=self.oracle.strength, warnings=told)

    def replay(self, ticket: Ticket) -> Run:
        """Run once, as the tape says."""
        strategy = Replay(ticket.tape, labelling=True)
        run = self.once(strategy, traced=True, limits=ticket.limits)
        same = not ticket.digest or run.history.digest == ticket.digest
        return self._named(replace(run, faithful=same), strategy.labelled, ticket.limits)

    def _enter(self, ledger: Ledger, run: Run, strategy: str, number: int) -> None:
        fresh = ledger.note(run, strategy, number)
        # The first two runs are seen again even when clean: the first because what
        # is done once in a process (a lazy client) shows there alone, the second
        # so that a program that is not deterministic cannot pass unseen.
        if fresh or number < 2:  # noqa: PLR2004 - see above
            ledger.keep(self.prove(run))

    def prove(self, run: Run, limits: Limits | None = None) -> Run:
        """See a run again: the same history, or the program is not deterministic."""
        strategy = Replay(run.tape, labelling=True)
        again = self.run(strategy, 0, traced=True, limits=limits)
        expect_same(run, again)
        return self._named(again, strategy.labelled, limits)

    def _named(self, run: Run, tape: Tape, limits: Limits | None) -> Run:
        program, agents = self.program.name, len(self.program.bodies)
        backend, digest = self.runtime.name, run.history.digest
        plan = self.conditions.faults
        faults = plan.to_json() if plan.rules else ""
        timed = self.conditions.timed
        oracle = self.conditions.oracle
        ticket = Ticket(tape, program, agents, backend, digest, faults, timed, oracle, limits)
        token = encode(ticket)
        findings = tuple(replace(finding, replay=token) for finding in run.findings)
        return replace(run, findings=findings, tape=tape, token=token)
