"""A single agent: it does everything itself, one thing after another. The baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pileup.scenarios.documents.papers import Outcome
from pileup.scenarios.topology import Topology

if TYPE_CHECKING:
    from pileup.scenarios.documents.desk import Desk


async def alone(desk: Desk) -> Outcome:
    """Do all of it."""
    text = await desk.read()
    found = await desk.once("extract", lambda: desk.extract(text))
    invoice = desk.accept(found)
    risk = await desk.once("judge", lambda: desk.judge(invoice))
    letter = await desk.compose(text, risk)
    await desk.record(invoice, risk)
    await desk.enter(invoice)
    await desk.charge(invoice)
    await desk.notify(letter)
    return Outcome("done")


SINGLE = Topology("single agent", alone, "one agent does everything")
