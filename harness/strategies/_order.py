"""What in a run had to come before what, and which of it could have come the other way round.

Two turns are in order if one agent did both, if one let the other come up, or
if their footprints conflict; all other pairs could be swapped and nobody
would know. A *race* is a pair in order that nothing else keeps in order: run
it the other way round, and something may be different.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from pileup.choices import CLOCK_TURN, Foot, Trail, Turn
from pileup.operations import CHANGE, COMMUTING

ALL: Final = ("", "")
"""The thing that everything touches."""


class Deed(NamedTuple):
    """A turn by what it was, for comparing it with those of other runs."""

    strand: int
    agent: int
    feet: frozenset[Foot]


def deed_of(turn: Turn) -> Deed:
    """Describe a turn."""
    return Deed(turn.strand, turn.agent, frozenset(turn.feet))


def apart(one: Deed, other: Deed) -> bool:
    """Whether two deeds that could both happen now come to the same in either order."""
    if one.agent == other.agent:
        return False
    for resource, key, access in one.feet:
        for resource_2, key_2, access_2 in other.feet:
            if (
                (key == key_2 and resource == resource_2) or not resource or not resource_2
            ) and not (access == access_2 and access in COMMUTING):
                return False
    return True


class _Users:
    """Who has used one thing last: those whose accesses commute, and those before them."""

    __slots__ = ("access", "before", "now")

    def __init__(self, access: str, turn: int, before: Sequence[int]) -> None:
        self.access = access
        self.now = [turn]
        self.before = before


class Race(NamedTuple):
    """Turn `first` of a run, and the turns that could have come instead: `deeds`, in order."""

    first: int
    deeds: list[Deed]


class Order:
    """The order of one run's turns: `before[j]` has a bit for each turn that had to precede j."""

    def __init__(self, trail: Trail) -> None:
        self._turns = trail.turns
        self._left = trail.left
        self.deeds = [deed_of(turn) for turn in trail.turns]
        self.before: list[int] = []
        self._rivals: list[list[int]] = []
        self._covered: list[int] = []
        self._users: dict[tuple[str, str], _Users] = {}
        self._last: dict[int, int] = {}
        self._barrier: int | None = None
        for number, turn in enumerate(trail.turns):
            self._add(number, turn)

    def _add(self, number: int, turn: Turn) -> None:
        rivals = self._conflicts(number, turn)
        causes = [*rivals, *self._causes(turn)]
        covered = 0
        for each in causes:
            covered |= self.before[each]
        whole = covered
        for each in causes:
            whole |= 1 << each
        self.before.append(whole)
        self._rivals.append(rivals)
        self._covered.append(covered)
        self._last[turn.agent] = number

    def _causes(self, turn: Turn) -> Iterator[int]:
        if turn.parked >= 0:
            yield turn.parked
        if turn.agent in self._last:
            yield self._last[turn.agent]

    def _conflicts(self, number: int, turn: Turn) -> list[int]:
        """Return the last turns that this one conflicts with; it is the last now itself."""
        accesses = _merged(turn.feet)
        if ALL in accesses:
            start = self._barrier if self._barrier is not None else 0
            self._barrier = number
            self._users.clear()
            return list(range(start, number))
        found = [] if self._barrier is None else [self._barrier]
        for thing, access in accesses.items():
            users = self._users.get(thing)
            if users is None:
                self._users[thing] = _Users(access, number, ())
            elif users.access == access and access in COMMUTING:
                found += users.before
                users.now.append(number)
            else:
                found += users.now
                self._users[thing] = _Users(access, number, users.now)
        return found

    def races(self, offered: Sequence[frozenset[int]]) -> Iterator[Race]:
        """Find what could have gone the other way round.

        `offered` tells for each turn which strands could have gone instead.
        """
        for number, turn in enumerate(self._turns):
            if turn.strand == CLOCK_TURN:
                continue
            causes = self._covered[number] | _bit(turn.parked)
            yield from self._against(
                turn, self.deeds[number], number, self._rivals[number], causes, offered
            )
        for turn in self._left:
            yield from self._of_left(turn, offered)

    def _of_left(self, turn: Turn, offered: Sequence[frozenset[int]]) -> Iterator[Race]:
        """Find where somebody could have gone who was left waiting when the run had ended."""
        deed, end = deed_of(turn), len(self._turns)
        rivals = [each for each in range(end) if not apart(self.deeds[each], deed)]
        causes = _bit(turn.parked) | (self.before[turn.parked] if turn.parked >= 0 else 0)
        last = self._last.get(turn.agent)
        if last is not None:
            causes |= _bit(last) | self.before[last]
        if not turn.waits:
            for each in rivals:
                causes |= self.before[each]
        yield from self._against(turn, deed, end, rivals, causes, offered)

    def _against(
        self,
        turn: Turn,
        deed: Deed,
        number: int,
        rivals: list[int],
        causes: int,
        offered: Sequence[frozenset[int]],
    ) -> Iterator[Race]:
        if turn.waits:
            yield from self._before_it_waited(turn, deed, number, offered)
            return
        for first in rivals:
            if causes >> first & 1 or self._turns[first].agent == turn.agent:
                continue
            if turn.parked < first and turn.strand not in offered[first]:
                continue
            yield Race(first, [*self._without(first, number), deed])

    def _before_it_waited(
        self, turn: Turn, deed: Deed, number: int, offered: Sequence[frozenset[int]]
    ) -> Iterator[Race]:
        """Find the last moment at which a turn could have come for which the world was not ready.

        What it conflicts with last has made the world ready for it, so it is
        no use to put it before that; before it waited it may have been ready too.
        """
        causes = _bit(turn.parked) | (self.before[turn.parked] if turn.parked >= 0 else 0)
        for first in range(number - 1, -1, -1):
            rival = self._turns[first]
            if causes >> first & 1 or rival.agent == turn.agent or apart(self.deeds[first], deed):
                continue
            here = turn.parked < first
            if here and turn.strand not in offered[first]:
                continue
            yield Race(first, [*self._without(first, number), deed])
            if here:
                return

    def _without(self, first: int, number: int) -> Iterator[Deed]:
        """Return what came after `first` and before `number`, and would have without `first`."""
        for each in range(first + 1, number):
            if not self.before[each] >> first & 1:
                yield self.deeds[each]


def _merged(feet: Sequence[Foot]) -> dict[tuple[str, str], str]:
    """Say of each thing once what was done to it."""
    accesses: dict[tuple[str, str], str] = {}
    for resource, key, access in feet:
        known = accesses.setdefault((resource, key), access)
        if known != access:
            accesses[resource, key] = CHANGE
    return accesses


def _bit(turn: int) -> int:
    return 1 << turn if turn >= 0 else 0
