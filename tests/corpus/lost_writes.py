"""Lost writes in every fake, async and sync, each with a twin that loses none."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import time
from typing import Any

import redis
import redis.asyncio
from corpus.labels import bug, fixed
from filelock import FileLock
from redis.exceptions import LockNotOwnedError

import pileup
from pileup.fakes import World

PATH = "/data/config.json"


def with_config(sim: pileup.Sim) -> World:
    world = World(sim)
    world.files.mount("/data")
    world.files.seed("config.json", '{"entries": []}')
    return world


def with_account(sim: pileup.Sim) -> World:
    world = World(sim)
    rows = [{"id": number, "branch": "north", "balance": 100, "by": ""} for number in (1, 2)]
    world.database.table("accounts", key="id", rows=rows)
    return world


def with_document(sim: pileup.Sim) -> World:
    world = World(sim)
    state: dict[str, Any] = {"text": "", "etag": 0}

    @world.http.route("GET", "/document")
    def read(request: Any, _: Any) -> Any:
        return 200, dict(state)

    @world.http.route("PATCH", "/document")
    def change(request: Any, _: Any) -> Any:
        state.update(request.json())
        return 200, {}

    @world.http.route("PUT", "/document")
    def write(request: Any, _: Any) -> Any:
        wanted = request.headers.get("if-match")
        if wanted is not None and wanted != str(state["etag"]):
            return 412, {"error": "changed"}
        state.update(request.json(), etag=state["etag"] + 1)
        return 200, {}

    return world


# Memory -------------------------------------------------------------------------------------


@bug("lost_write")
async def counts_in_memory(world: World) -> None:
    count = await world.memory.get("count") or 0
    await world.memory.set("count", count + 1)


@fixed(counts_in_memory)
async def counts_in_memory_atomically(world: World) -> None:
    await world.memory.add("count", 1)


@bug("lost_write", agents=3)
async def appends_to_a_list(world: World, me: pileup.Agent) -> None:
    names = await world.memory.get("names") or ()
    await pileup.checkpoint()
    await world.memory.set("names", (*names, me.name))


@fixed(appends_to_a_list)
async def appends_to_a_list_under_a_lock(world: World, me: pileup.Agent) -> None:
    async with world.memory.lock():
        names = await world.memory.get("names") or ()
        await pileup.checkpoint()
        await world.memory.set("names", (*names, me.name))


@bug("lost_write")
def counts_in_memory_in_threads(world: World) -> None:
    count = world.memory.load("count") or 0
    world.memory.store("count", count + 1)


@fixed(counts_in_memory_in_threads)
def counts_in_memory_in_threads_under_a_lock(world: World) -> None:
    with world.memory.lock():
        count = world.memory.load("count") or 0
        world.memory.store("count", count + 1)


@bug("lost_write")
async def locks_only_the_write(world: World, me: pileup.Agent) -> None:
    names = await world.memory.get("names") or ()
    async with world.memory.lock():
        await world.memory.set("names", (*names, me.name))


@fixed(locks_only_the_write)
async def looks_again_under_the_lock(world: World, me: pileup.Agent) -> None:
    await world.memory.get("names")
    async with world.memory.lock():
        names = await world.memory.get("names") or ()
        await world.memory.set("names", (*names, me.name))


@bug("lost_write")
async def locks_with_a_lock_of_its_own(world: World, me: pileup.Agent) -> None:
    async with world.memory.lock(me.name):
        names = await world.memory.get("names") or ()
        await world.memory.set("names", (*names, me.name))


@fixed(locks_with_a_lock_of_its_own)
async def locks_with_the_same_lock(world: World, me: pileup.Agent) -> None:
    async with world.memory.lock("names"):
        names = await world.memory.get("names") or ()
        await world.memory.set("names", (*names, me.name))


class Basket:
    """State that the threads of one process share."""

    def __init__(self) -> None:
        self.total = 0
        self.lines: dict[str, int] = {}


def with_basket(sim: pileup.Sim) -> Any:
    return pileup.shared(Basket(), "basket")


@bug("lost_write", setup=with_basket)
def adds_to_an_attribute(basket: Any) -> None:
    basket.total += 5


@fixed(adds_to_an_attribute)
def adds_to_a_line_of_its_own(basket: Any, me: pileup.Agent) -> None:
    basket.lines[me.name] = 5


@bug("lost_write", setup=with_basket)
async def adds_to_an_attribute_across_an_await(basket: Any) -> None:
    total = basket.total
    await pileup.checkpoint()
    basket.total = total + 5


@fixed(adds_to_an_attribute_across_an_await)
async def adds_to_an_attribute_at_once(basket: Any) -> None:
    await pileup.checkpoint()
    basket.total += 5


# Sub-agents and tasks ----------------------------------------------------------------------


@bug("lost_write", agents=1)
async def starts_two_helpers_that_race(world: World, me: pileup.Agent) -> None:
    async def helps(world: World) -> None:
        count = await world.memory.get("count") or 0
        await world.memory.set("count", count + 1)

    for helper in [me.spawn(helps), me.spawn(helps)]:
        await helper


@fixed(starts_two_helpers_that_race)
async def starts_two_helpers_in_turn(world: World, me: pileup.Agent) -> None:
    async def helps(world: World) -> None:
        count = await world.memory.get("count") or 0
        await world.memory.set("count", count + 1)

    await me.spawn(helps)
    await me.spawn(helps)


@bug("lost_write")
async def hands_what_it_read_to_a_helper(world: World, me: pileup.Agent) -> None:
    count = await world.memory.get("count") or 0

    async def writes(world: World) -> None:
        await world.memory.set("count", count + 1)

    await me.spawn(writes)


@fixed(hands_what_it_read_to_a_helper)
async def lets_the_helper_read(world: World, me: pileup.Agent) -> None:
    await world.memory.get("count")

    async def adds(world: World) -> None:
        await world.memory.add("count", 1)

    await me.spawn(adds)


# Files -------------------------------------------------------------------------------------


@bug("lost_write", setup=with_config)
async def adds_an_entry(world: World, me: pileup.Agent) -> None:
    config = json.loads(await world.files.read_text("config.json"))
    config["entries"].append(me.name)
    await world.files.replace_text("config.json", json.dumps(config))


@fixed(adds_an_entry)
async def adds_an_entry_under_a_lock(world: World, me: pileup.Agent) -> None:
    async with world.files.lock("config.lock"):
        config = json.loads(await world.files.read_text("config.json"))
        config["entries"].append(me.name)
        await world.files.replace_text("config.json", json.dumps(config))


@bug("lost_write", setup=with_config)
def adds_an_entry_with_os_replace(world: World, me: pileup.Agent) -> None:
    """Atomic replacement keeps readers whole, and loses updates all the same."""
    config = json.loads(pathlib.Path(PATH).read_text())
    config["entries"].append(me.name)
    pathlib.Path(f"{PATH}.{me.name}").write_text(json.dumps(config))
    os.replace(f"{PATH}.{me.name}", PATH)


@fixed(adds_an_entry_with_os_replace)
def adds_an_entry_with_filelock(world: World, me: pileup.Agent) -> None:
    with FileLock(f"{PATH}.lock"):
        config = json.loads(pathlib.Path(PATH).read_text())
        config["entries"].append(me.name)
        pathlib.Path(f"{PATH}.{me.name}").write_text(json.dumps(config))
        os.replace(f"{PATH}.{me.name}", PATH)


@bug("lost_write", setup=with_config)
async def begins_a_log_where_there_is_none(world: World, me: pileup.Agent) -> None:
    """Looking in vain is looking: both find none, and the second begins it again."""
    try:
        log = await world.files.read_text("log")
    except FileNotFoundError:
        log = ""
    await world.files.replace_text("log", f"{log}{me.name}\n")


@fixed(begins_a_log_where_there_is_none)
async def appends_to_a_log(world: World, me: pileup.Agent) -> None:
    await world.files.append("log", f"{me.name}\n")


@bug("lost_write", setup=with_config, also=("torn_read",))
def claims_a_job_by_a_file_that_it_cannot_read(_: World, me: pileup.Agent) -> None:
    job = pathlib.Path("/data/job")
    try:
        job.read_text()
    except FileNotFoundError:
        job.write_text(me.name)


@fixed(claims_a_job_by_a_file_that_it_cannot_read)
def claims_a_job_by_a_file_that_it_makes(_: World, me: pileup.Agent) -> None:
    with contextlib.suppress(FileExistsError), pathlib.Path("/data/job").open("x") as file:
        file.write(me.name)


# Cache -------------------------------------------------------------------------------------


@bug("lost_write")
async def counts_in_the_cache(world: World) -> None:
    count = int(await world.cache.get("count") or 0)
    await world.cache.set("count", count + 1)


@fixed(counts_in_the_cache)
async def counts_in_the_cache_with_incr(world: World) -> None:
    await world.cache.incr("count")


@bug("lost_write")
def counts_with_a_redis_client() -> None:
    client = redis.Redis()
    count = int(client.get("count") or 0)
    client.set("count", count + 1)


@fixed(counts_with_a_redis_client)
def counts_with_a_redis_transaction() -> None:
    client = redis.Redis()

    def add(pipe: Any) -> None:
        count = int(pipe.get("count") or 0)
        pipe.multi()
        pipe.set("count", count + 1)

    client.transaction(add, "count")


@bug("lost_write")
async def counts_with_an_async_redis_client() -> None:
    client = redis.asyncio.Redis()
    count = int(await client.get("count") or 0)
    await client.set("count", count + 1)
    await client.aclose()


@fixed(counts_with_an_async_redis_client)
async def counts_with_an_async_redis_lock() -> None:
    client = redis.asyncio.Redis()
    async with client.lock("count lock"):
        count = int(await client.get("count") or 0)
        await client.set("count", count + 1)
    await client.aclose()


@bug("lost_write", also=["zombie_write"])
def writes_on_when_its_lease_has_run_out(_: World, me: pileup.Agent) -> None:
    """Its token is drawn, so no order of the agents proves anything; and EXEC answers OK."""
    client: Any = redis.Redis()
    with contextlib.suppress(LockNotOwnedError), client.lock("lock", timeout=3):
        report = client.get("report") or b""
        time.sleep(2)
        with client.pipeline() as pipe:
            pipe.set("report", report + me.name.encode())
            pipe.execute()


@fixed(writes_on_when_its_lease_has_run_out)
def writes_while_it_watches_its_lease(_: World, me: pileup.Agent) -> None:
    client: Any = redis.Redis()
    lock = client.lock("lock", timeout=3)
    with contextlib.suppress(LockNotOwnedError, redis.WatchError), client.pipeline() as pipe, lock:
        report = client.get("report") or b""
        time.sleep(2)
        pipe.watch("lock")
        if lock.owned():
            pipe.multi()
            pipe.set("report", report + me.name.encode())
            pipe.execute()


@bug("lost_write")
async def changes_one_field_by_writing_all(world: World, me: pileup.Agent) -> None:
    profile = json.loads(await world.cache.get("profile") or "{}")
    profile[me.name] = "seen"
    await world.cache.set("profile", json.dumps(profile))


@fixed(changes_one_field_by_writing_all)
async def changes_one_field_of_a_hash(world: World, me: pileup.Agent) -> None:
    await world.cache.hgetall("profile")
    await world.cache.hset("profile", me.name, "seen")


# Database ----------------------------------------------------------------------------------


@bug("lost_write", setup=with_account)
async def withdraws(world: World) -> None:
    account = await world.database.get("accounts", 1)
    assert account is not None
    await world.database.put("accounts", {"id": 1, "balance": account["balance"] - 10})


@fixed(withdraws)
async def withdraws_in_one_update(world: World) -> None:
    await world.database.update("accounts", 1, balance=lambda row: row["balance"] - 10)


@bug("lost_write", setup=with_account)
async def withdraws_in_a_transaction(world: World) -> None:
    """A transaction alone does not help at read committed."""
    async with world.database.transaction() as tx:
        account = await tx.get("accounts", 1)
        assert account is not None
        await tx.update("accounts", 1, balance=account["balance"] - 10)


@fixed(withdraws_in_a_transaction)
async def withdraws_for_update(world: World) -> None:
    async with world.database.transaction() as tx:
        account = await tx.get("accounts", 1, for_update=True)
        assert account is not None
        await tx.update("accounts", 1, balance=account["balance"] - 10)


@bug("lost_write", setup=with_account)
def withdraws_in_sync_code(world: World) -> None:
    account = world.database.sync.get("accounts", 1)
    assert account is not None
    world.database.sync.update("accounts", 1, balance=account["balance"] - 10)


@fixed(withdraws_in_sync_code)
def withdraws_in_sync_code_for_update(world: World) -> None:
    with world.database.sync.transaction() as tx:
        account = tx.get("accounts", 1, for_update=True)
        assert account is not None
        tx.update("accounts", 1, balance=account["balance"] - 10)


@bug("lost_write", setup=with_account, also=["agent_failed"])
async def reads_in_one_transaction_and_writes_in_another(world: World) -> None:
    async with world.database.transaction("serializable") as tx:
        account = await tx.get("accounts", 1)
        assert account is not None
    async with world.database.transaction("serializable") as tx:
        await tx.update("accounts", 1, balance=account["balance"] - 10)


@fixed(reads_in_one_transaction_and_writes_in_another)
async def reads_and_writes_in_one_and_tries_again(world: World) -> None:
    from pileup.fakes.database import SerializationFailure

    while True:
        try:
            async with world.database.transaction("serializable") as tx:
                account = await tx.get("accounts", 1)
                assert account is not None
                await tx.update("accounts", 1, balance=account["balance"] - 10)
        except SerializationFailure:
            continue
        return


@bug("lost_write", setup=with_account)
async def withdraws_from_its_branch(world: World) -> None:
    """To ask for the branch as well does not tell whether the balance is still the same."""
    account = await world.database.get("accounts", 1)
    assert account is not None
    where = {"id": 1, "branch": "north"}
    await world.database.update("accounts", where, balance=account["balance"] - 10)


@fixed(withdraws_from_its_branch)
async def withdraws_while_the_balance_is_what_it_was(world: World) -> None:
    while True:
        account = await world.database.get("accounts", 1)
        assert account is not None
        where = {"id": 1, "balance": account["balance"]}
        if await world.database.update("accounts", where, balance=account["balance"] - 10):
            return


@bug("lost_write", setup=with_account)
async def withdraws_from_all_of_a_branch(world: World) -> None:
    """Two statements that write two rows each have not written the same for that."""
    accounts = await world.database.select("accounts", {"branch": "north"})
    low = min(account["balance"] for account in accounts)
    await world.database.update("accounts", {"branch": "north"}, balance=low - 10)


@fixed(withdraws_from_all_of_a_branch)
async def withdraws_from_all_that_are_locked(world: World) -> None:
    async with world.database.transaction() as tx:
        accounts = await tx.select("accounts", {"branch": "north"}, for_update=True)
        low = min(account["balance"] for account in accounts)
        await tx.update("accounts", {"branch": "north"}, balance=low - 10)


@bug("lost_write", setup=with_account)
async def puts_an_account_back_by_an_upsert(world: World, me: pileup.Agent) -> None:
    account = await world.database.get("accounts", 1)
    assert account is not None
    account |= {"balance": account["balance"] - 10, "by": me.name}
    await world.database.insert("accounts", account, on_conflict="update")


@fixed(puts_an_account_back_by_an_upsert)
async def puts_an_account_there_unless_there_is_one(world: World, me: pileup.Agent) -> None:
    account = {"id": 3, "branch": "north", "balance": 90, "by": me.name}
    await world.database.insert("accounts", account, on_conflict="nothing")


# HTTP --------------------------------------------------------------------------------------


@bug("lost_write", setup=with_document)
async def edits_a_document(world: World, me: pileup.Agent) -> None:
    document = (await world.http.get("/document")).json()
    await world.http.put("/document", json={"text": document["text"] + me.name})


@fixed(edits_a_document)
async def edits_a_document_if_it_matches(world: World, me: pileup.Agent) -> None:
    while True:
        document = (await world.http.get("/document")).json()
        answer = await world.http.put(
            "/document",
            json={"text": document["text"] + me.name},
            headers={"If-Match": str(document["etag"])},
        )
        if answer.status == 200:
            return
