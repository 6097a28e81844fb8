"""A debate: three agents look at a document on their own, and the majority has it.

The risk is what two of them say, a number is the median, and a judge decides
where no two agree. What breaks it: a view is lost, and what is left is counted
as if it were all; and views that share a cached answer are one view, asked three
times. Hardened, a lost view is asked for again, each has a cached answer of its
own, and who has no view may say so.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from statistics import median_low
from typing import TYPE_CHECKING, Any, Final

from pileup.scenarios.documents.papers import FIELDS, Outcome
from pileup.scenarios.documents.parts import side_by_side, without
from pileup.scenarios.documents.tasks import NeedsHuman
from pileup.scenarios.topology import Topology

if TYPE_CHECKING:
    from pileup.scenarios.documents.desk import Desk
    from pileup.scenarios.documents.papers import Invoice, Risk

View = dict[str, Any]
"""What somebody has found, and the risk. Any: a name is a text, and a price a number."""

VIEWS: Final = 3
MAJORITY: Final = 2


async def debate(desk: Desk) -> Outcome:
    """Hear all views, and do what most of them say."""
    text = await desk.read()
    came, failed = await side_by_side(desk, PANEL, text)
    if failed and desk.controls.partial_policy:
        return await without(desk, failed)
    views = [view for view in came.values() if view is not None]
    if len(views) < (MAJORITY if desk.controls.partial_policy else 1):
        raise NeedsHuman("too few have a view")
    invoice = desk.accept(_found_by_most(views))
    risk = await _risk_of(desk, invoice, [view["risk"] for view in views])
    letter = await desk.compose(text, risk)
    await desk.record(invoice, risk)
    await desk.enter(invoice)
    await desk.charge(invoice)
    await desk.notify(letter)
    return Outcome("done")


async def look(desk: Desk, text: str, number: int) -> View | None:
    """Look at the document as if nobody else did; None is to have no view."""
    who = f"view {number} of {VIEWS}"
    try:
        found = await desk.once(f"extract {number}", lambda: desk.extract(f"{who}\n{text}"))
        invoice = desk.accept(found)
        risk = await desk.once(f"judge {number}", lambda: desk.judge(invoice, view=who))
    except NeedsHuman:
        if not desk.controls.fallback:
            raise
        return None
    return {"found": found, "risk": risk}


def _found_by_most(views: list[View]) -> View:
    """Take the median of numbers, and of texts what most say."""
    found: View = {}
    for name in FIELDS:
        said = [view["found"][name] for view in views if name in view["found"]]
        if said:
            is_number = all(isinstance(each, int) for each in said)
            found[name] = median_low(said) if is_number else Counter(said).most_common(1)[0][0]
    return found


async def _risk_of(desk: Desk, invoice: Invoice, said: list[Risk]) -> Risk:
    """Take what two say; where no two agree, have a judge decide."""
    risk, votes = Counter(said).most_common(1)[0]
    if votes >= MAJORITY or not desk.controls.round_cap:
        return risk
    return await desk.delegate(break_tie, invoice)


async def break_tie(desk: Desk, invoice: Invoice) -> Risk:
    """Decide where the others could not agree."""
    return await desk.once("tie", lambda: desk.judge(invoice, view="the judge", best=True))


PANEL: Final = {f"view {number}": partial(look, number=number) for number in range(1, VIEWS + 1)}

DEBATE = Topology("debate", debate, "three views, and what most of them say")
