"""Small programs as data, run as agents under any runtime.

A program is a list of agents, an agent a list of instructions; both are plain
JSON, so that a program can be drawn by Hypothesis here and run again in
another process. The same instructions are spelled natively, with trio's own
primitives, with asyncio's, or as sync code.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any

import trio

import pileup
from pileup.choices import Point, Tape
from pileup.fakes import World
from pileup.search.explorer import Conditions, Explorer
from pileup.search.runs.program import assemble
from pileup.settings import Budgets
from pileup.strategies import Replay

Instructions = list[Any]
Program = list[Instructions]

FLAVOURS = ("native", "trio", "asyncio", "sync/native", "sync/trio", "sync/asyncio")
BUDGETS = Budgets(steps=3_000, events=3_000)


class Wrapping:
    """Answer from a list of numbers, each wrapped to the options there are."""

    name = "wrapping"

    def __init__(self, numbers: list[int]) -> None:
        self._numbers = numbers
        self._next = 0

    def begin(self, run: int) -> None:
        self._next = run * 0

    def choose(self, point: Point) -> int:
        if self._next >= len(self._numbers):
            return 0
        self._next += 1
        return self._numbers[self._next - 1] % point.count


def agent(instructions: Instructions, flavour: str) -> Callable[..., Any]:
    """Make an agent of instructions."""

    async def run(world: World, me: pileup.Agent) -> None:
        for each in instructions:
            await _do(each, world, me, flavour)

    def run_sync(world: World, me: pileup.Agent) -> None:
        for each in instructions:
            _do_sync(each, world, me)

    return run_sync if flavour.startswith("sync") else run


async def _do(instruction: Instructions, world: World, me: pileup.Agent, flavour: str) -> None:
    verb, *rest = instruction
    memory = world.memory
    if verb == "read":
        await memory.get(rest[0])
    elif verb == "write":
        await memory.set(rest[0], rest[1])
    elif verb == "raise a cell":
        await memory.set(rest[0], (await memory.get(rest[0]) or 0) + 1)
    elif verb == "add":
        await memory.add(rest[0], rest[1])
    elif verb == "swap":
        await memory.swap(rest[0], rest[1], rest[2])
    elif verb == "draw":
        await memory.set(rest[0], random.random())
    elif verb == "look at the clock":
        await memory.set(rest[0], time.time())
    elif verb == "sleep":
        await _sleep(rest[0], flavour)
    elif verb == "fail":
        raise ValueError(rest[0])
    else:
        await _do_block(verb, rest, world, me, flavour)


async def _do_block(  # noqa: C901 - one branch a verb
    verb: str, rest: Instructions, world: World, me: pileup.Agent, flavour: str
) -> None:
    async def inside(block: Instructions) -> None:
        for each in block:
            await _do(each, world, me, flavour)

    if verb == "step":
        with pileup.step("work"):
            await inside(rest[0])
    elif verb == "lock":
        async with world.memory.lock(rest[0]):
            await inside(rest[1])
    elif verb == "timeout":
        try:
            async with pileup.timeout(rest[0]):
                await inside(rest[1])
        except TimeoutError:
            await world.memory.add("timeouts", 1)
    elif verb == "spawn":
        child = me.spawn(agent(rest[0], flavour), name=f"{me.name}.{me.strands}.{len(rest[0])}")
        if rest[1]:
            await child
    elif verb == "both":
        await _both(inside, rest[0], rest[1], me, flavour)
    elif verb == "thread":
        await _in_thread(rest[0], world, me, flavour)
    else:
        raise AssertionError(verb)


async def _sleep(seconds: float, flavour: str) -> None:
    if flavour == "trio":
        await trio.sleep(seconds)
    elif flavour == "asyncio":
        await asyncio.sleep(seconds)
    else:
        await pileup.sleep(seconds)


async def _both(
    inside: Callable[[Instructions], Any],
    one: Instructions,
    other: Instructions,
    me: pileup.Agent,
    flavour: str,
) -> None:
    if flavour == "trio":
        async with trio.open_nursery() as nursery:
            nursery.start_soon(inside, one)
            nursery.start_soon(inside, other)
    elif flavour == "asyncio":
        async with asyncio.TaskGroup() as group:
            group.create_task(inside(one))
            group.create_task(inside(other))
    else:
        children = [me.spawn(agent(each, flavour)) for each in (one, other)]
        for child in children:
            await child


async def _in_thread(block: Instructions, world: World, me: pileup.Agent, flavour: str) -> None:
    def work() -> None:
        for each in block:
            _do_sync(each, world, me)

    if flavour == "trio":
        await trio.to_thread.run_sync(work)
    elif flavour == "asyncio":
        await asyncio.to_thread(work)


def _do_sync(  # noqa: C901 - one branch a verb
    instruction: Instructions, world: World, me: pileup.Agent
) -> None:
    verb, *rest = instruction
    memory = world.memory
    if verb == "read":
        memory.load(rest[0])
    elif verb == "write":
        memory.store(rest[0], rest[1])
    elif verb == "raise a cell":
        memory.store(rest[0], (memory.load(rest[0]) or 0) + 1)
    elif verb == "sleep":
        time.sleep(rest[0])
    elif verb == "draw":
        memory.store(rest[0], random.random())
    elif verb == "fail":
        raise ValueError(rest[0])
    elif verb == "lock":
        with memory.lock(rest[0]):
            for each in rest[1]:
                _do_sync(each, world, me)
    elif verb == "step":
        with pileup.step("work"):
            for each in rest[0]:
                _do_sync(each, world, me)
    elif verb == "spawn":
        child = me.spawn(agent(rest[0], "sync"))
        if rest[1]:
            child.join()


def explorer(program: Program, flavour: str) -> Explorer:
    """Get ready to run a program under a flavour's runtime."""
    bodies = [agent(each, flavour) for each in program]
    backend = flavour.rpartition("/")[2]
    return Explorer(assemble(bodies, 2, World, None), Conditions(BUDGETS, backend))


def history(program: Program, flavour: str, numbers: list[int]) -> tuple[list[str], Tape]:
    """Run a program once with these answers; return its history and its tape."""
    found = explorer(program, flavour).once(Wrapping(numbers))
    return found.history.lines(), found.tape


def replayed(program: Program, flavour: str, tape: Tape) -> list[str]:
    """Run a program once more from its tape."""
    return explorer(program, flavour).once(Replay(tape)).history.lines()
