"""Effects that happen more than once, and attempts that multiply."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import openai
import tenacity
import trio
from corpus.labels import bug, fixed

import pileup
from pileup.fakes import World
from pileup.fakes.http import NoAnswer
from pileup.faults import Rule

LOST_ANSWER = Rule("lost", on="POST*", most=1)
OUTAGE = Rule("unavailable", on="POST*", most=40)


def with_shop(sim: pileup.Sim) -> World:
    world = World(sim)
    world.database.table("orders", key="id", unique=["number"])
    world.bus.queue("jobs", visibility=30)
    world.bus.seed("jobs", {"order": 7})
    world.memory.seed(job="order-7")

    @world.http.route("POST", "/charges", idempotency=True)
    def charge(request: Any, _: Any) -> Any:
        return 201, {"paid": request.json()["order"]}

    @world.http.route("POST", "/backup/charges")
    def charge_elsewhere(request: Any, _: Any) -> Any:
        return 201, {"paid": request.json()["order"]}

    @world.http.route("GET", "/status")
    def status(_: Any, state: Any) -> Any:
        state["asked"] = state.get("asked", 0) + 1
        return 200, {"done": state["asked"] > 8}

    return world


def with_jobs(sim: pileup.Sim) -> World:
    world = with_shop(sim)
    world.database.table("jobs", key="id", rows=[{"id": 1, "state": "new"}])
    return world


# The same effect twice ---------------------------------------------------------------------


@bug("duplicate_effect", setup=with_shop, agents=1, faults=LOST_ANSWER)
async def pays_again_when_no_answer_comes(world: World) -> None:
    for _ in range(3):
        try:
            await world.http.post("/charges", json={"order": 7})
        except NoAnswer:
            continue
        return


@fixed(pays_again_when_no_answer_comes)
async def pays_again_with_the_same_key(world: World) -> None:
    for _ in range(3):
        try:
            key = {"Idempotency-Key": "order-7"}
            await world.http.post("/charges", json={"order": 7}, headers=key)
        except NoAnswer:
            continue
        return


@bug("duplicate_effect", setup=with_shop, agents=1, faults=LOST_ANSWER)
async def pays_again_with_another_key(world: World) -> None:
    for _ in range(3):
        try:
            key = {"Idempotency-Key": str(uuid4())}
            await world.http.post("/charges", json={"order": 7}, headers=key)
        except NoAnswer:
            continue
        return


@fixed(pays_again_with_another_key)
async def pays_again_with_a_key_made_once(world: World) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    for _ in range(3):
        try:
            await world.http.post("/charges", json={"order": 7}, headers=key)
        except NoAnswer:
            continue
        return


@bug("duplicate_effect", setup=with_shop, agents=1, faults=LOST_ANSWER)
def pays_again_with_httpx(world: World) -> None:
    with httpx.Client(base_url="http://shop") as client:
        for _ in range(3):
            try:
                client.post("/charges", json={"order": 7})
            except httpx.TransportError:
                continue
            return


@fixed(pays_again_with_httpx)
def pays_again_with_httpx_and_a_key(world: World) -> None:
    with httpx.Client(base_url="http://shop") as client:
        for _ in range(3):
            try:
                key = {"Idempotency-Key": "order-7"}
                client.post("/charges", json={"order": 7}, headers=key)
            except httpx.TransportError:
                continue
            return


@bug("duplicate_effect", setup=with_shop, agents=1, faults=Rule("restart", on="write*", most=1))
async def pays_and_then_writes_it_down(world: World) -> None:
    if await world.memory.get("paid"):
        return
    await world.http.post("/charges", json={"order": 7})
    await world.memory.set("noted", True)
    await world.memory.set("paid", True)


@fixed(pays_and_then_writes_it_down)
async def pays_with_the_orders_own_key(world: World) -> None:
    if await world.memory.get("paid"):
        return
    await world.http.post("/charges", json={"order": 7}, headers={"Idempotency-Key": "order-7"})
    await world.memory.set("noted", True)
    await world.memory.set("paid", True)


@bug("duplicate_effect", setup=with_shop, also=["lost_write"])
async def takes_a_job_by_looking(world: World) -> None:
    job = await world.memory.get("job")
    if job is not None:
        await world.memory.set("job", None)
        await world.http.post("/charges", json={"order": job})


@fixed(takes_a_job_by_looking)
async def takes_a_job_with_a_swap(world: World) -> None:
    job = await world.memory.get("job")
    if job is not None and await world.memory.swap("job", job, None):
        await world.http.post("/charges", json={"order": job})


@bug("duplicate_effect", setup=with_jobs, also=["lost_write"])
async def takes_a_row_by_looking(world: World) -> None:
    (job,) = await world.database.select("jobs")
    if job["state"] == "new":
        await world.http.post("/charges", json={"order": job["id"]})
        await world.database.update("jobs", job["id"], state="done")


@fixed(takes_a_row_by_looking)
async def takes_a_row_and_skips_locked_ones(world: World) -> None:
    async with world.database.transaction() as tx:
        for job in await tx.select("jobs", {"state": "new"}, for_update=True, skip_locked=True):
            await world.http.post("/charges", json={"order": job["id"]})
            await tx.update("jobs", job["id"], state="done")


@bug("duplicate_effect", setup=with_shop)
async def works_longer_than_its_message_is_hidden(world: World) -> None:
    message = await world.bus.claim("jobs", wait=120)
    if message is not None:
        await pileup.sleep(45)
        await world.http.post("/charges", json=message.body)
        await message.ack()


@fixed(works_longer_than_its_message_is_hidden)
async def pays_once_for_each_message(world: World) -> None:
    message = await world.bus.claim("jobs", wait=120)
    if message is not None:
        await pileup.sleep(45)
        key = {"Idempotency-Key": message.id}
        await world.http.post("/charges", json=message.body, headers=key)
        await message.ack()


@bug("duplicate_effect", setup=with_shop, agents=1, faults=Rule("lost", on="insert*", most=1))
async def inserts_again_when_no_answer_comes(world: World) -> None:
    for number in range(3):
        try:
            await world.database.insert("orders", {"id": str(uuid4()), "what": "tea"})
        except Exception:  # noqa: BLE001 - as it is done
            await pileup.sleep(number)
            continue
        return


@fixed(inserts_again_when_no_answer_comes)
async def inserts_again_under_the_same_id(world: World) -> None:
    order = str(uuid4())
    for number in range(3):
        try:
            row = {"id": order, "what": "tea"}
            await world.database.insert("orders", row, on_conflict="nothing")
        except Exception:  # noqa: BLE001 - as it is done
            await pileup.sleep(number)
            continue
        return


@bug("duplicate_effect", setup=with_shop, agents=1, faults=Rule("lost", on="publish*", most=1))
async def publishes_again_when_no_answer_comes(world: World) -> None:
    for _ in range(3):
        try:
            await world.bus.publish("mail", {"to": "ann"})
        except Exception:  # noqa: BLE001 - as it is done
            continue
        return


@fixed(publishes_again_when_no_answer_comes)
async def publishes_again_and_says_so(world: World) -> None:
    for _ in range(3):
        try:
            await world.bus.publish("mail", {"to": "ann"}, dedup="mail-ann")
        except Exception:  # noqa: BLE001 - as it is done
            continue
        return


# Attempts that multiply --------------------------------------------------------------------


class Down(Exception):
    """The service did not do it."""


async def sends(world: World, tries: int) -> None:
    for _ in range(tries):
        if (await world.http.post("/charges", json={"order": 7})).status == 201:
            return
        await pileup.sleep(1)
    raise Down


async def calls_a_tool(world: World, tries: int, sends_tries: int) -> None:
    for _ in range(tries):
        try:
            await sends(world, sends_tries)
        except Down:
            await pileup.sleep(2)
            continue
        return
    raise Down


@bug("retry_amplification", setup=with_shop, agents=1, faults=OUTAGE)
async def tries_three_times_in_three_layers(world: World) -> None:
    for _ in range(3):
        try:
            await calls_a_tool(world, 3, 3)
        except Down:
            continue
        return


@fixed(tries_three_times_in_three_layers)
async def tries_three_times_in_one_layer(world: World) -> None:
    for attempt in range(3):
        try:
            await calls_a_tool(world, 1, 1)
        except Down:
            await pileup.sleep(2**attempt)
            continue
        return


@bug("retry_amplification", setup=with_shop, agents=1, faults=OUTAGE)
def tries_in_two_layers_of_sync_code(world: World) -> None:
    def send() -> bool:
        for _ in range(3):
            if world.http.sync.post("/charges", json={"order": 7}).status == 201:
                return True
        return False

    for _ in range(3):
        if send():
            return


@fixed(tries_in_two_layers_of_sync_code)
def tries_in_one_layer_of_sync_code(world: World) -> None:
    for _ in range(3):
        if world.http.sync.post("/charges", json={"order": 7}).status == 201:
            return


@bug("retry_amplification", setup=with_shop, agents=1, faults=OUTAGE, backend="trio")
async def tries_in_tasks_of_trio(world: World) -> None:
    for _ in range(3):
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(sends, world, 3)
        except ExceptionGroup:
            continue
        return


@fixed(tries_in_tasks_of_trio)
async def tries_once_in_a_task_of_trio(world: World) -> None:
    for _ in range(3):
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(sends, world, 1)
        except ExceptionGroup:
            continue
        return


@bug("retry_amplification", setup=with_shop, agents=1, faults=OUTAGE)
async def tries_in_tasks_of_asyncio(world: World) -> None:
    for _ in range(3):
        done: Any = await asyncio.gather(sends(world, 3), return_exceptions=True)
        if list(done) == [None]:
            return


@fixed(tries_in_tasks_of_asyncio)
async def tries_once_in_a_task_of_asyncio(world: World) -> None:
    for _ in range(3):
        done: Any = await asyncio.gather(sends(world, 1), return_exceptions=True)
        if list(done) == [None]:
            return


@bug("retry_amplification", setup=with_shop, agents=1, faults=OUTAGE)
async def tries_with_tenacity_in_a_loop(world: World) -> None:
    @tenacity.retry(
        stop=tenacity.stop_after_attempt(3),
        wait=tenacity.wait_fixed(1),
        retry=tenacity.retry_if_exception_type(Down),
        reraise=True,
    )
    async def send() -> None:
        await sends(world, 1)

    for _ in range(3):
        try:
            await send()
        except Down:
            continue
        return


@fixed(tries_with_tenacity_in_a_loop)
async def tries_with_tenacity_alone(world: World) -> None:
    @tenacity.retry(stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_fixed(1), reraise=True)
    async def send() -> None:
        await sends(world, 1)

    try:
        await send()
    except Down:
        return


def with_model(sim: pileup.Sim) -> World:
    world = World(sim)
    world.model.answer("capital", "Paris")
    return world


BUSY = Rule("unavailable", on="complete*", most=40)
eager = openai.OpenAI(api_key="any", max_retries=2)
patient = openai.OpenAI(api_key="any", max_retries=0)


def asks(client: openai.OpenAI) -> bool:
    messages: Any = [{"role": "user", "content": "What is the capital of France?"}]
    try:
        client.chat.completions.create(model="gpt-4o", messages=messages)
    except openai.APIError:
        return False
    return True


@bug("retry_amplification", setup=with_model, agents=1, faults=BUSY, runs=20)
def tries_around_an_sdk_that_tries(world: World) -> None:
    for _ in range(3):
        if asks(eager):
            return


@fixed(tries_around_an_sdk_that_tries)
def tries_around_an_sdk_that_does_not(world: World) -> None:
    for _ in range(3):
        if asks(patient):
            return


@bug("retry_amplification", setup=with_shop, agents=1, faults=OUTAGE)
async def tries_until_it_works(world: World) -> None:
    while (await world.http.post("/charges", json={"order": 7})).status != 201:
        await pileup.sleep(1)


@fixed(tries_until_it_works)
async def tries_four_times(world: World) -> None:
    for attempt in range(4):
        if (await world.http.post("/charges", json={"order": 7})).status == 201:
            return
        await pileup.sleep(2**attempt)
