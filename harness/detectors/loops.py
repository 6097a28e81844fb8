"""Endless loops: the same state again and again, and nothing that could make a difference.

An agent asks the same and is answered the same, round after round; or agents
hand one piece of work to and fro, and none of them does anything to it.

What is right and looks the same must stay silent:

* a debate whose answers change, and two rounds of one whose answers do not;
* polling: time passes in each round, because somebody waits for a change;
* retries: what failed is asked again, which is another matter;
* the same asked some times over and then done with: samples, votes, a bounded
  debate. Who ends is accused only of many rounds;
* a token that goes round while the work is done elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

from pileup.detectors.case import TASKS, Case, Strand
from pileup.detectors.effects import TAKING
from pileup.detectors.telling import found, said, value_of
from pileup.findings import Finding
from pileup.history import INFO, OK, RawRow
from pileup.operations import UPDATE, Item

ASKING: Final = "complete"
"""A call of a model."""

LONGEST: Final = 6
"""So many operations a round has at the most."""

ROUNDS: Final = 3
"""The same state so often is a loop, where nothing but the end of the run ends it."""

MANY: Final = 10
"""So many rounds are one also where the agent ends by itself, or its prompts only grow."""

FAREST: Final = 12
"""So many hands are looked back for the same work."""

Key: TypeAlias = tuple[object, ...] | None
"""What an operation asked for and was answered; None is like nothing else, not even another."""


class Round(NamedTuple):
    """What one strand did over and over: the rows of all rounds, and how many rows a round has."""

    strand: Strand
    rows: list[int]
    period: int

    @property
    def times(self) -> int:
        """How often it was done in full."""
        return len(self.rows) // self.period


def endless_loops(case: Case) -> Iterator[Finding]:
    """Find who does the same again and again to no avail."""
    told: set[str] = set()
    for finding in (*_alone(case), *_to_and_fro(case)):
        if finding.fingerprint not in told:
            told.add(finding.fingerprint)
            yield finding


def _key(row: RawRow) -> Key:
    """Say what makes an operation the same as another; what adds something up never is."""
    note = row[11]
    if row[8] != OK or row[10] is not None:
        return None
    if note is not None and (note.refused is not None or note.unheard):
        return None
    counted = row[0] == ASKING or (note is not None and note.effect)
    if not counted and any(access == UPDATE for _, access in row[1]):
        return None
    return (row[0], tuple([touch[0] for touch in row[1]]), row[9])


def _intent(row: RawRow) -> str | None:
    note = row[11]
    return None if note is None else note.intent


# One alone -----------------------------------------------------------------------------------


def _alone(case: Case) -> Iterator[Finding]:
    suspects = _suspects(case)
    if not suspects:
        return
    for strand, rows in _rows_of(case, suspects).items():
        for each in _rounds(case, strand, rows):
            if _is_endless(case, each, rows):
                yield _circling(case, each)
                break


def _suspects(case: Case) -> set[Strand]:
    """Return the strands that had the same answer from a model, or the same effect, three times."""
    counts: dict[tuple[Strand, Key], int] = {}
    found: set[Strand] = set()
    for number in case.noted:
        row = case.rows[number]
        if row[0] == ASKING or row[11].effect:  # type: ignore[union-attr] # it has a note
            strand = row[3] * TASKS + row[4]
            which = (strand, _key(row))
            counts[which] = times = counts.get(which, 0) + 1
            if times == ROUNDS:
                found.add(strand)
    return found


def _rows_of(case: Case, strands: set[Strand]) -> dict[Strand, list[int]]:
    found: dict[Strand, list[int]] = {}
    for number, row in enumerate(case.rows):
        strand = row[3] * TASKS + row[4]
        if strand in strands:
            found.setdefault(strand, []).append(number)
    return found


def _rounds(case: Case, strand: Strand, rows: list[int]) -> Iterator[Round]:
    """Yield what was done at least three times in a row, the shortest rounds first."""
    keys = [_key(case.rows[number]) for number in rows]
    for period in range(1, LONGEST + 1):
        alike = 0
        for place in range(period, len(keys) + 1):
            same = place < len(keys) and keys[place] is not None
            if same and keys[place] == keys[place - period]:
                alike += 1
                continue
            if alike >= (ROUNDS - 1) * period:
                yield Round(strand, rows[place - alike - period : place], period)
            alike = 0


def _is_endless(case: Case, each: Round, rows: list[int]) -> bool:
    first = [case.rows[number] for number in each.rows[: each.period]]
    counted = [row for row in first if row[0] == ASKING or (row[11] is not None and row[11].effect)]
    if not counted or any(row[0] == "sleep" for row in first) or _waits(_times(case, each)):
        return False
    if not _asks_the_same(case, each):
        return each.times >= MANY and _only_grows(case, each)
    return _goes_on(case, each, rows) or (each.times >= MANY and each.period > 1)


def _times(case: Case, each: Round) -> list[float]:
    return [case.rows[number][7] for number in each.rows[:: each.period]]


def _waits(times: list[float]) -> bool:
    """Whether each round waits: as long as the one before, or longer.

    Calls that take time do so for longer now and then, and for shorter.
    """
    gaps = [round(after - before, 6) for before, after in pairwise(times)]
    return gaps[0] > 0 and all(after >= before for before, after in pairwise(gaps))


def _asks_the_same(case: Case, each: Round) -> bool:
    """Whether all that was asked is the same, of which the history shows the newest part alone."""
    intents = [_intent(case.rows[number]) for number in each.rows]
    return intents[each.period :] == intents[: -each.period]


def _only_grows(case: Case, each: Round) -> bool:
    """Whether each prompt holds more than the one before: a conversation that comes to nothing."""
    rows = [case.rows[number] for number in each.rows]
    for place in range(each.period):
        calls = rows[place :: each.period]
        if calls[0][0] != ASKING:
            continue
        costs = [call[11].cost if call[11] is not None else 0.0 for call in calls]
        if not all(before < after for before, after in pairwise(costs)):
            return False
    return True


def _goes_on(case: Case, each: Round, rows: list[int]) -> bool:
    """Whether the strand was still at it when the run ended."""
    after = rows[rows.index(each.rows[-1]) + 1 :]
    following = case.rows[each.rows[-each.period]][0]
    return all(_is_cut_off(case.rows[number], following) for number in after)


def _is_cut_off(row: RawRow, name: str) -> bool:
    return row[0] == name and row[8] == INFO and not row[2]


def _circling(case: Case, each: Round) -> Finding:
    shown = each.rows[: each.period]
    who = case.agents[each.strand // TASKS]
    lines = "\n".join(f"  {_deed(case, number)}{said(case, number)}" for number in shown)
    names = [case.rows[number][0] for number in shown]
    items = [case.rows[number][1][0].item for number in shown if case.rows[number][1]]
    return found(
        "endless_loop",
        title=f"{who.name} did the same {each.times} times in a row",
        explanation=(
            f"{who.name} did this {each.times} times in a row, and got the same answers each "
            f"time:\n{lines}\n"
            "Nothing that it goes by changed in between, so the next round will be no different."
        ),
        item=min(items, key=_name, default=None),
        agents=(who.name,),
        evidence=(*each.rows[: ROUNDS * each.period], *each.rows[-each.period :]),
        receipt={"agent": who.name, "rounds": each.times, "operations": each.period},
        mark=f"{who.role} {' '.join(_turned(names))} {case.rows[shown[0]][5] or ''}",
    )


def _deed(case: Case, number: int) -> str:
    row = case.rows[number]
    items = " ".join(dict.fromkeys(touch.item.name for touch in row[1]))
    value = value_of(case, number)
    return f"{row[0]} {items}{':' if value else ''}{value}".rstrip()


def _name(item: Item) -> str:
    return item.name


def _turned(names: list[str]) -> list[str]:
    """Begin a round where it begins in every run."""
    return min(names[place:] + names[:place] for place in range(len(names)))


# To and fro ----------------------------------------------------------------------------------


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


def _to_and_fro(case: Case) -> Iterator[Finding]:
    if not _hands_on(case):
        return
    desks: dict[Strand, Desk] = {}
    sent: dict[tuple[str, str], Hand] = {}
    worst: dict[str, Hand] = {}
    for number, row in enumerate(case.rows):
        note = row[11]
        desk = desks.setdefault(row[3] * TASKS + row[4], Desk())
        if note is None or note.message is None:
            desk.done.append((_key(row), _intent(row)) if _key(row) is not None else None)
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
            which = (row[1][0].item.name, _intent(row))
            counts[which] = counts.get(which, 0) + 1
    return sum(times >= ROUNDS for times in counts.values()) > 1


def _handed(row: RawRow, number: int, desk: Desk) -> Hand:
    """Note that work was handed on, and look for the same among those who had it before."""
    key: Key = (row[3], row[1][0].item, _intent(row), *desk.done)
    hand = Hand(number, None if None in desk.done else key, desk.work)
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
    return min(hand.times, before.times) >= ROUNDS and not _waits(times)


def _chain(hand: Hand) -> list[int]:
    """Return the rows of all who had it in the last three rounds, in order."""
    rows: list[int] = []
    each: Hand | None = hand
    while each is not None and len(rows) < ROUNDS * FAREST:
        rows.append(each.row)
        each = each.before
    return rows[::-1]


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
    items = sorted({case.rows[number][1][0].item for number in rows}, key=_name)
    work = (_intent(case.rows[hand.row]) or "").partition(" ")[2] or "the same work"
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
