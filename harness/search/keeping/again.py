"""Saved failures are tried again: FIXED, STILL FAILING, or of a program that has changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from pileup.errors import Diverged, UsageError
from pileup.faults.rules import Plan
from pileup.findings import Finding
from pileup.results import Run
from pileup.search.keeping.saved import Failure
from pileup.search.keeping.spell import spell_tape
from pileup.search.proving.prover import Prover
from pileup.search.runs.garbage import resting_collector
from pileup.settings import Limits
from pileup.sim.world import controlled
from pileup.strategies.spelled import Spelled
from pileup.tokens import Ticket

State: TypeAlias = Literal["STILL FAILING", "FIXED", "CHANGED", "OTHER AGENTS"]

COUNT: Final = re.compile(r" x\d+(?=, |$)")

SAYS: Final[dict[State, str]] = {
    "STILL FAILING": "the same choices still show it",
    "FIXED": "the same choices no longer show it",
    "CHANGED": (
        "the agents have changed so that its choices no longer fit, and the nearest run does not "
        "show it: probably fixed"
    ),
    "OTHER AGENTS": "it was found with other agents, so it was not tried",
}
NEAR: Final = "its choices no longer fit, but the nearest run shows it"


@dataclass(frozen=True)
class Verdict:
    """What has become of a saved failure; `run` shows it where it is still there."""

    failure: Failure
    state: State
    why: str
    run: Run | None = None

    @property
    def finding(self) -> Finding | None:
        """The finding as it is now, with a token that fits."""
        return None if self.run is None else _shown(self.run, self.failure)

    def __str__(self) -> str:
        return f"{self.state}: {self.failure} ({self.why})"


def try_again(prover: Prover, failures: Sequence[Failure]) -> list[Verdict]:
    """Try each saved failure on the program as it is now, under the faults of its time."""
    return [_try(prover, failure) for failure in failures]


def _try(prover: Prover, failure: Failure) -> Verdict:
    ticket, program = failure.ticket, prover.program.name
    if COUNT.sub("", ticket.program) != COUNT.sub("", program):
        return _verdict(failure, "OTHER AGENTS")
    try:
        again = under(prover, ticket)
        run = again.replay(ticket) if ticket.program == program else None
    except Diverged:
        run = None
    except UsageError as error:
        why = str(error).partition(". ")[0]
        return Verdict(failure, "CHANGED", f"it cannot be tried as the agents are now: {why}")
    if run is None:
        return _follow(again, failure)
    if _shown(run, failure) is not None:
        return _verdict(failure, "STILL FAILING", run)
    return _verdict(failure, "FIXED")


def _verdict(failure: Failure, state: State, run: Run | None = None) -> Verdict:
    return Verdict(failure, state, SAYS[state], run)


def under(prover: Prover, ticket: Ticket) -> Prover:
    """Return one for the same program under what a failure was found with."""
    plan = Plan.from_json(ticket.faults) if ticket.faults else Plan()
    conditions = replace(prover.conditions, faults=plan, timed=ticket.timed, oracle=ticket.oracle)
    return Prover(prover.program, conditions)


def _follow(prover: Prover, failure: Failure) -> Verdict:
    """Do what was done then, by name, as far as that is possible."""
    ticket = failure.ticket
    limits = _fitting(ticket.limits, len(prover.program.bodies))
    try:
        strategy = Spelled(spell_tape(ticket.tape))
    except UsageError:
        return _verdict(failure, "CHANGED")
    with resting_collector(), controlled(prover.conditions.budgets):
        try:
            run = prover.run(strategy, 0, limits=limits)
            if _shown(run, failure) is None:
                return _verdict(failure, "CHANGED")
            return Verdict(failure, "STILL FAILING", NEAR, prover.prove(run, limits))
        finally:
            prover.runtime.close()


def _fitting(limits: Limits | None, agents: int) -> Limits | None:
    """Let the same agents act although there are more now, or fewer."""
    if limits is None:
        return None
    most = tuple((who, most) for who, most in limits.most if who < agents)
    return Limits(agents, most, limits.stops) if most else None


def _shown(run: Run, failure: Failure) -> Finding | None:
    same = (each for each in run.findings if each.fingerprint == failure.fingerprint)
    return next(same, None)
