"""Programs that look guilty and are right: no detector may speak of any of them."""

from __future__ import annotations

import contextlib
import json
import time
from pathlib import Path
from typing import Any

from corpus.effects import with_shop
from corpus.labels import decoy
from corpus.lost_writes import with_account, with_config, with_document
from corpus.sessions import looks_up, text_of, with_catalogue, with_model, with_prices
from corpus.waiting import with_page

import pileup
from pileup.fakes import World
from pileup.fakes.database import DatabaseError
from pileup.fakes.http import NoAnswer
from pileup.faults import Rule


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
    return text_of(known)


@decoy(setup=with_account)
async def makes_a_cache_forget(world: World) -> None:
    """Nothing is lost with what a cache is made to forget."""
    await world.cache.get("balance")
    await world.database.update("accounts", 1, balance=lambda row: row["balance"] + 1)
    await world.cache.delete("balance")


@decoy(setup=with_document)
async def changes_a_field_of_its_own(world: World, me: pileup.Agent) -> None:
    """A PATCH leaves what it does not name."""
    await world.http.get("/document")
    await world.http.patch("/document", json={f"seen by {me.name}": True})


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


def with_jobs(sim: pileup.Sim) -> World:
    world = World(sim)
    rows = [{"id": number, "status": "new"} for number in range(1, 6)]
    world.database.table("jobs", key="id", rows=rows)
    return world


@decoy(setup=with_jobs, agents=3)
async def takes_jobs_that_nobody_has_locked(world: World) -> list[object]:
    """The usual queue in a table: it looks at all, and means any that it can get."""
    mine: list[object] = []
    for _ in range(2):
        async with world.database.transaction() as tx:
            found = await tx.select(
                "jobs",
                lambda row: row["status"] == "new",
                order_by="id",
                limit=1,
                for_update=True,
                skip_locked=True,
            )
            for each in found:
                await tx.update("jobs", each["id"], status="taken")
                mine.append(each["id"])
        for each in found:
            await world.database.update("jobs", each["id"], status="done")
    return mine


@decoy(setup=with_jobs, agents=3)
async def waits_for_the_first_job(world: World) -> list[object]:
    """It has waited for a row that is no longer meant, and takes the next one."""
    mine: list[object] = []
    for _ in range(2):
        async with world.database.transaction() as tx:
            found = await tx.select(
                "jobs", {"status": "new"}, order_by="id", limit=1, for_update=True
            )
            for each in found:
                await tx.update("jobs", each["id"], status="done")
                mine.append(each["id"])
    return mine


@decoy(agents=1, setup=with_config)
async def adds_late_to_what_is_there_by_then(world: World, me: pileup.Agent) -> None:
    """A helper that was given up; but it has read what was written instead, under a lock."""

    async def adds(world: World) -> None:
        async with world.files.lock("config.json"):
            config = json.loads(await world.files.read_text("config.json"))
            config["entries"].append("by whoever it is")
            await world.files.replace_text("config.json", json.dumps(config))

    async def adds_late(world: World) -> None:
        await pileup.sleep(10)
        await adds(world)

    try:
        async with pileup.timeout(5):
            await me.spawn(adds_late)
    except TimeoutError:
        await adds(world)
    await pileup.sleep(20)


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


def with_mode(sim: pileup.Sim) -> World:
    world = World(sim)
    world.memory.seed(mode="on")
    return world


@decoy(setup=with_mode)
async def sets_a_flag_that_is_set(world: World) -> None:
    """It writes what it has read: nothing changes."""
    mode = await world.memory.get("mode")
    await world.memory.set("mode", mode)


def with_folder(sim: pileup.Sim) -> World:
    world = World(sim)
    world.files.mount("/data")
    return world


@decoy(setup=with_folder)
def waits_until_a_file_is_gone(_: World, me: pileup.Agent) -> None:
    """One makes a file and removes it; the other waits for that, and makes it anew."""
    busy = Path("/data/busy")
    if me.index == 0:
        busy.write_text("")
        busy.unlink()
        return
    while busy.exists():
        time.sleep(1)
    busy.write_text("")


# Effects and attempts ----------------------------------------------------------------------


@decoy(setup=with_shop, agents=1, faults=Rule("lost", on="POST*", most=2))
async def is_given_the_stored_answer(world: World) -> None:
    """The same key again: the server answers what it answered, and does nothing."""
    for _ in range(3):
        try:
            key = {"Idempotency-Key": "order-7"}
            await world.http.post("/charges", json={"order": 7}, headers=key)
        except NoAnswer:
            continue
        return


@decoy(setup=with_shop)
async def sends_what_another_sends_too(world: World) -> None:
    """Two intents that look alike: two customers buy the same."""
    await world.http.post("/charges", json={"order": "tea"})


@decoy(setup=with_shop, agents=1)
async def sends_the_same_twice_and_means_it(world: World) -> None:
    for _ in range(2):
        await world.http.post("/charges", json={"order": "tea"})


@decoy(setup=with_shop, agents=1, faults=Rule("lost", on="POST*", nth=1))
async def goes_on_with_the_next_when_one_fails(world: World) -> None:
    """One loop, but other orders: nothing is tried again."""
    for order in range(3):
        try:
            await world.http.post("/charges", json={"order": order})
        except NoAnswer:
            continue


@decoy(setup=with_shop, agents=1, faults=Rule("unavailable", on="POST*", nth=(1, 3)))
async def tries_with_backoff_in_one_place(world: World) -> None:
    """One owner of retries, within its budget."""
    for attempt in range(4):
        if (await world.http.post("/charges", json={"order": 7})).status == 201:
            return
        await pileup.sleep(2**attempt)


@decoy(setup=with_shop, agents=1, faults=Rule("unavailable", on="POST*", nth=(1, 14)))
async def waits_twice_as_long_each_time(world: World) -> None:
    """Whoever backs off may try for as long as it takes."""
    seconds = 1.0
    while (await world.http.post("/charges", json={"order": 7})).status != 201:
        await pileup.sleep(seconds)
        seconds = min(2 * seconds, 60.0)


@decoy(setup=with_shop, agents=1, faults=Rule("unavailable", on="POST*"))
async def waits_and_gives_up_in_the_end(world: World) -> None:
    """A dozen attempts, a second apart, and no more."""
    for _ in range(12):
        if (await world.http.post("/charges", json={"order": 7})).status == 201:
            return
        await pileup.sleep(1)


@decoy(setup=with_jobs, agents=1, faults=Rule("unavailable", on="select for update*", flap=1))
async def takes_job_after_job_in_bad_weather(world: World) -> None:
    """Each time it asks for the same, each time it gets another row, and now and then none."""
    for _ in range(30):
        try:
            async with world.database.transaction() as tx:
                found = await tx.select(
                    "jobs", {"status": "new"}, order_by="id", limit=1, for_update=True
                )
                for each in found:
                    await tx.update("jobs", each["id"], status="done")
        except DatabaseError:
            await pileup.sleep(0.1)


@decoy(
    setup=with_shop,
    agents=1,
    faults=[
        Rule("restart", on="POST*", nth=3, moment="before"),
        Rule("unavailable", on="POST*", nth=(1, 5)),
    ],
)
async def waits_for_one_that_begins_anew(_: World, me: pileup.Agent) -> None:
    """A helper crashes while it tries again; whoever waits for it starts it only once."""

    async def pays(world: World) -> None:
        for attempt in range(4):
            if (await world.http.post("/charges", json={"order": 7})).status == 201:
                return
            await pileup.sleep(2**attempt)

    await me.spawn(pays)


def with_steps(sim: pileup.Sim) -> World:
    world = World(sim)
    world.database.table("steps", key=("document", "step"))
    return world


@decoy(setup=with_steps, agents=3, faults=Rule("lost", on="insert*", most=1))
async def notes_steps_of_its_own_documents(world: World, me: pileup.Agent) -> None:
    """The rows differ in nothing but their keys, and those say which documents they are about."""
    if await world.cache.get("rules") is None:
        await pileup.checkpoint()
        await world.cache.set("rules", "be kind")
    for document in (me.index, me.index + 10):
        try:
            row = {"document": document, "step": "judge", "result": "low"}
            await world.database.insert("steps", row, on_conflict="nothing")
        except DatabaseError:
            continue


@decoy(setup=with_steps, agents=2, faults=Rule("lost", on="insert*", most=2))
async def notes_a_step_until_it_is_noted(world: World) -> None:
    """The second insert finds the row there, and changes it to what it is."""
    row = {"document": 7, "step": "judge", "result": "low"}
    for _ in range(4):
        try:
            await world.database.insert("steps", row, on_conflict="update")
        except DatabaseError:
            continue
        return


@decoy(setup=with_shop, agents=1, faults=Rule("unavailable", on="POST http[[]/charges]", most=9))
async def falls_back_to_another_service(world: World) -> None:
    """Two services, each asked once for the same."""
    for path in ("/charges", "/backup/charges"):
        if (await world.http.post(path, json={"order": 7})).status == 201:
            return


@decoy(setup=with_shop, agents=1)
async def polls_until_it_is_ready(world: World) -> None:
    """The same request again and again, answered each time."""
    for _ in range(12):
        if (await world.http.get("/status")).json()["done"]:
            return
        await pileup.sleep(5)


def with_letters(sim: pileup.Sim) -> World:
    world = World(sim)
    world.bus.seed("letters", "one", "two")
    return world


@decoy(setup=with_shop, timed=True)
async def works_on_a_message_until_it_is_done(world: World) -> None:
    """It asks for more time before its time is over."""
    message = await world.bus.claim("jobs", wait=120)
    if message is None:
        return
    for _ in range(3):
        await message.extend(600)
        await world.memory.add("pages", 1)
    await message.ack()


@decoy(setup=with_letters)
async def takes_one_message_after_another(world: World) -> None:
    """It is told that the first was another's by now, and writes for the second."""
    while message := await world.bus.claim("letters", wait=60):
        await world.memory.set("last", message.body)
        await message.ack()


# Sessions ----------------------------------------------------------------------------------


@decoy(agents=3)
async def adds_its_entry_to_everybodys(world: World, me: pileup.Agent) -> None:
    """A shared document holds what everybody wrote, and nobody's answer does."""
    async with world.memory.lock():
        entries = await world.memory.get("entries") or ()
        await world.memory.set("entries", (*entries, me.secret))


@decoy(setup=with_model)
async def keeps_public_answers_for_all(world: World, me: pileup.Agent) -> str:
    """A cache hit on public data; what is private stays in the prompt."""
    known = await world.cache.get("opening hours")
    if known is None:
        known = b"9 to 5"
        await world.cache.set("opening hours", known)
    await world.model.complete(f"{me.secret} asks, and the answer is {text_of(known)}")
    return text_of(known)


@decoy(setup=with_model)
async def looks_at_all_and_uses_its_own(world: World, me: pileup.Agent) -> None:
    await world.cache.hset("customers", me.session, me.secret)
    everybody: Any = await world.cache.hgetall("customers")
    mine = text_of(everybody[me.session.encode()])
    await world.http.post("/mail", json={"dear": mine})


@decoy(setup=with_model, agents=1)
async def sums_up_what_its_helpers_say(world: World, me: pileup.Agent) -> list[object]:
    """Each helper serves a session of its own, and the supervisor sees all of them."""

    async def serves(world: World, me: pileup.Agent) -> str:
        return (await world.model.complete(f"greet {me.secret}")).text

    return [await me.spawn(serves, session=f"customer-{number}") for number in range(2)]


# Models ------------------------------------------------------------------------------------


@decoy(setup=with_model, agents=1)
async def asks_again_with_other_input(world: World) -> None:
    for note in ("", " Answer in one word.", " In capitals."):
        await world.model.complete(f"someone asks: yes or no?{note}")


@decoy(setup=with_model, agents=4)
async def asks_what_the_others_ask(world: World) -> None:
    """The same prompt from four agents, each once."""
    await world.model.complete("summarise the news")


@decoy(setup=with_catalogue, agents=1, faults=Rule("wrong", on="complete*", most=1))
async def asks_again_when_the_answer_is_wrong(world: World) -> None:
    """A gate stops what is wrong."""
    for _ in range(3):
        answer = await world.model.complete("which article is it?")
        if answer.text == "SKU-100":
            await world.http.post("/orders", json={"article": answer.text})
            return


@decoy(setup=with_prices, agents=1, faults=Rule("unavailable", on="GET*", most=1))
async def asks_the_branch_again_that_failed(world: World, me: pileup.Agent) -> list[object]:
    """Three parts were wanted, and three arrive."""
    prices: list[object] = []
    for specialist in [me.spawn(looks_up) for _ in range(3)]:
        try:
            prices.append(await specialist)
        except ValueError:
            prices.append(await me.spawn(looks_up))
    return prices


# Waiting -----------------------------------------------------------------------------------


@decoy()
async def gives_up_on_a_lock_in_time(world: World, me: pileup.Agent) -> None:
    """Opposite order, but with a timeout: nobody waits for ever."""
    first, second = ("a", "b") if me.index == 0 else ("b", "a")
    for _ in range(2):
        async with world.memory.lock(first):
            try:
                async with pileup.timeout(1), world.memory.lock(second):
                    return
            except TimeoutError:
                pass
        await pileup.sleep(1 + me.index)


@decoy(timed=True)
async def extends_its_lease_while_it_works(world: World) -> None:
    """A heartbeat: the lease is compared, and made longer, in time."""
    from redis.exceptions import LockError

    lock = world.cache.lock("lease", timeout=600)
    await lock.acquire()
    try:
        for _ in range(2):
            await world.memory.get("work")
            await lock.extend(600)
        await lock.release()
    except LockError:
        return


WRITES_AS_THE_HOLDER = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('set', KEYS[2], ARGV[2])
return 1
"""


@decoy(agents=2)
async def writes_only_while_it_holds_the_lease(world: World, me: pileup.Agent) -> None:
    """A script compares the lock's key, and writes another: it takes neither."""
    from redis.exceptions import LockError

    lock = world.cache.lock("report-lock", timeout=10)
    await lock.acquire()
    await pileup.sleep(5)
    write = world.cache.register_script(WRITES_AS_THE_HOLDER)
    await write(keys=["report-lock", "report"], args=[lock.local.token, me.name])
    await pileup.sleep(5)
    await write(keys=["report-lock", "report"], args=[lock.local.token, f"{me.name} again"])
    try:
        await lock.release()
    except LockError:
        return


@decoy(setup=with_page, agents=3)
async def replaces_and_reads_a_page(world: World, me: pileup.Agent) -> str:
    """Each puts its own page there as a whole, and reads some whole page."""
    await world.files.replace_text("page", f"page of {me.name}")
    return await world.files.read_text("page")


@decoy(agents=3)
async def hands_over_in_a_queue(world: World, me: pileup.Agent) -> None:
    await world.bus.publish("work", {"from": me.name})
    async with world.bus.claimed("work") as message:
        await world.memory.add(f"from {message.body['from']}", 1)


def with_a_job(sim: pileup.Sim) -> World:
    world = World(sim)
    job = {"id": 1, "state": "new", "owner": None, "result": ""}
    world.database.table("jobs", key="id", rows=[job])
    return world


@decoy(agents=3)
async def fills_a_cache_on_disk(world: World) -> str:
    """Who finds none works it out; all come to the same, and each puts it there as a whole."""
    try:
        return await world.files.read_text("answer")
    except FileNotFoundError:
        await world.files.replace_text("answer", "42")
        return "42"


@decoy(agents=3)
async def begins_its_report_anew(world: World, me: pileup.Agent) -> None:
    """What an earlier session has left is taken away, whatever it is, and nobody looked at it."""
    with contextlib.suppress(FileNotFoundError):
        await world.files.remove("report")
    await world.files.replace_text("report", f"report of {me.name}")


@decoy(setup=with_a_job, agents=3)
async def works_on_a_row_that_it_owns(world: World, me: pileup.Agent) -> None:
    """Whoever took it writes what it likes as long as it is the owner, and asks each time."""
    job = await world.database.get("jobs", 1)
    assert job is not None
    taken = {"id": 1, "state": "new"}
    if job["state"] != "new" or not await world.database.update(
        "jobs", taken, state="taken", owner=me.name
    ):
        return
    mine = {"id": 1, "owner": me.name}
    for part in range(2):
        await pileup.sleep(1)
        await world.database.update("jobs", mine, result=f"{part} of 2 by {me.name}")
    await world.database.update("jobs", mine, state="new", owner=None)
