"""Units: what should look as if it happened at once, and which row belongs to which.

There are two levels, and they are judged apart: steps among steps
(`with pileup.step(...)`, the innermost one counts), and database transactions
among transactions. A row outside any unit is a unit of its own, so that a
lone write between two reads of a step counts as well. Lone reads do not: who
only looks, and marks no unit, was promised nothing.

Not judged as a whole are

* transactions that have not committed: what they saw and drafted came to nothing;
* steps that have failed: nobody expects a half-done piece of work to be whole,
  so each of its rows stands for itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from typing import Final, Literal, NamedTuple, TypeAlias

from pileup.detectors.case import TASKS, Case
from pileup.history import FAIL
from pileup.notes import Step

Level: TypeAlias = Literal["step", "transaction"]

ALONE: Final = -1
"""A row outside any unit."""
VOID: Final = -2
"""A row that came to nothing, with the transaction that it belongs to."""
NOBODY: Final = -3
"""A row of the world itself: an expiry, a delivery. Nobody could have ordered it otherwise."""

ENDS: Final = frozenset(("commit", "exec"))
UNDOES: Final = frozenset(("rollback", "abort"))

_step_of: Final = itemgetter(5)
_note_of: Final = itemgetter(11)


class Transactions(NamedTuple):
    """Which transactions have committed, and which were taken back, by number."""

    committed: dict[int, None]
    undone: dict[int, None]


class Units:
    """The units of one level: `whose` gives each row its unit, or says why it has none."""

    def __init__(self, case: Case, level: Level, whose: list[int]) -> None:
        self._case = case
        self.level: Level = level
        self.whose = whose
        self.firsts: list[int] = []
        """The first row of each unit; what it is called can be read there."""
        self.lasts: list[int] = []
        """The last row of each unit."""
        self.parted: dict[int, None] = {}
        """The units between whose rows there are rows of others."""
        self.undone: list[int] = []
        """The rows of transactions that were rolled back."""

    def are_nested(self, one: int, other: int) -> bool:
        """Whether one of two steps went on inside of the other, of the same agent or an heir's."""
        if self.level != "step" or max(one, other) >= len(self.firsts):
            return False
        outer, inner = sorted((one, other), key=self.firsts.__getitem__)
        return self.lasts[inner] < self.lasts[outer] and self._is_heir(inner, outer)

    def _is_heir(self, inner: int, outer: int) -> bool:
        strands = [self._strand(self.firsts[each]) for each in (inner, outer)]
        mine, theirs = (strand // TASKS for strand in strands)
        return mine == theirs or self._case.is_below(strands[0], theirs * TASKS)

    def _strand(self, number: int) -> int:
        row = self._case.rows[number]
        return row[3] * TASKS + row[4]


def levels(case: Case) -> Iterator[Units]:
    """Return the levels at which a history has units at all."""
    noted, stepped = "unit" in case.glance.facts, case.glance.stepped
    ended = _transactions(case) if noted else Transactions({}, {})
    if stepped:
        yield _steps(case, ended)
    if noted:
        yield _in_transactions(case, ended)


def _number(case: Case, number: int) -> int | None:
    note = case.rows[number][11]
    return None if note is None else note.unit


def _transactions(case: Case) -> Transactions:
    found = Transactions({}, {})
    for number in case.noted:
        unit, row = _number(case, number), case.rows[number]
        if unit is None or row[8] == FAIL or not (row[0] in ENDS or row[0] in UNDOES):
            continue
        if row[0] in UNDOES or row[9] == "rolled back":
            found.undone[unit] = None
        elif row[2] or row[8] == "ok":
            found.committed[unit] = None
    return found


def _steps(case: Case, ended: Transactions) -> Units:
    known: dict[int, int] = {}
    whose: list[int] = []
    units = Units(case, "step", whose)
    before: str | None = None
    unit, since, number = ALONE, 0, -1
    for number, step in enumerate(map(_step_of, case.rows)):
        if step is not before:  # most rows go on with what the one before them did
            before = step
            whose += [unit] * (number - since)
            if unit >= 0:
                units.lasts[unit] = number - 1
            since = number
            unit = _step(units, known, step, number)
    whose += [unit] * (number + 1 - since)
    if unit >= 0:
        units.lasts[unit] = number
    _set_apart(case, whose, ended)
    return units


def _step(units: Units, known: dict[int, int], step: str | None, number: int) -> int:
    """Return the unit of a row that goes on with another step than the one before it."""
    if type(step) is not Step or step.failed:
        return ALONE
    fresh = len(known)
    unit = known.setdefault(step.number, fresh)
    if unit == fresh:
        units.firsts.append(number)
        units.lasts.append(number)
    elif units.lasts[unit] < number - 1:
        units.parted[unit] = None
    return unit


def _in_transactions(case: Case, ended: Transactions) -> Units:
    known: dict[int, int] = {}
    whose = [ALONE] * len(case.rows)
    units = Units(case, "transaction", whose)
    for number in case.noted:
        transaction = _number(case, number)
        if transaction in ended.undone and case.rows[number][8] != FAIL:
            units.undone.append(number)
        if transaction is None or transaction not in ended.committed:
            continue
        unit = known.get(transaction)
        if unit is None:
            unit = known[transaction] = len(known)
            units.firsts.append(number)
            units.lasts.append(number)
        elif units.lasts[unit] < number - 1:
            units.parted[unit] = None
        units.lasts[unit] = number
        whose[number] = unit
    _set_apart(case, whose, ended)
    return units


def _set_apart(case: Case, whose: list[int], ended: Transactions) -> None:
    """Mark the rows that came to nothing, and those that nobody did."""
    for number in case.noted:
        transaction = _number(case, number)
        if transaction is not None and transaction not in ended.committed:
            whose[number] = VOID
    nobodies = [number for number, who in enumerate(case.agents) if who.session == ""]
    if nobodies:
        for number, row in enumerate(case.rows):
            if row[3] in nobodies:
                whose[number] = NOBODY
