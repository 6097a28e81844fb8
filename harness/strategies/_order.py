"""What in a run had to come before what, and which of it could have come the other way round.

Two turns are in order if one strand did both, if one let the other come up,
or if they *conflict*: they touch the same thing, or are of the same agent,
whose tasks share what no footprint tells of. All other pairs could be swapped
and nobody would know. A *race* is a pair that conflicts and that nothing else
keeps in order: run it the other way round, and something may be different.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

from pileup.choices import CLOCK_TURN, LOOP_TURN, Foot, Turn
from pileup.operations import CHANGE, COMMUTING, Access

Thing: TypeAlias = tuple[str, str]
"""A resource and a key of it."""

ALL: Final[Thing] = ("", "")
"""The thing that everything touches."""

UNASKED: Final = (CLOCK_TURN, LOOP_TURN)
"""Who does not park: they can act as long as they are offered."""

UNKNOWN: Final = -3
"""Whose a strand is that has not gone yet."""

NEVER: Final = 1 << 60
"""When a strand parks next that does nothing more."""


class Deed(NamedTuple):
    """A turn by what it was, for comparing it with those of other runs."""

    strand: int
    agent: int
    feet: dict[Thing, Access]


def deed_of(turn: Turn) -> Deed:
    """Describe a turn: of each thing say once what was done to it."""
    return Deed(turn.strand, turn.agent, merged(turn.feet))


def merged(feet: Sequence[Foot]) -> dict[Thing, Access]:
    """Say of each thing once what was done to it; two different accesses are a change."""
    accesses: dict[Thing, Access] = {}
    for resource, key, access in feet:
        known = accesses.setdefault((resource, key), access)
        if known != access:
            accesses[resource, key] = CHANGE
    return accesses


def apart(one: Deed, other: Deed) -> bool:
    """Whether two deeds that could both happen now come to the same in either order."""
    mine, theirs = one.feet, other.feet
    if one.agent == other.agent or ALL in mine or ALL in theirs:
        return False
    for thing, access in mine.items():
        access_2 = theirs.get(thing)
        if access_2 is not None and not (access == access_2 and access in COMMUTING):
            return False
    return True


CLOCK: Final = Deed(CLOCK_TURN, CLOCK_TURN, {ALL: CHANGE})


class Race(NamedTuple):
    """Turn `first` of a run, and the turns that could have come instead: `deeds`, in order."""

    first: int
    deeds: list[Deed]


class Order:
    """The order of one run's turns: `before[j]` has a bit for each turn that had to precede j.

    The next run begins like the last one, so it is cut back to where that
    went another way, and not made anew.
    """

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.deeds: list[Deed] = []
        self.before: list[int] = []
        self.offered: list[frozenset[int]] = []
        """Which strands could have gone at each turn."""
        self.of_strand: dict[int, list[int]] = {}
        self._of_agent: dict[int, list[int]] = {}
        self._users: dict[Thing, list[tuple[Access, list[int]]]] = {}
        self._barriers: list[int] = []
        self._rivals: list[list[int]] = []
        self._causes: list[int] = []

    def add(self, turn: Turn, deed: Deed, offered: frozenset[int]) -> None:
        """Go on by a turn."""
        number = len(self.turns)
        self.turns.append(turn)
        self.deeds.append(deed)
        self.offered.append(offered)
        parked = -1 if turn.strand in UNASKED else turn.parked
        rivals = self._conflicts(number, deed)
        causes = _bit(parked) | (self.before[parked] if parked >= 0 else 0)
        mine = self._of_agent.setdefault(turn.agent, [])
        if mine and self.turns[mine[-1]].strand == turn.strand:
            causes |= _bit(mine[-1]) | self.before[mine[-1]]
        elif mine:
            rivals.append(mine[-1])
        whole = causes
        for each in rivals:
            causes |= self.before[each] if not turn.waits else 0
            whole |= _bit(each) | self.before[each]
        self.before.append(whole)
        self._rivals.append(rivals)
        self._causes.append(causes)
        mine.append(number)
        self.of_strand.setdefault(turn.strand, []).append(number)

    def cut(self, length: int) -> None:
        """Go back to the first so many turns."""
        while len(self.turns) > length:
            turn, deed = self.turns.pop(), self.deeds.pop()
            self._of_agent[turn.agent].pop()
            self.of_strand[turn.strand].pop()
            if ALL in deed.feet:
                self._barriers.pop()
            for thing in deed.feet if ALL not in deed.feet else ():
                groups = self._users[thing]
                groups[-1][1].pop()
                if not groups[-1][1]:
                    groups.pop()
        for each in (self.before, self.offered, self._rivals, self._causes):
            del each[length:]

    def _conflicts(self, number: int, deed: Deed) -> list[int]:
        """Return the last turns that this one conflicts with; it is the last now itself."""
        barrier = self._barriers[-1] if self._barriers else -1
        if ALL in deed.feet:
            self._barriers.append(number)
            return list(range(max(barrier, 0), number))
        found = [barrier] if barrier >= 0 else []
        for thing, access in deed.feet.items():
            groups = self._users.setdefault(thing, [])
            if groups and groups[-1][0] == access and access in COMMUTING:
                groups[-1][1].append(number)
                rivals = groups[-2][1] if len(groups) > 1 else []
            else:
                rivals = groups[-1][1] if groups else []
                groups.append((access, [number]))
            found += [each for each in rivals if each > barrier]
        return found

    # Races ---------------------------------------------------------------------------------

    def races(self, since: int, left: Sequence[Turn]) -> Iterator[Race]:
        """Find what could have gone the other way round: of turns `since` one, and at the end."""
        for number in range(since, len(self.turns)):
            turn = self.turns[number]
            if turn.waits:
                yield from self._before_it_waited(turn, self.deeds[number], number)
            else:
                rivals, causes = self._rivals[number], self._causes[number]
                yield from self._against(number, turn, self.deeds[number], rivals, causes)
        for turn in left:
            yield from self._of_left(turn)
        yield from self._of_withdrawn(left)
        yield from self._of_late_deadlines()

    def _against(
        self, number: int, turn: Turn, deed: Deed, rivals: list[int], causes: int
    ) -> Iterator[Race]:
        for first in rivals:
            if causes >> first & 1 or self.turns[first].strand == turn.strand:
                continue
            instead = [*self._without(first, number), deed]
            if (
                turn.strand in self.offered[first]
                or turn.parked >= first
                or (turn.strand in UNASKED and len(instead) > 1)
            ):
                yield Race(first, instead)

    def _of_left(self, turn: Turn) -> Iterator[Race]:
        """Find where somebody could have gone who was left waiting when the run had ended."""
        deed, end = deed_of(turn), len(self.turns)
        if turn.waits:
            yield from self._before_it_waited(turn, deed, end)
            return
        rivals = [each for each in range(end) if not apart(self.deeds[each], deed)]
        causes = self._before_parking(turn)
        for each in rivals:
            causes |= self.before[each]
        yield from self._against(end, turn, deed, rivals, causes)

    def _before_it_waited(self, turn: Turn, deed: Deed, number: int) -> Iterator[Race]:
        """Find the last moment at which a turn could have come for which the world was not ready.

        What it conflicts with last has made the world ready for it, so it is
        no use to put it before that; before it waited it may have been ready too.
        """
        causes = self._causes[number] if number < len(self.turns) else self._before_parking(turn)
        for first in range(number - 1, -1, -1):
            if causes >> first & 1 or apart(self.deeds[first], deed):
                continue
            here = turn.parked < first
            if here and turn.strand not in self.offered[first]:
                continue
            yield Race(first, [*self._without(first, number), deed])
            if here:
                return

    def _of_withdrawn(self, left: Sequence[Turn]) -> Iterator[Race]:
        """Find who could have gone and then could not any more: what it asked for was taken back.

        What it would have touched is not known, so it is taken for everything.
        """
        parks = {turn.strand: turn.parked for turn in left}
        for number in range(len(self.turns) - 1, -1, -1):
            turn = self.turns[number]
            for strand in sorted(self.offered[number]):
                if strand == turn.strand or parks.get(strand, NEVER) < number:
                    continue
                deed = Deed(strand, strand if strand in UNASKED else UNKNOWN, {ALL: CHANGE})
                yield Race(number, [deed])
                instead = [*self._without(number, len(self.turns)), deed]
                if len(instead) > 1:
                    yield Race(number, instead)
                parks[strand] = -1
            parks[turn.strand] = turn.parked
            for strand in UNASKED:
                if strand not in self.offered[number]:
                    parks.pop(strand, None)

    def _of_late_deadlines(self) -> Iterator[Race]:
        """Find where a deadline could have passed that was to come when the run had ended."""
        later = 0
        for first in range(len(self.turns) - 1, -1, -1):
            if CLOCK_TURN not in self.offered[first] or self.turns[first].strand == CLOCK_TURN:
                return
            if not later >> first & 1:
                yield Race(first, [*self._without(first, len(self.turns)), CLOCK])
            later |= self.before[first]

    def _before_parking(self, turn: Turn) -> int:
        """Tell what had to come before somebody could wait for its turn."""
        mine = [turn.parked, *self.of_strand.get(turn.strand, ())[-1:]]
        causes = 0
        for each in mine:
            causes |= _bit(each) | (self.before[each] if each >= 0 else 0)
        return causes

    def _without(self, first: int, number: int) -> Iterator[Deed]:
        """Return what came after `first` and before `number`, and would have without `first`."""
        for each in range(first + 1, number):
            if not self.before[each] >> first & 1:
                yield self.deeds[each]


def _bit(turn: int) -> int:
    return 1 << turn if turn >= 0 else 0
