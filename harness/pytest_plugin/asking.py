"""What is asked of an exploration: by the test, by who typed the command, by the ini file."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from typing import Any, Final, TypedDict

import pileup
from pileup.choices import Strategy
from pileup.faults.profiles import Faults
from pileup.pytest_plugin.options import Given
from pileup.search.runs.program import MOST_AGENTS, Check, Setup
from pileup.settings import whole
from pileup.sim.agents import Body
from pileup.sim.guard import check_allowed
from pileup.strategies import make

MOST_RUNS: Final = 10_000_000


class Asked(TypedDict, total=False):
    """What can be asked of an exploration: the arguments of pileup.explore."""

    setup: Setup | None
    agents: int | Sequence[Body]
    runs: int
    strategy: str | Strategy
    check: Check | None
    seed: int
    backend: str | None
    budgets: pileup.Budgets | None
    allow_real: Collection[str]
    faults: Faults
    timed: bool
    oracle: str | None
    shrink: bool
    workers: int
    executor: Executor | None
    seconds: float | None


Words = dict[str, Any]  # Any: arguments of many types, by name

BUDGET: Final = ("runs", "seconds")
OF_THE_SEARCH: Final = (*BUDGET, "strategy", "seed", "shrink", "workers", "executor")


def settled(asked: Mapping[str, Any], given: Given) -> Words:  # Any: see Words
    """Weigh what was typed against what the test says, against what is kept in the ini file."""
    if not isinstance(asked.get("strategy", ""), str):
        return {**asked}  # a strategy that was made for this test knows what it wants
    return over(given.typed, over(asked, given.kept))


def over(stronger: Mapping[str, Any], weaker: Mapping[str, Any]) -> Words:  # Any: see Words
    """Add what the weaker says and the stronger does not; a budget is in runs or in seconds."""
    decided = BUDGET if stronger.keys() & set(BUDGET) else ()
    left = {name: value for name, value in weaker.items() if name not in decided}
    return {**left, **stronger}


def check_mark(asked: Words) -> None:
    """Refuse, before anything runs, what an exploration would refuse."""
    agents = asked.get("agents", 2)
    if not isinstance(agents, int):
        raise pileup.UsageError(
            f"`agents` says how many copies of the test there are; {agents!r} was given. For "
            "agents of several kinds take the fixture `chaos`: chaos.explore([reader, writer])."
        )
    whole("agents", agents, MOST_AGENTS)
    check_search(asked)
    conditions = {name: value for name, value in asked.items() if name not in OF_THE_SEARCH}
    scenario_of(_nothing, conditions).explorer()


def check_search(asked: Words) -> None:
    """Refuse a search that would be refused."""
    if set(BUDGET) <= asked.keys():
        raise pileup.UsageError("`runs` and `seconds` are both given; a budget is one of the two.")
    whole("runs", asked.get("runs", 1), MOST_RUNS)
    make(asked.get("strategy", "auto"), 0)
    if type(asked.get("seed", 0)) is not int:
        raise pileup.UsageError(f"`seed` must be a whole number; {asked['seed']!r} was given.")
    if {"workers", "seconds"} & asked.keys():
        from pileup.search.campaigns.campaign import Terms

        Terms(asked.get("workers", 1), seconds=asked.get("seconds"))


def scenario_of(agent: Body | Sequence[Body], conditions: Words, name: str = "") -> pileup.Scenario:
    """Name agents and conditions once."""
    budgets = conditions.get("budgets") or pileup.Budgets()
    if not isinstance(budgets, pileup.Budgets):
        raise pileup.UsageError(
            f"`budgets` must be limits; {budgets!r} was given. Write pileup.Budgets(steps=1_000)."
        )
    allowed = conditions.get("allow_real", ())
    if isinstance(allowed, str):
        raise pileup.UsageError(f"`allow_real` is a list of names. Write allow_real=[{allowed!r}].")
    check_allowed(frozenset(allowed))
    return pileup.Scenario(agent, name=name, **{**conditions, "budgets": budgets})


async def _nothing(_: object) -> None:
    """Stand for an agent where only its conditions are looked at."""
