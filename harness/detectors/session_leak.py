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

from collections.abc import Iterator
from typing import Final, NamedTuple

from pileup.detectors.case import Case
from pileup.detectors.custody import Custody
from pileup.detectors.outlets import (
    ANSWER,
    COMPLETE,
    PROMPT,
    happened,
    items,
    let_out,
    outlet,
    places,
    whose,
)
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.history import RawRow
from pileup.operations import Item

MOST_ALIKE: Final = 8
"""So many leaks that differ in nothing but perhaps their way are traced."""


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
    seen: dict[str, int] = {}
    custody = Custody(case)
    for number, secret in custody.breaches():
        agent = case.rows[number][3]
        if (agent, secret) in known:
            continue  # where it came out first says enough
        known.add((agent, secret))
        alike = _alike(case, custody, number, secret)
        if seen.setdefault(alike, 0) >= MOST_ALIKE:
            continue  # to trace one takes as long as to read the history
        seen[alike] += 1
        leak = _traced(case, number, secret)
        mark = _mark(case, custody, leak)
        if mark not in told:
            told.add(mark)
            yield _finding(case, custody, leak, mark)


# How it came there -------------------------------------------------------------------------------


def _traced(case: Case, out: int, secret: str) -> Leak:
    """Find the way by which a canary came where it does not belong."""
    session, got = _session(case, case.rows[out]), None
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
        if secret in note.got and _session(case, row) == session:
            got = number
    if got is None:
        got = _looked(case, session, out, held)
    channel = _channel(case, got, held)
    put = held.get(channel) if channel is not None else None
    if put is None:
        put = min(held.values(), default=None)
    return Leak(secret, put, got, out, channel)


def _session(case: Case, row: RawRow) -> str:
    return case.agents[row[3]].session


def _looked(case: Case, session: str, out: int, held: dict[Item, int]) -> int | None:
    """Return where a session last looked at what a canary had been put into, seen or not."""
    for number in range(out - 1, -1, -1):
        row = case.rows[number]
        mine = _session(case, row) == session and happened(row) and outlet(row) is None
        if mine and any(held.get(item, number) < number for item in items(row)):
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
    channel = leak.channel.resource if leak.channel is not None else ""
    return f"{_alike(case, custody, leak.out, leak.secret)} {channel}"


def _alike(case: Case, custody: Custody, number: int, secret: str) -> str:
    row = case.rows[number]
    owner = custody.owners.get(secret)
    role = case.agents[owner].role if owner is not None else ""
    return f"{role} {case.agents[row[3]].role} {outlet(row)} {row[5] or ''}"


def _finding(case: Case, custody: Custody, leak: Leak, mark: str) -> Finding:
    out = case.rows[leak.out]
    agent = case.agents[out[3]]
    owner = custody.owners.get(leak.secret)
    victim = case.agents[owner] if owner is not None else None
    session = victim.session if victim is not None else "a session that no agent serves"
    way, at = outlet(out), said(case, leak.out)
    where = {PROMPT: "in a prompt", ANSWER: "in an answer"}.get(way or "", "in a request")
    return found(
        "session_leak",
        title=f"a secret of {session} came out {where} of {agent.name} ({agent.session})",
        explanation="\n".join(
            (
                *_put(case, leak, session),
                _got(case, leak, agent.name),
                f"Then {agent.name}, serving {agent.session}, {let_out(case, leak.out)}{at}.",
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
    if leak.put is not None:
        row, who = case.rows[leak.put], whose(case, leak.put)
        into = list(places(row))
        item = leak.channel if leak.channel in into else into[0]
        yield f"{who} put a secret of {session} into {item.name} ({row[0]}){said(case, leak.put)}."


def _got(case: Case, leak: Leak, agent: str) -> str:
    """Say from where it came to who let it out."""
    if leak.got is None:
        return (
            f"It came to {agent} through the process' own memory (an object, a global) or a "
            "context variable, because nothing shared carried it there."
        )
    if case.rows[leak.got][0] == COMPLETE:
        return f"{whose(case, leak.got)} got it in an answer of the model{said(case, leak.got)}."
    source = leak.channel.name if leak.channel is not None else case.rows[leak.got][0]
    how = f"{source} ({case.rows[leak.got][0]}){said(case, leak.got)}"
    return f"{whose(case, leak.got)} got it from {how}."
