"""From where an attempt was made: the frames that led to it, each with a number of its own.

What retried is in the frames. Two attempts, one after another, share the
frames above the loop that made both, and none below it: so the deepest frame
that they share *is* that loop, whatever it is called and whoever wrote it. By
file and line alone that cannot be seen, because a line is the same each time.

Frames are looked at where an attempt has failed: its strand is suspended
then, so that all of them hang on its coroutine, and the spawner's on its own.
What succeeds is looked at only while its agent has a failure open, so that a
run without failures pays nothing. A frame is known by its address, which a
freed one leaves to another; so the frames of failed attempts are kept, until
the same call has succeeded and been made once more, or the run is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from inspect import CO_NESTED, currentframe
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final, TypeAlias

from pileup.asking import asked_for
from pileup.events import RawRow
from pileup.notes import NESTED, Frame, Note, spawned
from pileup.operations import Footprint, Operation
from pileup.sim.agents import NOBODY, Strand
from pileup.sim.sites import outwards
from pileup.sim.stacks import INSTALLED, STDLIB, suspended

MOST_STRANDS: Final = 8
"""Of how many tasks that made one call we keep the frames: those of the last ones."""

MOST_CALLS: Final = 64
"""How many calls of one run may be open; an agent that fails and fails must not fill the memory."""

ALONE: Final = "lib"
"""The package of a library that is one file."""

AFTERMATH: Final = ("receive", "answer", "no answer")
"""What a caller waits for once its request has taken effect."""

Call: TypeAlias = tuple[int, int, str, str]
"""One logical call: the agent at the top and which life of it, the operation, what it is about."""


class Tries:
    """The failed attempts of one run whose calls have not succeeded yet."""

    def __init__(self) -> None:
        self.open: dict[Call, dict[int, list[FrameType]]] = {}
        self._numbers: dict[FrameType, int] = {}
        self._uses: dict[FrameType, int] = {}
        self._answered: dict[Call, None] = {}
        self._count = 0

    def failed(self, strand: Strand, op: Operation) -> None:
        """Note the path of an attempt that has failed, or whose outcome nobody knows."""
        if op.note is None:
            op.note = Note()
        call = _call(strand, op.name, op.note, op.touches)
        self._answered.pop(call, None)
        self._keep(call, strand, op.note)

    def given_up(self, strand: Strand, op: Operation, rows: Sequence[RawRow]) -> None:
        """Note the path of an attempt whose caller has given up while it waited."""
        if op.name in AFTERMATH and not op.touches:
            self._unheard(strand, rows)
        elif op.note is not None or op.fault is not None:
            self.failed(strand, op)

    def _unheard(self, strand: Strand, rows: Sequence[RawRow]) -> None:
        """Find what it was whose answer nobody waits for any more."""
        who = (strand.agent.index, strand.branch)
        for number in range(strand.invoked - 1, -1, -1):
            row = rows[number]
            if row[3:5] == who and row[0] not in AFTERMATH:
                note = row[11]
                if note is not None:
                    note.unheard = True
                    call = _call(strand, row[0], note, row[1])
                    self._answered.pop(call, None)
                    self._keep(call, strand, note)
                return

    def answered(self, strand: Strand, op: Operation) -> None:
        """Note the path of an attempt that has succeeded at last, and of the one after that.

        A loop that asks again after it has succeeded does not retry: it polls.
        """
        if op.note is not None and op.note.path:
            return  # a fake has said so already
        call = _call(strand, op.name, op.note, op.touches)
        if call not in self.open:
            return
        if op.note is None:
            op.note = Note()
        again = call in self._answered
        self._keep(call, strand, op.note)
        if again:
            self._close(call)
        else:
            self._answered[call] = None

    def _keep(self, call: Call, strand: Strand, note: Note) -> None:
        frames, note.path = self._look(strand)
        tries = self.open.pop(call, {})
        self._let_go(tries.pop(strand.number, ()))
        self.open[call] = tries  # at the end, because what was met last is kept longest
        tries[strand.number] = frames
        if len(tries) > MOST_STRANDS:
            self._let_go(tries.pop(next(iter(tries))))
        if len(self.open) > MOST_CALLS:
            self._close(next(iter(self.open)))

    def _look(self, strand: Strand) -> tuple[list[FrameType], tuple[Frame, ...]]:
        """Return the frames that led to where a strand stands, outermost first, and the path."""
        frames: list[FrameType] = []
        path: list[Frame] = []
        for each in _lineage(strand):
            if each.parent is not None:
                path.append((spawned(each.born), "a task begins"))
            for frame in _frames(each):
                frames.append(frame)
                path.append((self._number(frame), _spot(frame.f_code, frame.f_lineno)))
        return frames, tuple(path)

    def _number(self, frame: FrameType) -> int:
        """Number a frame that is met for the first time, and keep it."""
        known = self._numbers.get(frame)
        if known is None:
            self._count += 1
            known = self._numbers[frame] = self._count
        self._uses[frame] = self._uses.get(frame, 0) + 1
        return known

    def _close(self, call: Call) -> None:
        self._answered.pop(call, None)
        for frames in self.open.pop(call).values():
            self._let_go(frames)

    def _let_go(self, frames: Sequence[FrameType]) -> None:
        for frame in frames:
            self._uses[frame] -= 1
            if not self._uses[frame]:
                del self._uses[frame], self._numbers[frame]


def _call(strand: Strand, name: str, note: Note | None, touches: Footprint) -> Call:
    top = strand.agent
    while top.parent is not None:
        top = top.parent
    return top.index, top.life, name, asked_for(name, touches, note)


# The frames -----------------------------------------------------------------------------------


def _lineage(strand: Strand) -> list[Strand]:
    """Return a strand and those that started it, the first of them first."""
    found: list[Strand] = []
    each: Strand | None = strand
    while each is not None:
        found.append(each)
        each = each.parent
    return found[::-1]


def _frames(strand: Strand) -> Iterator[FrameType]:
    """Return the frames of a strand, outermost first, but for our own."""
    handle = strand.handle
    if handle is None or handle is NOBODY:
        return
    body = _coroutine(handle)
    frame: FrameType | None = None
    for frame in suspended(body):
        if not _is_ours(frame):
            yield frame
    if frame is not None and _is_running(body):
        # It is running now and cancels another, so the rest of it is on our own stack.
        yield from (each for each in reversed(_below(frame)) if not _is_ours(each))


def _coroutine(handle: Any) -> Any:  # Any: a coroutine, a trio task or an asyncio task
    get_coro = getattr(handle, "get_coro", None)
    return get_coro() if get_coro is not None else getattr(handle, "coro", handle)


def _is_running(body: Any) -> bool:  # Any: as above
    body = getattr(body, "driver", body)
    return bool(getattr(body, "cr_running", False) or getattr(body, "gi_running", False))


def _below(root: FrameType) -> list[FrameType]:
    """Return the frames of the running stack below one of them, innermost first."""
    found: list[FrameType] = []
    for frame in outwards(currentframe()):
        if frame is root:
            return found
        found.append(frame)
    return []


def _is_ours(frame: FrameType) -> bool:
    package, _, rest = str(frame.f_globals.get("__name__")).partition(".")
    return package == "pileup" and not rest.startswith("scenarios")


@lru_cache(maxsize=4096)
def _spot(code: CodeType, line: int) -> str:
    """Name a line; a library's with its package, because its file alone says little.

    Of its functions within functions it says so: those are what decorators put around others.
    """
    file = code.co_filename
    for folder in (*INSTALLED, STDLIB):
        above, _, inside = file.rpartition(f"{folder}/")
        if above or inside != file:
            library = inside if "/" in inside else f"{ALONE}/{inside}"
            nested = NESTED if code.co_flags & CO_NESTED else ""
            return f"{library}:{line} in {nested}{code.co_name}"
    return f"{Path(file).name}:{line} in {code.co_name}"
