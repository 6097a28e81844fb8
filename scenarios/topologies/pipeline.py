"""A pipeline: three fixed stages, and each works on what the one before has left.

What breaks it: what a stage makes up goes through all that follow, into a charge
and a letter; and where all stages of all documents lay their results in one
place, one document's notes are taken for another's, or taken half-written.
Hardened, each document has a place of its own, each stage looks at what it
takes, and a stage that is done is not done again.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pileup.scenarios.documents.papers import FIELDS, Invoice, Outcome
from pileup.scenarios.topology import Topology

if TYPE_CHECKING:
    from pileup.scenarios.documents.desk import Desk

REFERENCE = "reference"
"""What a letter has to name, and an invoice need not."""


async def run(desk: Desk) -> Outcome:
    """Have each stage do its part, one after another."""
    for stage in (research, write, edit):
        await desk.once(stage.__name__, partial(desk.delegate, stage))
    return Outcome("done")


async def research(desk: Desk) -> None:
    """Find out what the document says, and what is to be thought of it."""
    text = await desk.read()
    found = await desk.once("extract", lambda: desk.extract(text, (*FIELDS, REFERENCE)))
    invoice = _contract(desk, found)
    risk = await desk.once("judge", lambda: desk.judge(invoice))
    await desk.put("findings", {"found": found, "risk": risk})


async def write(desk: Desk) -> None:
    """Enter what was found into the books, and draft the letter."""
    page = await desk.take("findings")
    found, risk = page["found"], page["risk"]
    invoice = _contract(desk, found)
    await desk.record(invoice, risk)
    await desk.enter(invoice)
    letter = await desk.compose(_notes(found), risk)
    await desk.put("letter", letter)


async def edit(desk: Desk) -> None:
    """Look at what was found and what was written, and let it out."""
    letter = await desk.take("letter")
    invoice = _contract(desk, (await desk.take("findings"))["found"])
    if desk.controls.gates and not letter.startswith(f"Dear {invoice.customer},"):
        raise ValueError("the letter is to somebody else")
    await desk.charge(invoice)
    await desk.notify(letter)


def _contract(desk: Desk, found: dict[str, Any]) -> Invoice:  # Any: what a model has said
    """Look at what is handed over, as all stages do."""
    return desk.accept({name: value for name, value in found.items() if name != REFERENCE})


def _notes(found: dict[str, Any]) -> str:  # Any: what a model has said
    """Write down for the writer what the researcher has found, and nothing else."""
    return f"Customer: {found.get('customer')}\nReference: {found.get(REFERENCE)}\n"


PIPELINE = Topology("pipeline", run, "researcher, writer and editor, one after another")
