"""Silent partial results: some parts of the work never came, and the result claims to be whole.

A parent starts sub-agents side by side, some of them fail or are given up, and
it ends well all the same with a result that says nothing of it. What the
result says is on the parent's `end` (`note.partial`).

What is right and looks the same must stay silent:

* a result that says that it is a part: by a name, a word, or a gap in it;
* a part that was asked for again, of another sub-agent or by the parent itself
  (after the last part that may as well be how all of them are put together; it
  is, if others of the same role do as much with no part missing);
* hedging: who takes the first answer needs none of the others;
* a parent that fails, or returns nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import Final, TypeAlias

from pileup.detectors.case import Case
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.history import FAIL, INFO, OK, RawRow
from pileup.operations import READ

Asked: TypeAlias = Counter[tuple[str, str]]
"""What a parent asked for, and how often: the operation and the resource."""

SEVERAL: Final = 2
"""So many answers must have been put together where a part was given up: one alone is hedging."""


@dataclass
class Part:
    """One sub-agent: after how many events it was started, and the rows of what came of it."""

    agent: int
    begun: int
    ended: int | None = None
    failed: bool = False
    joined: int | None = None
    given_up: int | None = None

    @property
    def arrived(self) -> bool:
        """Whether its parent has its answer."""
        return self.joined is not None and self.ended is not None and not self.failed

    @property
    def lost(self) -> int | None:
        """The row in which its parent learned that there is no answer."""
        if self.joined is not None:
            return self.joined if self.failed else None
        return self.given_up

    def is_beside(self, other: Part) -> bool:
        """Whether both were under way at one time."""
        return _begins_in(self, other) or _begins_in(other, self)


def _begins_in(one: Part, other: Part) -> bool:
    return other.begun <= one.begun and (other.ended is None or one.begun <= other.ended)


@dataclass
class Whole:
    """An agent that put a result together: its end, and its parts."""

    agent: int
    end: int
    parts: list[Part] = field(default_factory=list)


def silent_partials(case: Case) -> Iterator[Finding]:
    """Find the results that claim to be whole and are not."""
    if not any(who.parent is not None for who in case.agents):
        return
    told: set[str] = set()
    wholes = _wholes(case)
    usual = Usual(case, wholes)
    for whole in wholes.values():
        missing = _missing(case, usual, whole)
        beside = [part for part in whole.parts if _is_with(part, missing)]
        if not missing or not _is_put_together(missing, beside):
            continue
        finding = _finding(case, whole, missing, beside)
        if finding.fingerprint not in told:
            told.add(finding.fingerprint)
            yield finding


def _wholes(case: Case) -> dict[int, Whole]:
    """Return the agents that had sub-agents, ended well, and returned what claims to be whole."""
    found: dict[int, Whole] = {}
    for number in case.noted:
        row = case.rows[number]
        note = row[11]
        if row[0] == "end" and row[8] == OK and note is not None and note.partial is False:
            found[row[3]] = Whole(row[3], number)
    if found:
        _fill(case, found)
    return found


def _fill(case: Case, wholes: dict[int, Whole]) -> None:
    """Note what came of each part."""
    numbers = {who.name: number for number, who in enumerate(case.agents)}
    parts: dict[int, Part] = {}
    for number, row in enumerate(case.rows):
        agent = row[3]
        if agent not in parts:
            whole = wholes.get(numbers.get(case.agents[agent].parent or "", -1))
            if whole is not None:
                parts[agent] = Part(agent, row[6])
                whole.parts.append(parts[agent])
        if row[0] == "end" and agent in parts:
            parts[agent].ended, parts[agent].failed = number, row[8] == FAIL
        elif row[0] == "join" and row[1]:
            part = parts.get(numbers.get(row[1][0].item.key, -1))
            if (
                part is not None
                and agent in wholes
                and case.agents[agent].name == _above(case, part)
            ):
                _join(part, number, row)


def _above(case: Case, part: Part) -> str | None:
    return case.agents[part.agent].parent


def _join(part: Part, number: int, row: RawRow) -> None:
    if row[8] == INFO and not row[2]:
        part.given_up = number
    else:
        part.joined = number


def _missing(case: Case, usual: Usual, whole: Whole) -> list[Part]:
    """Return the parts that never came, and that nothing made up for."""
    lost = [part for part in whole.parts if part.lost is not None]
    if not lost:
        return []
    spare = [part for part in whole.parts if part.arrived]
    missing = []
    for part in lost:
        instead = next((each for each in spare if _makes_up(case, each, part)), None)
        if instead is not None:
            spare.remove(instead)
        elif not _is_done_otherwise(case, usual, whole, part):
            missing.append(part)
    return missing


def _makes_up(case: Case, other: Part, part: Part) -> bool:
    """Whether another sub-agent was started in place of one that failed."""
    if other.begun <= (part.lost or 0):
        return False
    same = case.agents[other.agent].role == case.agents[part.agent].role
    return same or other.begun == (part.lost or 0) + 1


def _is_done_otherwise(case: Case, usual: Usual, whole: Whole, part: Part) -> bool:
    """Whether the parent looked for an answer elsewhere, before it turned to the next part."""
    asked, is_last = _asked(case, whole, part.lost or 0)
    if not is_last or not asked:
        return bool(asked)
    return bool(asked - usual.of(case.agents[whole.agent].role))


def _asked(case: Case, whole: Whole, since: int) -> tuple[Asked, bool]:
    """Return what a parent asked for before it turned to the next part; whether there was none."""
    asked: Asked = Counter()
    rows = case.rows_of.get(whole.agent, [])
    for number in rows[bisect_right(rows, since) :]:
        row = case.rows[number]
        if row[0] == "join":
            return asked, False
        note = row[11]
        asks = note is not None and (row[0] == "complete" or note.intent is not None)
        if row[8] == OK and row[1] and (asks or all(access == READ for _, access in row[1])):
            asked[row[0], row[1][0].item.resource] += 1
    return asked, True


class Usual:
    """What parents ask for once they have all of their parts, to put them together."""

    def __init__(self, case: Case, wholes: dict[int, Whole]) -> None:
        self._case = case
        self._wholes = wholes
        self._known: dict[str, Asked] = {}

    def of(self, role: str) -> Asked:
        """Return what all those of a role ask for then; nothing, if none has all of its parts."""
        if role not in self._known:
            found = [
                _asked(self._case, each, max(part.joined or 0 for part in each.parts))[0]
                for each in self._wholes.values()
                if self._case.agents[each.agent].role == role
                and each.parts
                and all(part.arrived for part in each.parts)
            ]
            self._known[role] = reduce(and_, found) if found else Counter()
        return self._known[role]


def _is_with(part: Part, missing: list[Part]) -> bool:
    return any(part is other or part.is_beside(other) for other in missing)


def _is_put_together(missing: list[Part], beside: list[Part]) -> bool:
    """Whether answers of others were put together without those that are missing."""
    arrived = [part.joined for part in beside if part.arrived and part.joined is not None]
    if len(arrived) != 1:
        return len(arrived) >= SEVERAL
    # One answer is enough for who takes the first that comes; who waits on wanted more.
    return any(part.joined is not None and part.joined > arrived[0] for part in missing)


def _finding(case: Case, whole: Whole, missing: list[Part], beside: list[Part]) -> Finding:
    parent, lost = case.agents[whole.agent], [case.agents[part.agent] for part in missing]
    arrived = sum(part.arrived for part in beside)
    lines = "".join(f"{_fate(case, parent.name, part)}\n" for part in missing)
    rows = [number for part in missing for number in (part.ended, part.lost) if number is not None]
    return found(
        "silent_partial",
        title=f"{parent.name} returned a result without {len(missing)} of its {len(beside)} parts",
        explanation=(
            f"{parent.name} started {len(beside)} sub-agents side by side.\n{lines}"
            f"{parent.name} returned a result all the same{said(case, whole.end)}, made of "
            f"{arrived} of {len(beside)} parts. Nothing in it says that it is not whole."
        ),
        agents=(parent.name, *(who.name for who in lost)),
        evidence=(*rows, whole.end),
        receipt={"parent": parent.name, "parts": len(beside), "arrived": arrived},
        mark=parent.role,  # which of its parts are lost is chance
    )


def _fate(case: Case, parent: str, part: Part) -> str:
    name = case.agents[part.agent].name
    if part.joined is None:
        assert part.given_up is not None
        return f"{parent} stopped waiting for {name}{said(case, part.given_up)}."
    assert part.ended is not None
    why = case.rows[part.ended][9]
    return f"{name} failed{f' with {why}' if why else ''}{said(case, part.ended)}."
