"""Lost writes: a write that was based on a stale read erased a change that its writer never saw.

For each item we follow what each agent knows of it: the newest version that it
has read or made. Who writes over an item knowing of version 3, and makes
version 5, has erased version 4 unseen, if somebody else made that.

What is right and looks the same must stay silent, so nothing is said of

* an agent that never read the item: it means to put its value there;
* a change in one operation (an increment, a compare-and-set): it looks itself;
* a change that left everything as it was;
* two writes of one value, if some order of the agents one after another comes to
  the same: a cache that is filled twice, but not a counter that is 1 and not 2;
* a change by a task or sub-agent of the writer's that had ended before;
* what happens by itself, such as an expiry.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from pileup.detectors.case import Case, Look, Strand
from pileup.detectors.telling import found, said, told_of
from pileup.findings import Finding
from pileup.operations import Item

MOST_VICTIMS: Final = 32
"""How far back we look for a change that was erased: the nearest ones tell the story."""

DELETING: Final = frozenset(("delete", "del", "unlink", "remove", "clear"))


class Known(NamedTuple):
    """What a strand knows of an item: the newest version, and the row that read one."""

    version: int
    read: int


class Loss(NamedTuple):
    """One lost write: the rows of the stale read, of what was erased, and of what erased it."""

    item: Item
    read: int
    erased: int
    write: int


def lost_writes(case: Case) -> Iterator[Finding]:
    """Find the lost writes of a history, each place in the code once."""
    for item, looks in case.contested.items():
        seen: set[str] = set()
        for loss in _losses(case, item, looks):
            mark = _mark(case, loss)
            if mark not in seen:
                seen.add(mark)
                yield _finding(case, loss, mark)


def _losses(case: Case, item: Item, looks: list[Look]) -> Iterator[Loss]:
    known: dict[Strand, Known] = {}
    changes: list[Look] = []
    for look in looks:
        number, strand, access, version = look
        if access == "read":
            known[strand] = Known(version, number)
            continue
        base = known.get(strand)
        if access == "write":
            if base is None and case.parents:
                base = _of_kin(case, strand, known, number)
            if base is not None and base.version < version - 1:
                erased = _victim(case, look, base, known, changes)
                if erased is not None:
                    yield Loss(item, base.read, erased, number)
        changes.append(look)
        if base is not None:
            known[strand] = Known(version, base.read)
        elif access == "change":
            known[strand] = Known(version, number)


def _of_kin(case: Case, strand: Strand, known: dict[Strand, Known], now: int) -> Known | None:
    """Return what a strand knows from those that it started and that have ended, or from above."""
    below = [
        each
        for other, each in known.items()
        if case.is_below(other, strand) and case.spans[other].last < now
    ]
    if below:
        return max(below)
    above = [each for other, each in known.items() if case.is_below(strand, other)]
    return max(above, default=None)


def _victim(
    case: Case, look: Look, base: Known, known: dict[Strand, Known], changes: list[Look]
) -> int | None:
    """Return the row of a change that was erased unseen."""
    number, strand, _, _ = look
    if case.parents:
        kin = _of_kin(case, strand, known, number)
        base = max(base, kin) if kin is not None else base
    for other, whose, _, version in islice(reversed(changes), MOST_VICTIMS):
        if version <= base.version:
            return None
        if whose == strand or case.is_nobody(whose) or _is_known(case, whose, strand, number):
            continue
        if not _is_idle(case, base.read, other) and _is_loss(case, base.read, other, number):
            return other
    return None


def _is_known(case: Case, whose: Strand, strand: Strand, now: int) -> bool:
    """Whether a strand must know what another did: it started it, and that one has ended."""
    return bool(case.parents) and case.is_below(whose, strand) and case.spans[whose].last < now


def _is_idle(case: Case, read: int, change: int) -> bool:
    """Whether a change left everything as it was read."""
    before, after = case.rows[read][9], case.rows[change][9]
    return before is not None and before == after and type(before) is type(after)


def _is_loss(case: Case, read: int, erased: int, write: int) -> bool:
    """Whether anything is gone: two writes of the same value may come to the same, or may not."""
    mine, theirs = case.rows[erased], case.rows[write]
    deletes = mine[0].lower() in DELETING
    if mine[0] != theirs[0] or mine[9] != theirs[9] or (mine[9] is None and not deletes):
        return True
    serial = case.is_serial()
    if serial is None:  # nobody knows: what was there to be read was counted on
        return case.rows[read][9] is not None and not deletes
    return not serial


# What is said of it ----------------------------------------------------------------------------


def _mark(case: Case, loss: Loss) -> str:
    """Tell the bug apart by who goes wrong and how; whom it happens to is chance."""
    read, write = case.rows[loss.read], case.rows[loss.write]
    role = case.agents[write[3]].role
    return f"{role} {read[0]} {write[0]} {write[5] or ''}"


def _finding(case: Case, loss: Loss, mark: str) -> Finding:
    item, read, erased, write = loss
    reader, loser, writer = (case.agents[case.rows[each][3]].name for each in (read, erased, write))
    versions = [case.version(each, item) for each in (read, erased, write)]
    other = loser if loser != writer else f"another task of {loser}"
    still = (
        f"{writer}, still going by version {versions[0]},"
        if reader == writer
        else (f"{writer}, which goes by what {reader} had read,")
    )
    return found(
        "lost_write",
        title=f"{writer} wrote over a change of {item.name} by {other} that it had never seen",
        explanation=(
            f"{reader} read {item.name} at version {versions[0]}{said(case, read)}.\n"
            f"{told_of(case, erased)}, which made version {versions[1]}"
            f"{said(case, erased)}.\n"
            f"{still} then wrote over it{said(case, write)}.\n"
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
        mark=mark,
    )
