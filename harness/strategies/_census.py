"""Who does how much to what, counted in one run, and what of that is worth an interest.

Worth it is what several strands touch and one of them changes, unless all of
them do so under a common lock: then it is in the order of who gets the lock
that they differ, and in nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Final, TypeAlias

from pileup.choices import Trail, Turn
from pileup.operations import READ

Thing: TypeAlias = tuple[str, str]
"""A resource and a key of it."""

OURS: Final = ("", "pileup", "agent")
"""Resources in a trail that nobody contends for: what a run counts, and agents' ends."""

ONE: Final = 0.85
"""How often one thing is all that a run takes an interest in, or all locks."""

ALMOST: Final = 0.95
"""Beyond this it is everything; between the two it is all of one resource."""


class _Strand:
    """What one strand has done, and which locks it holds."""

    __slots__ = ("deeds", "held")

    def __init__(self) -> None:
        self.deeds: Counter[Thing] = Counter()
        self.held: dict[Thing, None] = {}


class _Use:
    """How one thing is used: by whom, whether anybody changes it, and under which locks always."""

    __slots__ = ("changed", "guards", "is_lock", "users")

    def __init__(self, held: dict[Thing, None]) -> None:
        self.users: set[int] = set()
        self.changed = self.is_lock = False
        self.guards = dict(held)

    @property
    def is_contended(self) -> bool:
        """Whether the order in which strands use it can be another one."""
        return self.changed and len(self.users) > 1


class Census:
    """The count of one run."""

    def __init__(self, trail: Trail) -> None:
        self._strands: dict[int, _Strand] = {}
        self.parents: dict[int, int] = {}
        """Who started whom, for those who were started during the run."""
        self._uses: dict[Thing, _Use] = {}
        for turn in trail.turns:
            if turn.strand >= 0:
                self._count(turn, trail)
        contended = {
            thing: use
            for thing, use in self._uses.items()
            if use.is_contended and thing[0] not in OURS
        }
        self._all = list(contended)
        self._free = [thing for thing, use in contended.items() if not use.guards]
        self._locks = frozenset(thing for thing, use in contended.items() if use.is_lock)
        self.strands = list(self._strands)

    def _count(self, turn: Turn, trail: Trail) -> None:
        if turn.strand not in self._strands:
            self._strands[turn.strand] = _Strand()
            if turn.parked >= 0:
                self.parents[turn.strand] = trail.turns[turn.parked].strand
        strand = self._strands[turn.strand]
        strand.deeds.update(list(dict.fromkeys((foot[0], foot[1]) for foot in turn.feet)))
        for place, (resource, key, access) in enumerate(turn.feet):
            thing = (resource, key)
            use = self._uses.setdefault(thing, _Use(strand.held))
            use.users.add(turn.strand)
            use.changed |= access != READ
            if turn.waits and place == 0:
                use.is_lock, strand.held[thing] = True, None
            elif thing in strand.held:
                del strand.held[thing]
            use.guards = {each: None for each in use.guards if each in strand.held}

    def interest(self, draw: Callable[[], float]) -> frozenset[Thing]:
        """Draw some of what agents contend for: one thing, all locks, all of a resource, or all."""
        things = self._free or self._all
        if not things:
            return frozenset()
        one, scope = things[int(draw() * len(things))], draw()
        if scope > ALMOST:
            return frozenset(self._all)
        if scope > ONE:
            return frozenset(thing for thing in self._all if thing[0] == one[0])
        return self._locks if one in self._locks else frozenset((one,))

    def weights(self, interest: frozenset[Thing]) -> dict[int, int]:
        """Count what each strand has to do of this, with all that it will start."""
        own = {
            number: sum(strand.deeds[thing] for thing in interest)
            for number, strand in self._strands.items()
        }
        for number in reversed(self.strands):  # whoever is started comes after who started it
            parent = self.parents.get(number)
            if parent is not None and parent in own:
                own[parent] += own[number]
        return own
