"""Expiry, leases and eviction: keys that go by themselves."""

from __future__ import annotations

import time
from typing import Any

import pytest
import redis
from support.exhaust import all_runs

import pileup
from pileup.errors import UsageError
from pileup.fakes import World
from pileup.fakes.cache import Cache
from pileup.strategies import Dull, make


def once(*agents: Any, **options: Any) -> Any:
    return pileup.Scenario(list(agents), **options).explorer().once(Dull())


def said(run: Any) -> list[str]:
    return [
        f"{event.agent} {event.name}" for event in run.history if event.name not in ("start", "end")
    ]


async def writes_and_waits(world: World) -> None:
    await world.cache.set("k", "v", ex=10)
    await pileup.sleep(4)
    assert await world.cache.ttl("k") == 6
    await pileup.sleep(6.5)
    assert await world.cache.get("k") is None
    assert await world.cache.exists("k") == 0


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_a_key_expires_in_virtual_time(backend: str) -> None:
    run = once(writes_and_waits, backend=backend)
    assert run.findings == ()
    assert "world expire" in said(run)


def test_expiry_costs_no_real_time() -> None:
    async def waits_a_day(world: World) -> None:
        await world.cache.set("k", "v", ex=86_400)
        await pileup.sleep(86_401)
        assert await world.cache.get("k") is None

    begun = time.monotonic()
    assert once(waits_a_day).findings == ()
    assert time.monotonic() - begun < 5


def test_what_is_due_at_the_same_instant_may_come_before_or_after() -> None:
    async def waits(world: World) -> None:
        await world.cache.set("k", "v", px=1500)
        await pileup.sleep(1.5)
        await world.cache.set("seen", str(await world.cache.get("k")))

    runs = all_runs(pileup.Scenario(waits, agents=1).explorer())
    assert {run.world.cache.peek("seen") for run in runs} == {b"b'v'", b"None"}


def test_a_renewed_key_lives_on() -> None:
    async def renews(world: World) -> None:
        await world.cache.set("k", "v", ex=10)
        await pileup.sleep(9)
        await world.cache.expire("k", 10)
        await pileup.sleep(9)
        assert await world.cache.ttl("k") == 1
        await world.cache.persist("k")
        await pileup.sleep(100)
        assert await world.cache.get("k") == b"v"

    pileup.explore(renews, agents=1, runs=20, strategy=Dull()).assert_clean()


def test_overwriting_a_key_ends_its_time_to_live() -> None:
    async def overwrites(world: World) -> None:
        await world.cache.set("k", "v", ex=10)
        await world.cache.set("k", "w")
        await pileup.sleep(20)
        assert await world.cache.get("k") == b"w"

    assert once(overwrites).findings == ()


def test_a_time_to_live_goes_along_with_a_renamed_key() -> None:
    async def renames(world: World) -> None:
        await world.cache.set("a", "v", ex=10)
        await world.cache.rename("a", "b")
        assert await world.cache.ttl("b") == 10
        await pileup.sleep(11)
        assert await world.cache.keys() == []

    assert once(renames).findings == ()


def test_an_expiry_in_the_past_deletes_at_once() -> None:
    async def expires(world: World) -> None:
        await world.cache.set("k", "v")
        assert await world.cache.expire("k", -1) is True
        assert await world.cache.get("k") is None

    run = once(expires)
    assert run.findings == ()
    assert said(run) == ["expires-0 set", "expires-0 expire", "expires-0 get"]


def test_an_expiry_is_a_change_that_a_watch_sees() -> None:
    async def watches(world: Any) -> None:
        await world.cache.set("k", "v", ex=10)
        async with world.cache.pipeline() as pipe:
            await pipe.watch("k")
            await pileup.sleep(11)
            pipe.multi()
            pipe.set("k", "w")
            with pytest.raises(redis.WatchError):
                await pipe.execute()

    assert once(watches).findings == ()


def test_what_expires_beyond_the_budget_of_time_does_not_end_the_run() -> None:
    async def writes(world: World) -> None:
        await world.cache.set("k", "v", ex=3600)
        await world.cache.get("k")

    tight = pileup.Budgets(seconds=60)
    scenario = pileup.Scenario(writes, agents=2, budgets=tight)
    assert all(run.findings == () for run in all_runs(scenario.explorer()))


def test_an_expiry_is_read_from_the_clock_of_the_server() -> None:
    async def looks(world: World) -> None:
        await pileup.sleep(2)
        seconds, _ = await world.cache.time()
        await world.cache.set("k", "v", exat=seconds + 5)
        assert await world.cache.ttl("k") == 5
        assert seconds == int(time.time())

    assert once(looks).findings == ()


# A full cache ------------------------------------------------------------------------------


def full(policy: Any) -> Any:
    class Small(World):
        def __init__(self, sim: pileup.Sim) -> None:
            super().__init__(sim)
            self.small = Cache(sim, "small", max_keys=2, policy=policy)

    return Small


async def fills(world: Any) -> None:
    cache = world.small
    await cache.set("a", 1, ex=100)
    await cache.set("b", 2, ex=50)
    await cache.get("a")
    await cache.set("c", 3)
    await cache.set("d", 4)


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        ("allkeys-lru", {b"c", b"d"}),
        ("volatile-lru", {b"c", b"d"}),
        ("volatile-ttl", {b"c", b"d"}),
    ],
)
def test_a_full_cache_throws_keys_out(policy: str, left: set[bytes]) -> None:
    run = once(fills, setup=full(policy))
    assert set(run.world.small.sync.keys()) == left
    assert "world evict" in said(run)


def test_a_random_victim_is_a_choice_of_the_run() -> None:
    explorer = pileup.Scenario(fills, setup=full("allkeys-random"), agents=1).explorer()
    left = {frozenset(run.world.small.sync.keys()) for run in all_runs(explorer)}
    assert {frozenset({b"a", b"b"}), frozenset({b"c", b"d"})} <= left


def test_a_full_cache_without_eviction_refuses_to_write() -> None:
    async def overfills(world: Any) -> None:
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            await fills(world)
        assert await world.small.get("a") == b"1"

    assert once(overfills, setup=full("noeviction")).findings == ()


@pytest.mark.parametrize("wrong", [{"max_keys": 0}, {"policy": "oldest"}])
def test_a_cache_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="max_keys"):
        once(fills, setup=lambda sim: Cache(sim, **wrong))


# Leases ------------------------------------------------------------------------------------


async def holds_for_a_while(world: World, me: pileup.Agent, lease: float) -> None:
    cache = world.cache
    while not await cache.set("lock", me.name, nx=True, px=int(lease * 1000)):
        await pileup.sleep(1)
    inside = await cache.incr("inside")
    await pileup.sleep(5)
    await cache.decr("inside")
    if await cache.get("lock") == me.name.encode():
        await cache.delete("lock")
    assert inside == 1, "two are inside"


async def holds_too_long(world: World, me: pileup.Agent) -> None:
    await holds_for_a_while(world, me, 3)


async def holds_long_enough(world: World, me: pileup.Agent) -> None:
    await holds_for_a_while(world, me, 10_000_000)


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_a_lease_that_is_too_short_is_found_without_any_fault(backend: str) -> None:
    found = pileup.explore(holds_too_long, agents=2, runs=50, backend=backend).findings
    assert "two are inside" in found[0].title


def test_a_lease_that_is_long_enough_is_clean() -> None:
    pileup.explore(holds_long_enough, agents=2, runs=100).assert_clean()


def test_runs_are_the_same_again() -> None:
    explorer = pileup.Scenario(holds_too_long, agents=3).explorer()
    digests = [explorer.once(make("random", seed)).history.digest for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]
