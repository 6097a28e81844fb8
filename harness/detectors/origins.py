"""Of one origin: how two effects that look alike turn out to be one that was meant once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

from pileup.detectors.attempts import loop_of
from pileup.detectors.case import TASKS, Case
from pileup.detectors.effects import Claim, Effect, Effects
from pileup.operations import Item

NEAREST: Final = 16
"""How many earlier effects we compare each with."""

RETRY: Final = "retry"
RESTART: Final = "restart"
REDO: Final = "redo"
REDELIVERY: Final = "redelivery"
DOUBLE_CLAIM: Final = "double claim"


class Twice(NamedTuple):
    """Two effects of one origin: how they come to be two, and which rows prove it."""

    first: Effect
    second: Effect
    cause: str
    proof: tuple[int, ...] = ()
    claims: tuple[Claim, ...] = ()


Way: TypeAlias = Callable[[Effect, Effect], Twice | None]
"""How two effects turn out to be of one origin."""


class Origins:
    """Finds effects of one origin in one history."""

    def __init__(self, case: Case, effects: Effects) -> None:
        self._case = case
        self._effects = effects

    def pairs(self, alike: list[Effect]) -> Iterator[Twice]:
        """Return for each effect an earlier one of the same origin, if there is one."""
        claimed: dict[tuple[Item, int], tuple[Effect, Claim]] = {}
        ways = [*self._ways(alike)]
        for place, second in enumerate(alike):
            nearest = range(place - 1, max(-1, place - 1 - NEAREST) if ways else place - 1, -1)
            found = (_of_one_origin(ways, alike[back], second) for back in nearest)
            pair = next((each for each in found if each is not None), None)
            claim = self._double_claim(second, claimed)
            if pair is not None or claim is not None:
                yield pair or claim  # type: ignore[misc] # one of them is there

    def _ways(self, alike: list[Effect]) -> Iterator[Way]:
        """Yield how two of these may be one: to ask it of each pair takes much longer."""
        effects = self._effects
        handed = Counter(message[1] for message in map(effects.message, alike) if message)
        if any(times > 1 for times in handed.values()):
            yield self._redelivery
        if any(each.agent in effects.crashes for each in alike):
            yield self._restart
        if any(each.agent in effects.deaths for each in alike):
            yield self._redo
        if any(each.unknown for each in alike):
            yield self._retry

    def _retry(self, first: Effect, second: Effect) -> Twice | None:
        """Find out whether the caller of one did not learn of it, and tried again."""
        if first.asked.number > second.asked.number:  # it arrived after its own retry
            first, second = second, first
        if not first.unknown:
            return None
        one, other = first.asked, second.asked
        if one.note.path and other.note.path:
            again = loop_of(one, other) is not None
        else:
            again = one.strand == other.strand
        return Twice(first, second, RETRY) if again else None

    def _restart(self, first: Effect, second: Effect) -> Twice | None:
        """Find out whether an agent crashed in between, and began anew."""
        effects, who = self._effects, second.agent
        if first.agent != who or effects.life(first) >= effects.life(second):
            return None
        crash = max(each for each in effects.crashes[who] if each < second.asked.number)
        return Twice(first, second, RESTART, (crash,))

    def _redo(self, first: Effect, second: Effect) -> Twice | None:
        """Find out whether an agent failed, and another was started in its place."""
        one, other = (self._case.agents[each.agent] for each in (first, second))
        if one is other or one.parent is None:
            return None
        death = self._effects.deaths.get(first.agent)
        if death is None or (one.parent, one.role) != (other.parent, other.role):
            return None
        born = self._effects.births[second.agent]
        return Twice(first, second, REDO, (death,)) if born > death else None

    def _redelivery(self, first: Effect, second: Effect) -> Twice | None:
        """Find out whether one message was handed over twice."""
        one, other = self._effects.message(first), self._effects.message(second)
        if one is None or other is None or one[1] != other[1] or one[0] == other[0]:
            return None
        return Twice(first, second, REDELIVERY, (one[0], other[0]))

    def _double_claim(
        self, second: Effect, claimed: dict[tuple[Item, int], tuple[Effect, Claim]]
    ) -> Twice | None:
        """Find an earlier effect of another agent that took the same thing; note what this took."""
        pair = None
        for claim in self._effects.claims.get(second.agent, ()):
            if claim.read > second.asked.number or claim.change == second.asked.number:
                continue
            first, other = claimed.setdefault((claim.item, claim.version), (second, claim))
            if pair is None and first.agent != second.agent and not self._is_kin(first, second):
                pair = Twice(first, second, DOUBLE_CLAIM, self._proof(other, claim), (other, claim))
        return pair

    def _is_kin(self, first: Effect, second: Effect) -> bool:
        one, other = first.agent * TASKS, second.agent * TASKS
        return self._case.is_below(one, other) or self._case.is_below(other, one)

    def _proof(self, one: Claim, other: Claim) -> tuple[int, ...]:
        """Return the rows of a claim, if it was no more than that.

        Where the two have written different things there, more was lost than the
        claim, and the lost write is reported as well.
        """
        rows = self._case.rows
        if rows[one.change][9] != rows[other.change][9]:
            return ()
        return (one.read, other.read, one.change, other.change)


def _of_one_origin(ways: list[Way], first: Effect, second: Effect) -> Twice | None:
    return next((pair for way in ways if (pair := way(first, second)) is not None), None)
