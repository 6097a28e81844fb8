"""Whether what units saw, and left behind, can be explained by one order of them after all.

Two units may have been in each other's way and nothing be wrong: they wrote
the same value, or what was there already. So the units are replayed, one after
another, in every order; an order explains them if every look would have found
the same value, and every item would have ended with the same.

A value is known where a row tells it: a read tells what it found, a write what
it put there, if what it tells is of the kind that reads find. What nobody
tells is a value of its own, that only the same version can have.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from pileup.detectors.accesses import BOOKKEEPING
from pileup.detectors.case import Case
from pileup.detectors.dependencies import Dependencies, Kept
from pileup.detectors.parts import Entry
from pileup.operations import READ, UPDATE, WRITE, Access

MOST_TRIED: Final = 2_000
"""How many units are put in place before we give up looking for an order: all orders of six."""

MOST_CHANGES: Final = 64
"""How many changes of one item are told apart since it was last written over."""

State: TypeAlias = tuple[object, frozenset[int]]
"""What an item holds: what was last written over it, and which changes were made since."""


NONE: Final[frozenset[int]] = frozenset()
"""No changes."""


class _Deed(NamedTuple):
    """One access of a unit, as it is to be replayed."""

    item: int
    access: str
    row: int
    value: State


class Replay:
    """The accesses of a few units, to be replayed in other orders."""

    def __init__(self, graph: Dependencies, units: list[int]) -> None:
        self._deeds: dict[int, list[_Deed]] = {unit: [] for unit in units}
        self._start: list[State] = []
        self._end: list[State | None] = []
        self._values: list[dict[State, object]] = []
        self.knows_all = True
        """Whether every look tells what it found, and all else what it left there."""
        for each in graph.around(units):
            self._take(graph.case, each)
        for deeds in self._deeds.values():
            deeds.sort(key=lambda deed: deed.row)
        self._left = MOST_TRIED

    def _take(self, case: Case, accesses: Kept) -> None:
        kept = [each for each in accesses.entries if not accesses.again.get(each[0], False)]
        made = [each for each in kept if each[1] in self._deeds and each[2] != READ]
        if not made:
            return
        told = _Told(case, kept, dict.fromkeys(self._deeds))
        number = len(self._values)
        self._values.append(told.values)
        self._start.append(told.state(made[0][3] - 1))
        self._end.append(told.state(made[-1][3]) if self._is_seen(kept, made[-1]) else None)
        for row, node, access, version in kept:
            if node in self._deeds:
                self._deeds[node].append(_Deed(number, access, row, told.state(version)))
                self.knows_all &= told.knows(access, version)

    def _is_seen(self, kept: list[Entry], last: Entry) -> bool:
        """Whether it can matter what was left: nobody wrote over it before it was seen."""
        later = (each for each in kept if each[0] > last[0] and each[1] not in self._deeds)
        after = next(later, None)
        return after is None or after[2] != WRITE

    def is_explained(self) -> bool:
        """Whether there is an order that comes to the same."""
        return self._goes_on(dict(enumerate(self._start)), list(self._deeds))

    def _goes_on(self, states: dict[int, State], left: list[int]) -> bool:
        if not left:
            ends = enumerate(self._end)
            return all(end is None or self._same(item, states[item], end) for item, end in ends)
        for unit in left:
            self._left -= 1
            if self._left < 0:
                return False
            after = self._replay(states, self._deeds[unit])
            if after is not None and self._goes_on(after, [each for each in left if each != unit]):
                return True
        return False

    def _replay(self, states: dict[int, State], deeds: list[_Deed]) -> dict[int, State] | None:
        after = dict(states)
        for item, access, row, value in deeds:
            if access == READ:
                if not self._same(item, after[item], value):
                    return None
            elif access == WRITE:
                after[item] = value
            else:
                base, changes = after[item]
                after[item] = (base, changes | {row})
        return after

    def _same(self, item: int, one: State, other: State) -> bool:
        if one == other:
            return True
        values = self._values[item]
        if one in values and other in values:
            return values[one] == values[other]
        bases = ((one[0], NONE), (other[0], NONE))
        same = all(base in values for base in bases) and values[bases[0]] == values[bases[1]]
        return same and one[1] == other[1]  # the same changes of the same value


class _Told:
    """What the rows tell of one item: the state of each version, and the values of states."""

    def __init__(self, case: Case, kept: list[Entry], units: dict[int, None]) -> None:
        self._rows = case.rows
        self._units = units
        self._states: dict[int, State] = {}
        self.values: dict[State, object] = {}
        self._read = {
            each[3]: self._detail(each[0])
            for each in kept
            if each[2] == READ and self._detail(each[0]) is not None
        }
        self._follow([each for each in kept if each[2] != READ], trusted=self._trusted(kept))
        doubtful: dict[State, None] = {}
        for version, value in self._read.items():
            known = self.values.setdefault(self.state(version), (type(value), value))
            if known != (type(value), value):
                doubtful[self.state(version)] = None
        for state in doubtful:
            del self.values[state]

    def _follow(self, made: list[Entry], *, trusted: bool) -> None:
        """Work out the state of each version from the one before."""
        state: State = (("at", made[0][3] - 1), frozenset())
        self._states[made[0][3] - 1] = state
        for number, node, access, version in made:
            if access == WRITE or len(state[1]) == MOST_CHANGES:
                state = (("made", version), frozenset())
            elif node in self._units:  # what others change is in nobody's way here
                state = (state[0], state[1] | {number})
            self._states[version] = state
            detail = self._detail(number)
            if access == WRITE and trusted and detail is not None:
                self.values[state] = (type(detail), detail)

    def _detail(self, number: int) -> object:
        """Return the value that a row tells; one of several items tells of none of them."""
        row = self._rows[number]
        data = [
            (item, access)
            for item, access in row[1]
            if item.key not in BOOKKEEPING and not item.resource.endswith(".lock")
        ]
        if len(data) == 2 and data[1][1] == UPDATE and data[0][1] == WRITE:  # noqa: PLR2004 - and its whole
            del data[1]
        return row[9] if len(data) == 1 and row[9] != "committed" else None

    def _trusted(self, kept: list[Entry]) -> bool:
        """Whether what writes tell is what they wrote, and not how it went."""
        kinds = [type(value) for value in self._read.values()]
        for number, _, access, version in kept:
            detail = self._detail(number)
            if access != WRITE or detail is None:
                continue
            if type(detail) not in kinds:
                return False
            if version in self._read and self._read[version] != detail:
                return False
        return True

    def knows(self, access: Access, version: int) -> bool:
        """Whether the value is known that a look found, or that anything else left there."""
        return version in self._read if access == READ else self.state(version) in self.values

    def state(self, version: int) -> State:
        """Return the state of a version."""
        known = self._states.get(version)
        if known is None:
            known = self._states[version] = (("at", version), frozenset[int]())
        return known
