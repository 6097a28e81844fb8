"""Tests that are marked: their function is an agent, and to run them is to explore it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import MethodType
from typing import Any, Final

import pytest

from pileup.errors import UsageError
from pileup.pytest_plugin.conducting import conduct
from pileup.pytest_plugin.expecting import IGNORE, asked_of, expect_sense
from pileup.pytest_plugin.staging import Stage, ask_for_world, fill_wide, function_of
from pileup.search.runs.program import Check
from pileup.sim.agents import Agent, Body
from pileup.sim.bodies import is_async

READY: Final = pytest.StashKey[bool]()


def prepare(item: pytest.Item) -> None:
    """Get a marked test ready, or raise UsageError: what cannot be explored is refused here."""
    if READY in item.stash:
        return
    if not isinstance(item, pytest.Function) or item.__class__.__name__ == "TestCaseFunction":
        raise UsageError(
            f"{item.nodeid} is marked with pileup, but is no test function of pytest's own. Write "
            "the agent as a function, or as a method of a class that is no unittest.TestCase."
        )
    try:
        ask_for_world(item)
        expect_sense(item)
    except UsageError as error:
        raise UsageError(f"{item.nodeid}: {error}") from None
    item.stash[READY] = True
    # Of this test alone. To take part in pytest_pyfunc_call would not do: other plugins that
    # know what to do with an async function may come first.
    item.setup = MethodType(fill_wide, item)  # type: ignore[method-assign] # see above
    item.runtest = MethodType(explore, item)  # type: ignore[method-assign] # see above


def explore(item: pytest.Function) -> None:
    """Explore a test instead of calling it; raise if anything was found."""
    __tracebackhide__ = True
    asked = asked_of(item)
    ignore = asked.pop(IGNORE, ())
    stage = Stage(item)
    asked["check"] = partial(_check, asked.get("check"), stage)
    asked["setup"] = stage.set
    try:
        found = conduct(item, _agent(item, stage), asked, stage.go_on)
    finally:
        stage.close()
    if stage.outcome is not None:
        raise stage.outcome
    found.assert_clean(ignore=ignore)


def _check(check: Check | None, stage: Stage, world: Any) -> None:  # Any: the user's own type
    """Ask the user's check, and then the fixtures, what they say of the end of a run."""
    with _failing():
        if check is not None:
            check(world)
        stage.clear()


def _agent(item: pytest.Function, stage: Stage) -> Body:
    """Make an agent of a test's function."""

    async def in_turns(_: object, me: Agent) -> object:
        __tracebackhide__ = True
        with _failing(), _skipping(stage):
            return await stage.function(**stage.arguments(me))

    def at_once(_: object, me: Agent) -> object:
        __tracebackhide__ = True
        with _failing(), _skipping(stage):
            return stage.function(**stage.arguments(me))

    agent = in_turns if is_async(function_of(item)) else at_once
    agent.__name__ = item.originalname.removeprefix("test_") or item.originalname
    return agent


@contextmanager
def _failing() -> Iterator[None]:
    """Make a failure of pytest's, which passes by every `except Exception`, an ordinary one."""
    try:
        yield
    except pytest.fail.Exception as failed:
        raise AssertionError(str(failed)).with_traceback(failed.__traceback__) from None


@contextmanager
def _skipping(stage: Stage) -> Iterator[None]:
    """Let a test skip itself: in its first run, or it would hide what others have shown."""
    try:
        yield
    except pytest.exit.Exception as outcome:
        stage.outcome = outcome
        raise
    except (pytest.skip.Exception, pytest.xfail.Exception) as outcome:
        if stage.is_first:
            stage.outcome = outcome
            raise
        said = f"{type(outcome).__name__} in some orders only: {outcome}"
        raise AssertionError(said).with_traceback(outcome.__traceback__) from None
