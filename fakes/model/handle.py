"""The face of the fake: rules are declared on it, and agents ask it.

See the package's docstring for what it models.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypedDict, TypeVar, Unpack

from pileup.errors import UsageError
from pileup.fakes._port import Port
from pileup.fakes.model.answers import Answer, as_reply
from pileup.fakes.model.caps import Per, caps
from pileup.fakes.model.endpoints import HOSTS, Endpoints
from pileup.fakes.model.engine import Call, Engine
from pileup.fakes.model.errors import FAILURES
from pileup.fakes.model.log import Entry, Spending, entry
from pileup.fakes.model.odds import Rates, odds_of
from pileup.fakes.model.prices import Price, PriceList
from pileup.fakes.model.prompts import Given, Prompt, Tools
from pileup.fakes.model.quota import Quota
from pileup.fakes.model.rules import EVERYTHING, Pattern, Says, Script, Where, make
from pileup.latency import Latency
from pileup.operations import Operation
from pileup.sim.agents import here
from pileup.sim.kernel import Sim

S = TypeVar("S", bound=Says)


class Asking(TypedDict, total=False):
    """What goes with a prompt; `max_tokens` cuts the answer off."""

    model: str
    tools: Tools
    system: str
    max_tokens: int


class Making(Rates, total=False):
    """How a model is: mistakes at these rates, for all agents alike if they are `correlated`.

    `prices` are dollars for a million tokens in and out, by a part of the
    model's name; `hosts` are served besides those of the providers.
    """

    name: str
    correlated: bool
    prices: Mapping[str, Price | tuple[float, float]]
    latency: Latency
    hosts: Sequence[str]


class Model:
    """A language model that agents share.

    `default` is the model that answers where a call names none.
    """

    def __init__(self, sim: Sim, default: str = "sonnet", **making: Unpack[Making]) -> None:
        _check(making, Making, "Model(sim, wrong=0.05, latency=Latency(2.0, 12.0))")
        self._default = default
        self._port = Port(sim, making.get("name", "model"), FAILURES)
        prices = PriceList(making.get("prices", {}))
        odds = odds_of(making) if making else ()
        self._engine = Engine(self._port, odds, prices, making.get("correlated", False))
        self._spending = Spending(self._engine.log)
        self.sync = SyncModel(self)
        if "latency" in making:
            sim.latencies[self._port.resource] = making["latency"]
        endpoints = Endpoints(self._engine)
        first = sim.fakes.setdefault("model", self) is self
        for host in (*(HOSTS if first else ()), *making.get("hosts", ())):
            endpoints.claim(host)

    # What it answers -----------------------------------------------------------------------

    def rule(self, pattern: Pattern, **where: Unpack[Where]) -> Callable[[S], S]:
        """Declare a function of the prompt: `@model.rule("capital of")`.

        It is for prompts in which the pattern is found (`*` stands for
        anything). It must depend on nothing but the prompt.
        """

        def declare(says: S) -> S:
            self._engine.add(make(pattern, says, where))
            return says

        return declare

    def answer(self, pattern: Pattern, says: object, **where: Unpack[Where]) -> None:
        """Declare one answer to all prompts in which the pattern is found."""
        reply = as_reply(says)
        self._engine.add(make(pattern, lambda _: reply, where))

    def script(
        self,
        *answers: object,
        on: Pattern = EVERYTHING,
        shared: bool = False,
        **where: Unpack[Where],
    ) -> None:
        """Declare answers that are given one after another.

        Each agent gets them from the first on. `shared`: they are handed out
        once, to whoever asks next. When they are used up, later rules answer.
        """
        if not answers:
            raise UsageError("A script without answers was declared. Write model.script('a', 'b').")
        self._engine.add(make(on, Script(answers, shared), where))

    def limit(self, calls: int, per: float = 60.0) -> None:
        """Refuse (429) more than so many calls in so many seconds of virtual time."""
        self._engine.limit(Quota(calls, per))

    def budget(
        self,
        *,
        dollars: float | None = None,
        calls: int | None = None,
        tokens: int | None = None,
        per: Per = "run",
    ) -> None:
        """Declare what may be used up in all, for the run or each session or agent.

        Nothing is refused: to stay within it is the agents' own business, and
        `budget_overrun` is found where they do not.
        """
        limits = {"dollars": dollars, "calls": calls, "tokens": tokens}
        self._engine.caps = (*(self._engine.caps or ()), *caps(limits, per))

    # Asking it -----------------------------------------------------------------------------

    def complete(self, prompt: Given, **asking: Unpack[Asking]) -> Awaitable[Answer]:
        """Ask, and wait for the answer."""
        return self._port.perform(self._calling(prompt, asking))

    def _calling(self, prompt: Given, asking: Asking) -> Operation:
        strand = here.get()
        if not asking:
            asked = Prompt(prompt, "", strand.agent, self._default, ())
            return Call(self._engine, asked, strand, None).op
        _check(asking, Asking, "model.complete('prompt', model='haiku', max_tokens=100)")
        model, tools = asking.get("model", self._default), asking.get("tools", ())
        asked = Prompt(prompt, asking.get("system", ""), strand.agent, model, tools)
        return Call(self._engine, asked, strand, asking.get("max_tokens")).op

    # What it has done ----------------------------------------------------------------------

    @property
    def log(self) -> tuple[Entry, ...]:
        """All calls that were answered, in order."""
        return tuple(entry(number, note) for number, note in enumerate(self._engine.log))

    @property
    def usage(self) -> Spending:
        """Calls, tokens and cost: `usage.cost`, `usage.by_agent["writer-0"].tokens`."""
        return self._spending


def _check(given: Mapping[str, object], known: type, instead: str) -> None:
    """Refuse options that do not exist, because one that is misspelled has no effect."""
    if not given.keys() <= known.__annotations__.keys():
        unknown = ", ".join(name for name in given if name not in known.__annotations__)
        raise UsageError(
            f"A model was given {unknown}, which it does not know; it knows "
            f"{', '.join(known.__annotations__)}. Write {instead}."
        )


class SyncModel:
    """The same for sync code: `model.sync.complete(prompt)`."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def complete(self, prompt: Given, **asking: Unpack[Asking]) -> Answer:
        """Ask, and wait for the answer."""
        answer: Answer = self._model._port.call(self._model._calling(prompt, asking))  # noqa: SLF001
        return answer
