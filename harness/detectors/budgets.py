"""Budget overruns: agents used more of a model than was allowed in all.

The budget is declared (`world.model.budget(dollars=1.0)`) and stands on the
first call that was answered; each call says what it used. Usually several
agents look at what has been used, each sees that there is room, and each
uses it.

What is right and looks the same must stay silent: one agent that looks
before each call, and whose last call is larger than what was left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pileup.detectors.case import TASKS, Case, Strand
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.history import FAIL, RawRow

DIGITS: Final = 9
"""Sums of dollars are rounded to so many, because the order of adding up must not show."""


class Cap(NamedTuple):
    """What may be used up, by whom: `calls`, `tokens` or `dollars` of one model."""

    resource: str
    unit: str
    most: float
    per: str


@dataclass
class Purse:
    """What has been used of one budget: the rows of the calls, and the first that went too far."""

    whose: str
    spent: float = 0.0
    rows: list[int] = field(default_factory=list)
    over: int | None = None
    blind: list[int] = field(default_factory=list)
    """The calls that whoever went too far had not seen, and its own."""


def budget_overruns(case: Case) -> Iterator[Finding]:
    """Find the budgets that were overrun, each once."""
    for cap in _caps(case):
        purses = _purses(case, cap)
        worst = next((each for each in purses if each.over is not None), None)
        if worst is not None:
            yield _finding(case, cap, worst)


def _caps(case: Case) -> list[Cap]:
    found = []
    for number in case.noted:
        note = case.rows[number][11]
        for each in note.caps if note is not None else ():
            unit, most, per = each.split(":")
            found.append(Cap(case.rows[number][1][0].item.resource, unit, float(most), per))
    return found


def _purses(case: Case, cap: Cap) -> list[Purse]:
    """Add up what was used, by whose budget it was."""
    purses: dict[str, Purse] = {}
    before = _rows_before(case)
    for number in case.noted:
        row = case.rows[number]
        used = _used(row, cap)
        if used:
            purse = purses.setdefault(_whose(case, row, cap.per), Purse(_whose(case, row, cap.per)))
            _spend(purse, cap.most, (number, used, before[number]))
    return list(purses.values())


def _spend(purse: Purse, most: float, call: tuple[int, float, int]) -> None:
    """Count a call, and see whether it should not have been made."""
    number, used, seen = call
    left = round(most - purse.spent, DIGITS)
    purse.spent += used
    purse.rows.append(number)
    if purse.over is not None or round(used - left, DIGITS) <= 0:
        return
    unseen = _since(purse.rows, seen)
    if unseen or left <= 0:
        purse.over, purse.blind = number, [*unseen, number]


def _since(rows: list[int], seen: int) -> list[int]:
    """Return the calls after an event, but for the last."""
    place = len(rows) - 1
    while place > 0 and rows[place - 1] > seen:
        place -= 1
    return rows[place:-1]


def _used(row: RawRow, cap: Cap) -> float:
    note = row[11]
    if note is None or not note.tokens or row[8] == FAIL or not row[1]:
        return 0.0
    if row[1][0].item.resource != cap.resource:
        return 0.0
    return {"calls": 1.0, "tokens": float(note.tokens), "dollars": note.cost}[cap.unit]


def _whose(case: Case, row: RawRow, per: str) -> str:
    who = case.agents[row[3]]
    return {"run": "", "session": who.session, "agent": who.name}[per]


def _rows_before(case: Case) -> dict[int, int]:
    """Return for each call the row before it of the same strand: what it had seen till then."""
    last: dict[Strand, int] = {}
    found: dict[int, int] = {}
    for number, row in enumerate(case.rows):
        strand = row[3] * TASKS + row[4]
        if row[11] is not None:
            found[number] = last.get(strand, number - 1)
        last[strand] = number
    return found


def _finding(case: Case, cap: Cap, purse: Purse) -> Finding:
    assert purse.over is not None
    spender = case.agents[case.rows[purse.over][3]]
    names = tuple(dict.fromkeys(case.agents[case.rows[row][3]].name for row in purse.blind))
    item = case.rows[purse.over][1][0].item
    over = purse.spent - cap.most
    scope = {"run": "", "session": f" of {purse.whose}", "agent": f" of {purse.whose}"}[cap.per]
    others = [name for name in names if name != spender.name] or ["another task of its own"]
    at_once = (
        f"Before that call {' and '.join(others)} had called as well, after {spender.name} had "
        "last seen anything.\nEach of them saw that something was left, and all of them used it.\n"
        if len(purse.blind) > 1
        else "Nothing was left when it made that call.\n"
    )
    return found(
        "budget_overrun",
        title=f"{_amount(purse.spent, cap.unit)} were used where {_amount(cap.most, cap.unit)} "
        "were allowed",
        explanation=(
            f"The budget{scope} for {cap.resource} is {_amount(cap.most, cap.unit)}.\n"
            f"{spender.name} made the call that went beyond it{said(case, purse.over)}.\n"
            f"{at_once}In the end {_amount(purse.spent, cap.unit)} were used, "
            f"{_amount(over, cap.unit)} too much."
        ),
        item=item,
        agents=(spender.name, *names),
        evidence=(*purse.blind, purse.over),
        receipt={
            "unit": cap.unit,
            "budget": cap.most,
            "used": round(purse.spent, DIGITS),
            "per": cap.per,
            "agents": len(names),
        },
        mark=f"{cap.unit} per {cap.per}",
    )


def _amount(amount: float, unit: str) -> str:
    return f"${amount:.6g}" if unit == "dollars" else f"{amount:,.0f} {unit}"
