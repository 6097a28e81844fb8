"""Who has looked in vain: agents that read the same things again and again, unchanged."""

from __future__ import annotations

from collections.abc import KeysView, Sequence
from typing import Final

from pileup.choices import Candidate
from pileup.operations import READ
from pileup.strategies._order import Deed, Order, Thing

MOST_LOOKS: Final = 3
"""How often an agent may see the same without having done anything in between."""

MOST_TRIES: Final = 6
"""The same for what would have an effect if it could: a lock that is tried."""


def polls_in_vain(strand: Candidate, order: Order) -> bool:
    """Whether a strand would only see what it has seen often enough since it last did anything."""
    mine = order.of_strand.get(strand.number, ())
    if len(mine) < MOST_LOOKS or _effects(order.deeds[mine[-1]]):
        return False
    touches = strand.op.touches if strand.op is not None else ()
    things = dict.fromkeys((item.resource, item.key) for item, _ in touches)
    looks = _looks(things.keys(), mine, order.deeds)
    tries = any(access != READ for _, access in touches)
    return looks >= (MOST_TRIES if tries else MOST_LOOKS)


def _looks(things: KeysView[Thing], mine: Sequence[int], deeds: Sequence[Deed]) -> int:
    """Count how often somebody has looked at these things as they are now."""
    since = _unchanged_since(things, deeds)
    looks = 0
    for number in reversed(mine):
        if number < since or _effects(deeds[number]):
            break
        looks += deeds[number].feet.keys() == things
    return looks


def _unchanged_since(things: KeysView[Thing], deeds: Sequence[Deed]) -> int:
    """Return since which turn nobody has changed what was seen.

    Who touches nothing that can be seen looks at what no footprint tells of,
    so to them any effect is a change, and that time has moved.
    """
    for number in range(len(deeds) - 1, -1, -1):
        changed = _effects(deeds[number])
        if changed and (not things or any(thing in changed for thing in things)):
            return number + 1
    return 0


def _effects(deed: Deed) -> list[Thing]:
    return [thing for thing, access in deed.feet.items() if access != READ]
