"""What happens to letters by themselves, and when: they become visible, they come back.

Each takes effect at a moment that the search chooses, from the instant when it
is due. Once time has moved past that, it has happened for all who look, because
a broker looks at its clock: a consumer that waits for longer than a message is
hidden gets the message.
"""

from __future__ import annotations

from math import inf

from pileup.fakes._port import Port
from pileup.fakes.bus.letters import Letter
from pileup.fakes.bus.queues import Queue
from pileup.operations import Footprint, Operation


class Clocks:
    """What is to happen to letters. Each has one clock at most."""

    def __init__(self, port: Port) -> None:
        self._port = port

    def set(self, queue: Queue, letter: Letter, op: Operation, *, timed: bool = True) -> None:
        """Let something happen to a letter after the operation's delay, instead of what was to."""
        self.forget(letter)
        if timed:
            letter.due = due = self._port.sim.now + op.delay
            queue.soonest = min(queue.soonest, due)
        letter.clock = self._port.later(op)

    def forget(self, letter: Letter) -> None:
        """Let nothing happen to a letter by itself."""
        if letter.clock is not None:
            self._port.sim.forget(letter.clock)
            self.struck(letter)

    def struck(self, letter: Letter) -> None:
        """Note that what was to happen has happened."""
        letter.clock, letter.due = None, inf

    def catch_up(
        self, queue: Queue, before: float, *, arrivals: bool = False
    ) -> tuple[Footprint, str]:
        """Let happen what was due before, or of that what was never visible; say what it was."""
        touches: Footprint = ()
        story = ""
        for letter in queue.overdue(before):
            clock = letter.clock
            if clock is None or clock.op is None or (arrivals and letter.order):
                continue
            op = clock.op
            self.forget(letter)
            op.apply()
            touches += op.touches
            story += f"{op.name} {op.detail}; "
        queue.soonest = min((each.due for each in queue.away), default=inf)
        return touches, story


def once_each(touches: Footprint) -> Footprint:
    """Leave out what is there twice, or its version would count twice."""
    return tuple(dict.fromkeys(touches))
