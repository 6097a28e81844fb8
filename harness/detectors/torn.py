"""Torn reads and torn writes: half of a write was seen, or two writes are mixed in one thing.

To write a file anew takes several operations: it is emptied, then written,
often in pieces. The fake says which belong together (`note.part`), and where
some of another write is left beside one (`note.beside`).

What is right and looks the same must stay silent:

* who sees half and reads it again before doing anything else with it (it has
  looked whether it was whole), or only asks whether it is there and how long;
* what is written beside and takes the other's place in one operation;
* what the same strand reads of its own, unfinished write;
* a mixture that the next write has removed before anybody read it, and one
  that is no mixture, because what was written is how the other begins.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Final, NamedTuple

from pileup.detectors.case import TASKS, Case, Look, Strand
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.operations import Item

OPENING: Final = frozenset(("truncate", "create"))
HALVING: Final = frozenset(("torn", "full"))
"""Faults that let half of a write land."""

GLANCES: Final = frozenset(("exists", "stat", "access", "open", "seek", "fsync", "listdir"))
"""Looks at a thing that show nothing of what is in it."""


class Half(NamedTuple):
    """A state that only part of a write has made: the row that made it, and the next part."""

    made: int
    rest: int | None


class Torn(NamedTuple):
    """One torn read."""

    item: Item
    half: Half
    read: int


# Reads -----------------------------------------------------------------------------------------


def torn_reads(case: Case) -> Iterator[Finding]:
    """Find who acted on half of what somebody was writing."""
    shared = _shared(case)
    halves = _halves(case) if shared else {}
    seen: set[str] = set()
    for item in shared:
        for torn in _torn(case, item, halves):
            mark = _mark(case, torn.read, torn.half.made)
            if (mark + item.name) not in seen:
                seen.add(mark + item.name)
                yield _torn_read(case, torn, mark)


def _shared(case: Case) -> list[Item]:
    """Return what was written in parts, and touched by others as well."""
    written = {touch.item: None for rows in case.parts.values() for touch in case.rows[rows[0]][1]}
    return [
        item
        for item in written
        if any(look[1] != case.looks[item][0][1] for look in case.looks[item])
    ]


def _halves(case: Case) -> dict[int, Half]:
    """Return what each row has left half done, by the number of the row."""
    found: dict[int, Half] = {}
    for rows in case.parts.values():
        for row, after in pairwise(rows):
            found[row] = Half(row, after)
        if _is_broken_off(case, rows[-1]):
            found[rows[-1]] = Half(rows[-1], None)
    return found


def _is_broken_off(case: Case, number: int) -> bool:
    """Whether a write ends with a part that cannot have been meant to be its last."""
    row = case.rows[number]
    if row[10] in HALVING:
        return True
    if row[0] not in OPENING:
        return False
    return case.rows[case.spans[_strand(case, number)].last][10] == "crash"


def _torn(case: Case, item: Item, halves: dict[int, Half]) -> Iterator[Torn]:
    """Yield the reads of a half that nobody has made good by reading again."""
    now: Half | None = None
    states: dict[int, Half] = {}
    suspects: dict[Strand, Torn] = {}
    for number, strand, access, version in case.looks[item]:
        if access != "read":
            now = halves.get(number) if access != "update" else now
            if now is not None:
                states[version] = now
        if case.rows[number][0] in GLANCES or _is_own(case, number, access):
            continue
        suspect = suspects.pop(strand, None)
        half = states.get(version) if access == "read" else None
        if suspect is not None and access != "read":
            yield suspect  # it went by what it had read
        elif suspect is not None and half == suspect.half:
            suspects[strand] = suspect  # it saw nothing new
        elif half is not None and _strand(case, half.made) != strand:
            suspects[strand] = Torn(item, half, number)
    yield from suspects.values()


def _is_own(case: Case, number: int, access: str) -> bool:
    """Whether a read is none, but the emptying of what was empty."""
    note = case.rows[number][11]
    return access == "read" and note is not None and note.part is not None


def _strand(case: Case, number: int) -> Strand:
    row = case.rows[number]
    return row[3] * TASKS + row[4]


def _torn_read(case: Case, torn: Torn, mark: str) -> Finding:
    item, half, read = torn
    reader, writer = (case.agents[case.rows[each][3]].name for each in (read, half.made))
    opening = case.rows[half.made][0] in OPENING
    begun = f"{writer} {'emptied' if opening else 'had written part of'} {item.name}"
    rest = (
        f"Only then {writer} wrote the rest{said(case, half.rest)}."
        if half.rest is not None
        else f"{writer} never wrote the rest, so it stays like that."
    )
    return found(
        "torn_read",
        title=f"{reader} read {item.name} while {writer} had written only part of it",
        explanation=(
            f"{begun}, to write it anew{said(case, half.made)}.\n"
            f"{reader} read it in that moment{_content(case, read)}{said(case, read)}.\n"
            f"{rest}\n"
            f"What {reader} went on with is neither what was there before nor what was meant."
        ),
        item=item,
        agents=(reader, writer),
        evidence=tuple(each for each in (half.made, read, half.rest) if each is not None),
        receipt={
            "reader": reader,
            "writer": writer,
            "read_version": case.version(read, item),
            "finished": half.rest is not None,
        },
        mark=mark,
    )


def _content(case: Case, read: int) -> str:
    value = case.rows[read][9]
    if value == "":
        return ", and found nothing in it"
    return ", and got the part that was there"


def _mark(case: Case, one: int, other: int) -> str:
    """Tell the bug apart by who meets whom."""
    roles = [case.agents[case.rows[each][3]].role for each in (one, other)]
    return f"{roles[0]} {case.rows[one][5] or ''} {roles[1]} {case.rows[other][5] or ''}"


# Writes ----------------------------------------------------------------------------------------


def torn_writes(case: Case) -> Iterator[Finding]:
    """Find what was left of two writes mixed in one thing."""
    if not case.parts:
        return
    seen: set[str] = set()
    for number in case.noted:
        note = case.rows[number][11]
        beside = note.beside if note is not None else None
        others = case.parts.get(beside) if beside is not None else None
        if others is None or not _is_mixed(case, number, others[-1]):
            continue
        mark = " | ".join(
            sorted((_mark(case, number, others[-1]), _mark(case, others[-1], number)))
        )
        item = case.rows[number][1][0].item
        if mark + item.name not in seen and _is_left(case, item, number, others):
            seen.add(mark + item.name)
            yield _torn_write(case, item, (number, others[-1]), mark)


def _is_mixed(case: Case, mine: int, theirs: int) -> bool:
    """Whether it is neither one text nor the other: not where one is how the other begins."""
    one, other = case.rows[mine][9], case.rows[theirs][9]
    if _strand(case, mine) == _strand(case, theirs):
        return False
    return not (isinstance(one, str) and isinstance(other, str) and other.startswith(one))


def _is_left(case: Case, item: Item, number: int, others: list[int]) -> bool:
    """Whether the mixture was read by somebody, or is what is left at the end."""
    note = case.rows[number][11]
    assert note is not None
    assert note.part is not None
    both = {*others, *case.parts[note.part]}
    looks = case.looks[item]
    for row, _, access, _ in islice(looks, bisect_right(looks, number, key=_number), None):
        if access == "read" and case.rows[row][0] not in GLANCES:
            return True
        if access in ("write", "change"):
            return row not in both and access != "write"
    return True


def _number(look: Look) -> int:
    return look[0]


def _torn_write(case: Case, item: Item, rows: tuple[int, int], mark: str) -> Finding:
    mine, theirs = rows
    one, other = (case.agents[case.rows[each][3]].name for each in rows)
    parts = [case.rows[each][11].part for each in rows]  # type: ignore[union-attr] # they have one
    opened = [case.parts[part][0] for part in parts if part is not None]
    return found(
        "torn_write",
        title=f"{item.name} is part of what {one} wrote and part of what {other} wrote",
        explanation=(
            f"{one} and {other} wrote {item.name} anew at the same time: {one} began"
            f"{said(case, opened[0])} and {other} began{said(case, opened[1])}.\n"
            f"{other} put its text there{said(case, theirs)}, and {one} wrote over part of it"
            f"{said(case, mine)}.\n"
            f"What is there now is neither the one nor the other."
        ),
        item=item,
        agents=(one, other),
        evidence=(*opened, theirs, mine),
        receipt={"writer": one, "other": other, "version": case.version(mine, item)},
        mark=mark,
    )
