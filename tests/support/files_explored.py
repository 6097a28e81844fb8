"""Small programs on mounted files, in every order or in all with few deviations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from support.exhaust import Odometer, all_runs

import pileup
from pileup.choices import Point
from pileup.fakes import World
from pileup.results import Run
from pileup.settings import Budgets
from pileup.sim.world import controlled
from pileup.strategies import Dull

DATA = "/data"


def start(**texts: str) -> Callable[[pileup.Sim], World]:
    """Make a `setup` that mounts the files and puts these there."""

    def setup(sim: pileup.Sim) -> World:
        world = World(sim)
        world.files.mount(DATA)
        for name, text in texts.items():
            world.files.seed(name, text)
        return world

    return setup


def scenario(*agents: Any, backend: str | None = None, **texts: str) -> pileup.Scenario:
    return pileup.Scenario(list(agents), setup=start(**texts), backend=backend)


def every_run(*agents: Any, backend: str | None = None, **texts: str) -> list[Run]:
    """Run in every order."""
    with controlled(Budgets()):
        return list(all_runs(scenario(*agents, backend=backend, **texts).explorer()))


def one_run(*agents: Any, strategy: Any = None, **texts: str) -> Run:
    return scenario(*agents, **texts).explorer().once(strategy or Dull())


def rows(run: Run) -> list[str]:
    """Write down what was done to what, without starts and ends."""
    return [
        " ".join([event.name, *[seen.name for seen in event.items]])
        for event in run.history
        if event.name not in ("start", "end")
    ]


class Few(Odometer):
    """Count through all tapes with at most so many choices that are not the dull one."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def choose(self, point: Point) -> int:
        answer = super().choose(point)
        if sum(map(bool, self._answers[: self._next])) >= self._most:
            self._counts[-1] = min(self._counts[-1], answer + 1) if not answer else point.count
        return answer

    def advance(self) -> bool:
        while super().advance():
            if sum(map(bool, self._answers)) <= self._most:
                return True
        return False


def runs_with_few(most: int, *agents: Any, **texts: str) -> Iterator[Run]:
    """Run in every order that leaves the dullest at most so many times."""
    explorer = scenario(*agents, **texts).explorer()
    odometer = Few(most)
    with controlled(Budgets()):
        try:
            while True:
                yield explorer.run(odometer, 0)
                if not odometer.advance():
                    return
        finally:
            explorer.runtime.close()
