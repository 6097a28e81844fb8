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
from typing import Any, TypeVar

from greenlet import getcurrent, greenlet

from pileup.errors import UsageError
from pileup.operations import Operation

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
        raise UsageError(
            f"'{op.label}' was called as sync code inside an async agent. There it would block "
            "the loop and could never interleave. Await the fake's async method instead, or make "
            "the agent a plain `def`."
        )
    assert body.parent is not None
    return body.parent.switch(op)


def in_sync_code() -> bool:
    """Whether the running code may park without an await."""
    return isinstance(getcurrent(), SyncBody)
