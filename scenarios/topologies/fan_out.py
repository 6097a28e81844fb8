"""Fan-out: five specialists work at once, and the head puts together what they bring.

What breaks it: one of them fails, the others answer, and the result looks whole,
because what is missing is left out or guessed. Hardened, a part that is missing
is asked for again with the next try, while those that came are kept; if it
never comes, the result says what is missing, and no money is taken.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from pileup.scenarios.documents.papers import Outcome
from pileup.scenarios.documents.parts import side_by_side, without
from pileup.scenarios.topology import Topology

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pileup.scenarios.documents.desk import Desk
    from pileup.scenarios.documents.papers import Risk
    from pileup.scenarios.documents.parts import Part

USUAL_RISK: Final[Risk] = "low"
STOCK_LETTER: Final = "Dear customer, your invoice is paid."


async def aggregate(desk: Desk) -> Outcome:
    """Have all parts worked on at once, and put them together."""
    text = await desk.read()
    came, failed = await side_by_side(desk, SPECIALISTS, text)
    if failed and desk.controls.partial_policy:
        return await without(desk, failed)
    invoice = desk.accept(_together(came))
    await desk.record(invoice, came.get("risk", USUAL_RISK))
    await desk.enter(invoice)
    await desk.charge(invoice)
    await desk.notify(came.get("letter", STOCK_LETTER))
    return Outcome("done")


def _together(came: dict[str, Any]) -> dict[str, Any]:  # Any: each part brings something else
    """Make one of what three of them have found."""
    found: dict[str, Any] = {}
    for name in ("customer", "item", "numbers"):
        found |= came.get(name, {})
    return found


async def find(desk: Desk, text: str, fields: tuple[str, ...]) -> dict[str, Any]:
    """Find some of what the document says. Any: a name is a text, and a price a number."""
    return await desk.once(f"extract {fields[0]}", lambda: desk.extract(text, fields))


async def assess(desk: Desk, text: str) -> Risk:
    """Judge the risk, from the document alone: nobody else is done yet."""

    async def judged() -> Risk:
        return await desk.judge(desk.accept(await desk.extract(text)))

    return await desk.once("judge", judged)


async def draft(desk: Desk, text: str) -> str:
    """Write the letter, before anybody has judged the risk."""
    return await desk.once("letter", lambda: desk.compose(text, "unknown"))


SPECIALISTS: Final[Mapping[str, Part]] = {
    "customer": partial(find, fields=("customer",)),
    "item": partial(find, fields=("sku",)),
    "numbers": partial(find, fields=("quantity", "price", "total")),
    "risk": assess,
    "letter": draft,
}

FAN_OUT = Topology("fan-out", aggregate, "five specialists at once, and a head that aggregates")
