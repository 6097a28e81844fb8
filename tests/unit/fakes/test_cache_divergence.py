"""Where the fake differs from Redis, as its docstring says: what no other test pins."""

from __future__ import annotations

from typing import Any

import pytest
import redis
from support.sleeping import fewer_runs

import pileup
from pileup.fakes import World
from pileup.fakes.cache import Cache
from pileup.results import Run
from pileup.strategies import Dull

UNKNOWN = [
    "OBJECT ENCODING k",
    "MEMORY USAGE k",
    "SLOWLOG GET",
    "WAIT 0 0",
    "ROLE",
    "MONITOR",
    "EVAL_RO x 0",
    "BITFIELD_RO k",
    "XSETID s 1-1",
]


def once(*agents: Any) -> Run:
    run = pileup.Scenario(list(agents), setup=Cache).explorer().once(Dull())
    assert run.findings == ()
    return run


@pytest.mark.parametrize("command", UNKNOWN)
def test_some_commands_are_not_known(command: str) -> None:
    def asks(cache: Cache) -> str:
        with pytest.raises(redis.ResponseError) as refused:
            cache.sync.execute_command(*command.split())
        return str(refused.value)

    (said,) = once(asks).results.values()
    assert f"unknown command '{command.split(maxsplit=1)[0].lower()}'" in str(said)


def test_to_configure_changes_nothing() -> None:
    def asks(cache: Cache) -> object:
        cache.sync.config_set("maxmemory", "1")
        return cache.sync.set("k", "v" * 1000)

    assert once(asks).results == {"asks-0": True}


def test_who_asks_is_notified_of_keys_without_configuring_it() -> None:
    def listens(cache: Cache) -> list[object]:
        told = cache.sync.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        told.psubscribe("__keyspace*__:*")
        cache.sync.set("k", "v")
        messages = [told.get_message() for _ in range(3)]
        return [each["data"] for each in messages if each]

    assert once(listens).results == {"listens-0": [b"set"]}


def test_there_is_no_cluster() -> None:
    def asks(cache: Cache) -> None:
        with pytest.raises(redis.RedisError):
            cache.sync.execute_command("CLUSTER INFO")

    once(asks)


async def takes_a_number(world: World) -> int:
    return int(await world.cache.incr("n"))


def test_counters_are_said_to_commute_although_their_answers_tell_who_was_first() -> None:
    scenario = pileup.Scenario(takes_a_number, agents=2)
    told = {tuple(run.results.values()) for run in fewer_runs(scenario.explorer())}
    assert len(told) == 1, "a search that leaves out what commutes tries one order alone"
    seen = pileup.explore(takes_a_number, agents=2, check=_first_is_first, runs=50)
    assert not seen.clean, "any other search tries both"


def _first_is_first(world: World) -> None:
    first = next(event.agent for event in world.sim.history if event.name == "incr")
    assert first.endswith("-0")


def test_two_who_make_one_key_of_different_types_are_said_to_commute() -> None:
    async def adds(world: World) -> str:
        return await _answer(world.cache.sadd("k", "a"))

    async def counts(world: World) -> str:
        return await _answer(world.cache.incr("k"))

    scenario = pileup.Scenario([adds, counts])
    told = {tuple(run.results.values()) for run in fewer_runs(scenario.explorer())}
    assert told == {("1", "WRONGTYPE")}, "in the other order it is the set that is refused"


async def _answer(command: Any) -> str:
    try:
        return str(await command)
    except redis.ResponseError as error:
        return str(error).partition(" ")[0]
