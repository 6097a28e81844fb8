"""The fixture `chaos`: explorations of any kind, which the session knows of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Unpack

import pytest

import pileup
from pileup.pytest_plugin.asking import Asked
from pileup.pytest_plugin.conducting import conduct
from pileup.sim.agents import Body


class Chaos:
    """Explores as pileup.explore does, with the options of the session.

    Saved failures are tried first, what is found is saved, and the session's
    summary tells of it.
    """

    def __init__(self, whose_turn: Callable[[], pytest.Item]) -> None:
        self._whose_turn = whose_turn

    def __repr__(self) -> str:
        return "chaos"

    def explore(
        self, agent: Body | Sequence[Body] | pileup.Scenario, **asked: Unpack[Asked]
    ) -> pileup.Exploration:
        """Explore; takes what pileup.explore takes, but for `saved` and `resume`."""
        __tracebackhide__ = True
        for name in asked:
            if name not in Asked.__annotations__:
                raise pileup.UsageError(_unknown(name))
        return conduct(self._whose_turn(), agent, asked)


def _unknown(name: str) -> str:
    if name == "saved":
        return (
            "chaos.explore saves by itself. To say where, write pileup_saved=... into the ini "
            "file, or pytest --pileup-saved=..."
        )
    takes = ", ".join(sorted(Asked.__annotations__))
    return f"chaos.explore takes no {name!r}. It takes the agent, and {takes}."
