"""The five stages of a ticket: classify, route, research, respond, check. Each is an agent.

What breaks them: a ticket that each specialist takes for the other's goes to and
fro; what the cache holds of a question was said of another customer; and what a
model makes up is paid and sent. Hardened, who has had a ticket before does not get
it a third time, what is shared is free of what is private, and an answer is
held against the article, the order and the refund that is due.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from pileup.scenarios.documents.papers import Outcome
from pileup.scenarios.documents.tasks import NeedsHuman
from pileup.scenarios.support import models

if TYPE_CHECKING:
    from pileup.scenarios.support.desk import SupportDesk
    from pileup.scenarios.support.papers import Article, Kind, Ticket


async def handle(desk: SupportDesk, ticket: Ticket) -> Outcome:
    """Have each stage do its part, one after another."""
    said = await desk.once("classify", partial(desk.delegate, classify, ticket))
    kind = await desk.once("route", partial(desk.delegate, route, ticket, said))
    article = await desk.article(kind, ticket.question)
    notes = await desk.once("research", partial(desk.delegate, research, ticket, article))
    answer = await desk.once("respond", partial(desk.delegate, respond, ticket, article, notes))
    await desk.delegate(check, ticket, article, answer)
    await desk.close(kind)
    return Outcome("done")


async def classify(desk: SupportDesk, ticket: Ticket) -> str:
    """Say what it is about: one of the kinds, or whatever the model has said."""
    accept = models.kind_in if desk.controls.gates else str
    return await desk.ask(models.classification(ticket), accept, easy=True)


async def route(desk: SupportDesk, ticket: Ticket, said: str) -> Kind:
    """Hand it to a specialist, and on to whoever that says it belongs to."""
    accept = models.kind_in if desk.controls.gates else models.any_kind
    kind = models.any_kind(said)
    while True:
        if desk.controls.loop_detection:
            desk.task.loops.note(kind)
        whose = await desk.ask(models.whose(ticket, kind, said), accept, easy=True)
        if whose == kind:
            return kind
        kind = whose


async def research(desk: SupportDesk, ticket: Ticket, article: Article) -> str:
    """Say what is known of the question, and of the customer."""
    private = not desk.controls.private_cache
    accept = partial(models.known, article) if desk.controls.gates and not private else str
    ask = partial(desk.ask, models.research(ticket, article, private=private), accept)
    known = await desk.remembered(f"answer to: {ticket.question}", ask)
    return known if private else f"{known}\n{ticket.private}"


async def respond(desk: SupportDesk, ticket: Ticket, article: Article, notes: str) -> str:
    """Write to the customer; an answer is theirs, and in nobody else's cache."""
    due = desk.due(ticket, article)
    accept = models.approval(ticket, article, due) if desk.controls.gates else str
    return await desk.ask(models.reply(ticket, notes, due), accept)


async def check(desk: SupportDesk, ticket: Ticket, article: Article, answer: str) -> None:
    """Look at the answer, pay what it promises, and let it out."""
    if desk.controls.gates:
        try:
            models.approved(ticket, article, desk.due(ticket, article), answer)
        except ValueError as error:
            raise NeedsHuman(str(error)) from None
    amount = models.promised(answer)
    if amount:
        await desk.refund(amount)
    await desk.reply(answer)
