"""One document in the hands of one instance: what its agents have in common."""

from __future__ import annotations

from typing import Final, NamedTuple

from pileup.scenarios.controls.caps import LoopDetector, Purse, Turns

DOLLARS: Final = 0.05
"""What one document may cost."""

MOST_TRIES: Final = 12
"""So often a document is tried, if something goes wrong each time."""

TOO_LONG: Final = 900.0
"""Seconds after which it is a human's, even if nothing but bad luck has kept it waiting."""


class NeedsHuman(Exception):
    """Agents cannot do it, and say so."""


class Withdrawn(Exception):
    """Somebody else has given this document up, and taken back what was done."""


class Claim(NamedTuple):
    """A document that is an instance's now: how far it is, and how often it was tried before.

    `withdrawals`: how often somebody has tried to take back what was done.
    """

    number: int
    status: str
    tries: int
    age: float = 0.0
    withdrawals: int = 0


class Task:
    """One try at a document, by one instance and its sub-agents."""

    def __init__(self, claim: Claim, owner: str) -> None:
        self.number = claim.number
        self.is_late = claim.age >= TOO_LONG
        self.is_last_try = self.is_late or claim.tries + 1 >= MOST_TRIES
        self.withdrawals = claim.withdrawals
        self.reason = "begun by another"
        """Why it is a human's, if it is."""
        self.owner = owner
        self.session = f"customer-{claim.number}"
        self.path = f"inbox/{claim.number}.txt"
        self.purse = Purse(DOLLARS)
        self.turns = Turns()
        self.loops = LoopDetector()
        self.steps: dict[str, str] | None = None
        """What is noted as done, once somebody has looked."""
