"""What is explored: the agents, the world they share, and what must hold at the end."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from pileup.errors import UsageError
from pileup.settings import whole
from pileup.sim.agents import Body
from pileup.sim.bodies import arguments
from pileup.sim.kernel import Sim

Setup: TypeAlias = Callable[[Sim], Any]  # Any: the world is the user's own type
Check: TypeAlias = Callable[[Any], object]

MOST_AGENTS = 100_000


@dataclass(frozen=True)
class Program:
    """Which agents run, in which world; the same for every run of an exploration.

    `title` tells it from other programs of agents that are called the same.
    """

    bodies: tuple[Body, ...]
    setup: Setup
    check: Check | None = None
    title: str = ""

    @property
    def name(self) -> str:
        """Name the program by its agents, for tokens and messages: `add_entry x5`."""
        counts = Counter(name_of(body) for body in self.bodies)
        agents = ", ".join(f"{name} x{count}" for name, count in counts.items())
        return f"{self.title}: {agents}" if self.title else agents


def assemble(
    agent: Body | Sequence[Body],
    agents: int | Sequence[Body],
    setup: Setup,
    check: Check | None,
    title: str = "",
) -> Program:
    """Check what the user asked for, all of it, before anything runs."""
    bodies = _bodies(agent, agents)
    for body in bodies:
        arguments(body)
    for name, value in (("setup", setup), ("check", check)):
        if value is not None and not callable(value):
            raise UsageError(
                f"`{name}` must be a function; {value!r} was given. Write {name}=function, "
                "without parentheses after it."
            )
        if value is not None:
            _expect_one_argument(name, value)
    return Program(bodies, setup, check, title)


def _expect_one_argument(name: str, given: Callable[..., object]) -> None:
    """Refuse what cannot be called with one argument, and what would only make a coroutine."""
    what = {"setup": "the sim", "check": "the world"}[name]
    if inspect.iscoroutinefunction(given) or inspect.isgeneratorfunction(given):
        raise UsageError(
            f"`{name}` is called, never awaited or iterated, so {name_of(given)} would do nothing. "
            f"Write it with plain `def` and without `yield`; it gets {what}."
        )
    try:
        inspect.signature(given).bind(None)
    except TypeError:
        raise UsageError(
            f"`{name}` is called with one argument, {what}, which {name_of(given)}"
            f"{inspect.signature(given)} does not take. Write `def {name}({what.split()[1]}): ...`."
        ) from None
    except ValueError:
        return  # written in C, so it has to be tried


def _bodies(agent: Body | Sequence[Body], agents: int | Sequence[Body]) -> tuple[Body, ...]:
    if not isinstance(agents, int):
        bodies = _all_callable(agents)
        if agent not in bodies and agent != agents:
            raise UsageError(
                f"`agents` is a list without {agent!r}, which would never run. Give the list "
                "alone, as in pileup.explore([reader, writer])."
            )
        return bodies
    if not callable(agent):
        return _all_callable(agent)
    return (agent,) * whole("agents", agents, MOST_AGENTS)


def _all_callable(agents: Sequence[Body]) -> tuple[Body, ...]:
    bodies: tuple[object, ...] = tuple(agents) if isinstance(agents, list | tuple) else ()
    if not bodies or not all(callable(body) for body in bodies):
        raise UsageError(
            f"An agent is a function, and several different ones are a list of functions; "
            f"{agents!r} was given. Write pileup.explore(agent, agents=5), without parentheses "
            "after the agent's name, or pileup.explore([reader, writer])."
        )
    return tuple(agents)


def name_of(body: Body) -> str:
    """Name a body as its author did."""
    inner: Any = body  # Any: partials and callables have different attributes
    while isinstance(inner, partial):
        inner = inner.func
    return str(getattr(inner, "__name__", type(inner).__name__))
