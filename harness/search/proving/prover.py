"""To see a run again: from its tape, from a token, and with a name by which others see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pileup.choices import Tape
from pileup.detectors.taxonomy import LASTING
from pileup.errors import Diverged, NotDeterministic
from pileup.faults.rules import Plan
from pileup.findings import Finding
from pileup.results import Run
from pileup.search.proving.rehearsal import TO_BE_SURE, Rehearsal, done_once, expect_shown
from pileup.search.proving.sameness import expect_same
from pileup.search.runs.garbage import resting_collector
from pileup.search.runs.program import Program
from pileup.search.runs.runner import Conditions, Runner
from pileup.settings import Limits
from pileup.sim.world import controlled
from pileup.strategies import Replay
from pileup.tokens import Ticket, encode


class Prover(Runner):
    """Runs one program, and sees a run again where it matters."""

    on_found: Callable[[Finding], object] = staticmethod(lambda _: None)
    """Is told of each finding as soon as it is proved."""

    def __init__(self, program: Program, conditions: Conditions) -> None:
        super().__init__(program, conditions)
        self.rehearsal: Rehearsal | None = None
        self.warm_ups: list[str] = []
        """What was done once for all in this process, and so in no run that counts."""

    def rehearse(self) -> Rehearsal:
        """Make the run that does what is done once in a process, if none has been made yet."""
        if self.rehearsal is None:
            self.rehearsal = Rehearsal(self)
        return self.rehearsal

    def rehearse_alone(self) -> None:
        """Do that before anything else is made of the program."""
        with resting_collector(), controlled(self.conditions.budgets):
            try:
                self.rehearse()
            finally:
                self.runtime.close()

    def without_faults(self) -> Prover:
        """Return one for the same program in fair weather."""
        fair = Prover(self.program, replace(self.conditions, faults=Plan()))
        fair.runtime, fair.blocking = self.runtime, self.blocking
        return fair

    def replay(self, ticket: Ticket) -> Run:
        """Run as the tape says; twice if need be, as the first in a process may be another one."""
        try:
            run = self._follow(ticket)
        except Diverged:
            return self._follow(ticket)
        return run if run.faithful else self._follow(ticket)

    def _follow(self, ticket: Ticket) -> Run:
        strategy = Replay(ticket.tape, labelling=True)
        run = self.once(strategy, traced=True, limits=ticket.limits)
        same = not ticket.digest or run.history.digest == ticket.digest
        return self._named(replace(run, faithful=same), strategy.labelled, ticket.limits)

    def prove(self, run: Run, limits: Limits | None = None) -> Run:
        """See a run again: the same history, or the program is not deterministic."""
        strategy = Replay(run.tape, labelling=True)
        again = self.run(strategy, 0, traced=True, limits=limits)
        expect_same(run, again)
        return self._named(again, strategy.labelled, limits)

    def certain(self, run: Run, anew: Callable[[], Run]) -> Run:
        """Prove a run; where something was done in it once for all, prove it as it is `anew`."""
        try:
            return self.prove(run)
        except (NotDeterministic, Diverged):
            run, first = anew(), run
        for _ in range(TO_BE_SURE):
            proved = self.prove(run)
        expect_shown(first, proved)
        self.warm_ups.append(done_once(first.history, proved.history))
        return proved

    def _named(self, run: Run, tape: Tape, limits: Limits | None) -> Run:
        program, agents = self.program.name, len(self.program.bodies)
        backend, digest = self.runtime.name, run.history.digest
        plan = self.conditions.faults
        faults = plan.to_json() if plan.rules else ""
        timed = self.conditions.timed
        oracle = self.conditions.oracle
        ticket = Ticket(tape, program, agents, backend, digest, faults, timed, oracle, limits)
        token = encode(ticket)
        cut = limits is not None and limits.stops
        findings = tuple(
            replace(finding, replay=token)
            for finding in run.findings
            if not cut or finding.kind in LASTING  # else it may only seem so
        )
        return replace(run, findings=findings, tape=tape, token=token)
