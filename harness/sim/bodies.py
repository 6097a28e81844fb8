"""From what the user wrote to what a runtime can drive: one coroutine for each agent."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Coroutine
from functools import lru_cache, partial
from typing import Any, cast

from pileup.errors import UsageError
from pileup.sim.agents import Agent, Body
from pileup.sim.greenlets import Blocking, in_greenlet
from pileup.sim.kernel import Sim

MOST_ARGUMENTS = 2

MOST_KNOWN = 256
"""So many bodies are looked at once only; bounded, because what is known of one keeps it alive."""


def coroutine_of(sim: Sim, agent: Agent) -> Coroutine[Any, Any, object]:  # Any: loops' messages
    """Call an agent's body with as many of `(world, me)` as it takes."""
    args = (sim.world, agent)[: arguments(agent.body)]
    if is_async(agent.body):
        coroutine = cast("Coroutine[Any, Any, object]", agent.body(*args))
        return Blocking(sim.perform, coroutine) if sim.blocking else coroutine
    return _drive(sim, agent.body, args)


async def _drive(sim: Sim, body: Body, args: tuple[object, ...]) -> object:
    result = await in_greenlet(sim.perform, body, *args)
    # Because a decorated or partial async function looks sync until it is called.
    return await result if isinstance(result, Awaitable) else result


@lru_cache(maxsize=MOST_KNOWN)
def is_async(body: Body) -> bool:
    """Whether calling the body makes a coroutine."""
    inner: object = body
    while isinstance(inner, partial):
        inner = inner.func
    method = getattr(type(inner), "__call__", None)  # noqa: B004 - the method, to look at it
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(method)


def _is_generator(body: Body) -> bool:
    inner: object = body
    while isinstance(inner, partial):
        inner = inner.func
    return inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner)


@lru_cache(maxsize=MOST_KNOWN)
def arguments(body: Body) -> int:
    """Count how many of `(world, me)` a body takes; refuse one that wants something else."""
    name = getattr(body, "__qualname__", repr(body))
    try:
        parameters = inspect.signature(body).parameters.values()
    except (TypeError, ValueError):
        raise UsageError(
            f"{name} cannot be an agent: its parameters cannot be read. Wrap it, as in "
            "`async def agent(world, me): ...`."
        ) from None
    if _is_generator(body):
        raise UsageError(
            f"{name} cannot be an agent: it has a `yield`, so calling it would only make a "
            "generator, and none of it would run. Leave the `yield` out."
        )
    wanted = 0
    for each in parameters:
        if each.kind is each.VAR_POSITIONAL:
            return MOST_ARGUMENTS
        positional = each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
        if positional and (each.default is each.empty or each.name in ("world", "me")):
            wanted += 1
        elif not positional and each.default is each.empty and each.kind is each.KEYWORD_ONLY:
            wanted = MOST_ARGUMENTS + 1
    if wanted == 1 and next(iter(parameters)).name == "me":
        raise UsageError(
            f"{name}(me) cannot be an agent: with one argument an agent gets the world. Write "
            "(world, me), even if it does not use the world."
        )
    if wanted > MOST_ARGUMENTS:
        raise UsageError(
            f"{name}{inspect.signature(body)} cannot be an agent: an agent takes (world, me), "
            "(world) or nothing. Bind what else it needs with functools.partial, or put it "
            "into the world that `setup` returns."
        )
    return wanted
