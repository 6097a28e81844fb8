"""A lost write, and what is said of it."""

from __future__ import annotations

from collections import defaultdict
from typing import Final, NamedTuple

from pileup.detectors.case import TASKS, Case, Look
from pileup.detectors.telling import found, plain, said, value_of, wrote
from pileup.findings import Finding
from pileup.history import FAIL
from pileup.operations import READ, Item

ADVICE: Final = {
    "memory": "hold memory.lock() around the read and the write, or do both in one: memory.add "
    "for a sum, memory.swap to write only if nothing has changed",
    "files": "hold files.lock() (or filelock's FileLock) around the read and the write; to "
    "replace a file atomically keeps readers from half of it, but loses changes all the same",
    "cache": "let Redis do both in one (INCR, HSET of one field, a script), WATCH the key until "
    "EXEC, or hold cache.lock() around the read and the write",
    "database": "read the row with for_update=True in the transaction that writes it, or write "
    "update(..., balance=lambda row: row['balance'] - 10), which looks for itself",
    "http": "send If-Match with what you have read, let the server refuse with 412 what has "
    "changed since, and read again",
}
"""What helps, by the part of the world that lost the write."""

MISSING: Final = "FileNotFoundError"
"""The one error that says what is there: nothing."""


class Loss(NamedTuple):
    """One lost write: the rows of the stale read, of what was erased, and of what erased it."""

    item: Item
    read: int
    erased: int
    write: int
    is_doubtful: bool
    is_there_again: bool
    """Whether an equal value may make up for it, which only the serial orders can tell."""


def is_part(case: Case, number: int) -> bool:
    """Whether a row is but a part of a write."""
    note = case.rows[number][11]
    return note is not None and note.part is not None


def is_miss(case: Case, number: int) -> bool:
    """Whether a row looked for something that was not there."""
    row = case.rows[number]
    return row[8] == FAIL and row[9] == MISSING


def misses(case: Case) -> dict[Item, list[Look]]:
    """Return the looks for what was not there, which failed, and told their agents all the same."""
    found: defaultdict[Item, list[Look]] = defaultdict(list)
    for number, row in enumerate(case.rows if case.glance.troubled else ()):
        if row[8] == FAIL and is_miss(case, number):
            for (item, access), version in zip(row[1], row[2], strict=False):
                if access == READ:
                    found[item].append((number, row[3] * TASKS + row[4], READ, version))
    return found


def mark_of(case: Case, read: int, write: int) -> str:
    """Tell the bug apart by who goes wrong and how; whom it happens to is chance."""
    looked, wrote = case.rows[read], case.rows[write]
    how = wrote[0] if wrote[11] is None or wrote[11].part is None else "write"
    which = (wrote[3], looked[0], how, wrote[5])
    known = case.marks.get(which)
    if known is None:
        known = f"{case.agents[wrote[3]].role} {looked[0]} {how} {wrote[5] or ''}"
        case.marks[which] = known
    return known


def finding_of(case: Case, loss: Loss, mark: str) -> Finding:
    """Tell of a loss: who read what, who changed it, and who wrote over it."""
    item, read, erased, write, *_ = loss
    reader, loser, writer = (case.agents[case.rows[each][3]].name for each in (read, erased, write))
    versions = [case.version(each, item) for each in (read, erased, write)]
    other = loser if loser != writer else _self(case, erased, write)
    basis = "still going by that" if reader == writer else f"going by what {reader} had read"
    return found(
        "lost_write",
        title=f"{writer} wrote over a change of {item.name} by {other} that it had never seen",
        explanation=(
            f"{reader} {_looked(case, read, item, versions[0])}{said(case, read)}.\n"
            f"Then {loser} {wrote(case, erased, item)}, which made version {versions[1]}"
            f"{said(case, erased)}.\n"
            f"{writer}, {basis}, {_over(case, write)}: version {versions[2]}"
            f"{said(case, write)}.\n"
            f"What {other} had changed is gone, and nobody was told."
        ),
        item=item,
        agents=(writer, loser),
        evidence=(read, erased, write),
        receipt={
            "read_version": versions[0],
            "erased_version": versions[1],
            "written_version": versions[2],
            "writer": writer,
            "loser": loser,
        },
        advice=ADVICE.get(item.resource, ""),
        mark=mark,
    )


def _looked(case: Case, read: int, item: Item, version: int) -> str:
    if is_miss(case, read):
        return f"found no {item.name}, version {version}"
    if case.rows[read][0] == "stat":  # what it says is how long the file is, not what is in it
        return f"looked at {item.name}, version {version}"
    return f"read {item.name}, version {version}{_colon(value_of(case, read))}"


def _over(case: Case, write: int) -> str:
    return plain(case, write) or f"wrote{value_of(case, write)} over it"


def _self(case: Case, erased: int, write: int) -> str:
    """Name a writer that has erased what it wrote itself, or what another of its tasks did."""
    writer = case.agents[case.rows[write][3]].name
    alone = case.rows[erased][4] == case.rows[write][4]
    return f"{writer} itself" if alone else f"another task of {writer}"


def _colon(value: str) -> str:
    return f":{value}" if value else ""
