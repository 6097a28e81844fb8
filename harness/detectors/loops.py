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
from itertools import pairwise
from typing import Final, NamedTuple

from pileup.detectors.case import TASKS, Case, Strand
from pileup.detectors.handing import to_and_fro
from pileup.detectors.states import ASKING, ROUNDS, Key, intent, item_name, key, waits
from pileup.detectors.telling import found, said, value_of
from pileup.findings import Finding
from pileup.history import INFO, RawRow

LONGEST: Final = 6
"""So many operations a round has at the most."""

MANY: Final = 10
"""So many rounds are one also where the agent ends by itself, or its prompts only grow."""


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
    for finding in (*_alone(case), *to_and_fro(case)):
        if finding.fingerprint not in told:
            told.add(finding.fingerprint)
            yield finding


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
            which = (strand, key(row))
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
    keys = [key(case.rows[number]) for number in rows]
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
    if not counted or any(row[0] == "sleep" for row in first) or waits(_times(case, each)):
        return False
    if not _asks_the_same(case, each):
        return each.times >= MANY and _only_grows(case, each)
    several = sum(bool(row[1]) for row in first) > 1  # to receive an answer is no deed of its own
    return _goes_on(case, each, rows) or (each.times >= MANY and several)


def _times(case: Case, each: Round) -> list[float]:
    return [case.rows[number][7] for number in each.rows[:: each.period]]


def _asks_the_same(case: Case, each: Round) -> bool:
    """Whether all that was asked is the same, of which the history shows the newest part alone."""
    intents = [intent(case.rows[number]) for number in each.rows]
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
        item=min(items, key=item_name, default=None),
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


def _turned(names: list[str]) -> list[str]:
    """Begin a round where it begins in every run."""
    return min(names[place:] + names[:place] for place in range(len(names)))
