"""What is inside of what: operations in steps, steps in steps and agents, helpers in either."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pileup.events import Event, Who
from pileup.history import History
from pileup.reports.exports import ties
from pileup.reports.exports.units import Key, Unit, step_of, units

TOP: Final = ""
"""Nothing is above it."""


class Lineage:
    """Says of each part of a run what it is a part of, by labels: `agent NAME`, `step NUMBER`."""

    def __init__(self, history: History, events: Sequence[Event]) -> None:
        self.agents: dict[str, list[Event]] = {}
        """The events of each agent that did anything."""
        for event in events:
            self.agents.setdefault(event.agent, []).append(event)
        self._who = {who.name: who for who in history.agents}
        self._origins = _origins(history, events)
        found = units(events)
        steps = {key: unit for key, unit in found.items() if unit.kind == "step"}
        self._owners = {key: _owner(unit, self._who) for key, unit in steps.items()}
        self._nested = _nested(steps, self._owners)
        self.steps: Mapping[str, Unit] = {" ".join(key): unit for key, unit in steps.items()}

    def owner(self, unit: Unit) -> str:
        """Return whose step it is; helpers that began in it work on it, too."""
        return self._owners[unit.key]

    def around(self, event: Event) -> str:
        """Return what an operation is a part of: a step of its own agent, or the agent."""
        key = step_of(event)
        is_own = key is not None and self._owners[key] == event.agent
        return " ".join(key) if key is not None and is_own else f"agent {event.agent}"

    def outside(self, unit: Unit) -> str:
        """Return what a step is a part of."""
        around = self._nested.get(unit.key)
        return f"agent {self.owner(unit)}" if around is None else " ".join(around)

    def above(self, agent: str) -> str:
        """Return what an agent is a part of: what its parent was at when it began."""
        first, parent = self.agents[agent][0], self._who[agent].parent
        if parent is None or not self._is_before(parent, first):
            return TOP
        if self._who[parent].session != self._who[agent].session:
            return TOP  # another task
        key = step_of(first)
        if key is not None and self._owners[key] == parent:
            return " ".join(key)
        return self.around(self._origins[agent]) if agent in self._origins else f"agent {parent}"

    def _is_before(self, parent: str, first: Event) -> bool:
        return parent in self.agents and self.agents[parent][0].number < first.number


def _owner(unit: Unit, who: Mapping[str, Who]) -> str:
    """Return the agent whose helpers all others are that were at a step."""
    at_it = dict.fromkeys(event.agent for event in unit.events)
    return next((name for name in at_it if who[name].parent not in at_it), unit.first.agent)


def _origins(history: History, events: Sequence[Event]) -> dict[str, Event]:
    """Return what each helper's parent had done last before it began."""
    found: dict[str, Event] = {}
    for tie in ties.started(history, events):
        source, target = events[tie.source], events[tie.target]
        if source.agent != target.agent:
            found.setdefault(target.agent, source)
    return found


def _nested(steps: Mapping[Key, Unit], owners: Mapping[Key, str]) -> dict[Key, Key]:
    """Return the step that each step went on in, of the same task."""
    found: dict[Key, Key] = {}
    around: dict[tuple[str, int], list[tuple[Key, int]]] = {}
    for key, unit in steps.items():
        mine = _of(owners[key], unit.events)
        last = mine[-1].number
        opened = around.setdefault((owners[key], mine[0].strand), [])
        while opened and opened[-1][1] < last:
            opened.pop()
        if opened:
            found[key] = opened[-1][0]
        opened.append((key, last))
    return found


def _of(agent: str, events: Iterable[Event]) -> list[Event]:
    return [event for event in events if event.agent == agent]
