"""How a claimed message comes back: its time runs out, its consumer gives it up or is gone.

After its last delivery it does not come back but goes to the dead letters.
"""

from __future__ import annotations

from functools import partial

from pileup.fakes.bus.letters import Letter
from pileup.fakes.bus.office import Office
from pileup.fakes.bus.queues import Queue
from pileup.operations import READ, Operation, Touch
from pileup.sim.agents import Agent

LOSING = ("lost", "reset")
"""Faults in which a claim takes effect and its consumer never hears of it."""


class Returns:
    """Watches over what consumers hold."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._clocks = office.clocks
        self._held: dict[Agent, dict[Letter, Queue]] = {}
        office.sim.on_crash.append(self._crashed)

    # When ----------------------------------------------------------------------------------

    def watch(self, queue: Queue, letter: Letter, agent: Agent, fault: str | None) -> None:
        """See to it that a letter that was claimed just now comes back if need be."""
        letter.holder = agent
        if queue.options.visibility is not None:
            self.expect(queue, letter, queue.options.visibility)
            return
        self._held.setdefault(agent, {})[letter] = queue
        queue.cell.item.holder = agent.name
        self._await_end(queue, letter, None if fault in LOSING else agent)

    def expect(self, queue: Queue, letter: Letter, seconds: float) -> None:
        """Let a letter come back after so many seconds."""
        op = self._returning("expire", queue, letter)
        op.delay = seconds
        self._clocks.set(queue, letter, op)

    def _await_end(self, queue: Queue, letter: Letter, agent: Agent | None) -> None:
        """Let a letter come back once its consumer's connection is closed; None: it is."""
        op = self._returning("return", queue, letter)
        if agent is not None:
            op.touches += tuple(Touch(item, READ) for item, _ in agent.ending)
            op.ready = lambda: agent.done
        # Not overdue at any time, because a connection is known to be dead when a
        # heartbeat is missed, and that may be long after the claims of others.
        self._clocks.set(queue, letter, op, timed=False)

    def _crashed(self, agent: Agent) -> None:
        """A connection without a heartbeat of its own is known to be dead when its process is."""
        for letter, queue in self._held.get(agent, {}).items():
            self._await_end(queue, letter, None)

    def _returning(self, name: str, queue: Queue, letter: Letter) -> Operation:
        op = Operation(name, queue.giving_back + letter.alters, _nobody)
        op.apply = partial(self._come_back, op, queue, letter)
        op.note = letter.note
        return op

    def _come_back(self, op: Operation, queue: Queue, letter: Letter) -> None:
        self._clocks.struck(letter)
        self.give_back(op, queue, letter)

    # What ----------------------------------------------------------------------------------

    def release(self, queue: Queue, letter: Letter) -> None:
        """Note that a letter is with nobody any more."""
        self._clocks.forget(letter)
        agent, letter.holder = letter.holder, None
        if agent is not None and queue.options.visibility is None:
            held = self._held[agent]
            held.pop(letter, None)
            item = queue.cell.item
            if item.holder == agent.name and queue not in held.values():
                others = (who.name for who, mine in self._held.items() if queue in mine.values())
                item.holder = next(others, None)

    def give_back(self, op: Operation, queue: Queue, letter: Letter, delay: float = 0.0) -> None:
        """Let a letter be claimed again, or bury it after its last delivery."""
        self.release(queue, letter)
        op.detail = f"{letter.id}, delivery {letter.deliveries}"
        if queue.is_last(letter):
            self._bury(queue, letter)
            op.detail += f", to {queue.options.dead_letter}"
            return
        op.touches = queue.cell.alters + letter.alters
        if delay > 0:
            self._office.arrive(queue, letter, queue.bring_back, delay)
        else:
            queue.bring_back(letter)

    def _bury(self, queue: Queue, letter: Letter) -> None:
        sim = self._office.sim
        queue.remove(letter)
        queue.buried.append((queue.name, letter.id, letter.body, "", sim.now, letter.deliveries))
        letter.turn += 1  # no receipt of before is good for what lies there
        letter.deliveries = 0
        self._office.grave(queue).append(letter)


def _nobody() -> None:
    raise AssertionError("an operation was applied before it was made whole")
