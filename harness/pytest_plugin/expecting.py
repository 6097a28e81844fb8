"""What a marked test must be, said before anything runs."""

from __future__ import annotations

import inspect
from typing import Any, Final

import pytest

from pileup.errors import UsageError
from pileup.pytest_plugin.asking import Asked, Words, check_mark, over
from pileup.pytest_plugin.staging import (
    ME,
    NARROW,
    WORLD,
    async_fixtures,
    fixtures_that_ask_for_me,
    function_of,
    is_ours,
    scope_of,
)

MARK: Final = "pileup"
IGNORE: Final = "ignore"
TAKES: Final = (*(name for name in Asked.__annotations__ if name != "setup"), IGNORE)
EXAMPLE: Final = "@pytest.mark.pileup(agents=5, runs=500)"


def asked_of(item: pytest.Item) -> Words:
    """Join the marks of a test; that of a function counts more than that of its class or module."""
    asked: Words = {}
    for mark in item.iter_markers(MARK):
        if mark.args:
            raise UsageError(
                f"@pytest.mark.pileup takes its arguments by name; {mark.args!r} was given. "
                f"Write for instance {EXAMPLE}."
            )
        for name in mark.kwargs:
            if name not in TAKES:
                raise UsageError(_unknown(name))
        asked = over(asked, mark.kwargs)
    return asked


def _unknown(name: str) -> str:
    if name == "setup":
        return (
            "@pytest.mark.pileup takes no `setup`: a fixture `world` is what makes the world. "
            "Write `@pytest.fixture` over `def world(sim): ...`, which is called for each run."
        )
    return f"@pytest.mark.pileup takes no {name!r}. It takes {', '.join(sorted(TAKES))}."


def expect_sense(item: pytest.Function) -> None:
    """Refuse a mark or a test that cannot be explored."""
    asked = asked_of(item)
    _expect_kinds(asked.pop(IGNORE, ()))
    check_mark(asked)
    _expect_an_agent(item)
    _expect_fixtures(item)


def _expect_kinds(ignore: Any) -> None:  # Any: whatever somebody has given
    from pileup.detectors import KINDS
    from pileup.detectors.registry import has_own

    if isinstance(ignore, str) or not isinstance(ignore, list | tuple | set | frozenset):
        raise UsageError(
            f"`ignore` is a list of kinds; {ignore!r} was given. Write ignore=['lost_write']."
        )
    for kind in sorted(map(str, ignore)):
        if kind not in KINDS and not has_own():
            raise UsageError(f"There is no kind {kind!r} to ignore; there are {', '.join(KINDS)}.")


def _expect_an_agent(item: pytest.Function) -> None:
    function = function_of(item)
    if hasattr(function, "hypothesis"):
        raise UsageError(
            "a test is either an agent (@pytest.mark.pileup) or drawn by Hypothesis (@given). "
            "With @given, explore in the test, with the fixture `chaos` or with pileup.hypothesis."
        )
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise UsageError("the agent has a `yield`, so none of it would run. Leave it out.")
    if "subtests" in item.fixturenames:
        raise UsageError(
            "`subtests` reports at once, from each of hundreds of runs. Use assert: what fails is "
            "found, and told once."
        )


def _expect_fixtures(item: pytest.Function) -> None:
    if (scope := scope_of(item, WORLD)) != NARROW:
        raise UsageError(
            f"the fixture 'world' lives for a {scope}, so a run would find in it what the run "
            "before has left. Leave its scope out: it is then made for each run."
        )
    if not is_ours(item, ME):
        raise UsageError(
            "`me` is the agent that the test is, in one of its copies. Call your own fixture or "
            "parameter something else."
        )
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
