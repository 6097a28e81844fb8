"""The smallest story: agents that each add a line to one shared config file.

Each agent is right alone. Together they read the same file, and the last to
write erases what the others wrote. `add_entry_under_lock` is the fixed twin.
"""

from __future__ import annotations

import json

import pileup
from pileup.fakes import World

AGENTS = 3


async def add_entry(world: World, me: pileup.Agent) -> None:
    """Read the config, add a line, write it back."""
    config = json.loads(await world.files.read_text("config.json"))
    config["entries"].append(me.name)
    await world.files.write_text("config.json", json.dumps(config))


async def add_entry_under_lock(world: World, me: pileup.Agent) -> None:
    """Do the same, but let nobody in between."""
    async with world.memory.lock("config.json"):
        await add_entry(world, me)


def start(sim: pileup.Sim) -> World:
    """Make a world with an empty config file."""
    world = World(sim)
    world.files.seed("config.json", '{"entries": []}')
    return world


def check(world: World) -> None:
    """Every agent's line must be there at the end."""
    entries = json.loads(world.files.peek("config.json"))["entries"]
    assert len(entries) == AGENTS, f"{len(entries)} of {AGENTS} entries are in the file: {entries}"


RACE = pileup.Scenario(add_entry, setup=start, agents=AGENTS, check=check)
FIXED = pileup.Scenario(add_entry_under_lock, setup=start, agents=AGENTS, check=check)
