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
from pileup.detectors.locks import MAKING, TAKING
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.history import FAIL, INFO, OK, RawRow
from pileup.operations import READ, UPDATE, Item, Past

SWAPPING: Final = frozenset(("swap", "compare_and_set"))
ASKING: Final = TAKING | MAKING | SWAPPING
"""What may be answered with a no."""

CONFLICTS: Final = frozenset(
    (
        "SerializationFailure",
        "LockNotAvailable",
        "DeadlockDetected",
        "WatchError",
        "BlockingIOError",
        "FileExistsError",
    )
)
"""How an attempt fails that another one was in the way of."""

IDLE: Final = frozenset(("start", "sleep", "give up", "rollback", "begin", "complete"))
"""What is no progress; neither is thinking, of which nothing has come yet."""

AGAIN: Final = 10
"""Refused so often in a row is no longer bad luck."""

MORE: Final = 3
"""Another who gets it so often meanwhile does not take turns."""


def no_progress(case: Case) -> Iterator[Finding]:
    """Find agents that keep each other from getting on, and those that never have their turn."""
    refusals = _refusals(case)
    if refusals:
        yield from _livelocks(case, refusals)
        yield from _starvation(case, refusals)


def _refused(row: RawRow) -> Item | None:
    """Return what a row asked for in vain."""
    name, touches, versions, outcome, detail = row[0], row[1], row[2], row[8], row[9]
    if not touches or row[10] is not None:
        return None
    if outcome == FAIL:
        return _wanted(row) if detail in CONFLICTS else None
    if type(touches[0].item) is Past:
        return None
    if outcome == INFO:
        return touches[0].item if not versions and name in TAKING else None
    looked = all(access == READ for _, access in touches)
    return touches[0].item if looked and detail in (False, None, 0) else None


def _wanted(row: RawRow) -> Item:
    """Return what a failed row would have changed."""
    return next((item for item, access in row[1] if access != READ), row[1][0].item)


def _refusals(case: Case) -> dict[int, Item]:
    """Return what was asked for in vain, by row; none where nobody was refused often."""
    rows: dict[int, Item] = {}
    counts: dict[Strand, int] = {}
    for number, row in enumerate(case.rows):
        if row[8] == OK and row[0] not in ASKING:
            continue
        item = _refused(row)
        if item is not None:
            rows[number] = item
            strand = row[3] * TASKS + row[4]
            counts[strand] = counts.get(strand, 0) + 1
    return rows if any(count >= AGAIN for count in counts.values()) else {}


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
    locks = _locks(case, refusals)
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
        if _gets_on(row, locks):
            streaks.pop(strand, None)
        if row[8] != FAIL and row[2]:
            for each, access in row[1]:
                if access != READ:
                    last[each] = strand


def _locks(case: Case, refusals: dict[int, Item]) -> set[Item]:
    """Return what is taken and given back, and never read: a lock, and nothing that grows."""
    asked = set(refusals.values())
    return {
        item
        for item in asked
        if all(access != READ or number in refusals for number, _, access, _ in case.looks[item])
    }


def _gets_on(row: RawRow, locks: set[Item]) -> bool:
    """Whether a row is progress: a change of something but locks, and not in a transaction."""
    note = row[11]
    if row[0] in IDLE or row[8] == FAIL or not row[2]:
        return False
    if note is not None and note.unit is not None and row[0] != "commit":
        return False
    done = [(item, access) for item, access in row[1] if access != READ]
    of_lock = any(item in locks for item, _ in done)  # what it counts elsewhere is of no account
    return any(item not in locks and not (of_lock and access == UPDATE) for item, access in done)


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
    wanted = [item for item in map(_refused, map(case.row, rows)) if item is not None]
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


# One does not get on -------------------------------------------------------------------------


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
    locks = _locks(case, refusals)
    return {
        row[3] * TASKS + row[4]: number
        for number, row in enumerate(case.rows)
        if row[0] != "end" and _gets_on(row, locks)
    }


def _turns(case: Case, item: Item, refused: list[int]) -> dict[Strand, Turn]:
    """Return who asked for a thing and has not got it, with who got it meanwhile."""
    rows = sorted({*refused, *(look[0] for look in case.looks.get(item, ()))})
    turns: dict[Strand, Turn] = {}
    names = {case.rows[number][0] for number in refused}
    vain = set(refused)
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
