"""Noticing that a native run needs an event loop after all.

A library asks for its running loop long before it awaits anything. So while a
native run is on, it finds a `Probe` there: the first use of it ends the native
run, and the explorer starts over under the loop that was asked for. Libraries
that look elsewhere (anyio, sniffio) are known by the errors they raise.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

from pileup.errors import NeedsLoop

COMPLAINTS: Final = {
    "no running event loop": "asyncio",
    "must be called from async context": "trio",
    "no current event loop": "asyncio",
    "cannot determine the parent task": "asyncio",
    "should be used inside a task": "asyncio",
    "'NoneType' object has no attribute 'create_future'": "asyncio",
    "has no attribute 'runner'": "trio",
    "Task got bad yield: <class 'trio": "trio",
    "Task got bad yield: <trio": "trio",
    "trio.run received unrecognized yield message <": "asyncio",
}
NO_LOOP_FOUND: Final = ("AsyncLibraryNotFoundError", "NoEventLoopError")


class Probe:
    """Stands where a running loop is looked for, and says so when it is used."""

    def __init__(self, backend: str) -> None:
        object.__setattr__(self, "_backend", backend)

    def __getattr__(self, name: str) -> NoReturn:
        raise NeedsLoop(object.__getattribute__(self, "_backend"))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise NeedsLoop(object.__getattribute__(self, "_backend"))


_asyncio_probe: Any = Probe("asyncio")  # Any: it poses as an event loop
_trio_probe: Any = Probe("trio")


@contextmanager
def probing() -> Iterator[None]:
    """Put the probes where the loops look, and what was there back afterwards."""
    outer, context = asyncio._get_running_loop(), _trio_context()
    saved = dict(context) if context is not None else {}
    asyncio._set_running_loop(_asyncio_probe)
    if context is not None:
        context.clear()
        context["task"] = context["runner"] = _trio_probe
    try:
        yield
    finally:
        asyncio._set_running_loop(outer)
        if context is not None:
            context.clear()
            context.update(saved)


@contextmanager
def running_loop(loop: Any) -> Iterator[None]:  # Any: a loop, a probe, or None
    """Let asyncio believe that `loop` runs in this thread."""
    outer = asyncio._get_running_loop()
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(outer)


@contextmanager
def without_trio() -> Iterator[None]:
    """Hide a trio loop that this thread is inside of, so that another one can be driven."""
    context = _trio_context()
    saved = dict(context) if context is not None else {}
    if context is not None:
        context.clear()
    try:
        yield
    finally:
        if context is not None:
            context.clear()
            context.update(saved)


def _trio_context() -> dict[str, Any] | None:  # Any: trio's own objects
    """Where trio keeps the running loop of this thread; None while trio is not imported."""
    run = sys.modules.get("trio._core._run")
    return None if run is None else vars(run.GLOBAL_RUN_CONTEXT)


def loop_wanted_by(failure: BaseException | None) -> str | None:
    """Which loop an error complains of missing; None for any other error."""
    if isinstance(failure, BaseExceptionGroup):
        wanted = (loop_wanted_by(each) for each in failure.exceptions)
        return next((each for each in wanted if each is not None), None)
    if type(failure).__name__ in NO_LOOP_FOUND:
        return "asyncio"
    said = "" if failure is None else str(failure)
    return next((backend for each, backend in COMPLAINTS.items() if each in said), None)


def loop_of(message: object) -> str:
    """Tell whose message a foreign await has sent to the driver."""
    kind = message if isinstance(message, type) else type(message)
    return "trio" if kind.__module__.startswith("trio") else "asyncio"
