"""Inserts that happened twice: a key that is made up for a row is no part of what was meant."""

from __future__ import annotations

import random
import secrets
import string
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid1, uuid4

import pytest

import pileup
from pileup.fakes import World
from pileup.fakes.database import DatabaseError
from pileup.faults import Rule
from pileup.strategies import Random

LOST = Rule("lost", on="insert*", most=1)
AGAIN = Rule("restart", on="insert*", most=1)
Key = Callable[[World], Awaitable[object]]


def desk(sim: pileup.Sim) -> World:
    world = World(sim)
    world.database.table("orders", key="id")
    world.database.table("lines", key=("order", "line"))
    world.database.table("steps", key=("document", "step"))
    return world


def kinds(agent: Any, faults: Any = LOST, agents: int = 1, runs: int = 5) -> list[str]:
    found = pileup.explore(
        agent, setup=desk, agents=agents, runs=runs, faults=faults, shrink=False
    ).findings
    return list(dict.fromkeys(each.kind for each in found if each.kind != "agent_failed"))


def orders_until_it_hears(key: Key) -> Any:
    async def agent(world: World) -> None:
        for _ in range(3):
            try:
                await world.database.insert("orders", {"id": await key(world), "what": "tea"})
            except DatabaseError:
                await pileup.sleep(1)
                continue
            return

    return agent


def made(make: Callable[[], object]) -> Key:
    async def key(_: World) -> object:
        return make()

    return key


async def drawn(world: World) -> object:
    return await world.database.next("orders_id")


MADE_UP = {
    "a sequence": drawn,
    "uuid4": made(lambda: str(uuid4())),
    "uuid4 itself": made(uuid4),
    "part of uuid4": made(lambda: f"order-{uuid4().hex[:8]}"),
    "uuid1": made(lambda: str(uuid1())),
    "secrets": made(lambda: secrets.token_hex(8)),
    "secrets for addresses": made(lambda: secrets.token_urlsafe(12)),
    "bytes": made(lambda: secrets.token_bytes(16)),
    "letters": made(lambda: "".join(random.choices(string.ascii_letters, k=12))),
    "a large number": made(lambda: random.getrandbits(62)),
    "the time": made(lambda: round(time.time(), 6)),
    "the time in thousandths": made(lambda: round(time.time() * 1000)),
    "the time in a text": made(lambda: f"order-{time.time_ns()}"),
    "the date": made(lambda: datetime.now(UTC)),
    "the date in a text": made(lambda: f"order of {datetime.now(UTC).isoformat()}"),
}


@pytest.mark.parametrize("key", MADE_UP.values(), ids=MADE_UP)
def test_who_makes_up_a_new_key_each_time_inserts_twice(key: Key) -> None:
    assert kinds(orders_until_it_hears(key)) == ["duplicate_effect"]


@pytest.mark.parametrize("key", MADE_UP.values(), ids=MADE_UP)
def test_it_is_one_bug_in_their_table_whatever_the_keys_are(key: Key) -> None:
    explorer = pileup.Scenario(
        orders_until_it_hears(key), setup=desk, agents=1, faults=LOST
    ).explorer()
    found = [each for seed in range(1, 5) for each in explorer.once(Random(seed)).findings]
    assert {(each.resource, each.key) for each in found} == {("database", "orders")}
    assert len(found) == 4
    assert len({each.fingerprint for each in found}) == 1


async def numbers_documents(world: World) -> None:
    for document in (1, 2):
        try:
            row = {"document": document, "step": "judge", "result": "low"}
            await world.database.insert("steps", row, on_conflict="nothing")
        except DatabaseError:
            continue


async def numbers_documents_and_draws_the_same_numbers(world: World) -> None:
    for document in (1, 2):
        number = await world.database.next("orders_id")
        await world.database.insert("orders", {"id": number, "document": document})
        try:
            await world.database.insert("steps", {"document": document, "step": "judge"})
        except DatabaseError:
            continue


async def names_documents_at_random(world: World) -> None:
    for number in range(2):
        document = str(uuid4())
        await world.database.insert("orders", {"id": document, "number": number})
        try:
            await world.database.insert("steps", {"document": document, "step": "judge"})
        except DatabaseError:
            continue


async def names_old_dates(world: World) -> None:
    for day in ("2025-01-01 10:00:00", "2025-99-99 10:00:00"):
        try:
            await world.database.insert("orders", {"id": day, "what": "tea"})
        except DatabaseError:
            continue


async def puts_it_there_or_changes_it(world: World) -> None:
    for _ in range(3):
        try:
            row = {"document": 1, "step": "judge", "result": "low"}
            await world.database.insert("steps", row, on_conflict="update")
        except DatabaseError:
            continue
        return


async def inserts_it_unless_it_is_there(world: World) -> None:
    for _ in range(3):
        try:
            row = {"document": 1, "step": "judge", "result": "low"}
            await world.database.insert("steps", row, on_conflict="nothing")
        except DatabaseError:
            continue
        return


RIGHT = (
    numbers_documents,
    names_old_dates,
    puts_it_there_or_changes_it,
    inserts_it_unless_it_is_there,
)


@pytest.mark.parametrize("agent", RIGHT)
@pytest.mark.parametrize("fault", [LOST, AGAIN])
def test_a_key_that_says_what_a_row_is_about_is_part_of_what_was_meant(
    agent: Any, fault: Rule
) -> None:
    assert kinds(agent, fault) == []


STEPS = Rule("lost", on="insert*", nth=2)


@pytest.mark.parametrize(
    "agent", [numbers_documents_and_draws_the_same_numbers, names_documents_at_random]
)
def test_what_was_drawn_for_one_row_says_what_another_is_about(agent: Any) -> None:
    assert kinds(agent, STEPS) == []
    assert kinds(agent, AGAIN) == ["duplicate_effect"]  # because it draws for the first one anew


def test_a_name_that_another_has_drawn_says_what_a_row_is_about() -> None:
    async def agent(_: World, me: pileup.Agent) -> None:
        names = [str(uuid4()) for _ in range(2)]

        async def orders(world: World) -> None:
            for name in names:
                try:
                    await world.database.insert("orders", {"id": name, "what": "tea"})
                except DatabaseError:
                    continue

        await me.spawn(orders)

    assert kinds(agent) == []
