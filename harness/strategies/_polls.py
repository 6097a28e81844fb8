"""Who has looked in vain: agents that read the same things again and again, unchanged."""

from __future__ import annotations

from collections import Counter
from typing import Final, TypeAlias

from pileup.choices import Turn
from pileup.operations import READ

Sight: TypeAlias = tuple[tuple[str, str, int], ...]
"""What was seen: each thing with how often it had been changed."""

ANYTHING: Final = ("", "")
"""What somebody looks at who touches nothing that can be seen: it may be changed by any effect."""

MOST_LOOKS: Final = 3
"""How often an agent may see the same without having done anything in between."""


class Polls:
    """Counts what each strand of one run has seen since it last had an effect."""

    def __init__(self) -> None:
        self._changes: Counter[tuple[str, str]] = Counter()
        self._looks: dict[int, Counter[Sight]] = {}
        self._last: dict[int, Sight] = {}

    def see(self, turn: Turn) -> None:
        """Take note of a turn."""
        changed = [(foot[0], foot[1]) for foot in turn.feet if foot[2] != READ]
        if changed:
            self._changes.update(changed)
            self._changes[ANYTHING] += 1
            self._looks.pop(turn.strand, None)
            self._last.pop(turn.strand, None)
            return
        things = sorted({(foot[0], foot[1]) for foot in turn.feet}) or [ANYTHING]
        sight = tuple((*thing, self._changes[thing]) for thing in things)
        self._looks.setdefault(turn.strand, Counter())[sight] += 1
        self._last[turn.strand] = sight

    def holds(self, strand: int) -> bool:
        """Whether a strand would only see what it has seen often enough."""
        sight = self._last.get(strand)
        if sight is None or self._looks[strand][sight] < MOST_LOOKS:
            return False
        return all(self._changes[resource, key] == then for resource, key, then in sight)
