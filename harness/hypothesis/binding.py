"""An agent together with what this one of its copies is given: a session, its work."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Collection, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import pileup
from pileup.errors import UsageError
from pileup.sim.bodies import is_async

Agent: TypeAlias = Callable[..., object]
World: TypeAlias = Any  # Any: the world is the user's own type


@dataclass(frozen=True)
class Bound:
    """An agent of a session, with something to do.

    Two of one agent are equal, because pileup remembers what it has learned of
    a function, and is not to remember each example.
    """

    agent: Agent
    session: str | None = field(compare=False)
    given: Mapping[str, object] = field(compare=False)

    @property
    def __name__(self) -> str:
        return name_of(self.agent)

    def called(self, world: World, me: pileup.Agent) -> object:
        """Call it with what it takes; what is given is its own, so that no run sees another's."""
        if self.session is not None:
            me.session = self.session
        places = (world, me)[: _places(self.agent, self.given)]
        return self.agent(*places, **deepcopy(dict(self.given)))


class AsyncBound(Bound):
    """One that is awaited."""

    async def __call__(self, world: World, me: pileup.Agent) -> object:
        """Call it, and await it."""
        return await cast("Awaitable[object]", self.called(world, me))


class SyncBound(Bound):
    """One that is called."""

    def __call__(self, world: World, me: pileup.Agent) -> object:
        """Call it."""
        return self.called(world, me)


def bind(agent: Agent, session: str | None, given: Mapping[str, object]) -> Agent:
    """Bind an agent to what it is given; refuse one that does not take that."""
    expect(agent, given)
    return (AsyncBound if is_async(agent) else SyncBound)(agent, session, given)


def name_of(agent: Agent) -> str:
    """Name an agent as its author did."""
    return str(getattr(agent, "__name__", type(agent).__name__))


def _places(agent: Agent, given: Collection[str]) -> int:
    """Count how many of world and me an agent takes besides."""
    parameters = inspect.signature(agent).parameters.values()
    return sum(
        each.name not in given and each.default is each.empty and each.kind < each.VAR_POSITIONAL
        for each in parameters
    )


def expect(agent: Agent, given: Collection[str]) -> None:
    """Refuse an agent that does not take what it is to be given."""
    if callable(agent):
        try:
            inspect.signature(agent).bind(*(None,) * _places(agent, given), **dict.fromkeys(given))
        except TypeError:
            pass
        else:
            if _places(agent, given) <= len(("world", "me")):
                return
    names = ", ".join(["world", "me", *given])
    raise UsageError(
        f"{name_of(agent)} is to be called with ({names}), which it does not take. Write "
        f"`async def {name_of(agent)}({names}): ...`, or with plain `def`."
    )
