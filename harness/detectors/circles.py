"""How circles are told: who looked at what before whom, as data first and as prose last."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

from pileup.detectors.case import Case
from pileup.detectors.graph import NAMES, RW, WR, WW
from pileup.detectors.telling import found, said
from pileup.detectors.units import Units
from pileup.detectors.witness import Proof
from pileup.findings import NUMBERS, Finding
from pileup.operations import Item


class Circle(NamedTuple):
    """Units that must each come before the next: what it is, its name in the literature, proofs."""

    kind: str
    adya: str
    proofs: tuple[Proof, ...]


ENDINGS: Final = {
    "dirty_write": (
        "Each of them wrote over something of {next}'s, so what is left is a mixture "
        "that none of them wrote."
    ),
    "circular_flow": (
        "So each of them worked with what {another} had not finished yet. One after another, "
        "the first could have seen nothing of those that came later."
    ),
    "intermediate_read": (
        "What {reader} read was only on its way to something else. One after another, "
        "nobody would ever have seen it."
    ),
    "read_skew": (
        "So {reader} saw one thing from before and another from after a change that belongs "
        "together. It never was like that at any one time."
    ),
    "write_skew": (
        "Each looked before {another} had written. In any one-after-another order one of them "
        "would have seen what {another} wrote, and might have decided otherwise."
    ),
    "lost_write": "What {loser} had changed is gone, and nobody was told.",
}
"""What is wrong now, in one or two sentences."""

TWO: Final = 2

TITLES: Final = {
    "dirty_write": "{who} wrote over each other's half-done work on {what}",
    "circular_flow": "{who} each worked with unfinished work of {another} on {what}",
    "intermediate_read": "{reader} read a value of {what} that was not final",
    "read_skew": "{reader} saw {what} half before and half after a change by {other}",
    "write_skew": "{who} each decided by what {another} was about to change: {what}",
    "lost_write": "{reader} wrote over a change of {what} by {loser} that it had never seen",
}


def finding_of(case: Case, units: Units, circle: Circle) -> Finding:
    """Tell of a circle."""
    people = _People(case, units)
    proofs = _turned(circle, people)
    names = [people.name(proof.rows[0]) for proof in proofs]
    agents = [people.agent(proof.rows[0]) for proof in proofs]
    reader = _reader(circle, people)
    items = list(dict.fromkeys([proof.item for proof in proofs]))
    facts = {
        "who": _and(list(dict.fromkeys(agents))),
        "what": _and([item.name for item in items]),
        "reader": reader,
        "other": next((agent for agent in agents if agent != reader), reader),
        "loser": people.agent(circle.proofs[0].rows[1]),
        "next": "the other" if len(proofs) == TWO else "the next one",
        "another": "the other" if len(proofs) == TWO else "another",
    }
    story = [_told(people, proof) for proof in proofs]
    evidence = tuple(row for proof in proofs for row in proof.rows)
    return found(
        circle.kind,
        title=TITLES[circle.kind].format(**facts),
        explanation="\n".join(
            [
                *story,
                *_together(names),
                f"{ENDINGS[circle.kind].format(**facts)} [{circle.adya}]",
            ]
        ),
        item=min(items, key=lambda item: (_masked(item), item.name)),
        agents=tuple(agents),
        evidence=evidence,
        receipt={
            "adya": circle.adya,
            "level": units.level,
            "units": len(proofs),
            "items": ", ".join(item.name for item in items),
            "circle": " ".join(
                f"{name} -{NAMES[proof.hop.sort]} {proof.item.name}->"
                for name, proof in zip(names, proofs, strict=True)
            ),
        },
        mark=_mark(people, proofs),
    )


def finding_of_undone(case: Case, units: Units, item: Item, rows: tuple[int, int]) -> Finding:
    """Tell of a read of what was then rolled back: the rows are the write and the read."""
    people = _People(case, units)
    writer, reader = (people.agent(row) for row in rows)
    return found(
        "aborted_read",
        title=f"{reader} read a value of {item.name} that {writer} then took back",
        explanation=(
            f"{writer} wrote {item.name}{said(case, rows[0])}.\n"
            f"{reader} read that{said(case, rows[1])}, and went by it.\n"
            f"The transaction of {writer} was rolled back, so what {reader} read never "
            "was there. [G1a]"
        ),
        item=item,
        agents=(reader, writer),
        evidence=rows,
        receipt={"adya": "G1a", "level": units.level, "reader": reader, "writer": writer},
        mark=f"{people.sort(rows[0])} {people.sort(rows[1])}",
    )


class _People:
    """What units are called."""

    def __init__(self, case: Case, units: Units) -> None:
        self.case = case
        self._units = units

    def agent(self, row: int) -> str:
        """Name whose row it is."""
        return self.case.agents[self.case.rows[row][3]].name

    def name(self, row: int) -> str:
        """Name the unit that a row belongs to."""
        agent = self.agent(row)
        if self._units.whose[row] < 0:
            return agent
        if self._units.level == "step":
            return f"{agent}'s step {str(self.case.rows[row][5])!r}"
        return f"{agent}'s transaction"

    def sort(self, row: int) -> str:
        """Say what sort of unit a row belongs to, whoever's it is, and what the row does."""
        raw = self.case.rows[row]
        step = str(raw[5] or "") if self._units.level == "step" else self._units.level
        unit = step if self._units.whose[row] >= 0 else "alone"
        return f"{self.case.agents[raw[3]].role}/{unit} {raw[0]}"

    def mark(self, proof: Proof) -> str:
        """Say what an edge is, the same in every run in which it is met."""
        before, after = (self.sort(row) for row in proof.rows)
        return f"{before} -{NAMES[proof.hop.sort]} {_masked(proof.item)}-> {after}"


def _turned(circle: Circle, people: _People) -> list[Proof]:
    """Begin a circle where its marks are first in order, so that it is always told alike."""
    proofs = circle.proofs
    turns = [[*proofs[at:], *proofs[:at]] for at in range(len(proofs))]
    return min(turns, key=lambda turn: [people.mark(proof) for proof in turn])


def _mark(people: _People, proofs: list[Proof]) -> str:
    """Say who is in each other's way over what; which of them came first is chance."""
    units = {people.sort(row) for proof in proofs for row in proof.rows}
    items = {_masked(proof.item) for proof in proofs}
    return " | ".join([*sorted(units), *sorted(items)])


def _masked(item: Item) -> str:
    return NUMBERS.sub("#", item.name)


def _reader(circle: Circle, people: _People) -> str:
    """Name who looked: at what was before, or else at what was half done."""
    for sort, end in ((RW, 0), (WR, 1)):
        for proof in circle.proofs:
            if proof.hop.sort == sort:
                return people.agent(proof.rows[end])
    return people.agent(circle.proofs[0].rows[0])


def _told(people: _People, proof: Proof) -> str:
    case, item = people.case, proof.item
    before, after = (people.name(row) for row in proof.rows)
    first, last = (said(case, row) for row in proof.rows)
    version = case.version(proof.rows[0], item)
    if proof.hop.sort == WW:
        return f"{before} wrote {item.name}{first}, and {after} wrote over it{last}."
    if proof.hop.sort == WR:
        return f"{before} wrote {item.name}{first}, and {after} read that{last}."
    return f"{before} read {item.name} at version {version}{first}, before {after} wrote it{last}."


def _together(names: list[str]) -> list[str]:
    """Say what more than two add up to; of two one sees it at once."""
    if len(names) == TWO:
        return []
    order = [f"{one} came before {other}" for one, other in pairwise([*names, names[0]])]
    return [f"Read together: {_and(order)}. No one-after-another order has that."]


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
