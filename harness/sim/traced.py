"""A run that notes where each operation was asked for: the line of the user's code.

To look for lines costs more than an operation does, so it is done only in a
run that has been seen before: when a finding is proved, and in a replay.
"""

from __future__ import annotations

from typing import Any

from pileup.history import Outcome
from pileup.operations import Operation
from pileup.sim.agents import Strand, here
from pileup.sim.kernel import Ask
from pileup.sim.limited import LimitedSim
from pileup.sim.sites import own_line


class TracedSim(LimitedSim):
    """A run like any other, which knows for each row of its history who asked for it."""

    def connect(self, perform: Ask, call: Ask) -> None:
        """Note the line at each operation that comes by."""
        super().connect(_noting(perform), _noting(call))

    def witness(self, strand: Strand, op: Operation) -> Any:  # Any: what the operation returns
        """Note the line, and apply the operation at once."""
        strand.site = own_line()
        return super().witness(strand, op)

    def _settle_effect(self, strand: Strand, op: Operation, outcome: Outcome) -> None:
        if strand.site and op.touches:
            self.sites[len(self._rows)] = strand.site
        strand.site = ""  # what it does by itself (its end) has no line
        super()._settle_effect(strand, op, outcome)


def _noting(ask: Ask) -> Ask:
    def noting(op: Operation) -> Any:
        strand = here.get(None)
        if strand is not None:  # a greenlet asks twice, and at the second time from outside of it
            strand.site = own_line() or strand.site
        return ask(op)

    return noting
