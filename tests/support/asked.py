"""Made-up strands and questions, so that a strategy can be asked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pileup.choices import Point
from pileup.operations import Operation


@dataclass(frozen=True)
class Parked:
    """A strand as a strategy sees it."""

    number: int
    op: Operation | None = None

    @property
    def name(self) -> str:
        return f"agent-{self.number}"

    @property
    def label(self) -> str:
        return f"{self.name}: {self.op.name if self.op else 'go on'}"


def who_of(parked: Sequence[Parked], *, at: int = 0, jump: bool = False) -> Point:
    """Ask which of these is next; `at` is the place of the one that ran last."""
    point = Point("schedule", len(parked) + jump)
    point.candidates = parked
    point.at = at
    point.jump = jump
    return point


def who(numbers: Sequence[int] = range(3), *, at: int = 0, jump: bool = False) -> Point:
    """Ask which agent is next."""
    return who_of([Parked(number) for number in numbers], at=at, jump=jump)
