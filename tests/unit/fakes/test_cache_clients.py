"""Drop-in: code with clients of its own, made before the run or in it, under every runtime."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import redis
import redis.asyncio
import trio
from redis.backoff import NoBackoff
from redis.exceptions import LockError, LockNotOwnedError
from redis.retry import Retry

import pileup
from pileup.errors import UsageError
from pileup.fakes import World
from pileup.fakes.cache import Cache
from pileup.results import Run
from pileup.strategies import Dull

BEFORE = redis.Redis(host="production", decode_responses=True)
BEFORE_ASYNC = redis.asyncio.Redis(host="production", decode_responses=True)


def once(*agents: Any, **options: Any) -> Run:
    return pileup.Scenario(list(agents), **options).explorer().once(Dull())


def in_sync_code(_: Any) -> None:
    BEFORE.incr("n")


async def in_a_native_agent(_: Any) -> None:
    BEFORE.incr("n")


async def under_trio(_: Any) -> None:
    await trio.lowlevel.checkpoint()
    BEFORE.incr("n")


async def under_asyncio(_: Any) -> None:
    await asyncio.sleep(0)
    BEFORE.incr("n")


async def with_the_async_client(_: Any) -> None:
    await BEFORE_ASYNC.incr("n")


CLIENTS = [in_sync_code, in_a_native_agent, under_trio, under_asyncio, with_the_async_client]


@pytest.mark.parametrize("agent", CLIENTS)
def test_a_client_made_before_the_run_reaches_the_runs_cache_and_each_run_anew(agent: Any) -> None:
    explorer = pileup.Scenario(agent, agents=2).explorer()
    for _ in range(2):
        run = explorer.once(Dull())
        assert run.findings == ()
        assert run.world.cache.peek("n") == b"2"


def test_outside_of_a_run_a_client_is_as_it_was() -> None:
    once(in_sync_code)
    with pytest.raises(redis.ConnectionError):  # no server has ever listened there
        redis.Redis(port=1, retry=Retry(NoBackoff(), 0)).get("n")


async def with_the_async_client_under_trio(_: Any) -> None:
    await trio.lowlevel.checkpoint()
    await redis.asyncio.Redis().get("n")


def test_the_async_client_under_trio_is_told_what_to_write_instead() -> None:
    with pytest.raises(UsageError, match="own handle"):
        once(with_the_async_client_under_trio)


def test_addresses_lead_to_caches_of_their_own() -> None:
    class Two(World):
        def __init__(self, sim: pileup.Sim) -> None:
            super().__init__(sim)
            self.other = Cache(sim, "other", address="other:6379")

    def writes(_: Any) -> None:
        redis.Redis(host="other").set("k", "there")
        redis.Redis(host="elsewhere").set("k", "here")

    run = once(writes, setup=Two)
    assert (run.world.other.peek("k"), run.world.cache.peek("k")) == (b"there", b"here")


def test_databases_are_apart() -> None:
    def writes(_: Any) -> None:
        redis.Redis(db=1).set("k", "one")
        assert redis.Redis().get("k") is None
        assert redis.Redis(db=1).get("k") == b"one"

    assert once(writes).findings == ()


def test_a_protocol_can_be_chosen() -> None:
    def asks(_: Any) -> None:
        for protocol in (2, 3):
            client: Any = redis.Redis(protocol=protocol)
            client.hset("h", "f", "v")
            client.zadd("z", {"a": 1.5})
            assert client.hgetall("h") == {b"f": b"v"}
            assert client.zscore("z", "a") == 1.5

    assert once(asks).findings == ()


@pytest.mark.parametrize("command", [("MULTI",), ("WATCH", "k"), ("SUBSCRIBE", "n"), ("SELECT", 1)])
def test_a_command_for_one_connection_is_refused_by_the_handle(command: tuple[Any, ...]) -> None:
    async def asks(world: Any) -> None:
        with pytest.raises(UsageError, match="one connection"):
            await world.cache.execute_command(*command)

    assert once(asks).findings == ()


def test_a_client_of_the_handle_is_refused_and_one_in_sync_code_works() -> None:
    def asks(world: Any) -> None:
        with pytest.raises(UsageError, match="pipeline"):
            world.cache.client()
        client = world.cache.sync.client()
        client.set("k", 1)
        assert client.get("k") == b"1"

    assert once(asks).findings == ()


# Locks -------------------------------------------------------------------------------------

INSIDE = "inside"


async def with_the_handles_lock(world: Any) -> None:
    async with world.cache.lock("job"):
        await crosses(world)


async def crosses(world: Any) -> None:
    assert await world.cache.incr(INSIDE) == 1, "two are inside"
    await pileup.sleep(1)
    await world.cache.decr(INSIDE)


def with_a_clients_lock(world: Any) -> None:
    with redis.Redis().lock("job"):
        assert world.cache.sync.incr(INSIDE) == 1, "two are inside"
        world.cache.sync.decr(INSIDE)


async def with_an_async_clients_lock(world: Any) -> None:
    async with redis.asyncio.Redis() as client, client.lock("job"):
        await crosses(world)


@pytest.mark.parametrize(
    "agent", [with_the_handles_lock, with_a_clients_lock, with_an_async_clients_lock]
)
def test_a_lock_lets_one_in(agent: Any) -> None:
    pileup.explore(pileup.Scenario(agent, agents=2), runs=40).assert_clean()


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_the_handles_lock_works_under_every_runtime(backend: str) -> None:
    found = pileup.explore(
        pileup.Scenario(with_the_handles_lock, agents=2, backend=backend), runs=20
    )
    found.assert_clean()


async def overstays(world: Any) -> None:
    lock = world.cache.lock("job", timeout=2)
    await lock.acquire()
    await world.cache.incr(INSIDE)
    await pileup.sleep(3)
    left = await world.cache.decr(INSIDE)
    try:
        await lock.release()
    except LockNotOwnedError:
        await world.cache.incr("lost")
    assert left == 0, "two are inside"


def test_a_lease_that_ends_while_it_is_held_lets_another_in_and_is_not_released() -> None:
    found = pileup.explore(pileup.Scenario(overstays, agents=2), runs=40).findings
    assert "two are inside" in found[0].title
    assert once(overstays).world.cache.peek("lost") == b"1"


def test_a_lock_can_be_extended_and_gives_up_in_virtual_time() -> None:
    async def asks(world: Any) -> None:
        lock = world.cache.lock("job", timeout=2)
        await lock.acquire()
        await lock.extend(8)
        assert 9.9 < await world.cache.pttl("job") / 1000 <= 10
        begun = world.sim.now
        assert not await world.cache.lock("job", blocking_timeout=3).acquire()
        assert 2 < world.sim.now - begun <= 3
        await lock.release()
        with pytest.raises(LockError):
            await lock.release()

    assert once(asks).findings == ()
