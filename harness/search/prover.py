"""To see a run again: from its tape, from a token, and with a name by which others see it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pileup.choices import Tape
from pileup.detectors.taxonomy import LASTING
from pileup.faults.rules import Plan
from pileup.findings import Finding
from pileup.results import Run
from pileup.search.runner import Runner
from pileup.search.sameness import expect_same
from pileup.settings import Limits
from pileup.strategies import Replay
from pileup.tokens import Ticket, encode


class Prover(Runner):
    """Runs one program, and sees a run again where it matters."""

    on_found: Callable[[Finding], object] = staticmethod(lambda _: None)
    """Is told of each finding as soon as it is proved."""

    def without_faults(self) -> Prover:
        """Return one for the same program in fair weather."""
        fair = Prover(self.program, replace(self.conditions, faults=Plan()))
        fair.runtime, fair.blocking = self.runtime, self.blocking
        return fair

    def replay(self, ticket: Ticket) -> Run:
        """Run once, as the tape says."""
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
