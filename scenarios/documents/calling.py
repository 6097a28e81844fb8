"""How an agent at a desk calls the world outside: once, under all controls, and on record."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pileup
from pileup.scenarios.controls.retrying import Attempt, in_three_layers

if TYPE_CHECKING:
    from pileup.scenarios.documents.place import Place
    from pileup.scenarios.documents.tasks import Task

__tracebackhide__ = True  # because it is whoever calls it that somebody wants to see

T = TypeVar("T")

QUICK: Final = 12.0
"""Seconds that a call may take."""

CALL: Final = 20.0
"""Seconds that a call may take that is known to take long, such as a model's."""

TIDY: Final = 5.0
"""Seconds that a call which has taken too long may take to let go of what it holds."""


class Caller:
    """An agent that calls: who it is, what it works on, and where."""

    def __init__(self, office: Place, task: Task, me: pileup.Agent) -> None:
        self.office = office
        self.controls = office.controls
        self.task = task
        self.me = me

    async def call(self, name: str, attempt: Attempt[T], within: float = QUICK) -> T:
        """Call something; where calls are tried again is for the controls to say."""
        guarded = partial(self._guarded, name, attempt, within)
        if self.controls.one_retry_owner:
            return await guarded()
        return await in_three_layers(guarded)

    async def tool(self, name: str, attempt: Attempt[T]) -> T:
        """Call something that counts as a tool."""
        if self.controls.turn_caps:
            self.task.turns.tool()
        return await self.call(name, attempt)

    async def _guarded(self, name: str, attempt: Attempt[T], within: float) -> T:
        if not self.controls.breaker:
            return await self._in_time(attempt, within)
        with self.office.breaker(name).watch():
            return await self._in_time(attempt, within)

    async def _in_time(self, attempt: Attempt[T], within: float) -> T:
        if not self.controls.timeouts:
            return await attempt()
        # Two, because a timeout ends a call once, and to let go of a lock can hang as well.
        async with pileup.timeout(within + TIDY), pileup.timeout(within):
            return await attempt()

    async def once(self, step: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do a step, unless it is noted as done; then return what came of it."""
        if not self.controls.checkpoints:
            return await work()
        noted = await self._steps()
        if step in noted:
            known: T = json.loads(noted[step])
            return known
        done = await work()
        row = {"document": self.task.number, "step": step, "result": json.dumps(done)}
        insert = partial(self.office.database.insert, "steps", row, on_conflict="nothing")
        await self.call("note a step", insert)
        return done

    async def noted(self) -> dict[str, Any]:  # Any: each step comes to something else
        """Return what came of the steps that were done before; where nothing is noted, none was."""
        if not self.controls.checkpoints:
            return {}
        return {step: json.loads(result) for step, result in (await self._steps()).items()}

    async def _steps(self) -> dict[str, str]:
        if self.task.steps is None:
            select = partial(self.office.database.select, "steps", {"document": self.task.number})
            rows = await self.call("look up the steps", select)
            self.task.steps = {row["step"]: row["result"] for row in rows}
        return self.task.steps
