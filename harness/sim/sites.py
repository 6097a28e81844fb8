"""Where the user's own code is: the line to name when something is refused or stuck."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import currentframe
from pathlib import Path
from types import FrameType
from typing import Final

from greenlet import getcurrent

from pileup.sim.greenlets import SyncBody
from pileup.sim.stacks import is_library, is_own, place

SEARCH: Final = str(Path(__file__).parents[1] / "search")
UNKNOWN: Final = "an unknown line"
HIDES: Final = "__tracebackhide__"


def call_site(frame: FrameType | None = None) -> str:
    """Name the innermost line that is the user's own, or else the innermost that is not ours."""
    nearest = UNKNOWN
    for each in outwards(frame or currentframe()):
        line = place(each)
        if line is not None and not is_library(each.f_code.co_filename):
            return line
        if nearest is UNKNOWN:
            nearest = line or UNKNOWN
    return nearest


def own_line() -> str:
    """Name the innermost line that is the user's own; nothing if none leads here.

    What says `__tracebackhide__ = True`, a function or a module, is passed over as pytest
    passes over it: where all calls go through one place, its line says nothing of any.
    """
    nearest = ""
    for each in outwards(currentframe()):
        if is_own(each):
            if not _hides(each):
                return place(each) or ""
            nearest = nearest or place(each) or ""
    return nearest


def _hides(frame: FrameType) -> bool:
    # Locals are looked for by name alone, because to look at their values copies all of them.
    return HIDES in frame.f_code.co_varnames or bool(frame.f_globals.get(HIDES))


def outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """Walk from a frame to the explorer's, through the greenlet into whoever awaits it."""
    inside = getcurrent()
    while frame is not None and not frame.f_code.co_filename.startswith(SEARCH):
        yield frame
        frame = frame.f_back
        if frame is None and isinstance(inside, SyncBody) and inside.parent is not None:
            inside = inside.parent
            frame = inside.gr_frame
