"""Marks: texts that can be recognised wherever they turn up again.

Each session has a canary (`me.secret`); what a faulty answer makes up is marked
as well. So a rule that repeats parts of its prompt carries them on, and the log
shows where they went.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from pileup.notes import MARK

CANARY: Final = "canary"
KINDS: Final = ("wrong", "invented")
SHORTEST: Final = 5
"""Given wrong answers below this length are not looked for: they are in every text."""

_find: Final = MARK.findall


def mark(kind: str, text: str) -> str:
    """Make the mark of a faulty answer: the same for the same mistake about the same thing."""
    return f"{kind}-{blake2b(text.encode(errors='backslashreplace'), digest_size=3).hexdigest()}"


class Marks:
    """Finds marks in texts, and the wrong answers that have been given so far."""

    def __init__(self) -> None:
        self._given: dict[str, None] = {}

    def watch(self, text: str) -> None:
        """Recognise a wrong answer that a rule names, once it has been given."""
        if len(text) >= SHORTEST:
            self._given[text] = None

    def seen(self, text: str) -> tuple[str, ...]:
        """Return the marks in a text, each once."""
        found: tuple[str, ...] = ()
        if "-" in text:  # most texts have no mark, and this is asked of each
            found = tuple(dict.fromkeys(_find(text)))
        if not self._given:
            return found
        return (*found, *(each for each in self._given if each in text and each not in found))
