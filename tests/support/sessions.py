"""Sessions of pytest inside a test: what a user's file would do, in a folder of its own."""

from __future__ import annotations

import os
from typing import Final, Protocol

import pytest

RACY: Final = """
import pytest

@pytest.mark.pileup(agents=3, runs=40)
async def test_adds(world, me):
    entries = await world.memory.get("entries") or []
    await world.memory.set("entries", [*entries, me.name])
"""
CAREFUL: Final = """
import pytest

@pytest.mark.pileup(agents=3, runs=40)
async def test_adds(world, me):
    async with world.memory.lock():
        entries = await world.memory.get("entries") or []
        await world.memory.set("entries", [*entries, me.name])
"""
OTHERS: Final = (
    *("randomly", "asyncio", "trio", "cacheprovider", "benchmark", "anyio", "respx"),
    "hypothesispytest",
)
"""Plugins that are left out where a test is not about them, because they take their time.

That of Hypothesis imports all of it at the end of any session: a second of the two that
most of them take.
"""


OUTER: Final = ("CI", "BUILD_NUMBER", "GITHUB_ACTIONS", "GITHUB_WORKSPACE", "PYTEST_ADDOPTS")
"""What pytest and the plugins go by."""


class Session(Protocol):
    """Writes a test file and runs pytest on it."""

    def __call__(self, text: str, *arguments: str, using: tuple[str, ...] = ()) -> pytest.RunResult:
        """Run with these arguments; the plugins in `using` are wanted too."""


def without_others(using: tuple[str, ...]) -> list[str]:
    """Say on the command line which plugins are left out."""
    return [part for name in OTHERS if name not in using for part in ("-p", f"no:{name}")]


def on_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a session know nothing of the one around it, nor of where that runs."""
    for name in sorted(os.environ):
        if name in OUTER or name.startswith("PYTEST_XDIST_"):
            monkeypatch.delenv(name)


def said(result: pytest.RunResult) -> str:
    """Return all that a session has written to the terminal."""
    return "\n".join([*result.outlines, *result.errlines])
