"""The runs that `chaos_benchmark` times: calls take time in them, and nobody judges them."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pileup
from pileup.choices import Strategy
from pileup.faults.weather import Weather
from pileup.results import Run
from pileup.search.runs.garbage import Tidy, resting_collector
from pileup.search.runs.runner import Runner
from pileup.settings import Limits
from pileup.sim.world import controlled
from pileup.strategies import make


def _nothing(_: Run) -> None:
    pass


class Rounds(Runner):
    """Plays the same runs in the same order, round after round.

    Orders and latencies are drawn at random, whatever the search is told to
    do: it looks for what is rare, and its runs would not say how long a usual one takes.
    """

    def __init__(self, scenario: pileup.Scenario, runs: int, seed: int) -> None:
        timed = replace(scenario, timed=True, oracle=None, check=None).explorer(seed)
        super().__init__(timed.program, timed.conditions)
        self._runs = runs
        self._seed = seed
        self._tidy = Tidy()

    @contextmanager
    def ready(self) -> Iterator[None]:
        """Take over clocks and the rest once for all rounds, as an exploration does."""
        with resting_collector(), controlled(self.conditions.budgets):
            try:
                yield
            finally:
                self.runtime.close()

    def play(self, look: Callable[[Run], object] = _nothing) -> None:
        """Play one round. What it leaves behind is collected at its end, not in the next one."""
        strategy = make("random", self._seed)  # anew, so that it remembers no round before
        for number in range(self._runs):
            self._tidy(number)
            look(self.run(strategy, number))
        gc.collect()

    def _run(self, strategy: Strategy, number: int, traced: bool, limits: Limits | None) -> Run:
        """Run once, unjudged, because what detectors cost is not the agents' time."""
        strategy.begin(number)
        sim = self._sim(strategy, traced, studied=False, limits=limits)
        sim.take_time()
        plan = self.conditions.faults
        if plan.rules:
            sim.faults = Weather(plan, sim.choose, lambda: len(sim.agents), sim.note_weather)
        with self._played(sim):
            run = Run(
                findings=(),
                history=sim.history,
                tape=sim.tape,
                results={each.name: each.result for each in sim.agents if _returned(each)},
                seconds=sim.now,
                steps=sim.steps,
                world=sim.world,
            )
        sim.let_go()
        return run


def _returned(agent: pileup.Agent) -> bool:
    return agent.done and not agent.error
