"""Refusals: what was asked for in vain, and what counts as getting on.

A refusal is an attempt that only looked (a compare-and-set, a `SET NX`, a
try-lock), that failed for a conflict, or that was given up while somebody
else had the lock.
"""

from __future__ import annotations

from typing import Final

from pileup.detectors.case import TASKS, Case, Strand
from pileup.detectors.glance import ASKING, TAKING
from pileup.history import FAIL, INFO, OK, RawRow
from pileup.operations import READ, UPDATE, Item, Past

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


def refused(row: RawRow) -> Item | None:
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


def refusals_in(case: Case) -> dict[int, Item]:
    """Return what was asked for in vain, by row; none where nobody was refused often."""
    rows: dict[int, Item] = {}
    counts: dict[Strand, int] = {}
    for number, row in enumerate(case.rows):
        if row[8] == OK and row[0] not in ASKING:
            continue
        item = refused(row)
        if item is not None:
            rows[number] = item
            strand = row[3] * TASKS + row[4]
            counts[strand] = counts.get(strand, 0) + 1
    return rows if any(count >= AGAIN for count in counts.values()) else {}


def locks_among(case: Case, refusals: dict[int, Item]) -> set[Item]:
    """Return what is taken and given back, and never read: a lock, and nothing that grows."""
    asked = set(refusals.values())
    return {
        item
        for item in asked
        if all(access != READ or number in refusals for number, _, access, _ in case.looks[item])
    }


def gets_on(row: RawRow, locks: set[Item]) -> bool:
    """Whether a row is progress: a change of something but locks, and not in a transaction."""
    note = row[11]
    if row[0] in IDLE or row[8] == FAIL or not row[2]:
        return False
    if note is not None and note.unit is not None and row[0] != "commit":
        return False
    done = [(item, access) for item, access in row[1] if access != READ]
    of_lock = any(item in locks for item, _ in done)  # what it counts elsewhere is of no account
    return any(item not in locks and not (of_lock and access == UPDATE) for item, access in done)
