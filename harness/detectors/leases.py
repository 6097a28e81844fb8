"""Stolen leases: who held one, lost it without noticing, and then took it from the next holder.

A lease is a lock that runs out. Its holder works for longer than it lasts,
somebody else takes it, and then the first one gives "its" lease back, or
makes it longer, or acknowledges the message: it takes away what is another's.

What is right and looks the same must stay silent:

* to compare first: a release that is refused has only looked;
* to make it longer in time; to give back what has run out while nobody has it;
* to take it anew once it is free.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from pileup.detectors.case import TASKS, Case, Look, leased
from pileup.detectors.telling import found, said
from pileup.findings import Finding
from pileup.history import RawRow
from pileup.operations import Item


class Takeover(NamedTuple):
    """Somebody took a lease that another had held and not given back.

    `taken` is the row that last gave it to the one before, `lost` the row of
    who took it over, `over` the row in which that one's own time ended.
    """

    item: Item
    taken: int
    lost: int
    over: int | None


class Theft(NamedTuple):
    """What a former holder did to the lease of the next one."""

    takeover: Takeover
    row: int


class _Tenure:
    """Who has one lease, and who believes to have it."""

    def __init__(self, case: Case, item: Item, *, guarded: bool) -> None:
        self.case = case
        self.item = item
        self.guarded = guarded
        """Whether it is of a message: a queue refuses who has none of it any more."""
        self.agent: int | None = None
        self.taken = 0
        self.free = True
        self.takeovers: list[Takeover] = []
        self.thefts: list[Theft] = []
        self._former: dict[int, int] = {}
        """Of those who lost it: the place of their loss in `takeovers`."""

    def follow(self, looks: list[Look]) -> _Tenure:
        """Go through all that was done to the lease."""
        for number, strand, access, _ in looks:
            if access == "read":
                continue
            row = self.case.rows[number]
            if self.case.is_nobody(strand) or self._is_of_another(row):
                self.end(number)
            elif leased(row) is self.item:
                self.take(strand // TASKS, number, blind=access == "write" or "expire" in row[0])
            else:
                self.touch(strand // TASKS, number)
        return self

    def _is_of_another(self, row: RawRow) -> bool:
        """Whether a row is about another message, and this one's time ran out by the way."""
        note = row[11]
        return self.guarded and (note is None or not self.item.key.endswith(note.message or "\0"))

    def take(self, agent: int, number: int, *, blind: bool) -> None:
        """Somebody takes it, or makes it longer: `blind` without looking whose it is."""
        if blind and agent in self._former and not self.free and agent != self.agent:
            self._steal(agent, number)
        elif self.agent is not None and agent != self.agent:
            self._former[self.agent] = len(self.takeovers)
            taken = self.taken
            self.end(number)
            self.takeovers.append(Takeover(self.item, taken, number, None))
        self._former.pop(agent, None)
        self.agent, self.taken, self.free = agent, number, False

    def touch(self, agent: int, number: int) -> None:
        """Somebody changes it in another way: gives it back, as a rule."""
        if agent == self.agent:
            self.end(number)
            self.agent = None
        elif agent in self._former and not self.free and not self.guarded:
            self._steal(agent, number)
            self.end(number)
        else:
            self.end(number)

    def _steal(self, agent: int, number: int) -> None:
        self.thefts.append(Theft(self.takeovers[self._former.pop(agent)], number))

    def end(self, number: int) -> None:
        """Note that nobody has it, though who had it last may believe so."""
        self.free = True
        last = self.takeovers[-1] if self.takeovers else None
        if last is not None and last.over is None:
            self.takeovers[-1] = last._replace(over=number)


def tenures(case: Case) -> Iterator[_Tenure]:
    """Follow each lease that several have had."""
    for item, guarded in case.leases.items():
        yield _Tenure(case, item, guarded=guarded).follow(case.looks[item])


def stolen_leases(case: Case) -> Iterator[Finding]:
    """Find the leases that were taken from those who had them."""
    seen: set[str] = set()
    for tenure in tenures(case):
        for theft in tenure.thefts:
            row = case.rows[theft.row]
            mark = f"{case.agents[row[3]].role} {row[0]} {row[5] or ''}"
            if mark + tenure.item.name not in seen:
                seen.add(mark + tenure.item.name)
                yield _finding(case, theft, mark)


def _finding(case: Case, theft: Theft, mark: str) -> Finding:
    takeover, number = theft
    item, taken, lost, _ = takeover
    thief, holder = (case.agents[case.rows[each][3]].name for each in (number, lost))
    note = case.rows[taken][11]
    seconds = 0.0 if note is None or note.lease is None else note.lease
    return found(
        "stolen_lease",
        title=f"{thief} took the lease {item.name} away from {holder}, to whom it belonged by then",
        explanation=(
            f"{thief} took {item.name} for {seconds:g} s{said(case, taken)}.\n"
            f"It worked on for longer than that, and {holder} took the lease{said(case, lost)}.\n"
            f"{thief} did not notice: it did '{case.rows[number][0]}' on it{said(case, number)}.\n"
            f"So {holder} works on without the lease, and others may come in."
        ),
        item=item,
        agents=(thief, holder),
        evidence=(taken, lost, number),
        receipt={"former": thief, "holder": holder, "lease": seconds, "did": case.rows[number][0]},
        mark=mark,
    )
