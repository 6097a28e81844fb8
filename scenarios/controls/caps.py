"""Caps on what a task may use: money, turns and tool calls, and loops that get nowhere."""

from __future__ import annotations

from typing import Final

NEARLY: Final = 0.8
SAME: Final = 3


class CapReached(Exception):
    """A task has used what it may; what there is has to do."""


class Purse:
    """The money of one task: at 80% it is time for a cheaper model, at 100% it is over."""

    def __init__(self, dollars: float) -> None:
        self._dollars = dollars
        self.spent = 0.0

    def pay(self, dollars: float) -> None:
        """Note what a call has cost."""
        self.spent += dollars

    @property
    def is_low(self) -> bool:
        """Whether to be thrifty from now on."""
        return self.spent >= NEARLY * self._dollars

    def expect_some(self) -> None:
        """Raise CapReached if nothing is left."""
        if self.spent >= self._dollars:
            raise CapReached(f"${self.spent:.4f} of ${self._dollars:.4f} are spent")


class Turns:
    """The turns of one task: so many in all, so many for each agent, and so many tool calls."""

    def __init__(self, *, total: int = 60, each: int = 20, tools: int = 60) -> None:
        self._most = {"turns in all": total, "tool calls": tools}
        self._each = each
        self._used: dict[str, int] = {}

    def model(self, agent: str) -> None:
        """Count a model call of an agent."""
        self._count("turns in all", self._most["turns in all"])
        self._count(agent, self._each)

    def tool(self) -> None:
        """Count a tool call."""
        self._count("tool calls", self._most["tool calls"])

    def _count(self, what: str, most: int) -> None:
        used = self._used[what] = self._used.get(what, 0) + 1
        if used > most:
            raise CapReached(f"{most} are allowed: {what}")


class LoopDetector:
    """Stops who comes to the same state for the third time."""

    def __init__(self, times: int = SAME) -> None:
        self._times = times
        self._seen: dict[object, int] = {}

    def note(self, state: object) -> None:
        """Raise CapReached at the third time."""
        seen = self._seen[state] = self._seen.get(state, 0) + 1
        if seen >= self._times:
            raise CapReached(f"the same state came up {seen} times")
