"""Who may carry whose secrets: what a session owns, and what was handed over.

Handed over is what a message of a queue says, to who took it, until it is
acknowledged and the next one taken; and what a sub-agent returns, to who waits
for it. Whoever is started in between is started for that, and may have it too,
and so may a task that takes no messages itself, beside one that does.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from operator import itemgetter
from typing import Final

from pileup.detectors.case import TASKS, Case, Strand
from pileup.detectors.outlets import happened, is_taking, outlet, whose
from pileup.history import RawRow
from pileup.notes import canary

CANARY: Final = "canary-"

NOTHING: Final[frozenset[str]] = frozenset()


class Custody:
    """Which canaries belong to whom, and which were handed to whom."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._desks: defaultdict[Strand, list[tuple[int, frozenset[str]]]] = defaultdict(list)
        """What each strand was handed by queues, from which row on."""
        self._takers: defaultdict[int, list[Strand]] = defaultdict(list)
        self._ever: defaultdict[int, set[str]] = defaultdict(set)
        """What each agent was ever handed, by whichever of its tasks."""
        self._inherited: dict[Strand, frozenset[str]] = {}
        self._open: defaultdict[Strand, dict[str | None, frozenset[str]]] = defaultdict(dict)
        self._done: set[tuple[Strand, str | None]] = set()
        self._joined: defaultdict[int, set[str]] = defaultdict(set)
        self._answers: dict[str, frozenset[str]] = {}

    @cached_property
    def owners(self) -> dict[str, int]:
        """The first agent of the session that each canary belongs to."""
        found: dict[str, int] = {}
        for number, who in enumerate(self._case.agents):
            found.setdefault(canary(who.session), number)
        return found

    @cached_property
    def _own(self) -> list[set[str]]:
        """What belongs to each agent: its session's, and its sub-agents' sessions'."""
        own: list[set[str]] = [set() for _ in self._case.agents]
        for number, who in enumerate(self._case.agents):
            above: Strand | None = number * TASKS
            while above is not None:
                own[above // TASKS].add(canary(who.session))
                above = self._case.parents.get(above)
        return own

    def breaches(self) -> Iterator[tuple[int, str]]:
        """Return what let out a canary that it had no right to: the row and the canary."""
        for number, row in enumerate(self._case.rows):
            self._see(number, row)
            note = row[11]
            if note is None or not note.sent or outlet(row) is None or not happened(row):
                continue
            strand = row[3] * TASKS + row[4]
            if self._case.is_nobody(strand):
                continue
            lawful = self._lawful(strand, number)
            if row[0] == "end":
                self._answers[whose(self._case, number)] = lawful.intersection(note.sent)
                if self._is_helper(row[3]):
                    continue  # its answer stays in the session, as long as its parent keeps it
            for secret in note.sent:
                if secret.startswith(CANARY) and secret not in lawful:
                    yield number, secret

    def _is_helper(self, agent: int) -> bool:
        """Whether an agent answers to another one of its own session."""
        above = self._case.parents.get(agent * TASKS)
        agents = self._case.agents
        return above is not None and agents[above // TASKS].session == agents[agent].session

    def _see(self, number: int, row: RawRow) -> None:
        """Follow what is handed over: a message, its end, a sub-agent's answer."""
        strand = row[3] * TASKS + row[4]
        if row[0] == "join" and row[1]:
            self._joined[row[3]] |= self._answers.get(row[1][0].item.key, NOTHING)
        elif row[0] == "ack" and row[11] is not None:
            self._done.add((strand, row[11].message))
        elif is_taking(row) and happened(row):
            self._hand(number, strand, row)

    def _hand(self, number: int, strand: Strand, row: RawRow) -> None:
        note = row[11]
        assert note is not None
        still = self._open[strand]
        for message in [each for each in still if (strand, each) in self._done]:
            del still[message]
        still[note.message] = frozenset(note.got)
        self._ever[strand // TASKS].update(note.got)
        if note.lease is None:
            self._done.add((strand, note.message))  # nobody will acknowledge it
        else:
            self._done.discard((strand, note.message))
        if strand not in self._desks:
            self._takers[strand // TASKS].append(strand)
        self._desks[strand].append((number, NOTHING.union(*still.values())))

    def _lawful(self, strand: Strand, number: int) -> frozenset[str]:
        """Return what a strand may let out."""
        agent = strand // TASKS
        handed = self._handed(strand, number)
        if strand not in self._desks:  # a task may pass on in the process what it has taken
            handed = handed.union(self._ever[agent])
        return handed.union(self._own[agent], self._joined[agent])

    def _handed(self, strand: Strand, number: int) -> frozenset[str]:
        """Return what a strand has been handed and works on, or whoever started it when it did."""
        desk = self._desks.get(strand, [])
        at = bisect_right(desk, number, key=itemgetter(0))
        if at:
            return desk[at - 1][1]
        above = self._case.parents.get(strand)
        if above is None:
            return NOTHING
        if strand not in self._inherited:
            begun = self._case.rows[self._case.spans[strand].first][6] - 1
            same = above // TASKS == strand // TASKS
            # Which task of another agent's started it is not known.
            bosses = [above] if same else dict.fromkeys((above, *self._takers[above // TASKS]))
            self._inherited[strand] = NOTHING.union(*(self._handed(each, begun) for each in bosses))
        return self._inherited[strand]
