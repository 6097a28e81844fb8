"""One run of a program: under which runtime, with which world, judged by what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from pileup.choices import Strategy, Student, Tape
from pileup.errors import NeedsLoop, NeedsToBlock, WrongBackend
from pileup.faults.rules import Plan
from pileup.faults.weather import Weather
from pileup.findings import Finding
from pileup.results import Run
from pileup.search.runs.coverage import Coverage
from pileup.search.runs.garbage import forget, resting_collector, unawaited
from pileup.search.runs.in_order import InOrder, Order
from pileup.search.runs.judge import causes, judge, symptoms
from pileup.search.runs.outcome import Ended
from pileup.search.runs.program import Program
from pileup.search.runs.serial import MOST_IN_PASSING, MOST_ORDERS, SerialOracle
from pileup.settings import Budgets, Limits
from pileup.sim.current import being
from pileup.sim.endings import Blocked, Misuse
from pileup.sim.kernel import Sim
from pileup.sim.limited import LimitedSim
from pileup.sim.plain import PlainSim
from pileup.sim.probes import loop_wanted_by
from pileup.sim.runtimes import Runtime, make_runtime
from pileup.sim.studied import StudiedSim
from pileup.sim.traced import TracedSim
from pileup.sim.world import controlled, enclosed


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


class Runner:
    """Runs one program under one runtime, which it finds out by itself."""

    def __init__(self, program: Program, conditions: Conditions) -> None:
        self.program = program
        self.conditions = conditions
        self.runtime: Runtime = make_runtime(
            "native" if conditions.backend is None else conditions.backend
        )
        self.blocking = False
        self.coverage: Coverage | None = None
        self._settled = conditions.backend is not None
        self.renew_oracle()

    def renew_oracle(self, most: int | None = None) -> None:
        """Forget what serial orders came to; with most=0, make no such runs at all."""
        oracle = self.conditions.oracle
        if most is None:
            most = MOST_IN_PASSING if oracle is None else MOST_ORDERS
        self.oracle = SerialOracle(self._in_order, len(self.program.bodies), most, oracle or 0)

    def once(
        self, strategy: Strategy, *, traced: bool = False, limits: Limits | None = None
    ) -> Run:
        """Run a single time, as the strategy says."""
        with resting_collector(), controlled(self.conditions.budgets):
            try:
                return self.run(strategy, 0, traced=traced, limits=limits)
            finally:
                self.runtime.close()

    def run(
        self,
        strategy: Strategy,
        number: int,
        *,
        traced: bool = False,
        limits: Limits | None = None,
    ) -> Run:
        """Run once; start over under an event loop if the agents turn out to need one.

        A run that is `traced` knows for each operation the line that asked for it.
        """
        try:
            return copy_context().run(self._run, strategy, number, traced, limits)
        except NeedsToBlock as needs:
            self.blocking = True
            forget(needs)
            return self.run(strategy, number, traced=traced, limits=limits)
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
        return self.run(strategy, number, traced=traced, limits=limits)

    def _run(self, strategy: Strategy, number: int, traced: bool, limits: Limits | None) -> Run:
        strategy.begin(number)
        studied = bool(getattr(strategy, "studies", False))
        sim = self._sim(strategy, traced, studied, limits)
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
        tape = sim.tape
        # Outside of the run, because the oracle may have to run the agents in its turn.
        run = Run(
            findings=judge(seen, self._causes(ended, tape, limits)),
            history=ended.history,
            tape=tape,
            results={each.name: each.result for each in sim.agents if each.done and not each.error},
            seconds=sim.now,
            steps=sim.steps,
            world=sim.world,
            faults=faults,
        )
        if self.coverage is not None and not traced:
            self.coverage.look(ended, number)
        if studied and isinstance(sim, StudiedSim):
            cast("Student", strategy).learn(sim.trail)
        sim.let_go()
        return run

    def _causes(self, ended: Ended, tape: Tape, limits: Limits | None) -> list[Finding]:
        """Ask who knows what went wrong; of runs that are searched, once for the same choices."""
        excused = partial(self._oracle(limits).explains, ended)
        if self.conditions.oracle is not None:
            return causes(ended, excused, self.oracle)
        ask = partial(causes, ended, excused, None)
        if self.coverage is None or ended.again:
            return ask()
        return self.coverage.verdicts.of(tape, (self.runtime.name, self.blocking), ask)

    def _sim(self, strategy: Strategy, traced: bool, studied: bool, limits: Limits | None) -> Sim:
        budgets = self.conditions.budgets
        if traced:
            return TracedSim(strategy, budgets, limits)
        if studied:
            return LimitedSim(strategy, budgets, limits)
        return PlainSim(strategy, budgets)

    @contextmanager
    def _played(self, sim: Sim) -> Iterator[None]:
        """Run the agents to their end, for somebody to look at the world that they leave."""
        sim.blocking = self.blocking
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

    def _oracle(self, limits: Limits | None) -> SerialOracle:
        """Return who knows what serial orders come to; a run that is cut off has its own."""
        if limits is None or not limits.stops:
            return self.oracle
        acting = [agent for agent, _ in limits.most if agent < limits.agents]

        def play(order: Order) -> Ended:
            return self._in_order(tuple(acting[place] for place in order), limits)

        return SerialOracle(play, len(acting), MOST_IN_PASSING)

    def _in_order(self, order: Order, limits: Limits | None = None) -> Ended:
        """Run the agents one after another for the oracle: without faults, unjudged."""
        return copy_context().run(self._run_in_order, order, limits)

    def _run_in_order(self, order: Order, limits: Limits | None) -> Ended:
        budgets, strategy = self.conditions.budgets, InOrder(order)
        if limits is None:
            sim: Sim = PlainSim(strategy, budgets)
        else:
            sim = LimitedSim(strategy, budgets, limits)
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
