"""How often a model is wrong, and of which kind: rates, and the draws that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias, TypedDict

from pileup.errors import UsageError
from pileup.fakes.model.mistakes import MISTAKES
from pileup.fakes.model.prompts import Prompt
from pileup.sim.kernel import Sim

Odds: TypeAlias = tuple[tuple[str, float], ...]
LONGEST: Final = 40


class Rates(TypedDict, total=False):
    """How often each kind of mistake is made: `wrong=0.053`. What is not named is never made."""

    wrong: float
    invented: float
    truncated: float
    malformed: float
    refusal: float
    schema: float


class Mistake(NamedTuple):
    """One mistake; `which` of a rule's wrong answers it is."""

    kind: str
    which: int = 0


def odds_of(rates: Mapping[str, object]) -> Odds:
    """Turn rates into odds of questions that are asked one after another.

    The second kind is asked for only where the first did not come, so its odds
    are those of what is left: then each kind comes as often as its rate says.
    """
    left, odds = 1.0, []
    for kind in MISTAKES:
        rate = rates.get(kind, 0.0)
        if not isinstance(rate, int | float) or not 0 <= rate <= 1:
            raise UsageError(f"{kind}={rate!r}, but a rate is between 0 and 1; write {kind}=0.05.")
        if rate > left + 1e-9:
            raise UsageError(
                f"The rates {dict(rates)} add up to more than 1, but one answer holds at most one "
                "mistake. Lower them."
            )
        if rate:
            odds.append((kind, min(1.0, rate / left)))
            left -= rate
    return tuple(odds)


class Draws:
    """Decides which answers hold a mistake.

    `shared`: all agents that are asked the same make the same mistake, as
    models of one family do; otherwise each call is drawn by itself.
    """

    def __init__(self, sim: Sim, shared: bool) -> None:
        self._sim = sim
        self._shared = shared
        self._decided: dict[tuple[str, Odds, int], Mistake | None] = {}

    def draw(self, prompt: Prompt, odds: Odds, alternatives: int) -> Mistake | None:
        """Draw whether this answer holds a mistake, and which."""
        if not self._shared:
            return self._draw(f"{prompt.agent} is told", odds, alternatives)
        asked = (prompt.last, odds, alternatives)  # rules for some have wrong answers of their own
        if asked not in self._decided:
            whom = f"everybody who asks {prompt.last[:LONGEST]!r}"
            self._decided[asked] = self._draw(f"{whom} is told", odds, alternatives)
        return self._decided[asked]

    def _draw(self, whom: str, odds: Odds, alternatives: int) -> Mistake | None:
        choose = self._sim.choose
        for kind, chance in odds:
            if choose("data", 2, f"{whom} something {kind}", chance):
                return Mistake(kind, self.pick(alternatives) if kind == "wrong" else 0)
        return None

    def pick(self, alternatives: int) -> int:
        """Pick one of the wrong answers that a rule names."""
        return self._sim.choose("data", alternatives, "which wrong answer")
