"""Where an agent stands: the lines of the user's code that lead to its pending operation."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from gc import get_referents
from inspect import isasyncgen
from pathlib import Path
from types import FrameType
from typing import Any, Final

STDLIB: Final = str(Path(os.__file__).parent)
DRIVERS: Final = ("in_greenlet", "_outside")
"""The functions that drive a greenlet, with it in a local `body`."""

GENERATOR_STEPS: Final = ("async_generator_asend", "async_generator_athrow")
"""What a coroutine awaits that asks an async generator for its next value."""

INSTALLED: Final = ("site-packages", "dist-packages")


def standing(awaitable: Any) -> list[str]:  # Any: coroutine, generator or greenlet driver
    """Follow a suspended coroutine down to its innermost await, outermost line first.

    Only the user's own lines, unless there are none.
    """
    frames = [frame for frame in suspended(awaitable) if place(frame) is not None]
    own = [frame for frame in frames if not is_library(frame.f_code.co_filename)]
    return [line for frame in own or frames if (line := place(frame)) is not None]


def suspended(awaitable: Any) -> Iterator[FrameType]:  # Any: as above
    """Walk a suspended coroutine's frames, outermost first."""
    awaitable = getattr(awaitable, "driver", awaitable)
    while awaitable is not None:
        if type(awaitable).__name__ in GENERATOR_STEPS:
            yield from _frames_of_generator(awaitable)
            return
        frame = getattr(awaitable, "cr_frame", None) or getattr(awaitable, "gi_frame", None)
        if frame is not None:
            yield frame
            yield from _frames_in_greenlet(frame)
        if getattr(awaitable, "cr_running", False) or getattr(awaitable, "gi_running", False):
            return  # because CPython 3.11 crashes on cr_await of a running coroutine
        following = getattr(awaitable, "cr_await", None)
        awaitable = following or getattr(awaitable, "gi_yieldfrom", None)


def _frames_of_generator(step: Any) -> Iterator[FrameType]:  # Any: CPython has no name for it
    """Look into an async generator: what awaits its next value names it nowhere else."""
    for each in get_referents(step):
        if isasyncgen(each) and each.ag_frame is not None:
            yield each.ag_frame
            yield from suspended(each.ag_await)


def _frames_in_greenlet(frame: FrameType) -> Iterator[FrameType]:
    """Look into a greenlet that this frame drives: its frames hang on the greenlet, not here."""
    if frame.f_code.co_name not in DRIVERS:
        return
    coroutine = frame.f_locals.get("coroutine")
    if coroutine is not None and not coroutine.cr_running:
        yield from suspended(coroutine)  # it stands at an await, not in sync code
        return
    inner = getattr(frame.f_locals.get("body"), "gr_frame", None)
    found = []
    while inner is not None:
        found.append(inner)
        inner = inner.f_back
    yield from reversed(found)


def place(frame: FrameType) -> str | None:
    """Name a frame by file, line and function; None for pileup's own.

    The scenarios that come with pileup count as the user's, because they are
    written as a user would write them.
    """
    package, _, rest = str(frame.f_globals.get("__name__")).partition(".")
    if package == "pileup" and not rest.startswith("scenarios"):
        return None
    return _named(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)


@lru_cache(maxsize=1024)  # because a traced run asks at each operation, mostly for few lines
def _named(filename: str, line: int, function: str) -> str:
    return f"{Path(filename).name}:{line} in {function}"


def is_own(frame: FrameType) -> bool:
    """Whether a frame is of the user's code, as the scenarios' are wherever they are installed."""
    package, _, rest = str(frame.f_globals.get("__name__")).partition(".")
    if package == "pileup":
        return rest.startswith("scenarios")
    return not is_library(frame.f_code.co_filename)


@lru_cache(maxsize=1024)
def is_library(filename: str) -> bool:
    """Whether a file came with Python or with a package, or is no file at all."""
    if filename.startswith((STDLIB, "<frozen")):
        return True
    return any(each in filename for each in INSTALLED)
