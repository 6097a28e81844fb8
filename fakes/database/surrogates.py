"""Keys that are made up for a row, and so are others at each attempt to insert it.

Whether a key says what a row is about cannot be seen from the key: a document's
number looks like one from a sequence, and a hash looks like a random text. So it is
a surrogate only where we know of its making: whoever inserts the row has drawn it
himself, from a sequence or at random, for this table and no other before; or it
is the time of day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from pileup.sim.agents import here
from pileup.sim.randomness import has_drawn

LATELY: Final = 60.0
"""A time of day is made up for a row if it was so many seconds ago at the most."""

CLOCKS: Final = (1, 10**3, 10**6, 10**9)
"""How often clocks tick in a second."""

NUMBERS: Final = re.compile(r"\d{10,19}(?:\.\d+)?")
DATES: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")


class Surrogates:
    """The keys that agents have drawn in one run, each for the first table that it is used in."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[int, int], None] = {}
        self._uses: dict[tuple[int, str], str] = {}

    def drawing(self) -> Callable[[int], None]:
        """Return how to note a number that a sequence will give to the agent that is running."""
        strand = here.get(None)

        def draw(number: int) -> None:
            if strand is not None:
                self._numbers[strand.agent.index, number] = None

        return draw

    def among(self, table: str, columns: Iterable[str], values: Mapping[str, Any]) -> list[str]:
        """Return which columns of a key the running agent has drawn for a row of this table."""
        strand = here.get(None)
        if strand is None:
            return []
        who = strand.agent.index
        return [each for each in columns if self._is_drawn(who, table, values.get(each))]

    def _is_drawn(self, who: int, table: str, value: Any) -> bool:  # Any: the user's own value
        if type(value) is int and (who, value) in self._numbers:
            return self._uses.setdefault((who, str(value)), table) == table
        text = value.hex() if type(value) is bytes else str(value)
        return has_drawn(who, text) and self._uses.setdefault((who, text), table) == table


def is_time(value: Any, now: float) -> bool:  # Any: as above
    """Whether a key is the time of day, or has it in it."""
    if type(value) is str:
        return any(_is_lately(float(each), now) for each in NUMBERS.findall(value)) or any(
            _is_moment(each, now) for each in DATES.findall(value)
        )
    if isinstance(value, datetime):
        return abs(value.timestamp() - now) <= LATELY
    return type(value) in (int, float) and _is_lately(value, now)


def _is_lately(ticks: float, now: float) -> bool:
    """Whether a clock has shown so much lately, be it in seconds or in parts of them."""
    return any(abs(ticks - now * each) <= LATELY * each for each in CLOCKS)


def _is_moment(text: str, now: float) -> bool:
    with suppress(ValueError):  # it only looks like one
        return abs(datetime.fromisoformat(f"{text}+00:00").timestamp() - now) <= LATELY
    return False
