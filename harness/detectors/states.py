"""What makes one state the same as another: for loops, which come back to it."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, TypeAlias

from pileup.history import OK, RawRow
from pileup.operations import UPDATE, Item

ASKING: Final = "complete"
"""A call of a model."""

ROUNDS: Final = 3
"""The same state so often is a loop, where nothing but the end of the run ends it."""

Key: TypeAlias = tuple[object, ...] | None
"""What an operation asked for and was answered; None is like nothing else, not even another."""


def key(row: RawRow) -> Key:
    """Say what makes an operation the same as another; what adds something up never is."""
    note = row[11]
    if row[8] != OK or row[10] is not None:
        return None
    if note is not None and (note.refused is not None or note.unheard):
        return None
    counted = row[0] == ASKING or (note is not None and note.effect)
    if not counted and any(access == UPDATE for _, access in row[1]):
        return None
    return (row[0], tuple([touch[0] for touch in row[1]]), row[9])


def intent(row: RawRow) -> str | None:
    """Return the fingerprint of all that was asked for."""
    note = row[11]
    return None if note is None else note.intent


def waits(times: list[float]) -> bool:
    """Whether each round waits: as long as the one before, or longer.

    Calls that take time do so for longer now and then, and for shorter.
    """
    gaps = [round(after - before, 6) for before, after in pairwise(times)]
    return gaps[0] > 0 and all(after >= before for before, after in pairwise(gaps))


def item_name(item: Item) -> str:
    """Sort items by name."""
    return item.name
