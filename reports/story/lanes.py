"""Who and what has a line in the diagram: agents first, then what they share, as they appear."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from pileup.events import Event, Seen, Who
from pileup.reports.plain import name
from pileup.reports.story.model import Lane

MOST_THINGS: Final = 10
"""If there are more, a resource has one lane for all that is in it."""

MOST: Final = 24
"""Lanes of agents, and of things; all others share one more."""

AGENT: Final = "agent"
"""The resource by which agents wait for each other."""


class Lanes:
    """The lanes of a run, and on which of them something is."""

    def __init__(self, events: Iterable[Event], agents: Sequence[Who]) -> None:
        who = {each.name: each for each in agents}
        acting: dict[str, None] = {}
        things: dict[Seen, None] = {}
        for event in events:
            acting.setdefault(event.agent)
            for seen in shown(event):
                if seen.resource == AGENT and seen.key in who:
                    acting.setdefault(seen.key)
                else:
                    things.setdefault(seen._replace(access="read", version=None))
        self._by_key = len({each.name for each in things}) <= MOST_THINGS
        names = [*dict.fromkeys(map(self._called, things))]
        self._agents = [each for each in who if each in acting]
        of_agents = [Lane(name(each), True, _about(who[each])) for each in self._agents]
        of_things = [Lane(name(each), False) for each in names]
        self.all = (*_capped(of_agents, "agents"), *_capped(of_things, "others"))
        self._agent_at = {each: min(place, MOST) for place, each in enumerate(self._agents)}
        before = min(len(self._agents), MOST + 1)
        self._thing_at = {each: before + min(place, MOST) for place, each in enumerate(names)}

    def of_agent(self, agent: str) -> int:
        """Return where an agent's lane is."""
        return self._agent_at[agent]

    def of(self, seen: Seen) -> int:
        """Return where the lane of something is; agents wait for each other on their own."""
        if seen.resource == AGENT and seen.key in self._agent_at:
            return self._agent_at[seen.key]
        return self._thing_at[self._called(seen)]

    def _called(self, seen: Seen) -> str:
        return seen.name if self._by_key else seen.resource


def shown(event: Event) -> Sequence[Seen]:
    """Return what is told of what an operation touched.

    What is written says it all: the rest is a table's or a directory's, touched along with it.
    """
    return [seen for seen in event.items if seen.access == "write"] or event.items


def _capped(lanes: list[Lane], what: str) -> list[Lane]:
    left = len(lanes) - MOST
    if left <= 1:
        return lanes
    return [*lanes[:MOST], Lane(f"{left} more {what}", lanes[0].is_agent)]


def _about(who: Who) -> str:
    parts = [who.session and f"session {name(who.session)}"]
    parts += [f"role {name(who.role)}"] if who.role not in who.name else []
    parts += [f"helper of {name(who.parent)}"] if who.parent is not None else []
    return ", ".join(part for part in parts if part)
