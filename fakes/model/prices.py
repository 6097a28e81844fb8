"""What calls cost: a count of tokens that is the same everywhere, and a price list.

A token is taken to be four characters, and a token that is begun counts. It is
the rule of thumb that providers give for English text; an exact tokenizer
would be another one for each model, a large table, and slow.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from pileup.errors import UsageError

CHARACTERS: Final = 4
MILLION: Final = 1_000_000


class Price(NamedTuple):
    """Dollars for a million tokens."""

    tokens_in: float
    tokens_out: float

    def of(self, tokens_in: int, tokens_out: int) -> float:
        """Return what one call costs."""
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / MILLION


PRICES: Final[Mapping[str, Price]] = {
    "haiku": Price(0.25, 1.25),
    "sonnet": Price(3.0, 15.0),
    "opus": Price(15.0, 75.0),
}
"""By a part of the model's name."""

USUAL: Final = PRICES["sonnet"]
"""For models that are not on the list."""


def tokens_in_text(text: str) -> int:
    """Estimate how many tokens a text is."""
    return (len(text) + CHARACTERS - 1) // CHARACTERS


def cut(text: str, tokens: int) -> str:
    """Return the first so many tokens of a text."""
    return text[: tokens * CHARACTERS]


class PriceList:
    """What each model costs. A model that is on no list costs as much as Sonnet."""

    def __init__(self, own: Mapping[str, Price | tuple[float, float]]) -> None:
        self._prices = {**PRICES, **{name: _price(name, own[name]) for name in own}}
        self.of = lru_cache(maxsize=64)(self._find)

    def _find(self, model: str) -> Price:
        """Take the longest name on the list that is a part of the model's."""
        known = [name for name in self._prices if name in model]
        return self._prices[max(known, key=len)] if known else USUAL


def _price(model: str, given: object) -> Price:
    match given:
        case (float() | int() as tokens_in, float() | int() as tokens_out):
            if tokens_in >= 0 and tokens_out >= 0:
                return Price(tokens_in, tokens_out)
    raise UsageError(
        f"The price of {model!r} was given as {given!r}. A price is two numbers, dollars for a "
        f"million tokens in and out; write prices={{{model!r}: (3.0, 15.0)}}."
    )
