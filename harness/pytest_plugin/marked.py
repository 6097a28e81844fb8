"""Tests that are marked: their function is an agent, and to call them is to explore it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import MethodType
from typing import Any, Final, cast

import pytest

from pileup.errors import UsageError
from pileup.pytest_plugin.conducting import Asked, check, conduct
from pileup.pytest_plugin.staging import (
    Stage,
    async_fixtures,
    fill_wide,
    fixtures_that_ask_for_me,
    function_of,
)
from pileup.search.program import Check
from pileup.sim.agents import Agent, Body
from pileup.sim.bodies import is_async

MARK: Final = "pileup"
IGNORE: Final = "ignore"
TAKES: Final = (*(name for name in Asked.__annotations__ if name != "setup"), IGNORE)
EXAMPLE: Final = "@pytest.mark.pileup(agents=5, runs=500)"


def prepare(items: list[pytest.Item]) -> None:
    """Refuse what cannot be explored, and let each run make its own fixtures."""
    for item in items:
        if not isinstance(item, pytest.Function) or item.__class__.__name__ == "TestCaseFunction":
            raise pytest.UsageError(
                f"{item.nodeid} is marked with pileup, but is no test function of pytest's own. "
                "Write the agent as a function, or as a method of a class that is no "
                "unittest.TestCase."
            )
        _expect_sense(item)
        item.setup = MethodType(fill_wide, item)  # type: ignore[method-assign] # of this one alone


def _expect_sense(item: pytest.Function) -> None:
    """Say before anything runs what is wrong with a test."""
    try:
        asked = asked_of(item)
        check(asked)
        _expect_an_agent(item)
    except UsageError as error:
        raise pytest.UsageError(f"{item.nodeid}: {error}") from None


def asked_of(item: pytest.Item) -> dict[str, Any]:  # Any: arguments of many types
    """Join the marks of a test; that of a function counts more than that of its class or module."""
    asked: dict[str, Any] = {}
    for mark in item.iter_markers(MARK):
        if mark.args:
            raise UsageError(
                f"@pytest.mark.pileup takes its arguments by name; {mark.args!r} was given. "
                f"Write for instance {EXAMPLE}."
            )
        for name in mark.kwargs:
            if name not in TAKES:
                raise UsageError(_unknown(name))
        asked = {**mark.kwargs, **asked}
    return asked


def _unknown(name: str) -> str:
    if name == "setup":
        return (
            "@pytest.mark.pileup takes no `setup`: a fixture `world` is what makes the world. "
            "Write `@pytest.fixture` over `def world(sim): ...`, which is called for each run."
        )
    return f"@pytest.mark.pileup takes no {name!r}. It takes {', '.join(sorted(TAKES))}."


def _expect_an_agent(item: pytest.Function) -> None:
    function = function_of(item)
    if hasattr(function, "hypothesis"):
        raise UsageError(
            "a test is either an agent (@pytest.mark.pileup) or drawn by Hypothesis (@given). "
            "With @given, explore in the test, with the fixture `chaos` or with pileup.hypothesis."
        )
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise UsageError("the agent has a `yield`, so none of it would run. Leave it out.")
    for name in async_fixtures(item):
        raise UsageError(
            f"the fixture {name!r} is async, but fixtures are made before the agents of a run "
            "begin. Write it with plain `def`, and seed what is there: world.memory.seed(n=1)."
        )
    for name in fixtures_that_ask_for_me(item):
        raise UsageError(
            f"the fixture {name!r} asks for `me`, but fixtures are made once for a run, for all "
            "agents. Ask for `me` in the test itself, and call a function with it there."
        )


def explore(item: pytest.Function) -> None:
    """Explore a test instead of calling it; raise if anything was found."""
    __tracebackhide__ = True
    asked = asked_of(item)
    ignore = asked.pop(IGNORE, ())
    stage = Stage(item)
    asked["check"] = partial(_check, asked.get("check"), stage)
    asked["setup"] = stage.set
    try:
        found = conduct(item, _agent(item, stage), cast("Asked", asked))
    finally:
        stage.clear_leftovers()
    if stage.outcome is not None:
        raise stage.outcome
    found.assert_clean(ignore=ignore)


def _check(check: Check | None, stage: Stage, world: Any) -> None:  # Any: the user's own type
    """Ask the user's check, and then the fixtures, what they say of the end of a run."""
    if check is not None:
        check(world)
    stage.clear()


def _agent(item: pytest.Function, stage: Stage) -> Body:
    """Make an agent of a test's function."""

    async def in_turns(_: object, me: Agent) -> object:
        __tracebackhide__ = True
        with _telling(stage):
            return await stage.function(**stage.arguments(me))

    def at_once(_: object, me: Agent) -> object:
        __tracebackhide__ = True
        with _telling(stage):
            return stage.function(**stage.arguments(me))

    agent = in_turns if is_async(function_of(item)) else at_once
    agent.__name__ = item.originalname.removeprefix("test_") or item.originalname
    return agent


@contextmanager
def _telling(stage: Stage) -> Iterator[None]:
    """Turn how pytest ends a test into how an agent ends.

    What skips is raised out of the exploration; what fails is this agent's failure.
    """
    try:
        yield
    except (pytest.skip.Exception, pytest.xfail.Exception, pytest.exit.Exception) as outcome:
        stage.outcome = outcome
        raise
    except pytest.fail.Exception as failed:
        raise AssertionError(str(failed)).with_traceback(failed.__traceback__) from None
