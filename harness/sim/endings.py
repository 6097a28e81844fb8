"""How a run can end other than by all its agents returning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Stuck:
    """One strand that waits for ever: for what, held by whom, and where in its code."""

    name: str
    wants: str
    held_by: tuple[str, ...]
    where: tuple[str, ...]


@dataclass(frozen=True)
class Deadlock:
    """Nobody can go on and no deadline is left that could change it."""

    stuck: tuple[Stuck, ...]


@dataclass(frozen=True)
class Overrun:
    """A budget of the run is spent; `where` is what the last agent was doing."""

    budget: str
    limit: float
    where: tuple[str, ...]


@dataclass(frozen=True)
class Misuse:
    """The harness itself was used wrongly inside the run; the error says how to do it right."""

    error: BaseException


@dataclass(frozen=True)
class Blocked:
    """An async agent made a blocking call: the run starts over so that it can give way there."""


@dataclass(frozen=True)
class Rested:
    """All have done what they may do, and the run was to stop there."""


Ending: TypeAlias = Rested | Deadlock | Overrun | Misuse | Blocked
