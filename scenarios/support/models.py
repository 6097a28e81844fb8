"""What the model of the support desk is asked, and what it answers: by rule, from the prompt.

What an answer has to be stands here too, so that both sides are in one place.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from pileup.scenarios.support.papers import KINDS, TRUTH, Article, Kind, Ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from pileup.fakes.model import Model, Prompt

CLASSIFY: Final = "Say what it is about: billing, shipping or technical."
WHOSE: Final = "Say whose it is: billing, shipping or technical."
RESEARCH: Final = "Say what is known."
WRITE: Final = "Answer the customer."

CLOSING: Final = "Yours, the support desk"
OTHER: Final[dict[str, Kind]] = {"billing": "shipping", "shipping": "billing"}
LINE: Final = re.compile(r"^(\w+): (.*)$", re.MULTILINE)
ORDER: Final = re.compile(r"ORD-\d+")
PROMISE: Final = re.compile(r"refund of (\d+)")


# What is asked ----------------------------------------------------------------------------------


def classification(ticket: Ticket) -> str:
    """Ask what a ticket is about."""
    return f"{CLASSIFY}\n\nQuestion: {ticket.question}"


def whose(ticket: Ticket, me: str, said: str) -> str:
    """Ask, as a specialist, whether it is mine."""
    return f"{WHOSE}\n\nSpecialist: {me}\nClassified: {said}\nQuestion: {ticket.question}"


def research(ticket: Ticket, article: Article, *, private: bool) -> str:
    """Ask what is known of the question, with or without what the customer said of themselves."""
    about = f"\n{ticket.private}" if private else ""
    return f"{RESEARCH}\n\nQuestion: {ticket.question}\nKnowledge: {article.text}{about}"


def reply(ticket: Ticket, notes: str, due: int) -> str:
    """Ask for an answer to the customer."""
    return f"{WRITE}\n\nCustomer: {ticket.customer}\nRefund: {due}\n{notes}"


# What is answered -------------------------------------------------------------------------------


def teach(model: Model, wrong: float) -> None:
    """Declare what is right; a classification is wrong at this rate."""
    for each in TRUTH.values():
        others = [kind for kind in KINDS if kind != each.kind]
        pattern = f"{CLASSIFY}*{each.text}"
        model.answer(pattern, each.kind, wrong=wrong, wrong_answers=others)

    @model.rule(WHOSE)
    def own(prompt: Prompt) -> object:
        said = said_in(prompt.text)
        truth = TRUTH[said["Question"]]
        is_clear = said.get("Classified") in KINDS
        if truth.passed_on == "always" or (truth.passed_on == "if unclear" and not is_clear):
            return OTHER.get(said["Specialist"], truth.kind)
        return truth.kind

    @model.rule(RESEARCH)
    def know(prompt: Prompt) -> object:
        said = said_in(prompt.text)
        return "\n".join(f"{name}: {said[name]}" for name in said if name != "Question")

    @model.rule(WRITE)
    def write(prompt: Prompt) -> object:
        said = said_in(prompt.text)
        due = said.get("Refund", "0")
        return (
            f"Dear {said['Customer']}, {said.get('Knowledge', '')} "
            f"Your order is {said.get('Order')}, for {said.get('Address')}. "
            f"Your reference is {said.get('Reference')}. "
            f"{f'A refund of {due} is on its way. ' if due != '0' else ''}{CLOSING}"
        )


def said_in(text: str) -> dict[str, str]:
    """Read the lines of a prompt."""
    return {line[1]: line[2] for line in LINE.finditer(text)}


# What is accepted -------------------------------------------------------------------------------


def kind_in(answer: str) -> Kind:
    """Accept one of the kinds, and nothing else."""
    for kind in KINDS:
        if answer == kind:
            return kind
    raise ValueError(f"it must be one word: {', '.join(KINDS)}")


def any_kind(answer: str) -> Kind:
    """Take what comes for a kind."""
    return next((kind for kind in KINDS if kind in answer), "billing")


def known(article: Article, answer: str) -> str:
    """Accept what the article says."""
    if answer != f"Knowledge: {article.text}":
        raise ValueError("it must be what the article says, and nothing else")
    return answer


def promised(answer: str) -> int:
    """Say what an answer promises to pay back."""
    found = PROMISE.search(answer)
    return int(found[1]) if found else 0


def approved(ticket: Ticket, article: Article, due: int, answer: str) -> str:
    """Accept an answer that quotes the article, is of this order, and promises what is due."""
    if not (answer.startswith(f"Dear {ticket.customer},") and answer.endswith(CLOSING)):
        raise ValueError("it must be an answer to this customer, from beginning to end")
    if article.text not in answer:
        raise ValueError("it must quote the article")
    if {*ORDER.findall(answer)} != {ticket.order}:
        raise ValueError("it must name the customer's order, and no other")
    if PROMISE.findall(answer) != ([str(due)] if due else []):
        raise ValueError("it must promise what is due, and nothing else")
    return answer


def approval(ticket: Ticket, article: Article, due: int) -> Callable[[str], str]:
    """Return the gate for the answers to one ticket."""
    return partial(approved, ticket, article, due)
