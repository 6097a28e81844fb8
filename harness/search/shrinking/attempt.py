"""A run that shows a finding, and how hard it is to understand: what shrinking compares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from pileup.findings import Finding
from pileup.history import Row
from pileup.results import Run, Size
from pileup.settings import Limits
from pileup.strategies.follow import Sketch


class Cost(NamedTuple):
    """What makes a run hard to understand, the worst first."""

    faults: int
    agents: int
    operations: int
    deviations: int
    data: int
    events: int


@dataclass(frozen=True)
class Attempt:
    """A run that shows the finding, and what it was made of."""

    run: Run
    finding: Finding
    sketch: Sketch
    limits: Limits | None
    cost: Cost

    @property
    def size(self) -> Size:
        """How much there is to understand."""
        cost = self.cost
        return Size(cost.agents, cost.operations, cost.faults, cost.deviations)

    @property
    def story(self) -> Iterator[Row]:
        """The operations up to the last that proves the finding."""
        return _told(self.run, self.finding)

    @property
    def named(self) -> list[int]:
        """The agents at the top from whom those come whom the finding names."""
        agents = self.run.history.agents
        places = {who.name: place for place, who in enumerate(agents)}
        found: dict[int, None] = {}
        for name in self.finding.agents:
            place = places.get(name)
            while place is not None and (parent := agents[place].parent) is not None:
                place = places[parent]
            if place is not None:
                found[place] = None
        return list(found)


def _told(run: Run, finding: Finding) -> Iterator[Row]:
    end = max(finding.evidence) + 1 if finding.evidence else len(run.history)
    for raw in run.history.rows[:end]:
        row = Row._make(raw)
        if row.touches and row.name != "end":
            yield row


def cost_of(run: Run, sketch: Sketch, finding: Finding) -> Cost:
    """Say what it costs to understand that a run shows a finding."""
    told = list(_told(run, finding))
    faults = sum(each.stream == "faults" for each in sketch.answers)
    data = sum(each.answer for each in sketch.answers if each.stream == "data")
    agents = len({row.agent for row in told if row.agent >= 0})  # the world is no agent
    return Cost(faults, agents, len(told), len(sketch.swerves), data, len(run.history))
