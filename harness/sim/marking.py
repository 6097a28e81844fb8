"""The half of a run that knows of marks: secrets, and what faulty answers have made up.

As long as there are none nobody looks for any: fakes ask `marked` first.
"""

from __future__ import annotations

from pileup.notes import blank, canary, marks_in, spellings
from pileup.operations import Operation
from pileup.settings import Budgets
from pileup.sim.parking import Parking


class Marking(Parking):
    """Finds again what is marked, wherever it turns up."""

    __slots__ = (
        "marked",
        "watched",
    )

    def __init__(self, budgets: Budgets) -> None:
        super().__init__(budgets)
        self.marked = False
        self.watched: dict[str, str] = {}
        """Texts that are marks in this run, by their spellings."""

    def secret(self, session: str) -> str:
        """Return a session's canary, as `me.secret` does: in `setup`, before there are agents.

        Agents at the top have the sessions "session-0", "session-1" and so on.
        """
        self.marked = True
        return canary(session)

    def watch(self, text: str) -> None:
        """Take a text for a mark from now on."""
        self.marked = True
        self.watched.update(spellings(text))

    def marks_in(self, value: object) -> tuple[str, ...]:
        """Return the marks in a value, each once."""
        return marks_in(value, self.watched)

    def note_answer(self, ending: Operation, answer: object) -> None:
        """Note the marks in what an agent returns."""
        marks = self.marks_in(answer) if self.marked else ()
        if marks:
            if ending.note is None:
                ending.note = blank()
            ending.note.sent = marks
