"""What a history has in it at all: one look down its columns, and who may have something to say.

Most runs have no transaction, no failure and no refusal, and to ask each
detector took longer than a short run did. So each has a sign without which it
finds nothing; a test holds that none ever speaks where its sign is missing.
The columns are gone through by C alone, because this is done for every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Final

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

    __slots__ = ("asking", "given_up", "noted", "stepped", "troubled")

    def __init__(self, rows: Sequence[RawRow]) -> None:
        outcomes = frozenset(map(_outcome, rows))
        self.noted = any(map(_note, rows))
        """Whether any row has a note."""
        self.stepped = any(map(_step, rows))
        """Whether any was done in a `pileup.step`."""
        self.given_up = INFO in outcomes
        """Whether anybody waited no longer, or never heard what came of it."""
        self.troubled = self.given_up or not outcomes <= {OK}
        """Whether anything failed, or was given up."""
        self.asking = not ASKING.isdisjoint(map(_name, rows))
        """Whether anybody asked for what may be refused."""


def always(_: Glance) -> bool:
    """Speak without a sign."""
    return True


def noted(glance: Glance) -> bool:
    """Speak of what notes tell: requests, messages, marks, paths, parts."""
    return glance.noted


def grouped(glance: Glance) -> bool:
    """Speak of units of work: steps and transactions."""
    return glance.stepped or glance.noted


def taken(glance: Glance) -> bool:
    """Speak of what only one can have."""
    return glance.asking


def refused(glance: Glance) -> bool:
    """Speak of who asked in vain."""
    return glance.asking or glance.troubled


def left(glance: Glance) -> bool:
    """Speak of who was given up: whoever waited, or a lease."""
    return glance.given_up or glance.noted
