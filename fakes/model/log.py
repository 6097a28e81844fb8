"""What was asked and answered, call by call, and what it all cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from pileup.fakes.model.answers import Answer
from pileup.fakes.model.marks import CANARY
from pileup.fakes.model.prompts import Prompt
from pileup.sim.agents import Agent

DIGITS: Final = 9

Note: TypeAlias = tuple[Agent, str | None, Prompt, float, Answer, tuple[str, ...]]
"""One call as it is noted while the run goes on: an `Entry` is made of it when somebody looks."""


class Entry(NamedTuple):
    """One call that was answered.

    `sources` are the marks in its prompt, `carries` those in its answer: where
    a mark of another session, or of a faulty answer, turns up, it has spread.
    """

    number: int
    agent: str
    role: str
    session: str
    step: str | None
    turn: int
    at: float
    prompt: str
    answer: Answer
    sources: tuple[str, ...]
    carries: tuple[str, ...]

    @property
    def canaries(self) -> tuple[str, ...]:
        """The sessions' canaries that the model was shown."""
        return tuple(each for each in self.sources if each.startswith(CANARY))


def entry(number: int, note: Note) -> Entry:
    """Tell one call in full."""
    agent, step, prompt, at, answer, carries = note
    return Entry(
        number,
        agent.name,
        agent.role,
        agent.session,
        step,
        prompt.turn,
        at,
        prompt.text,
        answer,
        answer.sources,
        carries,
    )


class Usage(NamedTuple):
    """So many calls, tokens and dollars."""

    calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    dollars: float = 0.0

    @property
    def cost(self) -> float:
        """Dollars, rounded so that the order of adding up does not show."""
        return round(self.dollars, DIGITS)

    @property
    def tokens(self) -> int:
        """Tokens in both directions."""
        return self.tokens_in + self.tokens_out

    def plus(self, answer: Answer) -> Usage:
        """Add one call."""
        return Usage(
            self.calls + 1,
            self.tokens_in + answer.tokens_in,
            self.tokens_out + answer.tokens_out,
            self.dollars + answer.cost,
        )


class Spending:
    """What was used altogether, and by whom; a call counts when it has been answered, or lost."""

    def __init__(self, log: Sequence[Note]) -> None:
        self._log = log
        self._seen = 0
        self._total = Usage()
        self._shares: dict[str, dict[str, Usage]] = {
            "agent": {},
            "role": {},
            "session": {},
            "step": {},
            "model": {},
        }

    @property
    def total(self) -> Usage:
        """All of it."""
        self._catch_up()
        return self._total

    @property
    def by_agent(self) -> Mapping[str, Usage]:
        """Each agent's share, by its name."""
        return self._share("agent")

    @property
    def by_role(self) -> Mapping[str, Usage]:
        """Each role's share."""
        return self._share("role")

    @property
    def by_session(self) -> Mapping[str, Usage]:
        """Each session's share."""
        return self._share("session")

    @property
    def by_step(self) -> Mapping[str, Usage]:
        """Each step's share; what was asked outside of any step is under the empty name."""
        return self._share("step")

    @property
    def by_model(self) -> Mapping[str, Usage]:
        """Each model's share."""
        return self._share("model")

    @property
    def calls(self) -> int:
        """How many calls there were."""
        return self.total.calls

    @property
    def tokens(self) -> int:
        """How many tokens, in both directions."""
        return self.total.tokens

    @property
    def cost(self) -> float:
        """How many dollars."""
        return self.total.cost

    def _share(self, kind: str) -> Mapping[str, Usage]:
        self._catch_up()
        return self._shares[kind]

    def _catch_up(self) -> None:
        """Add what is new; not at each call, because few programs ask."""
        new = self._log[self._seen :] if self._seen else self._log
        for agent, step, _, _, answer, _ in new:
            self._total = self._total.plus(answer)
            keys = (agent.name, agent.role, agent.session, step or "", answer.model)
            for share, key in zip(self._shares.values(), keys, strict=True):
                share[key] = share.get(key, Usage()).plus(answer)
        self._seen = len(self._log)
