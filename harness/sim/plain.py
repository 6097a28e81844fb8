"""The fast path: a run of which nobody wants to know more than its history.

What most steps are like is written out here in one piece, because each call
costs more than what it does: somebody is ready, no deadline is pending, one
item is touched, nothing fails. All other steps, and all steps of a run that is
studied or traced, go the plain way of `Sim.step`. A run that is seen again
goes that way too, so every proof holds one against the other.
"""

from __future__ import annotations

from math import inf

from pileup.errors import Expired
from pileup.history import OK
from pileup.operations import READ
from pileup.sim.agents import NOBODY, Strand
from pileup.sim.endings import Overrun
from pileup.sim.kernel import Sim
from pileup.sim.line import out_of_range
from pileup.sim.parking import RESUME
from pileup.spelling import brief


class PlainSim(Sim):
    """A run as fast as can be."""

    __slots__ = ()

    def step(self, horizon: float = inf) -> Strand | None:  # noqa: C901, PLR0912, PLR0915 - see above
        """Let one thing happen, as `Sim.step` does."""
        line = self._line
        strands, last = line.strands, line.last
        count = len(strands)
        if (
            last is None
            or last.op is None
            or not count
            or horizon < inf
            or self.timers.pending
            or self._withdrawn
            or self.ending is not None
            or not self._living
            or self.steps >= self._most_steps
        ):
            return super().step(horizon)
        self.steps += 1

        at = 0
        if count > 1:  # as `Line.ask`
            at, point = line.at, line.point
            if line.streak > line.patience:
                line.streak = 0
                at += 1
            point.at = at
            point.jump = False
            point.count = count
            index = self.strategy.choose(point)
            if not 0 <= index < count:
                raise out_of_range(self.strategy, point, index)
            self._schedule.append(index)
            at += index
            if at >= count:
                at -= count
        line.at = at
        strand = strands[at]
        line.mark = strand.rank
        if strand is last:
            line.streak += 1
        else:
            line.streak = 0
            line.last = strand

        # As `_apply`.
        op = strand.op
        assert op is not None
        strand.op = strand.error = None
        if strand.watching:
            self._unwatch(strand, op)
        apply = op.apply  # a name of its own, because Python calls it sooner
        try:
            strand.value = value = apply()
        except (Exception, Expired) as error:  # noqa: BLE001 - the answer, raised in the agent
            self._settle_effect(strand, op, self._refused(strand, op, error))
        else:
            if value is not None and op.detail is None:
                op.detail = brief(value)
            touches = op.touches
            if len(touches) == 1:
                # As `_settle_effect`.
                item, access = touches[0]
                if access is not READ:
                    item.version += 1
                    if item.waiters:
                        self._tell(item)
                rows = self._rows
                rows.append(
                    (
                        op.name,
                        touches,
                        (item.version,),
                        strand.agent.index,
                        strand.branch,
                        strand.step,
                        strand.invoked,
                        self.now,
                        OK,
                        op.detail,
                        op.fault,
                        op.note,
                    )
                )
                if len(rows) > self._most_events:
                    self.end(Overrun("events", self._most_events, self._last_place()))
            elif op is not RESUME:
                self._settle_effect(strand, op, OK)
        if strand.handle is not NOBODY:
            return strand
        line.drop(strand, last)
        return self._go_on(last, horizon)
