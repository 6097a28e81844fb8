"""Sync code that parks: a function in a greenlet, each of its operations awaited outside.

No thread is involved, so an unmodified function, however deep, gives way
exactly where it asks for an operation and nowhere else. The greenlet belongs
to the strand that awaits it: whatever loop that strand runs under performs
the operations.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Generator, Sequence
from contextvars import copy_context
from typing import Any, NamedTuple, TypeVar

from greenlet import getcurrent, greenlet

from pileup.errors import RunOver, UsageError
from pileup.operations import Operation
from pileup.sim.agents import here
from pileup.sim.endings import Blocked, Misuse

T = TypeVar("T")


class SyncBody(greenlet):
    """A sync function under way; `switch` hands its next operation to whoever awaits it."""


@types.coroutine
def in_greenlet(
    perform: Callable[[Operation], Any], function: Callable[..., T], *args: object
) -> Generator[Any, Any, T]:  # Any: what operations return, and what loops yield
    """Run `function(*args)`, awaiting each operation that it calls for."""
    body = SyncBody(function)
    body.gr_context = copy_context()
    request = body.switch(*args)
    while not body.dead:
        try:
            answer = yield from perform(request)
        except BaseException as error:  # noqa: BLE001 - it is raised where the operation was called
            body.parent = getcurrent()
            request = body.throw(error)
        else:
            body.parent = getcurrent()
            request = body.switch(answer)
    result: T = request
    return result


class _Message(NamedTuple):
    """What a coroutine inside a greenlet awaits, on its way out to the loop."""

    awaited: Any  # Any: each loop has its own


class Blocking(Coroutine[Any, Any, Any]):
    """A coroutine in a greenlet, so that sync code in it can give way as well.

    Each agent stands for a process of its own: while one blocks, the others
    go on. To its loop this is a coroutine like any other, which awaits now what
    its code awaits, now the operation that sync code in it calls for.
    """

    def __init__(
        self, perform: Callable[[Operation], Any], coroutine: Coroutine[Any, Any, Any]
    ) -> None:
        self.coroutine = coroutine
        self.driver = _outside(perform, coroutine)
        self._begun = False

    def send(self, value: Any) -> Any:
        """Go on to the next await."""
        self._begun = True
        return self.driver.send(value)

    def throw(self, *error: Any) -> Any:
        """Go on with an exception."""
        if not self._begun:
            self.coroutine.close()
        return self.driver.throw(*error)

    def close(self) -> None:
        """End it where it stands."""
        self.driver.close()
        self.coroutine.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        self._begun = True
        return (yield from self.driver)


@types.coroutine
def _outside(
    perform: Callable[[Operation], Any], coroutine: Coroutine[Any, Any, Any]
) -> Generator[Any, Any, Any]:
    body = SyncBody(_inside)
    # The very same context and no copy, because what the coroutine sets there must last.
    body.gr_context = getcurrent().gr_context
    request = body.switch(coroutine)
    while not body.dead:
        try:
            if type(request) is _Message:
                answer = yield request.awaited
            else:
                answer = yield from perform(request)
        except BaseException as error:  # noqa: BLE001 - it is raised where the coroutine stands
            body.parent = getcurrent()
            request = body.throw(error)
        else:
            body.parent = getcurrent()
            request = body.switch(answer)
    return request


def _inside(coroutine: Coroutine[Any, Any, Any]) -> Any:
    answer: Any = None
    error: BaseException | None = None
    while True:
        try:
            awaited = coroutine.send(answer) if error is None else coroutine.throw(error)
        except StopIteration as stop:
            return stop.value
        parent = getcurrent().parent
        assert parent is not None
        answer = error = None
        try:
            answer = parent.switch(_Message(awaited))
        except BaseException as raised:  # noqa: BLE001 - it is raised where the coroutine stands
            error = raised


def threadless(perform: Callable[[Operation], Any]) -> Callable[..., Coroutine[Any, Any, object]]:
    """Make a stand-in for anyio's way into a worker thread, which takes (function, args, ...)."""

    async def run(
        function: Callable[..., object], args: Sequence[object], *_: object, **__: object
    ) -> object:
        return await in_greenlet(perform, function, *args)

    return run


def call(op: Operation) -> Any:  # Any: what the operation returns
    """Perform an operation in sync code: give way until it has taken effect."""
    body = getcurrent()
    if not isinstance(body, SyncBody):
        sim = here.get().sim
        if not sim.blocking:
            sim.end(Blocked())
            raise RunOver
        error = UsageError(
            f"'{op.label}' was called as sync code in a callback of the event loop's, where "
            "nothing can give way. Call it in an agent or in one of its tasks."
        )
        sim.end(Misuse(error))  # because a loop only logs what its callbacks raise
        raise error
    assert body.parent is not None
    return body.parent.switch(op)


def in_sync_code() -> bool:
    """Whether the running code may park without an await."""
    return isinstance(getcurrent(), SyncBody)
