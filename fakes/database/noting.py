"""What the history notes of statements: their transaction, what an insert was meant for, marks.

A transaction is a unit of work with a number. Each of its rows has a note of
its own, because a note may be added to (from where a call was made that failed).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pileup.fakes.database.rows import Version, several, story
from pileup.fakes.database.surrogates import is_time
from pileup.notes import Note, Question, blank
from pileup.operations import Operation
from pileup.sim.kernel import Sim
from pileup.sim.virtual_time import wall

if TYPE_CHECKING:
    from pileup.fakes.database.engine import Engine
    from pileup.fakes.database.tables import Table
    from pileup.fakes.database.work import Work


def of_unit(work: Work | None) -> Note | None:
    """Return the note of one row of a transaction; None for a statement that is one by itself."""
    if work is None or work.unit is None:
        return None
    note = blank()
    note.unit = work.unit
    return note


def of_look(work: Work | None, *, whole: bool, skips: bool) -> Note | None:
    """Return the note of a statement that reads: a whole table, or what nobody has locked."""
    note = of_unit(work)
    if note is None and (whole or skips):
        note = blank()
    if note is not None and whole:
        note.whole = True
    if note is not None and skips:
        note.skips = True
    return note


class Inserting(Question):
    """The note of an insert: what was to be inserted, but for a key that was made up for it.

    It is an effect once that has happened.
    """

    __slots__ = ("drawn", "keyed", "now", "table", "values")

    def __init__(self, engine: Engine, table: Table, values: Mapping[str, Any]) -> None:
        # The table's name and not the table, which would keep the whole run with its history.
        self.table = table.name
        self.keyed = table.key.columns
        self.values = values
        self.now = wall(engine.sim)
        self.drawn = engine.surrogates.among(table.name, self.keyed, values)

    def spell(self) -> str:
        """Spell what was asked for; a row that is all key is its key."""
        values = self.values
        made_up = [each for each in self.keyed if self._is_made_up(each)]
        rest = {column: values[column] for column in sorted(values) if column not in made_up}
        return f"{self.table} {story(rest or values)}"

    def _is_made_up(self, column: str) -> bool:
        return column in self.drawn or is_time(self.values.get(column), self.now)


def of_insert(
    engine: Engine, work: Work | None, table: Table, values: Mapping[str, Any]
) -> Inserting:
    """Return the note of an insert."""
    note = Inserting(engine, table, values)
    if work is not None and work.unit is not None:
        note.unit = work.unit
    return note


def done(op: Operation) -> None:
    """Note that what was inserted is there."""
    if op.note is not None:
        op.note.effect = True


def note_marks(sim: Sim, op: Operation, *, sent: object = None, got: object = None) -> None:
    """Note the marks in what was written and in what was read."""
    for name, marks in (("sent", sim.marks_in(sent)), ("got", sim.marks_in(got))):
        if marks:
            if op.note is None:
                op.note = Note()
            setattr(op.note, name, marks)


def note_answer(sim: Sim, op: Operation, answer: object) -> None:
    """Note the marks in what a statement wrote, or in the rows that it read."""
    several = answer if type(answer) is list else [answer]
    read = [each[1].values for each in several if type(each) is tuple]
    sent = [written(each) for each in several if type(each) is Version]
    note_marks(sim, op, sent=sent, got=read)


def written(version: Version) -> object:
    """Return what somebody has put into a version that was drafted."""
    values, columns = version.values, version.way.columns
    if values is None or columns is None:
        return values
    return [values.get(column) for column in columns]


def note_commit(op: Operation, work: Work) -> None:
    """Note what a commit wrote; two that wrote the same say the same."""
    if not work.drafts:
        return
    note_parts(op, work)
    if len(work.drafts) == 1 and not work.engine.sim.marked:  # most are of this kind
        versions = next(iter(work.drafts)).versions
        op.detail = versions[-1].text if versions else None
        return
    newest = [row.versions[-1] for row in work.drafts if row.versions]
    op.detail = several([each.text for each in newest])
    if work.engine.sim.marked:
        note_marks(work.engine.sim, op, sent=[written(each) for each in newest])


def note_parts(op: Operation, work: Work) -> None:
    """Note of which rows a commit has left newer columns as they are."""
    if work.over:
        if op.note is None:
            op.note = Note()
        op.note.over = work.over
