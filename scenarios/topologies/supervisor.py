"""Supervisor and specialists: one agent routes, and hands each part to whoever is good at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pileup.scenarios.documents.papers import Outcome
from pileup.scenarios.topology import Topology

if TYPE_CHECKING:
    from pileup.scenarios.documents.desk import Desk
    from pileup.scenarios.documents.papers import Invoice, Risk


async def supervise(desk: Desk) -> Outcome:
    """Hand out the parts, and look at what comes back."""
    found = await desk.delegate(read_it)
    invoice = desk.accept(found)
    risk = await desk.delegate(assess, invoice)
    await desk.delegate(keep_books, invoice, risk)
    await desk.delegate(settle, invoice, risk)
    return Outcome("done")


async def read_it(desk: Desk) -> dict[str, object]:
    """Find out what the document says."""
    text = await desk.read()
    return await desk.once("extract", lambda: desk.extract(text))


async def assess(desk: Desk, invoice: Invoice) -> Risk:
    """Judge the risk."""
    return await desk.once("judge", lambda: desk.judge(invoice))


async def keep_books(desk: Desk, invoice: Invoice, risk: Risk) -> None:
    """Write down what was found."""
    await desk.record(invoice, risk)
    await desk.enter(invoice)


async def settle(desk: Desk, invoice: Invoice, risk: Risk) -> None:
    """Take the money, and tell the customer."""
    letter = await desk.compose(await desk.read(), risk)
    await desk.charge(invoice)
    await desk.notify(letter)


SUPERVISOR = Topology("supervisor", supervise, "one agent hands each part to a specialist")
