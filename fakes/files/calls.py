"""System calls as operations: how one is made, and what the history says of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVarTuple

from pileup.notes import Note, blank
from pileup.operations import Footprint, Operation, nothing
from pileup.sim.kernel import Sim
from pileup.spelling import Brief, brief

Ts = TypeVarTuple("Ts")


def shown(data: bytes | bytearray) -> Brief:
    """Write contents for the history: as text where they are some."""
    try:
        return brief(data.decode("utf-8"))
    except UnicodeDecodeError:
        return brief(bytes(data))


def marked(
    sim: Sim, path: str, sent: bytes = b"", known: Note | None = None, got: bytes = b""
) -> Note:
    """Note the marks in what was written or read, and in the name that it was done by."""
    note = blank()
    note.sent = sim.marks_in([path, sent])
    note.got = sim.marks_in(got)
    if known is not None:
        note.part = known.part
    return note


def adding(data: bytes, known: Note | None = None) -> Note:
    """Note what is appended, because another text is another call; add it to what is known."""
    note = blank()
    if known is not None:
        vars(note).update(vars(known))
    note.adds = str(shown(data))
    return note


def call(
    name: str,
    touches: Footprint,
    work: Callable[[Operation, *Ts], object],
    *args: *Ts,
) -> Operation:
    """Make an operation whose work is handed the operation, to say what it really touched."""

    def apply() -> object:
        op.apply = nothing  # or the two would refer to each other, and wait for the collector
        return work(op, *args)

    op = Operation(name, touches, apply)
    return op
