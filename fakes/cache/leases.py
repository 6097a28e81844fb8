"""Leases: keys that somebody took who found them free, and for how long.

A lock is nothing but such a key. A time to live alone takes nothing: so does
everything that is kept for a while.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from pileup.fakes.cache.deadlines import Deadlines
from pileup.fakes.cache.engine import Session
from pileup.fakes.cache.shelves import Place
from pileup.notes import Note
from pileup.operations import Operation

LEASING: Final = frozenset(
    ("setnx", "expire", "pexpire", "expireat", "pexpireat", "eval", "evalsha")
)
"""Commands that may take a key for a while, or for a while longer; SET does it with options."""

WITHOUT_OPTIONS: Final = 2
"""How many arguments a SET has that has no options."""

FIRST_OF_SCRIPT: Final = 2
"""Where a script's first key is: behind its text, or name, and the number of keys."""


class Leases:
    """The keys of one server that were taken."""

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._taken: dict[Place, None] = {}

    def may_come_of(self, name: str, args: Sequence[bytes]) -> bool:
        """Whether a command may take a key, or keep one for longer."""
        return name in LEASING or (name == "set" and len(args) > WITHOUT_OPTIONS)

    def note(
        self, op: Operation, session: Session, args: Sequence[bytes], changed: Collection[Place]
    ) -> None:
        """Note of a command that has changed its key for how long that is taken now.

        A script that only compares a lock's key takes nothing, whatever else it changes.
        """
        place = _place_of(session, op.name, args)
        if place not in changed:
            return
        if any(_takes(name, each) for name, each in [(op.name, args), *session.within]):
            self._taken[place] = None
        lease = self._deadlines.left(place) if place in self._taken else None
        if lease is not None:
            op.note = Note() if op.note is None else op.note
            op.note.lease = lease


def _takes(name: str, args: Sequence[bytes]) -> bool:
    return name == "setnx" or (name == "set" and b"NX" in [each.upper() for each in args[2:]])


def _place_of(session: Session, name: str, args: Sequence[bytes]) -> Place:
    at = FIRST_OF_SCRIPT if name.startswith("eval") else 0
    return session.db, args[at] if at < len(args) else b""
