"""Programs that look guilty and are right: no detector may speak of any of them."""

from __future__ import annotations

import json
from typing import Any

from corpus.labels import decoy
from corpus.lost_writes import with_account, with_config

import pileup
from pileup.fakes import World


@decoy()
async def swaps_and_tries_again(world: World) -> None:
    """An optimistic writer that is refused, and retries."""
    while True:
        count = await world.memory.get("count") or 0
        if await world.memory.swap("count", count or None, count + 1):
            return


@decoy(agents=3)
async def fills_a_cache(world: World) -> str:
    """All miss, all work it out, all store the same: nothing is lost."""
    known = await world.cache.get("capital of France")
    if known is None:
        await pileup.checkpoint()
        known = b"Paris"
        await world.cache.set("capital of France", known)
    return known.decode()


@decoy()
async def writes_its_own_status(world: World, me: pileup.Agent) -> None:
    """Last writer wins, on a key that one session owns."""
    await world.cache.get(f"status:{me.session}")
    await world.cache.set(f"status:{me.session}", "busy")
    await world.cache.set(f"status:{me.session}", "done")


@decoy()
async def announces_itself(world: World, me: pileup.Agent) -> None:
    """A blind write: it means to put its own name there, whatever was there."""
    await world.memory.set("last seen", me.name)
    await pileup.checkpoint()
    await world.memory.set("last seen", me.name)


@decoy(agents=3)
async def reads_side_by_side(world: World) -> object:
    """Tools that only read."""
    return [await world.memory.get(key) for key in ("a", "b", "a")]


@decoy(agents=3)
async def appends_to_a_log(world: World, me: pileup.Agent) -> None:
    """What is appended erases nothing."""
    await world.files.append("log", f"{me.name}\n")
    await world.files.append("log", f"{me.name} again\n")


@decoy(agents=3)
async def pushes_to_a_list(world: World, me: pileup.Agent) -> None:
    """A reducer: everybody adds, nobody overwrites."""
    await world.cache.lrange("names", 0, -1)
    await world.cache.rpush("names", me.name)


@decoy(agents=3)
async def takes_the_next_number(world: World) -> None:
    """Each pops what nobody else will get."""
    await world.cache.lrange("numbers", 0, -1)
    await world.cache.lpop("numbers")


@decoy()
async def waits_for_a_flag(world: World, me: pileup.Agent) -> None:
    """Polling: the same question until the answer changes."""
    if me.index == 0:
        await pileup.sleep(3)
        await world.memory.set("flag", True)
        return
    while not await world.memory.get("flag"):
        await pileup.sleep(1)


@decoy(setup=with_account, agents=3)
async def books_at_serializable(world: World) -> None:
    """Refused, rolled back, done again."""
    from pileup.fakes.database import SerializationFailure

    while True:
        try:
            async with world.database.transaction("serializable") as tx:
                account = await tx.get("accounts", 1)
                assert account is not None
                await tx.update("accounts", 1, balance=account["balance"] + 1)
        except SerializationFailure:
            continue
        return


@decoy(setup=with_account)
async def looks_before_it_adds(world: World) -> None:
    """A read for the log, and then an update that looks for itself."""
    await world.database.get("accounts", 1)
    await world.database.update("accounts", 1, balance=lambda row: row["balance"] + 1)


@decoy(agents=1)
async def lets_a_helper_write_in_between(world: World, me: pileup.Agent) -> None:
    """It knows of the change between its read and its write: it waited for it."""
    await world.memory.get("plan")

    async def drafts(world: World) -> str:
        await world.memory.set("plan", "draft")
        return "draft"

    draft = await me.spawn(drafts)
    await world.memory.set("plan", f"{draft}, checked")


@decoy(agents=2)
async def goes_by_what_its_helper_read(world: World, me: pileup.Agent) -> None:
    """Under one lock the helper reads, and the agent writes what comes of it."""
    await world.memory.get("count")

    async def reads(world: World) -> int:
        return int(await world.memory.get("count") or 0)

    async with world.memory.lock():
        count: Any = await me.spawn(reads)
        await world.memory.set("count", count + 1)


@decoy(setup=with_config)
async def replaces_a_file_of_its_own(world: World, me: pileup.Agent) -> None:
    """One file each, in one directory that both list."""
    await world.files.listdir("")
    await world.files.write_text(f"{me.name}.json", "{}")
    await world.files.read_text(f"{me.name}.json")
    await world.files.write_text(f"{me.name}.json", json.dumps({"by": me.name}))


@decoy()
async def sets_a_flag_that_is_set(world: World) -> None:
    """It writes what it has read: nothing changes."""
    mode = await world.memory.get("mode")
    await world.memory.set("mode", mode)
