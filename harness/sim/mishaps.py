"""What can happen to an agent as a whole: it crashes, begins anew, stands still, is cancelled.

A crash leaves no time for cleaning up: the agent's code stops where it is and
never goes on, so its `finally` blocks have no effect, and what it holds in
other places (locks, claims, connections) stays held. Each fake decides what
becomes of that, in `sim.on_crash`. An agent that begins anew has the same
name, a new strand, and nothing of what it knew.
"""

from __future__ import annotations

from pileup.errors import Cancelled, Crashed
from pileup.operations import Firm, Operation, nothing
from pileup.sim.agents import Strand
from pileup.sim.kernel import START, Sim


def gone() -> Firm:
    """Make what a strand of a crashed agent waits for: nothing that ever comes."""
    return Firm("gone", (), nothing, ready=lambda: False)


def is_gone(strand: Strand) -> bool:
    """Whether a strand belongs to an earlier life of its agent."""
    return strand.life != strand.agent.life


def paused(seconds: float) -> Firm:
    """Make what a strand does whose process stands still: it does not even hear a timeout."""
    return Firm("paused", (), nothing, delay=seconds)


def crash(sim: Sim, strand: Strand) -> None:
    """Stop a strand's agent for good, in the middle of what it does."""
    agent = strand.agent
    agent.struck = True
    sim.finish(strand, None, Crashed(f"{agent.name} crashed"))
    _stop(sim, strand)


def crash_and_restart(sim: Sim, strand: Strand, seconds: float) -> None:
    """Stop a strand's agent in the middle of what it does, and let it begin anew later."""
    sim.witness(strand, _struck("crash"))
    _stop(sim, strand)
    sim.later(Operation("restart", (), lambda: _revive(sim, strand), delay=seconds))


def cancel(sim: Sim, strand: Strand) -> None:
    """Cancel a strand's agent as its loop would, with time for cleaning up."""
    agent = strand.agent
    agent.struck = True
    sim.witness(strand, _struck("cancel"))
    by_loop = sim.cancels.get(agent)
    if by_loop is None:
        raise Cancelled(f"{agent.name} was cancelled")
    by_loop()  # and what it awaits next tells it


def _struck(name: str) -> Operation:
    op = Operation(name, (), nothing)
    op.fault = name
    return op


def _stop(sim: Sim, strand: Strand) -> None:
    agent = strand.agent
    agent.life += 1
    for each in sim.strands:
        if each.agent is agent and each is not strand and each.op is not None:
            sim.withdraw(each)
            sim.park(each, gone())
    for react in sim.on_crash:
        react(agent)


def _revive(sim: Sim, strand: Strand) -> None:
    before = _body(strand)
    again = sim.strand(strand.agent, before.parent)
    again.born = before.born  # because nobody has started the agent once more
    sim.park(again, START)


def _body(strand: Strand) -> Strand:
    """Return the strand of an agent's own body, given it or that of a task of its own."""
    while strand.parent is not None and strand.parent.agent is strand.agent:
        strand = strand.parent
    return strand
