"""The search loop: run, judge, and prove each new finding by seeing it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from functools import partial

from pileup.choices import Strategy, Student, Tape
from pileup.errors import NeedsLoop, NeedsToBlock, WrongBackend
from pileup.faults.rules import Plan
from pileup.faults.weather import Weather
from pileup.results import Exploration, Run
from pileup.search.garbage import forget, resting_collector, unawaited
from pileup.search.in_order import InOrder, Order
from pileup.search.judge import judge, symptoms
from pileup.search.ledger import Ledger
from pileup.search.outcome import Ended
from pileup.search.program import Program
from pileup.search.sameness import expect_same
from pileup.search.serial import MOST_IN_PASSING, MOST_ORDERS, SerialOracle
from pileup.settings import Budgets
from pileup.sim.current import being
from pileup.sim.endings import Blocked, Misuse
from pileup.sim.kernel import Sim
from pileup.sim.probes import loop_wanted_by
from pileup.sim.runtimes import Runtime, make_runtime
from pileup.sim.studied import StudiedSim
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
                    if getattr(strategy, "done", False):
                        break
            finally:
                self.runtime.close()
        found = ledger.exploration(number + 1, self.runtime.name)
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
        expect_same(run, again)
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
        studied = bool(getattr(strategy, "studies", False))
        kind = TracedSim if traced else StudiedSim if studied else Sim
        sim = kind(strategy, self.conditions.budgets)
        if self.conditions.timed:
            sim.take_time()
        plan = self.conditions.faults
        weather = _weather(plan, sim) if plan.rules else None
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
        if studied and isinstance(sim, StudiedSim) and isinstance(strategy, Student):
            strategy.learn(sim.trail)
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


def _weather(plan: Plan, sim: Sim) -> Weather:
    return Weather(plan, sim.choose, lambda: len(sim.agents), sim.note_weather)
