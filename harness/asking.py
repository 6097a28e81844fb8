"""What a call asks for, however it ends: by this its attempts are known to be of one call.

What an operation has touched depends on how it went. A select that locks rows has
touched the table alone where it failed, and rows and their locks where it
succeeded; a queue hands over a message only where there is one. Who settles a
message names it, though, and who appends says what: other messages and other
texts are other calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pileup.notes import Note
from pileup.operations import READ, Footprint, Item

TAKING: Final = ("claim", "receive", "next", "get")
"""The operations by which a queue hands over a message, whichever it is."""

LOCK: Final = ".lock"
"""How the name of a resource ends that holds the locks of another."""

ASIDE: Final = ("wakeup", "commits", "serializable")
"""Resources and items that are touched or not as it happens, and that nobody asks for."""

ALARM: Final = "timeout "
"""How the key of an item begins that ends a wait by itself."""

INSIDE: Final = ("/", "#")
"""What stands between the key of a whole and that of its part."""

COLUMN: Final = "="
"""It is in the key of a row that is looked for by another column than its key."""


def asked_for(name: str, touches: Footprint, note: Note | None = None) -> str:
    """Name what was asked for: all that was touched, but for what is only there by the outcome."""
    if note is not None and note.intent is not None:
        return note.intent
    meant = _meant(touches)
    message = note.message if note is not None and name not in TAKING else None
    if message is not None:
        meant = [each for each in meant if each[1].endswith(message)] or meant
    rest = [each for each in meant if each == meant[0] or not _is_kin(meant[0], each)]
    things = [f"{resource}[{key}]" if key else resource for resource, key in rest]
    return " ".join(things if note is None or note.adds is None else [*things, note.adds])


def _meant(touches: Footprint) -> list[tuple[str, str]]:
    """Return what was touched, each thing once; what it was read by comes first."""
    found = [(touch.access == READ, _thing(touch.item)) for touch in touches if _counts(touch.item)]
    first = [thing for is_read, thing in found if is_read]
    return list(dict.fromkeys([*first[:1], *(thing for _, thing in found)]))


def _counts(item: Item) -> bool:
    if item.key in ASIDE or item.key.startswith(ALARM):
        return False
    return item.resource.rpartition(".")[2] not in ASIDE


def _thing(item: Item) -> tuple[str, str]:
    return item.resource.removesuffix(LOCK), item.key


def _is_kin(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether one of two things is a part of the other, or the row that the one was to find."""
    if one[0] != other[0]:
        return False
    return any(
        other[1] == whole or other[1].startswith(f"{whole}{mark}")
        for whole in _wholes(one[1])
        for mark in INSIDE
    ) or any(one[1].startswith(f"{other[1]}{mark}") for mark in INSIDE)


def _wholes(key: str) -> Iterator[str]:
    """Return a key; where it looks for a row by another column, its table's as well."""
    yield key
    table, inside, value = key.partition("/")
    if inside and COLUMN in value:
        yield table
