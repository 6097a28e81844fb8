"""A deadlock in full: who waits for what, held by whom, and where in the user's code."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pileup.operations import Footprint
from pileup.sim.agents import Strand
from pileup.sim.endings import Deadlock, Stuck
from pileup.sim.line import by_rank


def deadlock(strands: Sequence[Strand], where: Callable[[Strand], list[str]]) -> Deadlock:
    """Tell of every strand that has not ended."""
    return Deadlock(
        tuple(
            Stuck(
                strand.name,
                strand.op.label if strand.op else "",
                _holders(strand.op.touches if strand.op else ()),
                place,
            )
            for strand in sorted(strands, key=by_rank)
            if strand.life == strand.agent.life and ((place := tuple(where(strand))) or strand.op)
        )
    )


def _holders(touches: Footprint) -> tuple[str, ...]:
    return tuple(touch.item.holder for touch in touches if touch.item.holder is not None)
