"""What a history has in it at all: one look down its columns, and who may have something to say.

Most runs have no transaction, no failure and no refusal, and to ask each
detector took longer than a short run did. So each has a sign without which it
finds nothing; a test holds that none ever speaks where its sign is missing.
The columns are gone through by C alone, because this is done for every run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Final, TypeAlias

from pileup.history import INFO, OK, RawRow

TAKING: Final = frozenset(("acquire", "lock", "try to acquire", "try to lock"))
"""What only locks are asked for."""

MAKING: Final = frozenset(("create", "set", "setnx", "SET", "SETNX"))
"""What may take a lock, or leave a mark: to make something that is not there yet."""

SWAPPING: Final = frozenset(("swap", "compare_and_set"))
ASKING: Final = TAKING | MAKING | SWAPPING
"""What may be answered with a no."""

_name: Final = itemgetter(0)
_step: Final = itemgetter(5)
_outcome: Final = itemgetter(8)
_note: Final = itemgetter(11)


class Glance:
    """The columns of a history, each at a glance."""

    __slots__ = ("asking", "crashed", "facts", "given_up", "noted", "stepped", "troubled")

    def __init__(self, rows: Sequence[RawRow]) -> None:
        outcomes = frozenset(map(_outcome, rows))
        names = frozenset(map(_name, rows))
        notes = filter(None, map(_note, rows))
        self.facts = frozenset(chain.from_iterable(map(vars, notes)))
        """What the notes tell of, by the names of their facts."""
        self.noted = bool(self.facts) or any(map(_note, rows))
        """Whether any row has a note."""
        self.stepped = any(map(_step, rows))
        """Whether any was done in a `pileup.step`."""
        self.given_up = INFO in outcomes
        """Whether anybody waited no longer, or never heard what came of it."""
        self.troubled = self.given_up or not outcomes <= {OK}
        """Whether anything failed, or was given up."""
        self.crashed = "crash" in names
        """Whether any agent crashed."""
        self.asking = not ASKING.isdisjoint(names)
        """Whether anybody asked for what may be refused."""


Sign: TypeAlias = Callable[[Glance], bool]


def always(_: Glance) -> bool:
    """Speak without a sign."""
    return True


def noted(glance: Glance) -> bool:
    """Speak of what may be in any note."""
    return glance.noted


def of(*facts: str) -> Sign:
    """Speak of what notes tell by one of these facts."""

    def told(glance: Glance) -> bool:
        return not glance.facts.isdisjoint(facts)

    return told


def of_units(glance: Glance) -> bool:
    """Speak of units of work: steps and transactions."""
    return glance.stepped or "unit" in glance.facts


def of_asking(glance: Glance) -> bool:
    """Speak of what only one can have."""
    return glance.asking


def of_refusals(glance: Glance) -> bool:
    """Speak of who asked in vain."""
    return glance.asking or glance.troubled


def of_the_given_up(glance: Glance) -> bool:
    """Speak of who was given up: a helper, a request, the holder of a lease."""
    return glance.given_up or "lease" in glance.facts
