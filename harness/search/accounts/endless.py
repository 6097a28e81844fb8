"""Runs that do not end: how much is spent on them before the search is given up.

Each costs its whole budget, which is a hundred times what other runs cost, and
shows what the first one has shown. Were the rest of the search given smaller
budgets, runs that do end would be told of as endless. So the search stops:
after steps, because these are the same everywhere, as seconds are not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pileup.results import Run
from pileup.settings import Budgets

MOST_IN_VAIN: Final = 300_000
"""How many steps may be spent on runs that do not end: three, with the usual budget."""


class Endless:
    """Counts what runs have cost that did not end within their budget of steps or events."""

    def __init__(self, budgets: Budgets) -> None:
        self._budgets = budgets
        self.costs: list[tuple[int, int]] = []
        """Such runs by number, and what each has cost."""

    def note(self, run: Run, number: int) -> None:
        """Count a run, if it is one of them."""
        steps, events = run.steps, len(run.history)
        if steps > self._budgets.steps or events > self._budgets.events:
            self.costs.append((number, steps if steps > self._budgets.steps else events))

    def add(self, costs: Iterable[tuple[int, int]]) -> None:
        """Count those that were played elsewhere."""
        self.costs += costs

    @property
    def end(self) -> int | None:
        """How many runs it takes until enough has been spent, if it has."""
        spent = 0
        for number, cost in self.costs:
            spent += cost
            if spent >= MOST_IN_VAIN:
                return number + 1
        return None

    @property
    def is_enough(self) -> bool:
        """Whether enough has been spent."""
        return self.end is not None

    def warning(self, made: int, wanted: int) -> str:
        """Say that the search was stopped, and why; nothing if it was not."""
        if self.end is None or made >= wanted:
            return ""
        count, spent = len(self.costs), sum(cost for _, cost in self.costs)
        runs = "one run" if count == 1 else f"{count:,} runs"
        return (
            f"The search was stopped after {made:,} of {wanted:,} runs, because {runs} did not end "
            f"and took {spent:,} steps. Give the agent a limit first; what else is wrong is looked "
            "for when its runs end. If they would end, only later, it is the other way round: "
            "allow more with budgets=pileup.Budgets(steps=...)."
        )
