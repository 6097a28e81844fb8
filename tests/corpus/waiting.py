"""Locks, leases, parts of writes, and programs that do not come to an end."""

from __future__ import annotations

from pathlib import Path

from corpus.labels import bug, fixed

import pileup
from pileup.fakes import World
from pileup.faults import Rule

# Locks -------------------------------------------------------------------------------------


@bug("deadlock")
async def takes_two_locks_in_any_order(world: World, me: pileup.Agent) -> None:
    first, second = ("a", "b") if me.index == 0 else ("b", "a")
    async with world.memory.lock(first), world.memory.lock(second):
        await world.memory.add("done", 1)


@fixed(takes_two_locks_in_any_order)
async def takes_two_locks_in_one_order(world: World, me: pileup.Agent) -> None:
    async with world.memory.lock("a"), world.memory.lock("b"):
        await world.memory.add("done", 1)


@bug("deadlock")
def takes_two_locks_in_sync_code(world: World, me: pileup.Agent) -> None:
    first, second = ("a", "b") if me.index == 0 else ("b", "a")
    with world.memory.lock(first), world.memory.lock(second):
        pass


@fixed(takes_two_locks_in_sync_code)
def takes_two_locks_in_sync_code_in_one_order(world: World, me: pileup.Agent) -> None:
    with world.memory.lock("a"), world.memory.lock("b"):
        pass


@bug("orphaned_lock", faults=Rule("crash", on="add*", most=1))
async def dies_with_a_lock(world: World) -> None:
    async with world.memory.lock():
        await world.memory.add("done", 1)


@fixed(dies_with_a_lock, timed=True)
async def dies_with_a_lease(world: World) -> None:
    async with world.cache.lock("lease", timeout=10):
        await world.memory.add("done", 1)


@bug("stolen_lease", runs=300)
async def gives_back_what_may_be_anothers(world: World, me: pileup.Agent) -> None:
    while not await world.cache.set("lease", me.name, nx=True, px=10_000):
        await pileup.sleep(1)
    await world.memory.get("work")
    await world.cache.delete("lease")


@fixed(gives_back_what_may_be_anothers)
async def gives_back_what_is_its_own(world: World, me: pileup.Agent) -> None:
    from redis.exceptions import LockNotOwnedError

    lock = world.cache.lock("lease", timeout=10)
    await lock.acquire()
    await world.memory.get("work")
    try:
        await lock.release()
    except LockNotOwnedError:
        return


@bug("zombie_write", agents=1)
async def gives_up_on_a_helper_that_goes_on(world: World, me: pileup.Agent) -> None:
    async def saves(world: World) -> None:
        await pileup.sleep(10)
        await world.memory.set("result", "by the helper")

    try:
        async with pileup.timeout(5):
            await me.spawn(saves)
    except TimeoutError:
        await world.memory.set("result", "by default")
    await pileup.sleep(20)


@fixed(gives_up_on_a_helper_that_goes_on)
async def waits_for_the_helper(world: World, me: pileup.Agent) -> None:
    async def saves(world: World) -> None:
        await pileup.sleep(10)
        await world.memory.set("result", "by the helper")

    await me.spawn(saves)
    await pileup.sleep(20)


# Parts -------------------------------------------------------------------------------------


def with_page(sim: pileup.Sim) -> World:
    world = World(sim)
    world.files.mount("/data")
    world.files.seed("page", "old text")
    return world


async def writes_anew(world: World) -> None:
    await world.files.write_text("page", "new text")


async def replaces(world: World) -> None:
    await world.files.replace_text("page", "new text")


async def reads(world: World) -> str:
    return await world.files.read_text("page")


@bug("torn_read", setup=with_page, agent=[writes_anew, reads])
async def reads_a_file_that_is_being_written() -> None: ...


@fixed(reads_a_file_that_is_being_written, agent=[replaces, reads])
async def reads_a_file_that_is_replaced() -> None: ...


def opens_and_writes() -> None:
    with Path("/data/page").open("w") as page:
        page.write("new text")


def opens_and_reads() -> str:
    return Path("/data/page").read_text()


def writes_beside_and_renames() -> None:
    Path("/data/page.new").write_text("new text")
    Path("/data/page.new").rename("/data/page")


@bug("torn_read", setup=with_page, agent=[opens_and_writes, opens_and_reads])
def reads_an_open_file_that_is_being_written() -> None: ...


@fixed(reads_an_open_file_that_is_being_written, agent=[writes_beside_and_renames, opens_and_reads])
def reads_a_file_that_is_renamed() -> None: ...


@bug("torn_write", setup=with_page)
async def writes_the_whole_report(world: World, me: pileup.Agent) -> None:
    await world.files.write_text("page", f"report of {me.name * (me.index + 1)}")


@fixed(writes_the_whole_report)
async def replaces_the_whole_report(world: World, me: pileup.Agent) -> None:
    await world.files.replace_text("page", f"report of {me.name * (me.index + 1)}")


# Work --------------------------------------------------------------------------------------


def with_queue(sim: pileup.Sim) -> World:
    world = World(sim)
    world.bus.seed("jobs", {"order": 7})
    return world


@bug(
    "lost_work",
    setup=with_queue,
    agents=1,
    faults=Rule("crash", on="add*", most=1, moment="before"),
)
async def acknowledges_before_the_work(world: World) -> None:
    message = await world.bus.claim("jobs")
    if message is not None:
        await message.ack()
        await world.memory.add("done", 1)


@fixed(acknowledges_before_the_work)
async def acknowledges_after_the_work(world: World) -> None:
    message = await world.bus.claim("jobs")
    if message is not None:
        await world.memory.add("done", 1)
        await message.ack()


# Loops -------------------------------------------------------------------------------------


def with_advisers(sim: pileup.Sim) -> World:
    world = World(sim)
    world.model.answer("proposal", "no, I insist")
    return world


@bug("endless_loop", setup=with_advisers, agents=1, budgets=pileup.Budgets(steps=400))
async def debates_until_one_concedes(world: World) -> None:
    while (await world.model.complete("my proposal stands")).text != "agreed":
        await world.model.complete("then my counter proposal stands")


@fixed(debates_until_one_concedes)
async def debates_for_two_rounds(world: World) -> None:
    for _ in range(2):
        if (await world.model.complete("my proposal stands")).text == "agreed":
            return
        await world.model.complete("then my counter proposal stands")


def with_desks(sim: pileup.Sim) -> World:
    world = World(sim)
    world.bus.seed("sales", "refund 7")
    return world


async def passes_on(world: World, mine: str, theirs: str, rounds: int) -> None:
    for _ in range(rounds):
        async with world.bus.claimed(mine) as message:
            await world.bus.publish(theirs, message.body)


async def sales(world: World) -> None:
    await passes_on(world, "sales", "support", 6)


async def support(world: World) -> None:
    await passes_on(world, "support", "sales", 6)


async def support_decides(world: World) -> None:
    async with world.bus.claimed("support") as message:
        await world.memory.set("decided", message.body)


async def sales_once(world: World) -> None:
    await passes_on(world, "sales", "support", 1)


@bug("endless_loop", setup=with_desks, agent=[sales, support])
async def hands_work_to_and_fro() -> None: ...


@fixed(hands_work_to_and_fro, agent=[sales_once, support_decides])
async def hands_work_on_once() -> None: ...
