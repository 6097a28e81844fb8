"""The cache's races: what is lost, what is not, and the same under every runtime and client."""

from __future__ import annotations

from typing import Any

import pytest
import redis
import redis.asyncio
import trio
from support.exhaust import all_runs

import pileup
from pileup.fakes import World
from pileup.strategies import make

Agent = Any  # an agent of any form

BACKENDS = ["native", "trio", "asyncio"]


def scenario(*agents: Agent, backend: str | None = None, **options: Any) -> pileup.Scenario:
    return pileup.Scenario(list(agents), backend=backend, **options)


def outcomes(*agents: Agent, backend: str | None = None, key: str = "n") -> set[int]:
    runs = all_runs(scenario(*agents, backend=backend).explorer())
    return {int(run.world.cache.peek(key)) for run in runs}


async def bumps(world: World) -> None:
    seen = int(await world.cache.get("n") or 0)
    await world.cache.set("n", seen + 1)


async def increments(world: World) -> None:
    await world.cache.incr("n")


async def watches(world: Any) -> None:
    async with world.cache.pipeline() as pipe:
        while True:
            try:
                await pipe.watch("n")
                seen = int(await pipe.get("n") or 0)
                pipe.multi()
                pipe.set("n", seen + 1)
                await pipe.execute()
            except redis.WatchError:
                continue
            else:
                return


def bumps_in_sync_code(world: World) -> None:
    cache = world.cache.sync
    cache.set("n", int(cache.get("n") or 0) + 1)


def increments_in_sync_code(world: World) -> None:
    world.cache.sync.incr("n")


def watches_in_sync_code(world: World) -> None:
    def change(pipe: Any) -> None:
        seen = int(pipe.get("n") or 0)
        pipe.multi()
        pipe.set("n", seen + 1)

    world.cache.sync.transaction(change, "n")


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_update_can_be_lost_between_get_and_set(backend: str) -> None:
    assert outcomes(bumps, bumps, backend=backend) == {1, 2}


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_increment_is_never_lost(backend: str) -> None:
    assert outcomes(increments, increments, backend=backend) == {2}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_watch_that_is_retried_loses_nothing_in_any_order(backend: str) -> None:
    assert outcomes(watches, watches, backend=backend) == {2}


@pytest.mark.parametrize(
    ("agent", "totals"),
    [(bumps_in_sync_code, {1, 2}), (increments_in_sync_code, {2}), (watches_in_sync_code, {2})],
)
def test_sync_code_has_the_same_outcomes(agent: Agent, totals: set[int]) -> None:
    assert outcomes(agent, agent) == totals


def bumps_with_a_client(_: World) -> None:
    client = redis.Redis(decode_responses=True)
    client.set("n", int(client.get("n") or 0) + 1)


async def bumps_with_a_sync_client(world: World) -> None:
    bumps_with_a_client(world)


async def bumps_with_a_sync_client_on_trio(world: World) -> None:
    await trio.lowlevel.checkpoint()
    bumps_with_a_client(world)


async def bumps_with_an_async_client(_: World) -> None:
    async with redis.asyncio.Redis() as client:
        await client.set("n", int(await client.get("n") or 0) + 1)


@pytest.mark.parametrize(
    "agent",
    [
        bumps_with_a_client,
        bumps_with_a_sync_client,
        bumps_with_a_sync_client_on_trio,
        bumps_with_an_async_client,
    ],
)
def test_the_lost_update_is_found_through_the_real_client(agent: Agent) -> None:
    found = pileup.explore(scenario(agent, agent, check=nothing_lost), runs=100)
    assert [finding.kind for finding in found.findings] == ["lost_write", "check_failed"]


def nothing_lost(world: World) -> None:
    assert int(world.cache.peek("n")) == 2


def increments_with_a_client(_: World) -> None:
    redis.Redis().incr("n")


async def increments_with_an_async_client(_: World) -> None:
    async with redis.asyncio.Redis() as client:
        await client.incr("n")


@pytest.mark.parametrize("agent", [increments_with_a_client, increments_with_an_async_client])
def test_no_increment_is_lost_through_the_real_client(agent: Agent) -> None:
    pileup.explore(scenario(agent, agent, check=nothing_lost), runs=100).assert_clean()


async def appends_with_an_async_client(_: World, me: pileup.Agent) -> None:
    async with redis.asyncio.Redis() as client:
        await client.append("n", str(me.index))


def test_the_async_client_is_seen_in_more_than_one_order() -> None:
    explorer = scenario(appends_with_an_async_client, appends_with_an_async_client).explorer()
    runs = (explorer.once(make("random", seed)) for seed in range(20))
    assert {run.world.cache.peek("n") for run in runs} == {b"01", b"10"}
