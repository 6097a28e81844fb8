"""Effects as their callers know them: what was asked for, what happened, and who heard of it.

A request is asked for in one row and has its effect in the same, but for one
whose caller gave up: it takes effect later, by itself. An insert of a
transaction has its effect when that is committed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import Final, NamedTuple

from pileup.asking import TAKING
from pileup.detectors.attempts import LATE, Attempt, attempt
from pileup.detectors.case import TASKS, Case
from pileup.history import FAIL, INFO, OK
from pileup.operations import READ, UPDATE, Item

CRASH: Final = "crash"
COMMIT: Final = "commit"


class Claim(NamedTuple):
    """What an agent read at a version and then changed: the rows of both."""

    item: Item
    version: int
    read: int
    change: int


class Effect:
    """One thing that happened and counts: who asked for it, and when it happened."""

    def __init__(self, asked: Attempt, happened: int, unknown: bool) -> None:
        self.asked = asked
        self.happened = happened
        self.unknown = unknown
        """Whether its caller saw a failure, or never learned what came of it."""

    @property
    def agent(self) -> int:
        """The number of the agent that asked for it."""
        return self.asked.row[3]

    @property
    def key(self) -> str | None:
        """Its idempotency key."""
        return self.asked.note.key


class Effects:
    """All effects of a history, by what was asked for; only what happened more than once."""

    def __init__(self, case: Case) -> None:
        self._case = case

    @property
    def ways(self) -> bool:
        """Whether anything happened by which one effect can become two."""
        return bool(self.crashes or self.deaths or self.taken or self.claims)

    @cached_property
    def several(self) -> list[list[Effect]]:
        """The effects that look alike, in order, where there are several."""
        rows, counted = self._case.rows, dict[str | None, int]()
        for number in self._case.noted:
            note = rows[number][11]
            if note is not None and note.effect:
                counted[note.intent] = counted.get(note.intent, 0) + 1
        asked: dict[str, list[Attempt]] = {}
        if any(count > 1 for count in counted.values()):
            for number in self._case.noted:
                note = rows[number][11]
                if note is None or not note.effect:
                    continue
                if counted.get(note.intent, 0) > 1 and note.intent is not None:
                    each = attempt(self._case, number)
                    asked.setdefault(each.about, []).append(each)
        found = (sorted(self._happened(each), key=_by_time) for each in asked.values())
        return [effects for effects in found if len(effects) > 1]

    def _happened(self, asked: list[Attempt]) -> Iterator[Effect]:
        """Return which of these requests have had their effect."""
        given_up: list[Attempt] = [each for each in asked if each.withdrawn]
        for each in asked:
            if not each.effective:
                continue
            if each.row[0].startswith(LATE):
                whose = next((a for a in given_up if a.note is each.note), None)
                whose = whose or next((a for a in given_up if a.note.key == each.note.key), None)
                if whose is not None:
                    given_up.remove(whose)
                    yield Effect(whose, each.number, unknown=True)
            elif each.note.unit is None:
                yield Effect(each, each.number, each.failed)
            elif (ended := self._commits.get(each.note.unit)) is not None:
                end = self._case.rows[ended]
                yield Effect(each, ended, end[8] == INFO)

    @cached_property
    def _commits(self) -> dict[int, int]:
        """The rows in which transactions were committed, by their number."""
        found: dict[int, int] = {}
        for number in self._case.noted:
            row = self._case.rows[number]
            note = row[11]
            done = row[8] == OK or (row[8] == INFO and row[2])
            if row[0] == COMMIT and done and note is not None and note.unit is not None:
                found[note.unit] = number
        return found

    # Lives ---------------------------------------------------------------------------------

    @cached_property
    def crashes(self) -> dict[int, list[int]]:
        """The rows in which each agent crashed and was to begin anew."""
        found: dict[int, list[int]] = {}
        for number, row in enumerate(self._case.rows if self._case.glance.crashed else ()):
            if row[0] == CRASH and row[10] == CRASH:
                found.setdefault(row[3], []).append(number)
        return found

    def life(self, effect: Effect) -> int:
        """Return in which life of its agent an effect was asked for: 0 is the first."""
        return bisect_left(self.crashes.get(effect.agent, ()), effect.asked.number)

    @cached_property
    def deaths(self) -> dict[int, int]:
        """The rows in which agents ended with a failure."""
        return {
            row[3]: number
            for number, row in enumerate(self._case.rows if self._case.glance.troubled else ())
            if row[0] == "end" and row[8] == FAIL
        }

    @cached_property
    def births(self) -> dict[int, int]:
        """How many events there had been when each agent was started."""
        found: dict[int, int] = {}
        for row in self._case.rows:
            found.setdefault(row[3], row[6])
        return found

    # Claims --------------------------------------------------------------------------------

    @cached_property
    def taken(self) -> dict[int, list[tuple[int, str]]]:
        """The messages that each strand was handed: the rows, in order."""
        found: dict[int, list[tuple[int, str]]] = {}
        for number in self._case.noted if "message" in self._case.glance.facts else ():
            row = self._case.rows[number]
            note = row[11]
            if row[0] in TAKING and note is not None and note.message is not None and row[8] == OK:
                found.setdefault(row[3] * TASKS + row[4], []).append((number, note.message))
        return found

    def message(self, effect: Effect) -> tuple[int, str] | None:
        """Return the message that an effect was asked for in view of, and the row that gave it."""
        taken = self.taken.get(effect.asked.strand, [])
        place = bisect_left(taken, (effect.asked.number, ""))
        return taken[place - 1] if place else None

    @cached_property
    def claims(self) -> dict[int, list[Claim]]:
        """What each agent read and then changed or wrote over: what it may have taken for its own.

        Two that went by one version have taken one thing twice.
        """
        found: dict[int, list[Claim]] = {}
        for item, looks in self._case.looks.items():
            read: dict[int, tuple[int, int]] = {}
            for number, strand, access, version in looks:
                who = strand // TASKS
                if access == READ:
                    read[who] = (version, number)
                elif access != UPDATE and who in read:
                    base, at = read.pop(who)
                    found.setdefault(who, []).append(Claim(item, base, at, number))
        return found


def _by_time(effect: Effect) -> int:
    return effect.happened
