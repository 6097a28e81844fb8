"""No recovery: the fault is over, and work does not go on.

We compare how many requests succeed in a second of virtual time, before the
first fault and after the last. That says something only where calls take time
(`timed=True`), where enough was done before, and where as much time has passed
since. What is right and looks the same must stay silent, so nothing is said of

* work that was finished, or given up for good, before the fault was over;
* a run that ends soon after the fault;
* work that goes on, if only slowly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from pileup.detectors.attempts import LATE, Attempt, attempt
from pileup.detectors.case import Case
from pileup.detectors.telling import found
from pileup.findings import Finding
from pileup.history import OK

STRIKES_AGENTS: Final = ("crash", "restart", "pause", "cancel")
"""Faults after which nobody else has to recover."""

ENOUGH: Final = 10
"""So many successes before, and so much going on afterwards, that there is something to compare."""

LEFT: Final = 3
"""So many calls that failed and never succeeded since show that there is work left."""

BACK: Final = 0.1
"""What part of the former rate counts as recovered."""

TAKES_TIME: Final = 0.9


@dataclass
class Goodput:
    """Requests before, during and after the faults."""

    start: float
    end: float
    before: int = 0
    during: int = 0
    after: int = 0
    first: float | None = None
    left: dict[str, Attempt] = field(default_factory=dict)

    def count(self, each: Attempt) -> None:
        """Count a request."""
        time = each.row[7]
        self.first = time if self.first is None else self.first
        if each.failed:
            if time >= self.start:
                self.left[each.about] = each
            return
        if each.row[8] == OK and each.note.refused is None:
            self.left.pop(each.about, None)
            self.before += time < self.start
            self.during += self.start <= time <= self.end
            self.after += time > self.end


def no_recovery(case: Case) -> Iterator[Finding]:
    """Find work that does not go on when the fault is over."""
    if len(case.noted) < ENOUGH or not case.rows[-1][7]:
        return
    struck = [
        number
        for number, row in enumerate(case.rows)
        if row[10] is not None and row[10] not in STRIKES_AGENTS
    ]
    if not struck:
        return
    start, end = case.rows[struck[0]][7], case.rows[struck[-1]][7]
    requests = list(_requests(case))
    last = case.rows[-1][7]
    if not requests or not 0 < start < end < last or not _takes_time(case, requests):
        return
    goodput = Goodput(start, end)
    for each in requests:
        goodput.count(each)
    if _is_down(case, goodput, last):
        yield _finding(case, goodput, struck, last)


def _requests(case: Case) -> Iterator[Attempt]:
    for number in case.noted:
        row = case.rows[number]
        note = row[11]
        if note is not None and note.intent is not None and not row[0].startswith(LATE):
            yield attempt(case, number)


def _takes_time(case: Case, requests: list[Attempt]) -> bool:
    """Whether calls take time in this run, so that there are rates to speak of."""
    slow = sum(each.row[7] > case.rows[each.row[6] - 1][7] for each in requests if each.row[6])
    return slow >= TAKES_TIME * len(requests)


def _is_down(case: Case, goodput: Goodput, last: float) -> bool:
    assert goodput.first is not None
    before = goodput.start - goodput.first
    after = last - goodput.end
    if goodput.before < ENOUGH or before <= 0:
        return False
    if after < before or after < goodput.end - goodput.start or len(goodput.left) < LEFT:
        return False
    if sum(row[7] > goodput.end for row in case.rows) < ENOUGH:
        return False
    return goodput.after / after < BACK * goodput.before / before


def _finding(case: Case, goodput: Goodput, struck: list[int], last: float) -> Finding:
    assert goodput.first is not None
    spans = (goodput.start - goodput.first, goodput.end - goodput.start, last - goodput.end)
    counts = (goodput.before, goodput.during, goodput.after)
    rates = [count / span for count, span in zip(counts, spans, strict=True)]
    left = list(goodput.left.values())
    item = left[0].row[1][0].item if left[0].row[1] else None
    fault = case.rows[struck[0]][10]
    return found(
        "no_recovery",
        title=f"work did not go on after the fault was over ({fault})",
        explanation=(
            f"Before the fault, {rates[0]:.2g} requests succeeded in a second.\n"
            f"While it lasted ({goodput.start:.4g} s to {goodput.end:.4g} s), {rates[1]:.2g} did.\n"
            f"In the {spans[2]:.4g} s since, {rates[2]:.2g} do, although {len(left)} calls that "
            "had failed have not succeeded yet."
        ),
        item=item,
        agents=tuple(case.agents[each.row[3]].name for each in left),
        evidence=(struck[0], struck[-1], *(each.number for each in left)),
        receipt={
            "fault": fault,
            "from": goodput.start,
            "until": goodput.end,
            "before": rates[0],
            "during": rates[1],
            "after": rates[2],
            "left": len(left),
        },
        mark=f"{case.agents[left[0].row[3]].role} {fault}",
    )
