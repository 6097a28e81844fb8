"""Agents with a bug each, for the tests of properties; and one without."""

from __future__ import annotations

from typing import Any

import pileup
from pileup.fakes import World
from pileup.fakes.http import NoAnswer


async def adds(world: World) -> int:
    count: int = await world.memory.get("n") or 0
    await world.memory.set("n", count + 1)
    return count + 1


async def adds_at_once(world: World) -> None:
    await world.memory.add("n", 1)


async def pays_until_told(world: World) -> None:
    for _ in range(3):
        try:
            await world.http.post("/charges", json={"order": 7})
        except NoAnswer:
            continue
        return


def shop(sim: pileup.Sim) -> World:
    world = World(sim)

    @world.http.route("POST", "/charges")
    def charge(request: Any, _: Any) -> Any:
        return 201, {"paid": request.json()["order"]}

    return world


def charged_once(world: World) -> None:
    times = world.http.ledger.count("POST", "/charges")
    assert times <= 1, f"order 7 was charged {times} times"


def on_call(sim: pileup.Sim) -> World:
    world = World(sim)
    rows = [{"id": each, "on": True} for each in (1, 2)]
    world.database.table("doctors", key="id", rows=rows)
    return world


def _leaves(doctor: int) -> Any:
    async def leaves(world: World) -> None:
        async with world.database.transaction(isolation="repeatable read") as tx:
            rows = await tx.select("doctors")
            if sum(row["on"] for row in rows) > 1:
                await tx.update("doctors", doctor, on=False)

    return leaves


LEAVING = [_leaves(1), _leaves(2)]


async def holds_a_lease(world: World, me: pileup.Agent) -> None:
    if await world.cache.set("lease", me.name, nx=True, px=1000):
        count = await world.memory.get("n") or 0
        await world.memory.set("n", count + 1)
        await world.cache.delete("lease")


def answers(sim: pileup.Sim) -> World:
    world = World(sim)
    world.model.rule("asks")(lambda prompt: f"about {prompt.text}")
    return world


async def keeps_answers_for_all(world: World, me: pileup.Agent, work: list[str]) -> None:
    for question in work:
        if await world.cache.get(question) is None:
            answer = await world.model.complete(f"{me.secret} asks: {question}")
            await world.cache.set(question, answer.text)


async def keeps_answers_by_session(world: World, me: pileup.Agent, work: list[str]) -> None:
    for question in work:
        key = f"{me.session}: {question}"
        if await world.cache.get(key) is None:
            answer = await world.model.complete(f"{me.secret} asks: {question}")
            await world.cache.set(key, answer.text, nx=True)
