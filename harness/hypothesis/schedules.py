"""The order of a run as a value: drawn, printed, written down, and played."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, TypedDict, Unpack

from hypothesis.strategies import SearchStrategy

import pileup
from pileup.choices import CLOCK
from pileup.errors import UsageError
from pileup.faults import Plan, Rule
from pileup.hypothesis.playing import Played, play, warm_up
from pileup.hypothesis.printing import Pretty
from pileup.settings import Budgets
from pileup.strategies.hypothesis import Deviations, Drawn, Moment, Switch, deviations

Agent = Callable[..., object]


class Conditions(TypedDict, total=False):
    """What `pileup.explore` takes under the same names, but for what searches through runs.

    `faults` may also be several plans.
    """

    setup: Callable[[pileup.Sim], Any] | None  # Any: the world is the user's own type
    agents: int | Sequence[Agent]
    check: Callable[[Any], object] | None  # Any: the same world
    backend: str | None
    budgets: Budgets
    allow_real: Collection[str]
    faults: str | Rule | Plan | Sequence[Rule | Plan] | None
    timed: bool
    oracle: str | None


@dataclass(frozen=True, repr=False)
class Schedule(Pretty):
    """Agents go one after another, but for what is named here.

    `switches={(0, 2): 1}`: where agent 0 would have gone on for the third time,
    for its counts begin with 0, the next agent goes first; 2 would be the one
    after that. `{(0, 2): "clock"}`: where it would have gone on for the third
    time while a deadline was pending, the deadline passes. `strikes` says so of
    the questions whether a fault of some odds strikes, by their number, and
    `draws` of random numbers and of a model's answers.
    """

    switches: Mapping[Moment, Switch] = field(default_factory=dict)
    strikes: Mapping[int, int] = field(default_factory=dict)
    draws: Mapping[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in NAMES:
            _check(name, getattr(self, name))

    def __repr__(self) -> str:
        parts = [repr(self.switches)] if self.switches else []
        parts += [f"{name}={getattr(self, name)!r}" for name in NAMES[1:] if getattr(self, name)]
        return f"Schedule({', '.join(parts)})"

    def play(
        self, agent: Agent | Sequence[Agent] | pileup.Scenario, **conditions: Unpack[Conditions]
    ) -> Played:
        """Run the agents once, in this order, and return what happened.

        Takes what `pileup.explore` takes, but for what is about many runs.
        """
        scenario = _scenario(agent, conditions)
        # The plainest is what Hypothesis tries first. So each program is seen again at least
        # once, and one that is not deterministic does not pass.
        return play(scenario, self.strategy, prove=self == Schedule())

    @property
    def strategy(self) -> Drawn:
        """Whoever answers so."""
        return Drawn(Deviations(self.switches, self.strikes, self.draws))


NAMES: Final = ("switches", "strikes", "draws")


def schedules() -> SearchStrategy[Schedule]:
    """Draw the order of a run, and all else in it that is left to chance."""
    warm_up()
    found = deviations().map(lambda drawn: Schedule(*drawn))
    vars(found)["play"] = _not_drawn
    return found


def _not_drawn(*_: object, **__: object) -> NoReturn:
    raise UsageError(
        "schedules() is what an order is drawn from, and no order yet. Write "
        "@given(order=schedules()) over the test, and in it order.play(agent, ...)."
    )


def _check(name: str, given: object) -> None:
    fits = _is_switch if name == NAMES[0] else _is_strike
    pairs = given.items() if isinstance(given, Mapping) else [(None, None)]
    if not all(fits(place, answer) for place, answer in pairs):
        raise UsageError(
            f"A Schedule cannot have {name}={given!r}. Write Schedule({{(0, 2): 1}}) to let the "
            "next agent go where agent 0 would have gone on for the third time, and "
            'Schedule({(0, 2): "clock"}) to let the next deadline pass there. strikes={3: 1} '
            "answers the fourth question about a fault with yes."
        )


def _is_switch(place: object, answer: object) -> bool:
    moment = place if isinstance(place, tuple) else ()
    named = len(moment) == len(("agent", "count")) and all(map(_is_count, moment))
    return named and (answer == CLOCK or _is_answer(answer))


def _is_strike(place: object, answer: object) -> bool:
    return _is_count(place) and _is_answer(answer)


def _is_count(given: object) -> bool:
    return type(given) is int and given >= 0


def _is_answer(given: object) -> bool:
    return type(given) is int and given > 0


def _scenario(
    agent: Agent | Sequence[Agent] | pileup.Scenario, conditions: Conditions
) -> pileup.Scenario:
    for name, value in {"agent": agent, **conditions}.items():
        if isinstance(value, SearchStrategy):
            raise UsageError(
                f"`{name}` is a strategy, from which nothing has been drawn yet: {value!r:.60}. "
                f"Write @given({name}=...) over the test, and give play the drawn value."
            )
    if not isinstance(agent, pileup.Scenario):
        faults = joined(conditions.get("faults"))
        return pileup.Scenario(agent, **{**conditions, "faults": faults})
    if conditions:
        raise UsageError(
            f"A Scenario names its conditions once; {', '.join(conditions)} was given beside it. "
            "To vary one, write order.play(dataclasses.replace(scenario, agents=agents))."
        )
    return agent


def joined(faults: object) -> Any:  # Any: what is no plan is for the scenario to refuse
    """Make one plan of several."""
    if not isinstance(faults, list | tuple) or not any(isinstance(each, Plan) for each in faults):
        return faults
    return [rule for each in faults for rule in _each(each)]


def _each(part: object) -> Iterator[object]:
    if isinstance(part, Plan):
        yield from part.rules
    else:
        yield part
