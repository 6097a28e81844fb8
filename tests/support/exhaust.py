"""Every order there is: the honest way to know what a small program can do."""

from __future__ import annotations

from collections.abc import Generator

from pileup.choices import Point
from pileup.results import Run
from pileup.search.explorer import Explorer
from pileup.sim.world import controlled

MOST_RUNS = 100_000


class Odometer:
    """Count through all tapes: the last choice that can go up does, and what follows is dull."""

    name = "odometer"

    def __init__(self) -> None:
        self._answers: list[int] = []
        self._counts: list[int] = []
        self._next = 0

    def begin(self, run: int) -> None:
        self._next = run * 0
        del self._counts[:]

    def choose(self, point: Point) -> int:
        if self._next == len(self._answers):
            self._answers.append(0)
        self._counts.append(point.count)
        self._next += 1
        return self._answers[self._next - 1]

    def advance(self) -> bool:
        """Go to the next tape; False after the last."""
        del self._answers[len(self._counts) :]
        while self._answers:
            if self._answers[-1] + 1 < self._counts[len(self._answers) - 1]:
                self._answers[-1] += 1
                return True
            self._answers.pop()
        return False


def all_runs(explorer: Explorer) -> Generator[Run, None, None]:
    """Run a program in every order."""
    odometer = Odometer()
    with controlled(explorer.conditions.budgets):
        try:
            for _ in range(MOST_RUNS):
                yield explorer.run(odometer, 0)
                if not odometer.advance():
                    return
        finally:
            explorer.runtime.close()
    raise AssertionError(f"more than {MOST_RUNS} orders: take a smaller program")
