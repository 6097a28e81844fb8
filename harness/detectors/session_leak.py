"""Session leaks: the secret of one session came out in another.

Each session has a canary, a value that no other should ever see. It leaks when
it reaches a prompt, a request or the answer of an agent that serves another
session. To read it is no leak yet, and neither is to carry it along in
something that is shared.

What is right and looks the same must stay silent: a session's agents among
themselves, a parent with what its sub-agents' sessions gave it, and a worker
with the message that a queue handed to it, until that is acknowledged and the
next one taken.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from operator import itemgetter
from typing import Final, NamedTuple

from pileup.detectors.case import TASKS, Case, Strand
from pileup.detectors.outlets import (
    ANSWER,
    COMPLETE,
    PROMPT,
    happened,
    is_taking,
    items,
    let_out,
    outlet,
    places,
    whose,
)
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.history import RawRow
from pileup.notes import canary
from pileup.operations import Item

CANARY: Final = "canary-"

NOTHING: Final[frozenset[str]] = frozenset()


class Leak(NamedTuple):
    """One leak: whose canary, and the rows in which it was put somewhere, taken, and let out."""

    secret: str
    put: int | None
    got: int | None
    out: int
    channel: Item | None


def session_leaks(case: Case) -> Iterator[Finding]:
    """Find what came out in a session that it does not belong to."""
    if not case.marked:
        return
    told: set[str] = set()
    known: set[tuple[int, str]] = set()
    custody = Custody(case)
    for number, secret in custody.breaches():
        agent = case.rows[number][3]
        if (agent, secret) in known:
            continue  # where it came out first says enough
        known.add((agent, secret))
        leak = _traced(case, number, secret)
        mark = _mark(case, custody, leak)
        if mark not in told:
            told.add(mark)
            yield _finding(case, custody, leak, mark)


# Who may carry what ------------------------------------------------------------------------------


class Custody:
    """Which canaries belong to whom, and which were handed to whom."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._desks: defaultdict[Strand, list[tuple[int, frozenset[str]]]] = defaultdict(list)
        """What each strand was handed by queues, from which row on."""
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
            for secret in note.sent:
                if secret.startswith(CANARY) and secret not in lawful:
                    yield number, secret

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
        if note.lease is None:
            self._done.add((strand, note.message))  # nobody will acknowledge it
        else:
            self._done.discard((strand, note.message))
        self._desks[strand].append((number, NOTHING.union(*still.values())))

    def _lawful(self, strand: Strand, number: int) -> frozenset[str]:
        """Return what a strand may let out."""
        agent = strand // TASKS
        return self._handed(strand, number).union(self._own[agent], self._joined[agent])

    def _handed(self, strand: Strand, number: int) -> frozenset[str]:
        """Return what a strand has been handed and works on, or whoever started it when it did."""
        desk = self._desks.get(strand, [])
        at = bisect_right(desk, number, key=itemgetter(0))
        if at:
            return desk[at - 1][1]
        above = self._case.parents.get(strand)
        if above is None:
            return NOTHING
        first = self._case.rows[self._case.spans[strand].first]
        if above // TASKS == strand // TASKS:
            return self._handed(above, first[6] - 1)
        boss = above // TASKS * TASKS  # which task of its parent's started it is not known
        tasks = [each for each in self._desks if each // TASKS * TASKS == boss]
        return NOTHING.union(*(self._handed(each, first[6] - 1) for each in {*tasks, above}))


# How it came there -------------------------------------------------------------------------------


def _traced(case: Case, out: int, secret: str) -> Leak:
    """Find the way by which a canary came where it does not belong."""
    agent, put, got = case.rows[out][3], None, None
    held: dict[Item, int] = {}
    for number in case.marked:
        row = case.rows[number]
        note = row[11]
        assert note is not None
        if number >= out:
            break
        if not happened(row):
            continue
        if secret in note.sent and outlet(row) is None:
            for item in places(row):
                held.setdefault(item, number)
        if secret in note.got and row[3] == agent:
            got = number
    if got is None:
        got = _looked(case, agent, out, held)
    channel = _channel(case, got, held)
    put = held.get(channel) if channel is not None else None
    return Leak(secret, put if put is not None else min(held.values(), default=None), got, out, channel)


def _looked(case: Case, agent: int, out: int, held: dict[Item, int]) -> int | None:
    """Return where an agent last looked at what a canary had been put into, seen or not."""
    for number in range(out - 1, -1, -1):
        row = case.rows[number]
        if row[3] == agent and happened(row) and outlet(row) is None:
            if any(held.get(item, number) < number for item in items(row)):
                return number
    return None


def _channel(case: Case, got: int | None, held: dict[Item, int]) -> Item | None:
    if got is None:
        return None
    touched = list(items(case.rows[got]))
    return next((item for item in touched if item in held), touched[0] if touched else None)


# What is said of it ------------------------------------------------------------------------------


def _mark(case: Case, custody: Custody, leak: Leak) -> str:
    """Tell the bug apart by who leaks whose, how it came there and where it came out."""
    out = case.rows[leak.out]
    owner = custody.owners.get(leak.secret)
    role = case.agents[owner].role if owner is not None else ""
    channel = leak.channel.resource if leak.channel is not None else ""
    return f"{role} {case.agents[out[3]].role} {channel} {outlet(out)} {out[5] or ''}"


def _finding(case: Case, custody: Custody, leak: Leak, mark: str) -> Finding:
    out = case.rows[leak.out]
    agent = case.agents[out[3]]
    owner = custody.owners.get(leak.secret)
    victim = case.agents[owner] if owner is not None else None
    session = victim.session if victim is not None else "a session that no agent serves"
    way = outlet(out)
    where = {PROMPT: "in a prompt", ANSWER: "in an answer"}.get(way or "", "in a request")
    return found(
        "session_leak",
        title=f"a secret of {session} came out {where} of {agent.name}, which serves {agent.session}",
        explanation="\n".join(
            (
                *_put(case, leak, session),
                _got(case, leak, agent.name),
                f"Then {agent.name}, which serves {agent.session}, {let_out(case, leak.out)}"
                f"{said(case, leak.out)}.",
                f"What belongs to {session} has come out in {agent.session}.",
            )
        ),
        item=leak.channel,
        agents=(agent.name, *([victim.name] if victim is not None else [])),
        evidence=tuple(row for row in (leak.put, leak.got, leak.out) if row is not None),
        receipt={
            "owner": session,
            "session": agent.session,
            "leaked_by": agent.name,
            "outlet": way,
            "channel": leak.channel.name if leak.channel is not None else None,
            "secret": leak.secret,
        },
        mark=mark,
    )


def _put(case: Case, leak: Leak, session: str) -> Iterator[str]:
    """Say who put it where first."""
    if leak.put is None:
        return
    places_put = ", ".join(dict.fromkeys(item.name for item in places(case.rows[leak.put])))
    yield f"{whose(case, leak.put)} put a secret of {session} into {places_put}{said(case, leak.put)}."


def _got(case: Case, leak: Leak, agent: str) -> str:
    """Say from where it came to who let it out."""
    if leak.got is None:
        return (
            f"It came to {agent} through the process' own memory (an object, a global) or a "
            "context variable, because nothing shared carried it there."
        )
    if case.rows[leak.got][0] == COMPLETE:
        return f"{agent} got it in an answer of the model{said(case, leak.got)}."
    source = leak.channel.name if leak.channel is not None else case.rows[leak.got][0]
    return f"{agent} got it from {source} ({case.rows[leak.got][0]}){said(case, leak.got)}."
