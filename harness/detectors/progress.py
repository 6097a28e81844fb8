"""Livelock and starvation: refused again and again, while nobody or everybody else gets on.

A refusal is an attempt that only looked (a compare-and-set, a `SET NX`, a
try-lock), that failed for a conflict, or that was given up while somebody
else had the lock. Who is to blame for it is who changed the thing last.

What is right and looks the same must stay silent:

* an optimistic writer that is refused, tries again, and gets there in the end;
* to wait for one who has the lock and gets on with the work;
* a standby that asks for a lease which its holder makes longer;
* a fair crowd: others got it before, each of them once;
* one that does other work when it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pileup.detectors.case import TASKS, Case, Strand
from pileup.detectors.refusals import AGAIN, gets_on, locks_among, refusals_in, refused
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.history import FAIL
from pileup.operations import READ, Item

MORE: Final = 3
"""Another who gets it so often meanwhile does not take turns."""


def no_progress(case: Case) -> Iterator[Finding]:
    """Find agents that keep each other from getting on, and those that never have their turn."""
    refusals = refusals_in(case)
    if refusals:
        yield from _livelocks(case, refusals)
        yield from _starvation(case, refusals)


# Nobody gets on ------------------------------------------------------------------------------


@dataclass
class Streak:
    """The refusals of one strand since it last got on: their rows, and who was in the way."""

    rows: list[int] = field(default_factory=list)
    to_blame: set[Strand] = field(default_factory=set)


def _livelocks(case: Case, refusals: dict[int, Item]) -> Iterator[Finding]:
    if len({case.rows[number][3] for number in refusals}) < 2:  # noqa: PLR2004 - it takes two
        return
    groups = dict(_stuck(case, refusals))  # the last of each, which has all its refusals
    told: set[str] = set()
    for group, rows in groups.items():
        finding = _livelock(case, group, rows)
        if finding.fingerprint not in told:
            told.add(finding.fingerprint)
            yield finding


def _stuck(case: Case, refusals: dict[int, Item]) -> Iterator[tuple[tuple[Strand, ...], list[int]]]:
    """Yield the strands that were refused ten times each, by nobody but each other."""
    locks = locks_among(case, refusals)
    streaks: dict[Strand, Streak] = {}
    last: dict[Item, Strand] = {}
    for number, row in enumerate(case.rows):
        strand = row[3] * TASKS + row[4]
        item = refusals.get(number)
        if item is not None:
            streak = streaks.setdefault(strand, Streak())
            streak.rows.append(number)
            if item in last and last[item] != strand:
                streak.to_blame.add(last[item])
            if len(streak.rows) % AGAIN == 0:
                group = _group(streaks)
                if group:
                    rows = [each for who in group for each in streaks[who].rows]
                    yield group, rows
            continue
        if gets_on(row, locks):
            streaks.pop(strand, None)
        if row[8] != FAIL and row[2]:
            for each, access in row[1]:
                if access != READ:
                    last[each] = strand


def _group(streaks: dict[Strand, Streak]) -> tuple[Strand, ...]:
    """Return those who wait for nobody but each other."""
    group = {who: each for who, each in streaks.items() if len(each.rows) >= AGAIN}
    while True:
        free = [
            who
            for who, each in group.items()
            if not each.to_blame or not each.to_blame <= group.keys()
        ]
        if not free:
            return tuple(group)
        for who in free:
            del group[who]


def _livelock(case: Case, group: tuple[Strand, ...], rows: list[int]) -> Finding:
    names = tuple(dict.fromkeys(case.name(who) for who in group))
    wanted = [item for item in map(refused, map(case.row, rows)) if item is not None]
    items = sorted({item.name: item for item in wanted}.values(), key=lambda item: item.name)
    first, last = min(rows), max(rows)
    roles = sorted({case.role(who) for who in group})
    return found(
        "livelock",
        title=f"{' and '.join(names)} keep each other from getting on",
        explanation=(
            f"{' and '.join(names)} asked for {', '.join(item.name for item in items)} "
            f"{len(rows)} times and were refused each time, because another of them was in the way"
            f" (from event {first} to event {last}).\n"
            f"The last refusal was that of {case.agents[case.rows[last][3]].name}"
            f"{said(case, last)}.\n"
            "All of them are busy, and none of them did any work in all that time."
        ),
        item=items[0],
        agents=names,
        evidence=tuple(rows),
        receipt={"agents": len(names), "refusals": len(rows)},
        mark=f"{' '.join(roles)} {' '.join(sorted({case.rows[row][0] for row in rows}))}",
    )


# One does not get on ------------------------------------------------------------------------


@dataclass
class Turn:
    """One strand that asks for one thing: its refusals since it last got it, and who did."""

    rows: list[int] = field(default_factory=list)
    others: dict[Strand, list[int]] = field(default_factory=dict)


def _starvation(case: Case, refusals: dict[int, Item]) -> Iterator[Finding]:
    told: set[str] = set()
    for strand, item, turn in _starved(case, refusals):
        finding = _starving(case, strand, item, turn)
        if finding.fingerprint not in told:
            told.add(finding.fingerprint)
            yield finding


def _starved(case: Case, refusals: dict[int, Item]) -> Iterator[tuple[Strand, Item, Turn]]:
    worked = _worked(case, refusals)
    for item in dict.fromkeys(refusals.values()):
        numbers = [number for number, each in refusals.items() if each is item]
        for strand, turn in _turns(case, item, numbers).items():
            if len(turn.rows) < AGAIN or worked.get(strand, -1) > turn.rows[-AGAIN]:
                continue
            if any(len(won) >= MORE for won in turn.others.values()):
                yield strand, item, turn


def _worked(case: Case, refusals: dict[int, Item]) -> dict[Strand, int]:
    """Return where each strand did something else of use the last time."""
    locks = locks_among(case, refusals)
    return {
        row[3] * TASKS + row[4]: number
        for number, row in enumerate(case.rows)
        if row[0] != "end" and gets_on(row, locks)
    }


def _turns(case: Case, item: Item, asked: list[int]) -> dict[Strand, Turn]:
    """Return who asked for a thing and has not got it, with who got it meanwhile."""
    rows = sorted({*asked, *(look[0] for look in case.looks.get(item, ()))})
    turns: dict[Strand, Turn] = {}
    names = {case.rows[number][0] for number in asked}
    vain = set(asked)
    free = True
    for number in rows:
        row = case.rows[number]
        strand = row[3] * TASKS + row[4]
        if number in vain:
            turns.setdefault(strand, Turn()).rows.append(number)
        elif all(access == READ for each, access in row[1] if each is item):
            free = True  # who reads what is there goes by it, so a change of it is no renewal
        elif row[0] in names:
            turns.pop(strand, None)
            for turn in turns.values() if free else ():
                turn.others.setdefault(strand, []).append(number)
            free = False
        else:
            free = True  # given back, or run out
    return turns


def _starving(case: Case, strand: Strand, item: Item, turn: Turn) -> Finding:
    winner = max(turn.others, key=lambda who: len(turn.others[who]))
    won = turn.others[winner]
    name, other = case.name(strand), case.name(winner)
    return found(
        "starvation",
        title=f"{name} never got {item.name}, while {other} got it {len(won)} times",
        explanation=(
            f"{name} asked for {item.name} {len(turn.rows)} times and was refused each time, the "
            f"last time{said(case, turn.rows[-1])}.\n"
            f"Meanwhile {other} got it {len(won)} times{said(case, won[-1])}.\n"
            f"{name} has not got it to the end."
        ),
        item=item,
        agents=(name, other),
        evidence=(*turn.rows, *won),
        receipt={"refusals": len(turn.rows), "other": other, "got": len(won)},
        mark=f"{case.role(strand)} {case.rows[turn.rows[0]][0]}",
    )
