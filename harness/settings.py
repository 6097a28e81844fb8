"""Limits on a run, so that no agent can hang a test suite."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from pileup.errors import UsageError

BACKENDS: Final = ("native", "trio", "asyncio")


def whole(name: str, value: object, most: int) -> int:
    """Return `value` if it is a whole number from 1 to `most`; refuse anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
        return value
    raise UsageError(f"`{name}` must be a whole number from 1 to {most:,}; {value!r} was given.")


@dataclass(frozen=True)
class Budgets:
    """How much one run may use before it is stopped and reported.

    `steps` counts decisions, `events` operations that took effect, `seconds`
    virtual time. `blocked` is the one limit in real seconds: how long an
    agent may hold the thread without reaching an operation; it decides no
    verdict, it only keeps the suite from hanging. `patience` is how many
    steps in a row the dullest order grants one agent, so that a polling loop
    does not starve the agent that it polls for.
    """

    steps: int = 100_000
    events: int = 100_000
    seconds: float = 30 * 24 * 3600.0
    blocked: float = 10.0
    patience: int = 500

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
                raise UsageError(
                    f"The budget {each.name!r} must be a number above 0; {value!r} was given. "
                    "To allow more, write for instance pileup.Budgets(steps=1_000_000)."
                )


@dataclass(frozen=True)
class Limits:
    """How many operations some agents may do before they stand by until nobody else can go on.

    `most` has pairs of an agent's index and a number. Of the first `agents` of
    a run, those at the top, who is not in it may not even begin before. Then
    the run goes on without limits, or `stops`.
    """

    agents: int = 0
    most: tuple[tuple[int, int], ...] = ()
    stops: bool = False
