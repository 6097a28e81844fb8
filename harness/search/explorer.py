"""The search loop: run, judge, and prove each new finding by seeing it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import zip_longest

from pileup.choices import Strategy, Tape
from pileup.errors import NeedsLoop, NeedsToBlock, NotDeterministic, WrongBackend
from pileup.faults.rules import Plan
from pileup.faults.weather import Weather
from pileup.history import History
from pileup.results import Exploration, Run
from pileup.search.garbage import forget, resting_collector, unawaited
from pileup.search.in_order import InOrder, Order
from pileup.search.judge import judge, symptoms
from pileup.search.ledger import Ledger
from pileup.search.outcome import Ended
from pileup.search.program import Program
from pileup.search.serial import MOST_IN_PASSING, MOST_ORDERS, SerialOracle
from pileup.settings import Budgets
from pileup.sim.current import being
from pileup.sim.endings import Blocked, Misuse
from pileup.sim.kernel import Sim
from pileup.sim.probes import loop_wanted_by
from pileup.sim.runtimes import Runtime, make_runtime
from pileup.sim.traced import TracedSim
from pileup.sim.world import controlled, enclosed
from pileup.strategies import Replay
from pileup.tokens import Ticket, encode


@dataclass(frozen=True)
class Conditions:
    """Under which conditions a program is run."""

    budgets: Budgets = field(default_factory=Budgets)
    backend: str | None = None
    allow_real: frozenset[str] = frozenset()
    faults: Plan = field(default_factory=Plan)
    timed: bool = False
    oracle: int | None = None
    """The seed of the serial oracle's sample; None where it is not asked."""


class Explorer:
    """Runs one program many times under one runtime, which it finds out by itself."""

    def __init__(self, program: Program, conditions: Conditions) -> None:
        self.program = program
        self.conditions = conditions
        self.runtime: Runtime = make_runtime(
            "native" if conditions.backend is None else conditions.backend
        )
        self._blocking = False
        self._settled = conditions.backend is not None
        most = MOST_IN_PASSING if conditions.oracle is None else MOST_ORDERS
        agents, seed = len(program.bodies), conditions.oracle or 0
        self.oracle = SerialOracle(self._in_order, agents, most, seed)

    def explore(self, strategy: Strategy, runs: int) -> Exploration:
        """Run `runs` times, each as the strategy says."""
        ledger = Ledger(self.conditions.faults)
        with resting_collector() as tidy, controlled(self.conditions.budgets):
            try:
                for number in range(runs):
                    tidy(number)
                    run = self.run(strategy, number)
                    self._enter(ledger, run, strategy.name, number)
            finally:
                self.runtime.close()
        found = ledger.exploration(runs, self.runtime.name)
        if self.conditions.oracle is None:
            return found
        told = (*found.warnings, *self.oracle.warnings)
        return replace(found, compared=self.oracle.strength, warnings=told)

    def once(self, strategy: Strategy, *, traced: bool = False) -> Run:
        """Run a single time, as the strategy says."""
        with resting_collector(), controlled(self.conditions.budgets):
            try:
                return self.run(strategy, 0, traced=traced)
            finally:
                self.runtime.close()

    def replay(self, ticket: Ticket) -> Run:
        """Run once, as the tape says."""
        strategy = Replay(ticket.tape, labelling=True)
        run = self.once(strategy, traced=True)
        same = not ticket.digest or run.history.digest == ticket.digest
        return self._named(replace(run, faithful=same), strategy.labelled)

    def _enter(self, ledger: Ledger, run: Run, strategy: str, number: int) -> None:
        fresh = ledger.note(run, strategy, number)
        # The first two runs are seen again even when clean: the first because what
        # is done once in a process (a lazy client) shows there alone, the second
        # so that a program that is not deterministic cannot pass unseen.
        if fresh or number < 2:  # noqa: PLR2004 - see above
            ledger.keep(self._proved(run))

    def _proved(self, run: Run) -> Run:
        """See a run again: the same history, or the program is not deterministic."""
        strategy = Replay(run.tape, labelling=True)
        again = self.run(strategy, 0, traced=True)
        if again.history.digest != run.history.digest:
            raise NotDeterministic(_difference(run.history, again.history))
        if _marks(again) != _marks(run):
            raise NotDeterministic(
                "The same history led to other findings: first "
                f"{_titles(run)}, then {_titles(again)}. Probably the check goes by something that "
                "is not in the shared world and outlives a run. See docs/determinism.md."
            )
        return self._named(again, strategy.labelled)

    def _named(self, run: Run, tape: Tape) -> Run:
        program, agents = self.program.name, len(self.program.bodies)
        backend, digest = self.runtime.name, run.history.digest
        plan = self.conditions.faults
        faults = plan.to_json() if plan.rules else ""
        timed = self.conditions.timed
        oracle = self.conditions.oracle
        token = encode(Ticket(tape, program, agents, backend, digest, faults, timed, oracle))
        findings = tuple(replace(finding, replay=token) for finding in run.findings)
        return replace(run, findings=findings, tape=tape, token=token)

    def run(self, strategy: Strategy, number: int, *, traced: bool = False) -> Run:
        """Run once; start over under an event loop if the agents turn out to need one.

        A run that is `traced` knows for each operation the line that asked for it.
        """
        try:
            return copy_context().run(self._run, strategy, number, traced)
        except NeedsToBlock as needs:
            self._blocking = True
            forget(needs)
            return self.run(strategy, number, traced=traced)
        except NeedsLoop as needs:
            wanted = needs.backend
            forget(needs)
        if self._settled or self.runtime.name != "native":
            raise WrongBackend(
                f"An agent awaits something of {wanted}'s, but this run goes under "
                f"{self.runtime.name}. Write backend={wanted!r}, or leave `backend` "
                "out: pileup then finds the right one. One run cannot have both."
            )
        self.runtime = make_runtime(wanted)
        return self.run(strategy, number, traced=traced)

    def _run(self, strategy: Strategy, number: int, traced: bool) -> Run:
        strategy.begin(number)
        sim = (TracedSim if traced else Sim)(strategy, self.conditions.budgets)
        if self.conditions.timed:
            sim.take_time()
        plan = self.conditions.faults
        weather = Weather(plan, sim.choose, lambda: len(sim.agents)) if plan.rules else None
        sim.faults = weather
        with self._played(sim):
            seen = symptoms(sim, self.program)
        faults = weather.tally if weather is not None else ()
        struck = any(tally.struck for tally in faults)
        ended = Ended(sim, sim.history, struck=struck, again=traced)
        # Outside of the run, because the oracle may have to run the agents in its turn.
        oracle = self.oracle if self.conditions.oracle is not None else None
        run = Run(
            findings=judge(ended, seen, partial(self.oracle.explains, ended), oracle),
            history=ended.history,
            tape=sim.tape,
            results={each.name: each.result for each in sim.agents if each.done and not each.error},
            seconds=sim.now,
            steps=sim.steps,
            world=sim.world,
            faults=faults,
        )
        sim.let_go()
        return run

    @contextmanager
    def _played(self, sim: Sim) -> Iterator[None]:
        """Run the agents to their end, for somebody to look at the world that they leave."""
        sim.blocking = self._blocking
        with being(sim), enclosed(sim, self.conditions.allow_real):
            sim.world = self.program.setup(sim)
            for body in self.program.bodies:
                sim.spawn(body)
            self.runtime.run(sim)
            sim.abandon()
            if isinstance(sim.ending, Blocked):
                raise NeedsToBlock
            self._expect_right_loop(sim)
            if isinstance(sim.ending, Misuse):
                raise sim.ending.error
            yield

    def _in_order(self, order: Order) -> Ended:
        """Run the agents one after another for the oracle: without faults, unjudged."""
        return copy_context().run(self._run_in_order, order)

    def _run_in_order(self, order: Order) -> Ended:
        sim = Sim(InOrder(order), self.conditions.budgets)
        with self._played(sim):
            pass
        ended = Ended(sim, sim.history)
        ended.settle()
        sim.let_go()
        return ended

    def _expect_right_loop(self, sim: Sim) -> None:
        """An agent that failed for want of another loop is no finding."""
        wanted = [loop_wanted_by(each.error) for each in sim.agents if each.error is not None]
        others = [each for each in wanted if each is not None and each != self.runtime.name]
        if others:
            with unawaited():
                for agent in sim.agents:
                    agent.error = None
            raise NeedsLoop(others[0])


def _marks(run: Run) -> list[str]:
    return [finding.fingerprint for finding in run.findings]


def _titles(run: Run) -> str:
    return ", ".join(finding.title for finding in run.findings) or "none"


def _difference(one: History, other: History) -> str:
    for step, (expected, got) in enumerate(zip_longest(one.lines(), other.lines()), -1):
        if expected != got:
            return (
                f"The same choices led to two different runs. They part at event {step}:\n"
                f"  first time:  {expected or 'nothing more'}\n"
                f"  second time: {got or 'nothing more'}\n"
                "Probably something outlives a run (a module global, a class attribute, a cache) "
                "or differs each time (the order of a set, id(), a real clock or random source "
                "that pileup does not see). docs/determinism.md lists what is known to do this "
                "and what to write instead."
            )
    return "The same choices led to two different runs."
