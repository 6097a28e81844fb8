"""What two reports differ in, ready to be told: one view model for all that render it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from pileup.reports.comparison import Cell

Trend = Literal["new", "worse", "fixed", "better"]


class Count(NamedTuple):
    """In how many of how many runs something was seen."""

    times: int
    runs: int

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.times:,} of {self.runs:,} runs"


Figure = Count | Cell


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was, by more than chance.

    `chance` is how likely figures are so far apart by chance; 0 where it is
    certain, because all orders were tried.
    """

    trend: Trend
    program: str
    what: str
    before: Figure
    after: Figure
    chance: float
    title: str = ""
    severity: str = ""
    fingerprint: str = ""
    token: str = ""
    """Shows a run in which it is seen: of the new report, or of the old one if it is gone."""

    @property
    def is_bad(self) -> bool:
        """Whether it is a step back."""
        return self.trend in ("new", "worse")


@dataclass(frozen=True)
class Differences:
    """All that two reports differ in, the worst first, and how much was looked at."""

    found: tuple[Difference, ...]
    same: int = 0
    """How many others were looked at, which differ by no more than chance."""
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()
    """Programs of which the other report says nothing."""
    warnings: tuple[str, ...] = ()
    """What makes the two reports less alike than they should be."""

    @property
    def is_worse(self) -> bool:
        """Whether anything is new or worse."""
        return any(each.is_bad for each in self.found)
