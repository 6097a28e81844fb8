"""Units of work that do not look as if each had happened at once: steps and transactions."""

from __future__ import annotations

from typing import Any

from corpus.labels import bug, fixed

import pileup
from pileup.fakes import World
from pileup.fakes.database import SerializationFailure


def with_doctors(sim: pileup.Sim) -> World:
    world = World(sim)
    world.memory.seed(alice=True, bob=True)
    world.database.table(
        "doctors", key="name", rows=[{"name": "alice", "on": True}, {"name": "bob", "on": True}]
    )
    return world


def other(me: pileup.Agent) -> tuple[str, str]:
    return ("alice", "bob") if me.index == 0 else ("bob", "alice")


@bug("write_skew", setup=with_doctors)
async def leaves_if_the_other_stays(world: World, me: pileup.Agent) -> None:
    mine, theirs = other(me)
    with pileup.step("leave"):
        if await world.memory.get(theirs):
            await world.memory.set(mine, False)


@fixed(leaves_if_the_other_stays)
async def leaves_under_a_lock_if_the_other_stays(world: World, me: pileup.Agent) -> None:
    mine, theirs = other(me)
    with pileup.step("leave"):
        async with world.memory.lock("roster"):
            if await world.memory.get(theirs):
                await world.memory.set(mine, False)


@bug("write_skew", setup=with_doctors)
def leaves_in_sync_code(world: World, me: pileup.Agent) -> None:
    mine, theirs = other(me)
    with pileup.step("leave"):
        if world.memory.load(theirs):
            world.memory.store(mine, False)


@fixed(leaves_in_sync_code)
def leaves_in_sync_code_under_a_lock(world: World, me: pileup.Agent) -> None:
    mine, theirs = other(me)
    with pileup.step("leave"), world.memory.lock("roster"):
        if world.memory.load(theirs):
            world.memory.store(mine, False)


@bug("write_skew", setup=with_doctors)
async def leaves_at_repeatable_read(world: World, me: pileup.Agent) -> None:
    mine, theirs = other(me)
    async with world.database.transaction("repeatable read") as tx:
        row = await tx.get("doctors", theirs)
        if row is not None and row["on"]:
            await tx.update("doctors", mine, on=False)


@fixed(leaves_at_repeatable_read)
async def leaves_at_serializable(world: World, me: pileup.Agent) -> None:
    mine, theirs = other(me)
    while True:
        try:
            async with world.database.transaction("serializable") as tx:
                row = await tx.get("doctors", theirs)
                if row is not None and row["on"]:
                    await tx.update("doctors", mine, on=False)
        except SerializationFailure:
            continue
        return


def with_rooms(sim: pileup.Sim) -> World:
    world = World(sim)
    world.database.table("bookings", key="guest")
    return world


@bug("write_skew", setup=with_rooms)
async def books_the_last_room(world: World, me: pileup.Agent) -> None:
    async with world.database.transaction() as tx:
        taken = await tx.select("bookings")
        if len(taken) < 1:
            await tx.insert("bookings", {"guest": me.name})


@fixed(books_the_last_room)
async def books_the_last_room_at_serializable(world: World, me: pileup.Agent) -> None:
    while True:
        try:
            async with world.database.transaction("serializable") as tx:
                taken = await tx.select("bookings")
                if len(taken) < 1:
                    await tx.insert("bookings", {"guest": me.name})
        except SerializationFailure:
            continue
        return


# Read skew ---------------------------------------------------------------------------------


def with_accounts(sim: pileup.Sim) -> World:
    world = World(sim)
    world.memory.seed(checking=50, savings=50)
    world.database.table(
        "accounts", key="id", rows=[{"id": "checking", "has": 50}, {"id": "savings", "has": 50}]
    )
    return world


async def transfers(world: World) -> None:
    with pileup.step("transfer"):
        async with world.memory.lock("accounts"):
            await world.memory.set("checking", 20)
            await world.memory.set("savings", 80)


async def reports(world: World) -> int:
    with pileup.step("report"):
        checking = await world.memory.get("checking")
        savings = await world.memory.get("savings")
    return int(checking + savings)


async def reports_under_the_lock(world: World) -> int:
    with pileup.step("report"):
        async with world.memory.lock("accounts"):
            checking = await world.memory.get("checking")
            savings = await world.memory.get("savings")
    return int(checking + savings)


@bug("read_skew", setup=with_accounts, agent=[transfers, reports])
async def reports_in_the_middle_of_a_transfer() -> None: ...


@fixed(reports_in_the_middle_of_a_transfer, agent=[transfers, reports_under_the_lock])
async def reports_before_or_after_a_transfer() -> None: ...


async def transfers_in_a_transaction(world: World) -> None:
    async with world.database.transaction() as tx:
        await tx.update("accounts", "checking", has=lambda row: row["has"] - 30)
        await tx.update("accounts", "savings", has=lambda row: row["has"] + 30)


async def sums_up(world: World) -> int:
    async with world.database.transaction() as tx:
        one: Any = await tx.get("accounts", "checking")
        two: Any = await tx.get("accounts", "savings")
    return int(one["has"] + two["has"])


async def sums_up_what_was_at_once(world: World) -> int:
    async with world.database.transaction("repeatable read") as tx:
        one: Any = await tx.get("accounts", "checking")
        two: Any = await tx.get("accounts", "savings")
    return int(one["has"] + two["has"])


@bug("read_skew", setup=with_accounts, agent=[transfers_in_a_transaction, sums_up])
async def sums_up_at_read_committed() -> None: ...


@fixed(sums_up_at_read_committed, agent=[transfers_in_a_transaction, sums_up_what_was_at_once])
async def sums_up_at_repeatable_read() -> None: ...


# Writes that mix ---------------------------------------------------------------------------


@bug("dirty_write")
async def writes_a_pair(world: World, me: pileup.Agent) -> None:
    with pileup.step("publish"):
        await world.memory.set("title", f"by {me.name}")
        await world.memory.set("text", f"text of {me.name}")


@fixed(writes_a_pair)
async def writes_a_pair_at_once(world: World, me: pileup.Agent) -> None:
    with pileup.step("publish"):
        await world.memory.set("page", (f"by {me.name}", f"text of {me.name}"))


@bug("dirty_write")
async def writes_two_cache_keys(world: World, me: pileup.Agent) -> None:
    with pileup.step("publish"):
        await world.cache.set("title", f"by {me.name}")
        await world.cache.set("text", f"text of {me.name}")


@fixed(writes_two_cache_keys)
async def writes_two_cache_keys_with_mset(world: World, me: pileup.Agent) -> None:
    with pileup.step("publish"):
        await world.cache.mset({"title": f"by {me.name}", "text": f"text of {me.name}"})


@bug("circular_flow")
async def posts_and_reads_the_other(world: World, me: pileup.Agent) -> object:
    mine, theirs = other(me)
    with pileup.step("exchange"):
        await world.memory.set(mine, f"view of {me.name}")
        return await world.memory.get(theirs)


@fixed(posts_and_reads_the_other)
async def posts_in_one_step_and_reads_in_the_next(world: World, me: pileup.Agent) -> object:
    mine, theirs = other(me)
    with pileup.step("post"):
        await world.memory.set(mine, f"view of {me.name}")
    with pileup.step("read"):
        return await world.memory.get(theirs)
