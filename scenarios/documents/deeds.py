"""What agents did in a run, counted from its history in one go."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pileup

QUOTA: Final = "429"
DIGITS: Final = 9


@dataclass(frozen=True)
class Deeds:
    """Calls by what they were for, model calls that a quota refused, and dollars by session."""

    calls: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    refusals: list[int] = field(default_factory=list)
    dollars: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def refused(self) -> int:
        """How many model calls the quota refused."""
        return len(self.refusals)

    def dollars_of(self, session: str) -> float:
        """Return what was spent in a session."""
        return round(self.dollars.get(session, 0.0), DIGITS)


def deeds(history: pileup.History) -> Deeds:
    """Count what agents did."""
    sessions = {who.name: who.session for who in history.agents}
    found = Deeds()
    for event in history:
        note = event.note
        if note is None:
            continue
        session = sessions.get(event.agent, "")
        if note.intent is not None:
            found.calls[session, event.name, note.intent] += 1
        if event.name == "complete" and note.refused == QUOTA:
            found.refusals.append(event.number)
        if note.cost:
            found.dollars[session] += note.cost
    return found
