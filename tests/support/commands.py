"""What tests of the command line share: a shop with a race in it, and what came of a command."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

SHOP = '''\
"""A shop."""

import pileup
from pileup.fakes import World


async def add_entry(world, me):
    """Add a line to the entries."""
    entries = await world.memory.get("entries") or []
    await world.memory.set("entries", [*entries, me.name])
    return len(entries)


async def locked(world, me):
    """Do the same under a lock."""
    async with world.memory.lock():
        return await add_entry(world, me)


def start(sim):
    world = World(sim)
    world.memory.seed(entries=["first"])
    return world


def check(world):
    assert world.memory.peek("entries")[0] == "first"


def both_there(world):
    assert len(world.memory.peek("entries")) == 2, "an entry is missing"


NAIVE = pileup.Scenario(add_entry, agents=3)
HARDENED = pileup.Scenario(locked, agents=3)
BOTH = pileup.Scenario([add_entry, locked])
'''


class Done(NamedTuple):
    """What a command has come to."""

    code: int
    out: str
    err: str


Call: TypeAlias = Callable[..., Done]

Start: TypeAlias = Callable[..., Done]
"""The same, in a process of its own; environment variables by name."""
