"""Sequences: numbers that are given out once, and never taken back by a rollback."""

from __future__ import annotations

from pileup.errors import UsageError
from pileup.fakes.database.engine import Engine
from pileup.operations import Operation


def drawing(engine: Engine, name: str) -> Operation:
    """Draw the next number; a sequence that is met for the first time starts at 1."""
    if name in engine.tables:
        raise UsageError(
            f"{name!r} is a table, not a sequence. Give the sequence a name of its own: "
            f"await db.next('{name}_id')."
        )
    cell = engine.port.cells[name]
    drawn = engine.surrogates.drawing()

    def draw() -> int:
        number = engine.sequences[name] = engine.sequences.get(name, 0) + 1
        drawn(number)
        return number

    # No update, because who came first can be told by the number. It is no part of a
    # transaction either: a rollback does not give the number back.
    return Operation("next", cell.alters, draw)
