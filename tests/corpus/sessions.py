"""What belongs to one session and comes out in another; what is wrong, and is passed on."""

from __future__ import annotations

import contextvars
from pathlib import Path
from typing import Any

import redis
from corpus.labels import bug, fixed

import pileup
from pileup.fakes import World
from pileup.faults import Rule


def with_model(sim: pileup.Sim) -> World:
    world = World(sim)
    world.files.mount("/data")

    for asked in ("asks", "greet", "summarise"):
        world.model.rule(asked)(lambda prompt: f"about {prompt.text}")

    @world.http.route("POST", "/mail")
    def mail(request: Any, _: Any) -> Any:
        return 202, {}

    return world


def text_of(answer: Any) -> str:
    """Read what Redis has answered."""
    return str(answer.decode())


@bug("session_leak", setup=with_model, also=["lost_write"])
async def keeps_private_answers_under_the_question(world: World, me: pileup.Agent) -> str:
    known = await world.cache.get("how do I pay?")
    if known is None:
        answer = await world.model.complete(f"{me.secret} asks: how do I pay?")
        await world.cache.set("how do I pay?", answer.text)
        return answer.text
    return text_of(known)


@fixed(keeps_private_answers_under_the_question)
async def keeps_private_answers_by_session(world: World, me: pileup.Agent) -> str:
    known = await world.cache.get(f"{me.session}: how do I pay?")
    if known is None:
        answer = await world.model.complete(f"{me.secret} asks: how do I pay?")
        await world.cache.set(f"{me.session}: how do I pay?", answer.text)
        return answer.text
    return text_of(known)


@bug("session_leak", setup=with_model, also=["lost_write"])
def keeps_private_answers_in_redis(world: World, me: pileup.Agent) -> str:
    client = redis.Redis(decode_responses=True)
    known: Any = client.get("profile")
    if known is None:
        client.set("profile", known := f"name: {me.secret}")
    return world.model.sync.complete(f"greet {known}").text


@fixed(keeps_private_answers_in_redis)
def keeps_private_answers_in_redis_by_session(world: World, me: pileup.Agent) -> str:
    client = redis.Redis(decode_responses=True)
    known: Any = client.get(f"profile of {me.session}")
    if known is None:
        client.set(f"profile of {me.session}", known := f"name: {me.secret}")
    return world.model.sync.complete(f"greet {known}").text


class Desk:
    """One process, which serves everybody."""

    def __init__(self) -> None:
        self.customer = ""


def with_desk(sim: pileup.Sim) -> World:
    world = with_model(sim)
    world.desk = Desk()  # type: ignore[attr-defined] # a user's own
    return world


@bug("session_leak", setup=with_desk)
async def remembers_the_customer_in_the_process(world: Any, me: pileup.Agent) -> None:
    world.desk.customer = me.secret
    await pileup.checkpoint()
    await world.http.post("/mail", json={"dear": world.desk.customer})


@fixed(remembers_the_customer_in_the_process)
async def remembers_the_customer_in_the_call(world: Any, me: pileup.Agent) -> None:
    customer = me.secret
    await pileup.checkpoint()
    await world.http.post("/mail", json={"dear": customer})


current: contextvars.ContextVar[str] = contextvars.ContextVar("current", default="")


def with_customers(sim: pileup.Sim) -> World:
    world = with_model(sim)
    world.database.table("customers", key="id", columns=["id", "session", "name"])
    return world


@bug("session_leak", setup=with_customers)
async def shows_the_model_all_customers(world: World, me: pileup.Agent) -> None:
    row = {"id": me.index, "session": me.session, "name": me.secret}
    await world.database.insert("customers", row)
    rows = await world.database.select("customers")
    await world.model.complete(f"summarise {[each['name'] for each in rows]}")


@fixed(shows_the_model_all_customers)
async def shows_the_model_its_own_customer(world: World, me: pileup.Agent) -> None:
    row = {"id": me.index, "session": me.session, "name": me.secret}
    await world.database.insert("customers", row)
    rows = await world.database.select("customers")
    mine = [each["name"] for each in rows if each["session"] == me.session]
    await world.model.complete(f"summarise {mine}")


@bug("session_leak", setup=with_model)
def names_files_after_customers(world: World, me: pileup.Agent) -> list[str]:
    Path(f"/data/{me.secret}.txt").write_text("paid")
    return sorted(each.name for each in Path("/data").iterdir())


@fixed(names_files_after_customers)
def names_files_after_sessions(world: World, me: pileup.Agent) -> list[str]:
    Path(f"/data/{me.session}.txt").write_text("paid")
    return sorted(each.name for each in Path("/data").iterdir())


# What is wrong and is passed on ------------------------------------------------------------


def with_catalogue(sim: pileup.Sim) -> World:
    world = World(sim)
    world.model.answer("which article", "SKU-100", wrong_answers=["SKU-999"])

    @world.http.route("POST", "/orders")
    def order(request: Any, _: Any) -> Any:
        return 201, {}

    return world


WRONG = Rule("wrong", on="complete*", most=1)


@bug("contamination", setup=with_catalogue, agents=1, faults=WRONG)
async def orders_what_the_model_says(world: World) -> None:
    answer = await world.model.complete("which article is it?")
    await world.memory.set("article", answer.text)
    await world.http.post("/orders", json={"article": answer.text})


@fixed(orders_what_the_model_says)
async def orders_what_is_in_the_catalogue(world: World) -> None:
    answer = await world.model.complete("which article is it?")
    if answer.text != "SKU-100":
        return
    await world.memory.set("article", answer.text)
    await world.http.post("/orders", json={"article": answer.text})


# What is only a part -----------------------------------------------------------------------


async def looks_up(world: World) -> str:
    answer = await world.http.get("/price")
    if answer.status != 200:
        raise ValueError(answer.status)
    return "12"


def with_prices(sim: pileup.Sim) -> World:
    world = World(sim)

    @world.http.route("GET", "/price")
    def price(request: Any, _: Any) -> Any:
        return 200, {"price": 12}

    return world


@bug("silent_partial", setup=with_prices, agents=1, faults=Rule("unavailable", on="GET*", most=1))
async def forgets_who_did_not_answer(world: World, me: pileup.Agent) -> dict[str, Any]:
    prices = []
    for specialist in [me.spawn(looks_up) for _ in range(3)]:
        try:
            prices.append(await specialist)
        except ValueError:
            continue
    return {"prices": prices}


@fixed(forgets_who_did_not_answer)
async def says_who_did_not_answer(world: World, me: pileup.Agent) -> dict[str, Any]:
    prices, missing = [], 0
    for specialist in [me.spawn(looks_up) for _ in range(3)]:
        try:
            prices.append(await specialist)
        except ValueError:
            missing += 1
    return {"prices": prices, "missing": missing}
