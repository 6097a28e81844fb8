"""Zombie writes: who has been given up writes all the same, over what was written instead.

Three ways to be given up and go on:

* a sub-agent whose parent stopped waiting for it, and did the work in another way;
* a request whose caller had its timeout, and which takes effect after that;
* the holder of a lease that has run out, while the next one works under it.

What is right and looks the same must stay silent: what comes late and collides
with nothing, what writes the same once more, what only adds or compares first,
who has read what was written instead and then writes in view of it,
a parent that waits again, because then it has not given up, and a holder that
was told, or works on another message by now (`hands.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from pileup.detectors.case import TASKS, Case, Look, Strand
from pileup.detectors.hands import Hands
from pileup.detectors.leases import Takeover, tenures
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.history import INFO
from pileup.operations import READ, WRITE, Item

LATE: Final = "late "
"""How the operations begin that arrive after their caller has gone."""

MOST: Final = 32
"""How many changes before a late one are looked through: the nearest tell the story."""


class GivenUp(NamedTuple):
    """Somebody was given up: in which row, who, by whom, and why in words."""

    row: int
    who: int
    by: int
    why: str


class Zombie(NamedTuple):
    """One zombie write: what was written instead, and what came over it."""

    given_up: GivenUp
    item: Item
    instead: int
    late: int


def zombie_writes(case: Case) -> Iterator[Finding]:
    """Find what was written by those who had been given up."""
    seen: set[str] = set()
    for zombie in (*_sub_agents(case), *_requests(case), *_holders(case)):
        row = case.rows[zombie.late]
        role = case.agents[zombie.given_up.who].role
        mark = f"{role} {zombie.given_up.why.partition(' ')[0]} {row[0]} {row[5] or ''}"
        if mark + zombie.item.name not in seen:
            seen.add(mark + zombie.item.name)
            yield _finding(case, zombie, mark)


# Sub-agents whose parents have stopped waiting ---------------------------------------------------


def _sub_agents(case: Case) -> Iterator[Zombie]:
    given_up = _left(case) if any(who.parent for who in case.agents) else {}
    if not given_up:
        return
    for item, number, strand, instead, other in _overwrites(case):
        whose = _nearest(case, strand // TASKS, given_up)
        if whose is not None and whose.row < instead and _is_family(case, other // TASKS, whose):
            yield Zombie(whose, item, instead, number)


def _left(case: Case) -> dict[int, GivenUp]:
    """Return the sub-agents for which nobody waits any more, though somebody did."""
    numbers = {who.name: number for number, who in enumerate(case.agents)}
    found: dict[int, GivenUp] = {}
    for number, row in enumerate(case.rows):
        if row[0] != "join" or not row[1]:
            continue
        child = numbers.get(row[1][0][0].key)
        if child is not None and row[8] == INFO and not row[2]:
            found[child] = GivenUp(number, child, row[3], "stopped waiting for")
        elif child is not None:
            found.pop(child, None)
    return found


def _nearest(case: Case, agent: int, given_up: dict[int, GivenUp]) -> GivenUp | None:
    """Return who of an agent and those above it has been given up."""
    above: int | None = agent
    while above is not None and above not in given_up:
        strand = case.parents.get(above * TASKS)
        above = None if strand is None else strand // TASKS
    return None if above is None else given_up[above]


def _is_family(case: Case, agent: int, whose: GivenUp) -> bool:
    """Whether an agent does what the one that gave up does now: itself, or for it."""
    if agent == whose.by:
        return True
    mine, parent, child = agent * TASKS, whose.by * TASKS, whose.who * TASKS
    return mine != child and case.is_below(mine, parent) and not case.is_below(mine, child)


# Requests whose callers have gone ----------------------------------------------------------------


def _requests(case: Case) -> Iterator[Zombie]:
    if not any(who.session == "" for who in case.agents):
        return
    late = [number for number, row in enumerate(case.rows) if row[0].startswith(LATE)]
    sent = _sent(case) if late else {}
    came = set(late)
    for item, number, _, instead, other in _overwrites(case) if late else ():
        whose = sent.get((case.rows[number][0][len(LATE) :], item)) if number in came else None
        if whose is not None and whose.row < instead and other // TASKS == whose.by:
            yield Zombie(whose, item, instead, number)


def _sent(case: Case) -> dict[tuple[str, Item], GivenUp]:
    """Return the requests whose callers have gone, by what they do and to what."""
    found: dict[tuple[str, Item], GivenUp] = {}
    for number, row in enumerate(case.rows):
        if row[8] == INFO and not row[2]:
            for item, _ in row[1]:
                found.setdefault((row[0], item), GivenUp(number, row[3], row[3], "gave up on"))
    return found


# Holders whose leases have run out ---------------------------------------------------------------


def _holders(case: Case) -> Iterator[Zombie]:
    lost = _lost(case) if case.leases else {}
    if not lost:
        return
    hands = Hands(case)
    for item, number, strand, instead, other in _overwrites(case):
        for takeover in islice(reversed(lost.get(strand // TASKS, ())), MOST):
            new = case.rows[takeover.lost][3]
            in_time = takeover.lost < instead and (takeover.over or number) >= instead
            if not in_time or new != other // TASKS or item is takeover.item:
                continue
            if hands.is_under(takeover, strand, number):
                why = f"took the lease {takeover.item.name} from"
                whose = GivenUp(takeover.lost, strand // TASKS, new, why)
                yield Zombie(whose, item, instead, number)


def _lost(case: Case) -> dict[int, list[Takeover]]:
    """Return the leases that each agent has lost to another."""
    found: dict[int, list[Takeover]] = {}
    for tenure in tenures(case):
        for takeover in tenure.takeovers:
            found.setdefault(case.rows[takeover.taken][3], []).append(takeover)
    return found


# What they have in common ------------------------------------------------------------------------


def _overwrites(case: Case) -> Iterator[tuple[Item, int, Strand, int, Strand]]:
    """Yield what was written over another's unseen change: the row and its strand, and that one's.

    Who has read that change and then writes does so in view of it, however late.
    """
    for item, looks in case.looks.items():
        last: Look | None = None
        before: Look | None = None
        seen: dict[int, int] = {}
        for look in looks:
            number, strand, access, version = look
            if access == READ:
                seen[strand // TASKS] = version
                continue
            if last is not None and last[1] // TASKS != strand // TASKS:
                before = last  # the last change by somebody else than who writes now
            unseen = before is not None and seen.get(strand // TASKS, -1) < before[3]
            if access == WRITE and before and unseen and _differ(case, before[0], number):
                yield item, number, strand, before[0], before[1]
            last = look


def _differ(case: Case, one: int, other: int) -> bool:
    """Whether two rows wrote different things: to write the same again does no harm."""
    notes = [case.rows[each][11] for each in (one, other)]
    mine, theirs = (None if note is None else note.intent for note in notes)
    if mine is None or theirs is None:
        mine, theirs = case.rows[one][9], case.rows[other][9]  # type: ignore[assignment] # a Brief
    return mine is not None and mine != theirs


def _finding(case: Case, zombie: Zombie, mark: str) -> Finding:
    (row, who, by, why), item, instead, late = zombie
    name, other = case.agents[who].name, case.agents[by].name
    own = who == by
    whom = f"a request of its own, '{case.rows[row][0]}'" if own else name
    came = "That request took effect all the same" if own else f"{name} wrote it all the same"
    writer = case.agents[case.rows[instead][3]].name
    return found(
        "zombie_write",
        title=(
            f"a request that {name} had given up came over {item.name} after that"
            if own
            else f"{name} wrote over {item.name} after it was given up"
        ),
        explanation=(
            f"{other} {why} {whom}{said(case, row)}.\n"
            f"Then {writer} wrote {item.name}{said(case, instead)}.\n"
            f"{came}, and came over that{said(case, late)}.\n"
            f"What {writer} had written is gone."
        ),
        item=item,
        agents=(name, other, writer),
        evidence=(row, instead, late),
        receipt={"given_up": name, "by": other, "writer": writer},
        mark=mark,
    )
