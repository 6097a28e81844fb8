"""A desk: where one agent works on one document, with its tools, and gives work to others."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import pileup
from pileup.scenarios.documents.tools import Tools

if TYPE_CHECKING:
    from pileup.scenarios.documents.place import Place

__tracebackhide__ = True  # because it is whoever calls it that somebody wants to see

T = TypeVar("T")

AUDIT: Final = "audit.log"

AGENT: Final = 100.0
"""Seconds that a sub-agent may take."""


class Work(NamedTuple):
    """What a sub-agent was asked to do."""

    caller: Desk
    do: Callable[..., Awaitable[Any]]  # Any: whatever it is to return
    given: tuple[object, ...]


async def attend(office: Place, me: pileup.Agent) -> object:
    """Do what a sub-agent was asked to do; after a restart, once more from its beginning."""
    caller, do, given = office.work[me.name]
    return await do(type(caller)(office, caller.task, me), *given)


class Desk(Tools):
    """One agent's place: `desk.read()`, `desk.charge(...)`, `desk.delegate(...)`."""

    async def delegate(self, do: Callable[..., Awaitable[T]], *given: object, role: str = "") -> T:
        """Have a sub-agent do something, and wait for what comes of it."""
        if self.controls.audit:
            await self.write_down(role or do.__name__)
        helper = self.start(do, *given, role=role)
        if not self.controls.timeouts:
            return await helper
        async with pileup.timeout(AGENT):
            return await helper

    def start(
        self, do: Callable[..., Awaitable[T]], *given: object, role: str = ""
    ) -> Awaitable[T]:
        """Have a sub-agent begin; `await` what is returned for what comes of it."""
        helper = self.me.spawn(attend, role=role or do.__name__, session=self.task.session)
        self.office.work[helper.name] = Work(self, do, given)
        awaited: Any = helper  # Any: an agent knows no type of result
        return awaited  # type: ignore[no-any-return]

    async def write_down(self, to: str) -> None:
        """Note who handed something to whom."""
        line = {"task": self.task.number, "from": self.me.name, "to": to}
        write = partial(self.office.files.append, AUDIT, f"{json.dumps(line)}\n")
        await self.call("audit", write)

    # Handing over by way of a shared place ---------------------------------------------------

    async def put(self, name: str, value: object) -> None:
        """Leave an intermediate result where the next agent looks for it."""
        files, path = self.office.files, self._place(name)
        write = files.replace_text if self.controls.scratchpads else files.write_text
        await self.tool("put", lambda: write(path, json.dumps(value)))

    async def take(self, name: str) -> Any:  # Any: what somebody has put there
        """Fetch what another agent has left."""
        path = self._place(name)
        return json.loads(await self.tool("take", lambda: self.office.files.read_text(path)))

    def _place(self, name: str) -> str:
        whose = f"{self.task.session}-" if self.controls.scratchpads else ""
        return f"scratch-{whose}{name}.json"
