"""Random programs: a few agents that read and write two or three items, as data.

One generator serves both Hypothesis, which shrinks what it draws, and a plain
seeded source, which makes programs by the ten thousand. A program is plain
data, so that one that has shown a disagreement can be kept as a test.

Agents return what they have read, so that what they went by shows in the
outcome; what an increment answers they pass over.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias

from hypothesis import strategies as st

import pileup
from pileup.fakes import World
from pileup.fakes.database import DatabaseError
from pileup.search.explorer import Conditions, Explorer
from pileup.search.runs.program import assemble
from pileup.settings import Budgets

Instruction: TypeAlias = tuple[Any, ...]
Choose: TypeAlias = Callable[[int], int]
"""Picks one of so many."""

ITEMS = ("x", "y", "z", "u")
MEDIA = ("memory", "shared", "cache", "database")
UNITS = ("step", "none")
LEVELS = ("read committed", "repeatable read", "serializable")
VERBS = {
    "memory": ("read", "write", "derive", "add", "swap", "lock"),
    "shared": ("read", "write", "derive", "lock"),
    "cache": ("read", "write", "derive", "add", "lock"),
    "database": ("read", "read for update", "write", "derive", "add"),
}
MANNERS = ("wild", "wild", "wild", "guarded", "guarded", "private")
ATTEMPTS = 4
BUDGETS = Budgets(steps=2_000, events=2_000)


@dataclass(frozen=True)
class Generated:
    """A program: in which medium, what a unit of work is, and what each agent does.

    Items that are not `there` are absent at first.
    """

    medium: str
    unit: str
    agents: tuple[tuple[Instruction, ...], ...]
    there: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether each agent is one unit of work."""
        return self.unit != "none"

    def explorer(self) -> Explorer:
        """Get ready to run it, with the oracle asked."""
        make = _sync_agent if self.medium == "shared" else _agent
        if self.medium == "database" and self.is_whole:
            make = _transaction
        bodies = [make(self, each) for each in self.agents]
        conditions = Conditions(BUDGETS, "native", oracle=0)
        return Explorer(assemble(bodies, 2, self._setup, None), conditions)

    def _setup(self, sim: pileup.Sim) -> World:
        world = World(sim)
        start = dict.fromkeys(ITEMS, 0) if self.there else {}
        if self.medium == "memory":
            world.memory.seed(**start)
        elif self.medium == "cache":
            world.cache.seed(**start)
        elif self.medium == "database":
            rows = [{"id": key, "v": value} for key, value in start.items()]
            world.database.table("t", rows=rows)
        else:
            world.shared = pileup.shared(dict(start), "shared")  # type: ignore[attr-defined]
        return world


# Generating -------------------------------------------------------------------------------------


def generate(choose: Choose, medium: str | None = None, unit: str | None = None) -> Generated:
    """Make up a program."""
    medium = medium or MEDIA[choose(len(MEDIA))]
    if unit is None:
        unit = UNITS[choose(len(UNITS))]
        if medium == "database" and unit != "none":
            unit = LEVELS[choose(len(LEVELS))]
    manner = MANNERS[choose(len(MANNERS))]
    items = ITEMS[: 2 + (choose(4) == 0)]
    count = (2, 2, 2, 3, 3, 4)[choose(6)]
    most = {2: 4, 3: 2, 4: 1}[count]
    agents = tuple(
        _instructions(choose, medium, manner, items, who, 2 + choose(most)) for who in range(count)
    )
    if manner == "guarded" and medium == "database" and unit != "none":
        unit = "serializable"
    # An increment of a row that is not there does nothing and says so; whether its agent
    # goes by that cannot be told.
    adds = medium == "database" and any(each[0] == "add" for agent in agents for each in agent)
    return Generated(medium, unit, agents, there=adds or bool(choose(2)))


def _instructions(
    choose: Choose, medium: str, manner: str, items: tuple[str, ...], who: int, length: int
) -> tuple[Instruction, ...]:
    """Make up what one agent does: anything, or all of it under one lock, or in its own place."""
    guarded = manner == "guarded" and medium != "database"
    mine = (ITEMS[who],) if manner == "private" else items
    done = tuple(
        _instruction(choose, medium, mine, who, place, held=guarded) for place in range(length)
    )
    return (("lock", "lock 0", done),) if guarded else done


def _instruction(
    choose: Choose, medium: str, items: tuple[str, ...], who: int, place: int, *, held: bool = False
) -> Instruction:
    verbs = [verb for verb in VERBS[medium] if not (held and verb == "lock")]
    verb = verbs[choose(len(verbs))]
    if verb == "lock":
        inside = [
            _instruction(choose, medium, items, who, 10 * place + each, held=True)
            for each in range(1, 2 + choose(2))
        ]
        return ("lock", f"lock {choose(2)}", tuple(inside))
    item = items[choose(len(items))]
    if verb.startswith("read"):
        return (verb, item)
    # Mostly a number that nobody else writes, so that one can tell whose it was.
    alike = verb == "write" and choose(4) == 0
    number = 1 if alike else 1000 * (who + 1) + 7 * place
    return (verb, item, number)


def by_number(number: int, medium: str | None = None, unit: str | None = None) -> Generated:
    """Return the program of that number: the same one always."""
    return generate(random.Random(number).randrange, medium, unit)


@st.composite
def programs(draw: st.DrawFn) -> Generated:
    """Draw a program."""
    return generate(lambda count: draw(st.integers(0, count - 1)))


# Running ----------------------------------------------------------------------------------------


def _derived(number: int, seen: list[Any]) -> int:
    return number + sum(each or 0 for each in seen)


def _agent(program: Generated, instructions: tuple[Instruction, ...]) -> Callable[..., Any]:
    async def agent(world: World) -> list[Any]:
        seen: list[Any] = []
        store = _database_store(world.database) if program.medium == "database" else None
        with pileup.step("work") if program.unit == "step" else nullcontext():
            for each in instructions:
                await _do(program.medium, store, each, world, seen)
        return seen

    return agent


async def _do(
    medium: str, store: Any, instruction: Instruction, world: World, seen: list[Any]
) -> None:
    if instruction[0] == "lock":
        async with world.memory.lock(instruction[1]):
            for each in instruction[2]:
                await _do(medium, store, each, world, seen)
    elif medium == "memory":
        await _in_memory(instruction, world.memory, seen)
    elif medium == "cache":
        await _in_cache(instruction, world.cache, seen)
    else:
        await store(instruction, seen)


async def _in_memory(instruction: Instruction, memory: Any, seen: list[Any]) -> None:
    verb, item, *number = instruction
    if verb == "read":
        seen.append(await memory.get(item))
    elif verb == "write":
        await memory.set(item, number[0])
    elif verb == "derive":
        await memory.set(item, _derived(number[0], seen))
    elif verb == "add":
        await memory.add(item, number[0])
    else:
        while True:
            value = await memory.get(item)
            if await memory.swap(item, value, (value or 0) + number[0]):
                break
        seen.append(value)


async def _in_cache(instruction: Instruction, cache: Any, seen: list[Any]) -> None:
    verb, item, *number = instruction
    if verb == "read":
        value = await cache.get(item)
        seen.append(None if value is None else int(value))
    elif verb == "write":
        await cache.set(item, number[0])
    elif verb == "derive":
        await cache.set(item, _derived(number[0], seen))
    else:
        await cache.incrby(item, number[0])


def _database_store(database: Any) -> Callable[..., Any]:
    """Return what does an instruction in a transaction, or in the database itself."""

    async def do(instruction: Instruction, seen: list[Any]) -> None:
        verb, item, *number = instruction
        if verb.startswith("read"):
            asked = {"for_update": True} if verb == "read for update" else {}
            rows = await database.select("t", item, **asked)
            seen.append(rows[0]["v"] if rows else None)
        elif verb == "write":
            await database.put("t", {"id": item, "v": number[0]})
        elif verb == "derive":
            await database.put("t", {"id": item, "v": _derived(number[0], seen)})
        else:
            await database.update("t", item, v=lambda row: row["v"] + number[0])

    return do


def _transaction(program: Generated, instructions: tuple[Instruction, ...]) -> Callable[..., Any]:
    """Make an agent that does all of it in one transaction, anew where it is refused."""

    async def agent(world: World) -> list[Any]:
        for attempt in range(ATTEMPTS):
            seen: list[Any] = []
            try:
                async with world.database.transaction(program.unit) as tx:  # type: ignore[arg-type] # a level
                    do = _database_store(tx)
                    for each in instructions:
                        await do(each, seen)
            except DatabaseError:
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                return seen
        raise AssertionError("unreachable")

    return agent


def _sync_agent(program: Generated, instructions: tuple[Instruction, ...]) -> Callable[..., Any]:
    def agent(world: World) -> list[Any]:
        seen: list[Any] = []
        with pileup.step("work") if program.unit == "step" else nullcontext():
            for each in instructions:
                _do_sync(each, world, seen)
        return seen

    return agent


def _do_sync(instruction: Instruction, world: Any, seen: list[Any]) -> None:
    verb, what, *number = instruction
    if verb == "lock":
        with world.memory.lock(what):
            for each in number[0]:
                _do_sync(each, world, seen)
    elif verb == "read":
        seen.append(world.shared.get(what))
    elif verb == "write":
        world.shared[what] = number[0]
    else:
        world.shared[what] = _derived(number[0], seen)


def parts(program: Generated) -> Iterator[Generated]:
    """Return the programs that lack one instruction or one agent: for shrinking by hand."""
    for who, each in enumerate(program.agents):
        rest = program.agents[:who] + program.agents[who + 1 :]
        if len(rest) > 1:
            yield Generated(program.medium, program.unit, rest, program.there)
        for place in range(len(each)):
            less = each[:place] + each[place + 1 :]
            agents = (*program.agents[:who], less, *program.agents[who + 1 :])
            yield Generated(program.medium, program.unit, agents, program.there)
