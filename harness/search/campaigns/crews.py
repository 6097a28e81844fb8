"""Who plays the portions of a campaign: what they are told, and what is asked of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pileup.choices import Strategy
from pileup.errors import UsageError
from pileup.search.accounts.portions import Mode, Player, Portion
from pileup.search.runs.garbage import resting_collector
from pileup.search.runs.program import Program
from pileup.search.runs.runner import Conditions, Runner
from pileup.sim.world import controlled
from pileup.strategies import Systematic, make


class Job(NamedTuple):
    """Which runs to play, and what is known of the program by then."""

    begin: int
    end: int
    mode: Mode

    @classmethod
    def from_json(cls, text: bytes) -> Job:
        """Read what came over a line."""
        begin, end, mode = json.loads(text)
        return cls(begin, end, Mode(*mode))

    def __str__(self) -> str:
        """Name the runs as a report counts them, from 1."""
        return f"runs {self.begin + 1:,} to {self.end:,}"


class Crew(Protocol):
    """Whoever plays portions, several at a time."""

    def has_hands(self) -> bool:
        """Whether somebody has nothing to do."""

    def is_busy(self) -> bool:
        """Whether somebody is at work."""

    def start(self, job: Job) -> None:
        """Have somebody play these runs."""

    def finished(self, seconds: float) -> Iterator[tuple[Job, Portion]]:
        """Wait for at most so long, and return what has been finished."""

    def close(self) -> None:
        """Send everybody home, whatever they are at."""


@dataclass(frozen=True)
class Recipe:
    """All that has to be known to play any runs of a campaign."""

    program: Program
    conditions: Conditions
    strategy: str
    seed: int

    @contextmanager
    def player(self, taught: Strategy | None = None) -> Iterator[Player]:
        """Return who can play them; a strategy that was `taught` by run 0 needs no lesson."""
        strategy = taught or make(self.strategy, self.seed)
        runner = Runner(self.program, self.conditions)
        with resting_collector() as tidy, controlled(self.conditions.budgets):
            try:
                yield Player(runner, strategy, tidy, learned=taught is not None)
            finally:
                runner.runtime.close()


def recipe_for(runner: Runner, strategy: object, seed: int) -> Recipe:
    """Refuse what cannot be played by several, or in several sittings."""
    made = make(strategy, seed)
    if not isinstance(strategy, str) or isinstance(made, Systematic):
        raise UsageError(
            f"The strategy {made.name!r} cannot be shared out: each of its runs follows from all "
            "before it. Leave workers, executor and resume out (a budget in seconds is possible), "
            'or name one that draws each run by itself, as in strategy="auto".'
        )
    if runner.conditions.oracle is not None:
        raise UsageError(
            "The serial oracle keeps an account of all runs of one process. Leave workers, "
            "executor and resume out with oracle=..., or the oracle."
        )
    return Recipe(runner.program, runner.conditions, strategy, seed)
