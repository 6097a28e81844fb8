"""Who has a lock in a run, and the operations by which it changes hands.

In sync agent code each agent counts as a thread. All async code of a run, its
`setup` and its `check` are one more: there a lock that is free is taken at
once, and one that is held would block the whole loop. With a timeout that
only lets time pass; without one it is an error, because it would be for ever.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from math import inf
from types import FrameType
from typing import Any, Final

from greenlet import getcurrent

from pileup.errors import RunOver
from pileup.operations import CHANGE, READ, Operation, Touch
from pileup.sim.agents import here
from pileup.sim.endings import Misuse
from pileup.sim.greenlets import in_sync_code
from pileup.sim.kernel import Sim
from pileup.sim.sites import call_site
from pileup.sim.virtual_time import move
from pileup.sim.watchdog import blocked

LOOP: Final = object()
"""Holds what setup, check and async code hold."""


def caller() -> object:
    """Tell apart what would be threads: each sync agent is one, all other code another."""
    return getcurrent() if in_sync_code() else LOOP


class Hold:
    """One lock in one run: free, or its owner's so and so many times."""

    def __init__(self, sim: Sim, kind: str, maker: str) -> None:
        number = sim.count(f"{kind} {maker}")
        self.sim = sim
        self.depth = 0
        self._owner: object = None
        self._item = item = sim.item(kind, f"{maker} #{number + 1}" if number else maker)
        self._reads = (Touch(item, READ),)
        self._changes = (Touch(item, CHANGE),)

    @property
    def is_free(self) -> bool:
        """Whether nobody has it."""
        return self._owner is None

    @property
    def is_mine(self) -> bool:
        """Whether the caller has it."""
        return self._owner is caller()

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for it, who has to hear when it is free."""
        return bool(self._item.waiters)

    def take_unseen(self) -> None:
        """Take it without an operation, where nobody else can tell when that happened."""
        self._owner, self.depth = caller(), self.depth + 1

    def give_back_unseen(self) -> None:
        """Let go of it without an operation, as it was taken."""
        self._let_go()

    def try_to_take(self) -> bool:
        """Take it if it is free at the moment when it is this caller's turn."""
        take = self._taking()

        def apply() -> bool:
            if self.is_free:
                return take()
            op.touches = self._reads  # refused: it only looked
            return False

        op = Operation("try to acquire", self._changes, apply)
        return bool(self._perform(op))

    def wait(self, timeout: float) -> bool:
        """Take it as soon as it is free and this caller's turn; False if that is too late."""
        if in_sync_code():
            return self._wait_in_sync_code(timeout)
        if self.try_to_take():
            return True
        if timeout == inf:
            error = blocked("for ever", call_site())
            self.sim.end(Misuse(error))
            raise error
        move(self.sim, timeout)
        return False

    def _wait_in_sync_code(self, timeout: float) -> bool:
        op = Operation("acquire", self._changes, self._taking(), lambda: self.is_free)
        try:
            return bool(self.sim.call(op) if timeout == inf else self._call_until(timeout, op))
        except RunOver:
            if not _is_finalizer():
                raise
            self.take_unseen()
            return True

    def give_back(self) -> None:
        """Let go of it altogether."""
        self._perform(Operation("release", self._changes, self._let_go))

    def _let_go(self) -> None:
        if self.is_free:
            raise RuntimeError("release unlocked lock")
        self._owner, self.depth, self._item.holder = None, 0, None

    def _taking(self) -> Callable[[], bool]:
        """Return what takes it for the caller, who is no longer the caller when it happens."""
        owner, strand = caller(), here.get(None)

        def take() -> bool:
            self._owner, self.depth = owner, 1
            self._item.holder = strand.name if strand else "setup"
            return True

        return take

    def _perform(self, op: Operation) -> Any:  # Any: what the operation returns
        if in_sync_code():
            try:
                return self.sim.call(op)
            except RunOver:
                if not _is_finalizer():
                    raise
                return op.apply()
        strand = here.get(None)
        if strand is None or strand.sim is not self.sim:
            return op.apply()
        return self.sim.witness(strand, op)

    def _call_until(self, timeout: float, op: Operation) -> Any:  # Any: as above
        deadline = _Deadline(self.sim, op, Operation("give up", self._reads, lambda: False))
        self.sim.timers.set(self.sim.now + timeout, deadline)
        try:
            return self.sim.call(op)
        finally:
            deadline.timer = 0


class _Deadline:
    """Makes whoever waits for a lock give up when the time has come."""

    def __init__(self, sim: Sim, op: Operation, instead: Operation) -> None:
        self.timer = 0
        self._sim = sim
        self._op = op
        self._instead = instead

    def fire(self) -> None:
        """Park the strand with another operation, if it is parked with this one still."""
        for strand in self._sim.parked:
            if strand.op is self._op:
                self._sim.withdraw(strand)
                self._sim.park(strand, self._instead)


def _is_finalizer() -> bool:
    """Whether a finalizer is running: an error would not end it, but be printed and passed over."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - there is no other way to look
    while frame is not None:
        if frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False
