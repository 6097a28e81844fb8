"""What the history notes of statements: their transaction, what an insert was meant for, marks.

A transaction is a unit of work with a number. Each of its rows has a note of
its own, because a note may be added to (from where a call was made that failed).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pileup.notes import Note, Question
from pileup.operations import Operation
from pileup.spelling import digest

if TYPE_CHECKING:
    from pileup.fakes.database.tables import Table
    from pileup.fakes.database.work import Work


def of_unit(work: Work | None) -> Note | None:
    """Return the note of one row of a transaction; None for a statement that is one by itself."""
    if work is None or work.unit is None:
        return None
    return Note(unit=work.unit)


def of_insert(work: Work | None, table: Table, values: Mapping[str, Any]) -> Question:
    """Return the note of an insert; it is an effect once that has happened."""
    note = Question(partial(_intent, table.name, table.key.columns, values))
    if work is not None and work.unit is not None:
        note.unit = work.unit
    return note


def _intent(table: str, key: tuple[str, ...], values: Mapping[str, Any]) -> str:
    """Spell what was to be inserted, whatever key it got; a row that is all key is its key."""
    rest = {column: value for column, value in values.items() if column not in key}
    return digest((table, rest or dict(values)))


def done(op: Operation) -> None:
    """Note that what was inserted is there."""
    if op.note is not None:
        op.note.effect = True
