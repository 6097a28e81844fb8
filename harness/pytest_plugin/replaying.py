"""One run seen again: `--pileup-replay` takes a token, finds its test, and runs nothing else."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from pileup.errors import BadToken, UsageError
from pileup.pytest_plugin.options import GIVEN
from pileup.reports.recipe import Recipe
from pileup.tokens import PREFIX, decode

MOST_NAMED = 5


def recipe_of(item: pytest.Item) -> Recipe:
    """Say how a run of a test is seen again, from the folder that pytest was called in."""
    path, separator, name = item.nodeid.partition("::")
    here = os.path.relpath(item.config.rootpath / path, item.config.invocation_params.dir)
    test = shlex.quote(f"{here}{separator}{name}")
    return Recipe(lambda token: f"pytest {test} --pileup-replay={token}")


def token_of(text: str, folder: Path) -> str:
    """Take a token as it stands, or from the saved failure that `text` is the path of."""
    try:
        if text.startswith(f"{PREFIX}-"):
            token = text
        else:
            from pileup.search.keeping.saved import load

            token = load(folder / text).token
        decode(token)
    except (BadToken, UsageError) as error:
        raise pytest.UsageError(f"--pileup-replay: {error}") from None
    return token


def select(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the test that the token is of; refuse a token of none."""
    program = decode(str(config.stash[GIVEN].replay)).program
    wanted = [item for item in items if _is_of(program, item.nodeid)]
    if not wanted and not hasattr(config, "workerinput"):  # a worker of xdist has no terminal
        raise pytest.UsageError(_nowhere(program, items))
    config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
    items[:] = wanted


def _is_of(program: str, test: str) -> bool:
    """Whether a test explores a program called `TEST: agents`, or `TEST, its name: agents`."""
    return program.startswith((f"{test}: ", f"{test}, "))


def _nowhere(program: str, items: list[pytest.Item]) -> str:
    test = program.rpartition(": ")[0]
    if not test:
        return (
            f"The token of --pileup-replay is of '{program}', which no test has explored. "
            'See it again in Python, with pileup.replay("pileup1-...", agent).'
        )
    names = ", ".join(item.nodeid for item in items[:MOST_NAMED]) or "none"
    return (
        f"The token of --pileup-replay is of {test}, which is not among the {len(items)} tests "
        f"here ({names}{', ...' if len(items) > MOST_NAMED else ''}). Run pytest in the same "
        "folder, on that file; if the test has another name by now, the token is of no use."
    )
