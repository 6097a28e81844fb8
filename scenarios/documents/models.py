"""What the model of the office answers: by rule, from what stands in the prompt.

The prompts are here too, so that both sides of a conversation stand together.
"""

from __future__ import annotations

import re
from typing import Final

from pileup.fakes.model import Model, Prompt
from pileup.scenarios.documents.papers import FIELDS, RISKS

EXTRACT: Final = "Extract as JSON:"
JUDGE: Final = "Judge the risk, high or low."
WRITE: Final = "Write to the customer"

INTERNAL: Final = "(For us alone: the risk was judged.)"
"""What the model chatters into every letter, and no customer should read."""

LINES: Final = re.compile(r"(Customer|Reference|Item|Quantity|Price|Total): (.+)")
NAMES: Final = {"Item": "sku"}
NUMBERS: Final = frozenset(("quantity", "price", "total"))


def extraction(text: str, fields: tuple[str, ...] = FIELDS) -> str:
    """Ask for some of what a document says."""
    return f"{EXTRACT} {', '.join(fields)}.\n\n{text}"


def judgement(text: str, view: str = "") -> str:
    """Ask for what stands nowhere in a document."""
    return f"{JUDGE}{view and f' ({view})'}\n\n{text}"


def letter(text: str, risk: str) -> str:
    """Ask for a letter to the customer."""
    return f"{WRITE} that it is paid; the risk is {risk}.\n\n{text}"


def teach(model: Model, wrong: float) -> None:
    """Declare what is right; a judgement is wrong at this rate."""

    @model.rule(EXTRACT)
    def extract(prompt: Prompt) -> object:
        asked = prompt.text.partition(EXTRACT)[2].partition(".")[0].split(",")
        found = said_in(prompt.text)
        return {name: found[name] for name in map(str.strip, asked) if name in found}

    for sku, risk in RISKS.items():  # because what is wrong of each is the opposite
        opposite = "low" if risk == "high" else "high"
        model.answer(f"{JUDGE}*Item: {sku}", risk, wrong=wrong, wrong_answers=[opposite])
    model.answer(JUDGE, "low", wrong=wrong, wrong_answers=["high"])

    @model.rule(WRITE)
    def write(prompt: Prompt) -> object:
        found = said_in(prompt.text)
        return (
            f"Dear {found.get('customer', 'customer')}, your invoice is paid. "
            f"Your reference is {found.get('reference', 'unknown')}. {INTERNAL}"
        )


def said_in(text: str) -> dict[str, str | int]:
    """Read what a document says, as somebody does who makes no mistakes."""
    found: dict[str, str | int] = {}
    for line in LINES.finditer(text):
        name = NAMES.get(line[1], line[1].lower())
        value = line[2].strip()
        found[name] = int(value) if name in NUMBERS and value.isdigit() else value
    return found
