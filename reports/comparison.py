"""What a comparison has found, ready to be shown: one view model for all that render it.

Nothing here knows how it was measured; every cell says what it is, how sure
that is, and, by a token, which run shows it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pileup.results import Run

NAIVE: Final = "naive"


@dataclass(frozen=True)
class Cell:
    """A figure, between what it lies with 95% confidence, and the token of a run that shows it."""

    value: float
    low: float
    high: float
    token: str = ""

    def is_apart_from(self, other: Cell) -> bool:
        """Whether two figures differ by more than chance."""
        return self.high < other.low or other.high < self.low


@dataclass(frozen=True)
class Line:
    """A topology under some controls: what was found, in so many of 1,000 runs, and measured."""

    topology: str
    controls: str
    shape: str = ""
    is_anti_pattern: bool = False
    runs: int = 0
    """How many storms there were."""
    clean_below: float = 1.0
    """In what part of runs something goes wrong at the most, with 95% confidence, if none did."""
    kinds: dict[str, Cell] = field(default_factory=dict)
    measures: dict[str, Cell] = field(default_factory=dict)
    spreads: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """How a usual day's figures lie: evenly spaced quantiles, from the least to the largest, of
    the "latency" of a document in seconds, its "dollars", and the "attempts" of a call."""
    days: int = 0
    """How many usual days its measures are from."""


@dataclass(frozen=True)
class Change:
    """What a line has that another has not: a kind of finding, or a measure that is apart."""

    what: str
    before: Cell | None
    after: Cell
    topology: str


@dataclass(frozen=True)
class Ablation:
    """One control: what comes back where it alone is taken away, what goes where it is alone."""

    control: str
    says: str
    away: tuple[Change, ...] = ()
    alone: tuple[Change, ...] = ()
    where: tuple[str, ...] = ()
    """In which topologies it was tried, and what the day was like there."""

    @property
    def is_redundant(self) -> bool:
        """Whether nobody would notice that it is gone."""
        return not self.away


@dataclass(frozen=True)
class Claim:
    """What an article says, what was measured, and why they differ where they do."""

    what: str
    said: str
    measured: str
    agrees: bool
    why: str = ""
    token: str = ""


@dataclass(frozen=True)
class Crowd:
    """So many instances at once."""

    instances: int
    controls: str
    measures: dict[str, Cell] = field(default_factory=dict)


@dataclass(frozen=True)
class Advice:
    """One branch of the decision tree, with the reason that was measured."""

    when: str
    take: str
    because: str


@dataclass(frozen=True)
class Shown:
    """One shrunk run in which a kind of finding is seen."""

    topology: str
    controls: str
    kind: str
    run: Run


@dataclass(frozen=True)
class Comparison:
    """All tables of a comparison."""

    title: str
    terms: dict[str, str]
    lines: tuple[Line, ...]
    ablations: tuple[Ablation, ...] = ()
    crowds: tuple[Crowd, ...] = ()
    claims: tuple[Claim, ...] = ()
    advice: tuple[Advice, ...] = ()
    notes: tuple[str, ...] = ()
    stories: tuple[Shown, ...] = ()
    """A run for each kind that was found, as far as they have been looked for."""

    @property
    def failing(self) -> tuple[Line, ...]:
        """In which lines controls have not held: the naive, and anti-patterns, are to fail."""
        held = (each for each in self.lines if each.controls != NAIVE and not each.is_anti_pattern)
        return tuple(each for each in held if each.kinds)
