"""Attempts: requests that were made again, and the loop that made them again.

Two attempts, one after another, share the frames above the loop that made
both and none below it, so the deepest frame that they share is that loop. If
a task was started between that frame and the later attempt, it must have been
started after the earlier one had failed: tasks that went beside each other
repeat nothing. What stands above a sub-agent in a path is where its starter is by then;
once that has stopped waiting for it, it may be at something else, so that only those
frames count which were met before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from pileup.asking import asked_for
from pileup.detectors.case import TASKS, Case, Strand
from pileup.history import FAIL, INFO, RawRow
from pileup.notes import Note, spawned

TRANSIENT: Final = ("408", "429")
BROKEN: Final = "5"

LATE: Final = "late "
"""What the name of a request begins with that takes effect after its caller has given up."""


class Attempt(NamedTuple):
    """One request: its row, and what is known of it."""

    number: int
    row: RawRow
    note: Note
    strand: Strand
    strange: frozenset[int] = frozenset()
    """Frames in its path that may not have led to it: what its starter does by now."""

    @property
    def about(self) -> str:
        """What it asked for; the same for all attempts of one call."""
        name = self.row[0].removeprefix(LATE)
        return f"{name} {asked_for(name, self.row[1], self.note)}"

    @property
    def withdrawn(self) -> bool:
        """Whether its caller gave up before it took effect."""
        return self.row[8] == INFO and not self.row[2]

    @property
    def failed(self) -> bool:
        """Whether its caller saw a failure that may pass, or never learned what came of it."""
        row, note = self.row, self.note
        if row[8] == INFO or note.unheard:
            return True
        if note.refused is not None:
            return note.refused in TRANSIENT or note.refused.startswith(BROKEN)
        return row[8] == FAIL and row[10] is not None

    @property
    def effective(self) -> bool:
        """Whether it had its effect, whatever its caller knows of that."""
        return self.note.effect and bool(self.row[2]) and self.row[8] != FAIL

    @property
    def known_after(self) -> int:
        """What began later than so many events began after its caller knew of its failure."""
        return self.number - 1 if self.withdrawn else self.number


def attempt(case: Case, number: int) -> Attempt:
    """Return the attempt that a row with a note tells of."""
    row = case.rows[number]
    note = row[11]
    assert note is not None
    return Attempt(number, row, note, row[3] * TASKS + row[4], _strange(case, number, note))


def _strange(case: Case, number: int, note: Note) -> frozenset[int]:
    """Return the frames above a sub-agent that were not met before it was given up."""
    agent = case.rows[number][3]
    if not note.path or not case.given_up:
        return frozenset()
    left = {
        spawned(case.rows[case.spans[helper * TASKS].first][6]): since
        for helper, since in case.given_up.items()
        if since < number and helper * TASKS in case.spans and _is_of(case, agent, helper)
    }
    places = [at for at, (frame, _) in enumerate(note.path) if frame in left]
    if not places:
        return frozenset()
    since = left[note.path[places[-1]][0]]
    above = [frame for frame, _ in note.path[: places[-1]] if frame > 0]
    return frozenset([frame for frame in above if case.frames[frame] > since])


def _is_of(case: Case, agent: int, other: int) -> bool:
    return agent == other or case.is_below(agent * TASKS, other * TASKS)


def attempts(case: Case) -> Iterator[Attempt]:
    """Return the attempts whose frames are known: the failed ones, and what followed them."""
    for number in case.noted:
        note = case.rows[number][11]
        if note is not None and note.path and not case.rows[number][0].startswith(LATE):
            yield attempt(case, number)


def loop_of(earlier: Attempt, later: Attempt) -> int | None:
    """Return where in the later attempt's path the loop stands that made both, if one did."""
    mine = {number for number, _ in earlier.note.path if number > 0} - earlier.strange
    path = later.note.path
    begun = None
    for place in range(len(path) - 1, -1, -1):
        number = path[place][0]
        if number in mine and number not in later.strange:
            if begun is not None and begun <= earlier.known_after:
                return None
            return place
        if number < 0:
            begun = spawned(number)
    return None
