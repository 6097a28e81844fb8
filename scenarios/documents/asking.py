"""How an agent at a desk asks a model, and what it takes for an answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import ValidationError

from pileup.scenarios.documents.calling import CALL, Caller
from pileup.scenarios.documents.models import INTERNAL, extraction, judgement, letter
from pileup.scenarios.documents.papers import FIELDS, Invoice, Risk
from pileup.scenarios.documents.tasks import NeedsHuman

if TYPE_CHECKING:
    from pileup.fakes.model import Answer, Message

__tracebackhide__ = True  # because it is whoever calls it that somebody wants to see

T = TypeVar("T")
Accept = Callable[[str], T]
"""What looks at an answer, and returns what it says or raises ValueError."""

CHEAP, USUAL, BEST = "haiku", "sonnet", "opus"
ANSWERS: Final[dict[str, Risk]] = {"high": "high", "low": "low"}
ASKED_AGAIN: Final = 2
"""So often the same model is asked, if its answers are refused."""


class Asker(Caller):
    """What an agent can have a model do."""

    async def extract(self, text: str, fields: tuple[str, ...] = FIELDS) -> dict[str, Any]:
        """Have a model say what is in a document."""
        prompt = extraction(text, fields)
        if self.controls.gates:
            return await self.ask(prompt, partial(_grounded, text, fields), easy=True)
        return await self.ask(prompt, _whatever_it_says, easy=True)

    async def judge(self, invoice: Invoice, *, view: str = "", best: bool = False) -> Risk:
        """Have a model say what only judgement can tell; each view is a question of its own."""
        prompt = judgement(_spelled(invoice), view)
        ask = partial(self.ask, prompt, self.risk_in, best=best)
        if not self.controls.semantic_cache:
            return await ask()
        key = f"risk of {invoice.sku}{view and f', {view}'}"  # because views must not share answers
        return self.risk_in(await self.remembered(key, ask))  # public: it is of the item

    def risk_in(self, answer: str) -> Risk:
        """Take an answer for a risk: checked, or whatever it is."""
        return _risk(answer) if self.controls.gates else _any_risk(answer)

    async def compose(self, text: str, risk: str) -> str:
        """Have a model write to the customer."""
        ask = partial(self.ask, letter(text, risk), _letter if self.controls.gates else str)
        whose = f" of {self.task.session}" if self.controls.private_cache else ""
        return await self.remembered(f"letter, {risk} risk{whose}", ask)

    async def remembered(self, key: str, ask: Callable[[], Awaitable[str]]) -> str:
        """Ask only what nobody has asked before."""
        known = await self.call("look up an answer", lambda: self.office.cache.get(key))
        if known is not None:
            return known if isinstance(known, str) else known.decode()
        answer = await ask()
        first = self.controls.exclusion  # who answered first is believed, and by all alike
        await self.call("keep an answer", lambda: self.office.cache.set(key, answer, nx=first))
        return answer

    async def ask(
        self, prompt: str, accept: Accept[T], *, easy: bool = False, best: bool = False
    ) -> T:
        """Ask until there is an answer that can be accepted, or nobody is left to ask."""
        refusal, asked = "", prompt
        for model in self._models(easy=easy, best=best):
            answer = await self.complete(asked, model)
            try:
                return accept(answer.text)
            except ValueError as error:
                refusal = str(error)
                asked = f"{prompt}\n\nYour last answer was refused: {refusal}"
        raise NeedsHuman(f"no model gave an answer that could be accepted: {refusal}")

    def _models(self, *, easy: bool, best: bool) -> Iterator[str]:
        """Name who is asked, one after another."""
        usual = BEST if best else CHEAP if self.controls.routing and easy else USUAL
        if not (self.controls.fallback and self._is_down(usual)):
            for _ in range(ASKED_AGAIN):
                yield CHEAP if self.controls.money_cap and self.task.purse.is_low else usual
        if self.controls.fallback:
            yield BEST

    def _is_down(self, model: str) -> bool:
        """Whether nobody asks it just now, because too many calls of it have failed."""
        return self.controls.breaker and self.office.breaker(model).is_open

    async def complete(self, prompt: str | Sequence[Message], model: str = USUAL) -> Answer:
        """Ask a model once, within the caps."""
        if self.controls.money_cap:
            self.task.purse.expect_some()
        if self.controls.turn_caps:
            self.task.turns.model(self.me.name)
        if self.controls.rate_limiter:
            await self.office.limiter.turn()  # before the time of the call begins to run
        ask = partial(self.office.model.complete, prompt, model=model)
        answer = await self.call(model, ask, CALL)
        self.task.purse.pay(answer.cost)
        return answer


def _spelled(invoice: Invoice) -> str:
    return (
        f"Item: {invoice.sku}\nQuantity: {invoice.quantity}\n"
        f"Price: {invoice.price}\nTotal: {invoice.total}"
    )


# What is accepted -------------------------------------------------------------------------------


def _whatever_it_says(text: str) -> dict[str, Any]:
    """Work with what there is."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _grounded(text: str, fields: tuple[str, ...], answer: str) -> dict[str, Any]:
    """Accept exactly the fields that were asked for, each with what the document says."""
    found = json.loads(answer)
    if not isinstance(found, dict) or set(found) != set(fields):
        raise ValueError(f"it must have these fields, and no others: {', '.join(fields)}")
    lines = {line.rpartition(": ")[2] for line in text.splitlines()}
    for name, value in found.items():
        if str(value) not in lines:
            raise ValueError(f"{name} is not in the document")
    return found


def checked(found: dict[str, Any]) -> Invoice:
    """Read an invoice at a hand-off; ValueError where it is none, or does not add up."""
    try:
        invoice = Invoice.model_validate(found)
    except ValidationError as error:
        raise ValueError(f"{error.error_count()} fields are wrong") from None
    if invoice.quantity * invoice.price != invoice.total:
        raise ValueError("quantity times price is not the total")
    return invoice


def guessed(found: dict[str, Any]) -> Invoice:
    """Fill in what is missing, and go on."""
    blank = {"customer": "unknown", "sku": "unknown", "quantity": 1, "price": 0, "total": 0}
    return Invoice.model_construct(**{**blank, **found})


def _risk(answer: str) -> Risk:
    if answer not in ANSWERS:
        raise ValueError("it must be one word, high or low")
    return ANSWERS[answer]


def _any_risk(answer: str) -> Risk:
    return "high" if "high" in answer else "low"


def _letter(answer: str) -> str:
    if not answer.startswith("Dear ") or not answer.rstrip().endswith(INTERNAL):
        raise ValueError("it must be a letter, from its beginning to its end")
    return answer
