"""Rate-limit storms: agents that a quota has refused come back without waiting, again and again.

What is right and looks the same must stay silent, so nothing is said of

* agents that wait for as long as they were told to, and are refused again all the same;
* agents that back off: each time they wait longer;
* one agent alone, or agents that give up after two or three attempts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pileup.detectors.attempts import Attempt, attempt
from pileup.detectors.case import Case
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.operations import Item

REFUSED: Final = "429"
AGAIN: Final = 3
"""How often in a row an agent must come back too early."""

MANY: Final = 2
"""How many agents must do so."""


SOON: Final = 0.5
"""Within so many seconds is at once: a call takes as long as that by itself."""

GROWTH: Final = 1.5
"""By what factor waits grow at the least where somebody backs off."""


@dataclass
class Visit:
    """What one task did last at one quota, and since when it comes back too early."""

    last: Attempt
    gap: float | None = None
    rows: list[int] = field(default_factory=list)


@dataclass
class Storm:
    """The visits of all agents that came back too early, again and again."""

    item: Item
    by_agent: dict[int, list[int]] = field(default_factory=dict)


def rate_limit_storms(case: Case) -> Iterator[Finding]:
    """Find the quotas that agents ran against without waiting."""
    storms: dict[Item, Storm] = {}
    visits: dict[tuple[int, str], Visit] = {}
    for number in case.noted:
        note = case.rows[number][11]
        if note is None or not (note.refused == REFUSED or visits):
            continue
        each = attempt(case, number)
        if not each.row[1]:
            continue
        where = (each.strand, each.row[1][0].item.resource)
        before = visits.pop(where, None)
        if note.refused == REFUSED:
            visit = visits[where] = _visit(before, each)
            if len(visit.rows) > AGAIN:
                item = _quota(each)
                storm = storms.setdefault(item, Storm(item))
                storm.by_agent[each.row[3]] = visit.rows
    for storm in storms.values():
        if len(storm.by_agent) >= MANY:
            yield _finding(case, storm)


def _visit(before: Visit | None, each: Attempt) -> Visit:
    """Note another refusal, and whether it followed too early on the one before."""
    if before is None:
        return Visit(each)
    last, gap = before.last, each.row[7] - before.last.row[7]
    steady = before.gap is not None and gap <= before.gap
    grows = before.gap is not None and gap > GROWTH * before.gap  # so it backs off
    soon = gap < SOON and not grows
    if (steady or soon) and gap < (last.note.wait or SOON):
        return Visit(each, gap, [*(before.rows or [last.number]), each.number])
    return Visit(each, gap)


def _quota(each: Attempt) -> Item:
    """Return the quota that refused a request, or what it was sent to where a fault refused it."""
    items = [touch.item for touch in each.row[1]]
    return next((item for item in items if item.key.startswith("quota")), items[0])


def _finding(case: Case, storm: Storm) -> Finding:
    rows = [number for numbers in storm.by_agent.values() for number in numbers]
    names = tuple(case.agents[each].name for each in storm.by_agent)
    first = case.rows[rows[0]]
    note = first[11]
    wait = note.wait if note is not None else None
    told = f"to come back after {wait:g} s" if wait is not None else "to come back later"
    counts = f"{len(names)} agents came back {len(rows) - len(names)} times before that"
    return found(
        "rate_limit_storm",
        title=f"{len(names)} agents ran against {storm.item.name} without waiting",
        explanation=(
            f"{names[0]} was refused (429) and told {told}{said(case, rows[0])}.\n"
            f"It came back too early and was refused again, and so did others: {counts}.\n"
            "None of these requests could succeed; they only keep a service busy that has asked "
            "for a rest."
        ),
        item=storm.item,
        agents=names,
        evidence=tuple(rows),
        receipt={"agents": len(names), "refused": len(rows), "retry_after": wait},
        mark=f"{case.agents[first[3]].role} {first[0]}",
    )
