"""A run in which agents stop after so many operations, and stand by until nobody else can go on.

An agent may always be slow. So a run in which some do only what the story
needs, and the rest once everybody else is done, or never begin before that,
is a run like any other; and one that is stopped at that moment is the
beginning of one.
"""

from __future__ import annotations

from collections import Counter
from math import inf

from pileup.choices import Strategy
from pileup.history import Outcome
from pileup.operations import Operation
from pileup.settings import Budgets, Limits
from pileup.sim.agents import Strand
from pileup.sim.endings import Rested
from pileup.sim.stuck import deadlock
from pileup.sim.studied import StudiedSim


class LimitedSim(StudiedSim):
    """A run with its trail, and perhaps with limits."""

    def __init__(self, strategy: Strategy, budgets: Budgets, limits: Limits | None = None) -> None:
        super().__init__(strategy, budgets)
        self._limits = limits
        self._most = dict(limits.most) if limits is not None else {}
        self._did: Counter[int] = Counter()
        self._standing_by: list[Strand] = []

    def park(self, strand: Strand, op: Operation) -> None:
        """Hold a strand; one that has done all that it may do is no candidate for now."""
        limits = self._limits
        if limits is None or self.over or not self._is_spent(strand, limits):
            super().park(strand, op)
            return
        strand.op = op
        strand.invoked = len(self._rows)
        self._line.leave(strand)
        if strand not in self._standing_by:
            self._standing_by.append(strand)

    def withdraw(self, strand: Strand) -> None:
        """Leave no row of what one who stood by when the run was stopped has not come to do."""
        if self.over and strand in self._standing_by:
            strand.op = None
        else:
            super().withdraw(strand)

    def abandon(self) -> None:
        """Forget what those would have done who were standing by when the run was stopped."""
        for strand in self._standing_by:
            strand.op = None
        super().abandon()

    def _is_spent(self, strand: Strand, limits: Limits) -> bool:
        index = strand.agent.index
        if index < 0:  # what happens by itself is nobody's to limit
            return False
        most = self._most.get(index, 0 if index < limits.agents else None)
        return most is not None and self._did[index] >= most

    def _settle_effect(self, strand: Strand, op: Operation, outcome: Outcome) -> None:
        if op.touches:
            self._did[strand.agent.index] += 1
        super()._settle_effect(strand, op, outcome)

    def _pass_time(self, horizon: float) -> bool:
        if not self._standing_by or min(self.timers.next(), horizon) < inf:
            return super()._pass_time(horizon)
        assert self._limits is not None
        if self._limits.stops:
            stuck = self._stuck()
            self.end(deadlock(stuck, self.where) if stuck else Rested())
            return False
        waiting, self._standing_by, self._limits = self._standing_by, [], None
        for strand in waiting:
            if strand.op is not None:
                super().park(strand, strand.op)
        return True

    def _stuck(self) -> list[Strand]:
        """Return who waits in vain, though not for one who stands by, who may yet make way."""
        slow = _names(self._standing_by)
        stuck = [
            each
            for each in self.strands
            if each.op and each.life == each.agent.life and each not in self._standing_by
        ]
        while waiting := [each for each in stuck if _waits_for(each, slow)]:
            stuck = [each for each in stuck if each not in waiting]
            slow |= _names(waiting)
        return stuck


def _names(strands: list[Strand]) -> set[str]:
    return {name for each in strands for name in (each.name, each.agent.name)}


def _waits_for(strand: Strand, names: set[str]) -> bool:
    """Whether it waits for what one of these has locked, or for the end of one of them."""
    awaited: list[str] = []
    for item, _ in strand.op.touches if strand.op is not None else ():
        awaited += [item.key] if item.resource == "agent" else (item.holder or "").split(", ")
    return not names.isdisjoint(awaited)
