"""Where an agent stands: the lines of the user's code that lead to its pending operation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

OURS: Final = str(Path(__file__).parents[1])
FAKES: Final = str(Path(__file__).parents[2] / "fakes")


def standing(awaitable: Any) -> list[str]:  # Any: coroutine, generator or greenlet driver
    """Follow a suspended coroutine down to its innermost await, outermost frame first."""
    return [line for frame in _frames(awaitable) if (line := place(frame)) is not None]


def _frames(awaitable: Any) -> Iterator[FrameType]:
    while awaitable is not None:
        frame = getattr(awaitable, "cr_frame", None) or getattr(awaitable, "gi_frame", None)
        if frame is not None:
            yield frame
            yield from _sync_frames(frame)
        following = getattr(awaitable, "cr_await", None)
        awaitable = following or getattr(awaitable, "gi_yieldfrom", None)


def _sync_frames(frame: FrameType) -> Iterator[FrameType]:
    """Look into a greenlet that this frame drives: its frames hang on the greenlet, not here."""
    if frame.f_code.co_name != "in_greenlet":
        return
    inner = getattr(frame.f_locals.get("body"), "gr_frame", None)
    found = []
    while inner is not None:
        found.append(inner)
        inner = inner.f_back
    yield from reversed(found)


def place(frame: FrameType) -> str | None:
    """Name a frame by file, line and function; None for pileup's own."""
    code: CodeType = frame.f_code
    if code.co_filename.startswith((OURS, FAKES)):
        return None
    return f"{Path(code.co_filename).name}:{frame.f_lineno} in {code.co_name}"
