"""Work that is handed to and fro: the same message comes back, and nothing was done to it.

Who published it is known by the message that it had taken before. A token that
goes round while the work is done elsewhere is no such thing, so what each did
between taking and handing on has to be the same as the time before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pileup.asking import TAKING
from pileup.detectors.case import TASKS, Case, Strand
from pileup.detectors.states import ROUNDS, Key, intent, item_name, key, waits
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.history import OK, RawRow

FAREST: Final = 12
"""So many hands are looked back for the same work."""


@dataclass
class Hand:
    """Work that was handed on: by whom, what was done to it, and how often the same before."""

    row: int
    key: Key
    before: Hand | None
    times: int = 1
    same: Hand | None = None


@dataclass
class Desk:
    """What one strand has in hand: the work that it took, and what it has done since."""

    work: Hand | None = None
    done: list[Key] = field(default_factory=list)


def to_and_fro(case: Case) -> Iterator[Finding]:
    """Find work that is handed round, with nothing done to it on the way."""
    if not _hands_on(case):
        return
    desks: dict[Strand, Desk] = {}
    sent: dict[tuple[str, str], Hand] = {}
    worst: dict[str, Hand] = {}
    for number, row in enumerate(case.rows):
        note = row[11]
        desk = desks.setdefault(row[3] * TASKS + row[4], Desk())
        if note is None or note.message is None:
            desk.done.append((key(row), intent(row)) if key(row) is not None else None)
            continue
        message = (row[1][0].item.resource, note.message) if row[1] else ("", note.message)
        if row[0] == "publish" and note.effect and row[8] == OK:
            hand = sent[message] = _handed(row, number, desk)
            if _is_circle(case, hand):
                worst[_mark(case, hand)] = hand
        elif row[0] in TAKING and row[8] == OK and message in sent:
            desks[row[3] * TASKS + row[4]] = Desk(sent[message])
    for hand in worst.values():
        yield _handing(case, hand)


def _hands_on(case: Case) -> bool:
    """Whether anything was published so often that it may go to and fro."""
    counts: dict[tuple[str, str | None], int] = {}
    for number in case.noted:
        row = case.rows[number]
        if row[0] == "publish":
            which = (row[1][0].item.name, intent(row))
            counts[which] = counts.get(which, 0) + 1
    return sum(times >= ROUNDS for times in counts.values()) > 1


def _handed(row: RawRow, number: int, desk: Desk) -> Hand:
    """Note that work was handed on, and look for the same among those who had it before."""
    known: Key = (row[3], row[1][0].item, intent(row), *desk.done)
    hand = Hand(number, None if None in desk.done else known, desk.work)
    earlier = hand.before
    for _ in range(FAREST):
        if earlier is None or hand.key is None:
            break
        if earlier.key == hand.key:
            hand.same, hand.times = earlier, earlier.times + 1
            break
        earlier = earlier.before
    return hand


def _is_circle(case: Case, hand: Hand) -> bool:
    """Whether it has been here three times, as it has been with whom it comes from."""
    before, last = hand.before, hand.same
    if before is None or last is None or last.same is None or before is last:
        return False
    times = [case.rows[each.row][7] for each in (last.same, last, hand)]
    return min(hand.times, before.times) >= ROUNDS and not waits(times)


def _chain(hand: Hand) -> list[int]:
    """Return the rows of all who had it since it was first the same, in order; or the last ones."""
    first = hand
    while first.same is not None:
        first = first.same
    rows = [first.row]
    each: Hand | None = hand
    while each is not None and each is not first and len(rows) < ROUNDS * FAREST:
        rows.append(each.row)
        each = each.before
    return sorted(rows)


def _mark(case: Case, hand: Hand) -> str:
    """Tell it by who hands it to whom."""
    circle: list[str] = []
    each: Hand | None = hand
    while each is not None and each is not hand.same:
        row = case.rows[each.row]
        circle.append(f"{case.agents[row[3]].role} to {row[1][0].item.name}")
        each = each.before
    return ", ".join(sorted(circle))


def _handing(case: Case, hand: Hand) -> Finding:
    rows = _chain(hand)
    names = list(dict.fromkeys(case.agents[case.rows[number][3]].name for number in rows))
    items = sorted({case.rows[number][1][0].item for number in rows}, key=item_name)
    work = (intent(case.rows[hand.row]) or "").partition(" ")[2] or "the same work"
    return found(
        "endless_loop",
        title=f"{' and '.join(names)} handed the same work to and fro {hand.times} times",
        explanation=(
            f"{names[0]} put {work!r} into {case.rows[rows[0]][1][0].item.name}"
            f"{said(case, rows[0])}.\n"
            f"It came back to {case.agents[case.rows[hand.row][3]].name} again and again, which "
            f"handed it on as before: {hand.times} times{said(case, hand.row)}.\n"
            "Nobody did anything with it that could make a difference the next time."
        ),
        item=items[0],
        agents=tuple(names),
        evidence=tuple(rows),
        receipt={"times": hand.times, "agents": len(names), "work": work},
        mark=_mark(case, hand),
    )
