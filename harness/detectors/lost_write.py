"""Lost writes: a write that was based on a stale read erased a change that its writer never saw.

For each item we follow what each agent knows of it: the newest version that it
has read or made. Who writes over an item knowing of version 3, and makes
version 5, has erased version 4 unseen, if somebody else made that.

What is right and looks the same must stay silent, so nothing is said of

* an agent that never read the item: it means to put its value there;
* a change in one operation (an increment, a compare-and-set): it looks itself;
* a change that left everything as it was;
* two writes of one value, and a deletion, if some order of the agents one after
  another comes to the same: a cache that is filled twice or made to forget, but
  not a counter that is 1 and not 2;
* a write by who has seen nothing but what it put there itself, likewise: it would have
  erased the other's change had that come before all it did. What another put there is the
  same to it if it is the same value;
* what is there again, likewise: the value that was written over is what the writer had
  read, or what was erased is what it wrote, or what is there in the end;
* a change by a task or sub-agent of the writer's that had ended before;
* a change that it looked for since, to find the item gone: a `stat` that fails has seen it;
* what happens by itself, such as an expiry.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Container, Iterator
from itertools import islice
from operator import itemgetter
from typing import Final, TypeAlias

from pileup.detectors.case import TASKS, Case, Look, Strand
from pileup.detectors.losses import Loss, finding_of, is_miss, is_part, mark_of, misses
from pileup.detectors.telling import DELETING
from pileup.findings import Finding
from pileup.history import FAIL
from pileup.operations import Item

MOST_VICTIMS: Final = 32
"""How far back we look for a change that was erased: the nearest ones tell the story."""

OPENING: Final = frozenset(("truncate", "create"))
"""The first part of a file's writing, which empties it."""

LOOKING: Final = frozenset(("open", "read", "stat"))
"""What looks for a file and tells that there is none; who removes or moves one does not ask."""

ROWS: Final = re.compile(r"(?<=\}), (?=\{)")
"""What is between two rows in what a commit tells of those that it wrote."""


Known: TypeAlias = tuple[int, int]
"""What a strand knows of an item: its newest version, and the row that read one."""


def lost_writes(case: Case) -> Iterator[Finding]:
    """Find the lost writes of a history, each place in the code once."""
    missed = misses(case) if case.contested else {}
    for item, seen in case.contested.items():
        looks = sorted([*seen, *missed[item]], key=itemgetter(0)) if item in missed else seen
        certain: dict[str, Loss] = {}
        doubtful: dict[tuple[str, bool], Loss] = {}
        for loss in _losses(case, item, looks, certain):
            mark = mark_of(case, loss.read, loss.write)
            if loss.is_doubtful or loss.is_there_again:
                doubtful.setdefault((mark, loss.is_doubtful), loss)
            else:
                certain.setdefault(mark, loss)
        for (mark, _), loss in doubtful.items():  # last, because to settle a doubt takes runs
            if mark not in certain and _is_settled(case, loss):
                certain[mark] = loss
        for mark, loss in certain.items():
            yield finding_of(case, loss, mark)


def _losses(case: Case, item: Item, looks: list[Look], told: Container[str]) -> Iterator[Loss]:
    rows, known = case.rows, dict[Strand, Known]()
    changes: list[Look] = []
    kin = bool(case.parents)
    for look in looks:
        number, strand, access, version = look
        if access == "read":
            row = rows[number]
            plain = row[11] is None and row[9] != "" and row[8] != FAIL  # as nearly all are
            if plain or (_tells(case, look, known) and not _is_end(case, look, known)):
                known[strand] = (version, number)
            continue
        base = known.get(strand)
        if access == "write":
            if base is None and kin:
                base = _of_kin(case, strand, known, number)
            if (
                base is not None
                and base[0] < version - 1
                and mark_of(case, base[1], number) not in told  # once, whoever it happens to
            ):
                older = _older(case, item, number, changes)
                erased = list(_erased(case, look, base, known, older))
                own = _is_own(case, item, base, strand, changes)
                if erased:
                    yield _loss(case, item, look, base, erased, own, older[-1][0])
        changes.append(look)
        if base is not None:
            known[strand] = (version, base[1])
        elif access == "change":
            known[strand] = (version, number)


def _tells(case: Case, look: Look, known: dict[Strand, Known]) -> bool:
    """Whether a read tells its strand what it goes by.

    To empty what is empty is not to look. Nor is to remove what there may be: who has never seen
    a file, finds it gone and makes it anew, has written without a look.
    """
    number, strand, _, _ = look
    if is_part(case, number):
        return False
    return (
        not is_miss(case, number)
        or case.rows[number][0] in LOOKING
        or strand in known
        or _of_kin(case, strand, known, number) is not None
    )


def _is_end(case: Case, look: Look, known: dict[Strand, Known]) -> bool:
    """Whether a read found no more of what its strand had read: the end of a file says nothing."""
    number, strand, _, version = look
    seen, row = known.get(strand), case.rows[number]
    if seen is None or seen[0] != version or row[9] != "":
        return False
    return case.rows[seen[1]][0] == row[0]


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


def _is_own(case: Case, item: Item, base: Known, strand: Strand, changes: list[Look]) -> bool:
    """Whether all that a strand has seen of an item may be what it put there itself.

    A change looks as well, but whether it tells its agent what it saw is not known.
    """
    if case.access(base[1], item) != "read":
        return True
    seen = case.version(base[1], item)
    at = bisect_left(changes, seen, key=itemgetter(3))
    made = at < len(changes) and changes[at][3] == seen and changes[at][1] == strand
    return made or _looks_own(case, base[1], strand, changes)


def _looks_own(case: Case, read: int, strand: Strand, changes: list[Look]) -> bool:
    """Whether a read found the very value that its strand had put there last.

    Whoever has put it there, it looks the same, because values are all that an agent sees.
    """
    before = bisect_left(changes, read, key=itemgetter(0))
    for number, whose, _, _ in reversed(changes[max(0, before - MOST_VICTIMS) : before]):
        if whose == strand:
            return _share(case, number, read)
    return False


def _loss(
    case: Case, item: Item, look: Look, base: Known, erased: list[int], own: bool, last: int
) -> Loss:
    """Make a loss of the first change that is certainly gone, or else of the first that may be."""
    write = look[0]
    for change in erased:
        if not (own or _deletes(case, write) or _is_equal(case, change, write)):
            again = _is_there_again(case, item, base[1], [last, *erased], write)
            return Loss(item, base[1], change, write, is_doubtful=False, is_there_again=again)
    return Loss(item, base[1], erased[0], write, is_doubtful=True, is_there_again=False)


def _is_there_again(case: Case, item: Item, read: int, gone: list[int], write: int) -> bool:
    """Whether what was written over was what had been read, or what is gone has come again."""
    if _share(case, read, gone[0]):
        return True
    end = next(number for number, _, access, _ in reversed(case.looks[item]) if access != "read")
    return any(_share(case, write, each) or _share(case, end, each) for each in gone)


def _share(case: Case, one: int, other: int) -> bool:
    """Whether two rows tell the same value: a commit tells as many as it wrote rows."""
    mine, theirs = case.rows[one][9], case.rows[other][9]
    if mine is None or type(mine) is not type(theirs):
        return False
    if mine == theirs:
        return True
    if not isinstance(mine, str) or not isinstance(theirs, str):
        return False
    return not frozenset(ROWS.split(mine)).isdisjoint(ROWS.split(theirs))


def _erased(
    case: Case, look: Look, base: Known, known: dict[Strand, Known], changes: list[Look]
) -> Iterator[int]:
    """Return the rows of changes that were erased unseen, the latest first."""
    number, strand, _, _ = look
    if case.parents:
        kin = _of_kin(case, strand, known, number)
        base = max(base, kin) if kin is not None else base
    seen = case.rows[base[1]][9]
    for other, whose, _, version in islice(reversed(changes), MOST_VICTIMS):
        if version <= base[0]:
            return
        row = case.rows[other]
        idle = seen is not None and seen == row[9] and type(seen) is type(row[9])
        if idle or (row[11] is not None and _is_unfinished(case, other)):
            continue  # it left everything as it was read, or is not all of a change
        if not case.is_nobody(whose):
            yield other


def _older(case: Case, item: Item, write: int, changes: list[Look]) -> list[Look]:
    """Leave out what changed other parts of the item than the one that is written over."""
    note = case.rows[write][11]
    over = dict(note.over).get(item.name) if note is not None and note.over else None
    return changes if over is None else [each for each in changes if each[3] <= over]


def _is_unfinished(case: Case, change: int) -> bool:
    """Whether a change is but a part of a write whose last part says what it comes to."""
    if not is_part(case, change):
        return False
    row = case.rows[change]
    if case.parts[row[11].part][-1] != change:  # type: ignore[union-attr, index] # it is a part
        return True
    last = case.spans[row[3] * TASKS + row[4]].last
    return row[0] in OPENING and (last == change or case.rows[last][10] == "crash")


def _is_equal(case: Case, one: int, other: int) -> bool:
    """Whether two writes put the same value there, so that perhaps nothing is gone."""
    mine, theirs = case.rows[one], case.rows[other]
    if mine[0] != theirs[0] or mine[9] != theirs[9]:
        return False
    return mine[9] is not None


def _is_settled(case: Case, loss: Loss) -> bool:
    """Whether something is gone although both wrote the same: no serial order comes to this."""
    serial = case.is_serial()
    if serial is not None:
        return not serial
    if not loss.is_doubtful:
        return True
    # Nobody knows. What was there to be read was counted on; what was absent was filled in.
    if is_miss(case, loss.read):
        return False
    return case.rows[loss.read][9] is not None and not _deletes(case, loss.write)


def _deletes(case: Case, write: int) -> bool:
    """Whether a write takes the item away: an invalidation loses nothing, a clean-up may."""
    return case.rows[write][0].lower() in DELETING
