"""Seven ways in which other fakes hide a race: each is found here, through the real client.

Measured with the fakes as they come: fakeredis' sync client in a trio task
never loses an update, because no command gives way; its async client does not
run on trio, and shows one order on asyncio; its keys expire by the real clock;
respx answers without giving way, so concurrent calls go one after another; it
does not see httpx2; pyfakefs lets two exclusive flocks both succeed.
"""

from __future__ import annotations

import asyncio
import fcntl
from pathlib import Path

import httpx
import httpx2
import pytest
import redis
import redis.asyncio
import respx
import trio

import pileup
from pileup.fakes import World
from pileup.fakes.http import HttpApi

URL = "https://api.example.com/n"


def lost(found: pileup.Exploration) -> bool:
    return "1 of 2" in [each.title for each in found.findings]


def two_redis_updates(world: World) -> None:
    count = world.cache.sync.get("n")
    assert count == b"2", f"{int(count or 0)} of 2"


def test_a_sync_redis_client_in_a_trio_task_loses_an_update() -> None:
    async def adds() -> None:
        await trio.lowlevel.checkpoint()
        client = redis.Redis()
        client.set("n", int(client.get("n") or 0) + 1)

    found = pileup.explore(adds, check=two_redis_updates, runs=50)
    assert found.stats.backend == "trio"
    assert lost(found)


def test_redis_commands_run_on_trio_and_lose_an_update() -> None:
    async def adds(world: World) -> None:
        await trio.lowlevel.checkpoint()
        await world.cache.set("n", int(await world.cache.get("n") or 0) + 1)

    found = pileup.explore(adds, check=two_redis_updates, runs=50)
    assert found.stats.backend == "trio"
    assert lost(found)


def test_the_async_redis_client_shows_every_order_on_asyncio() -> None:
    orders: set[str] = set()

    async def appends(_: World, me: pileup.Agent) -> None:
        async with redis.asyncio.Redis() as client:
            await client.append("order", str(me.index))

    def check(world: World) -> None:
        orders.add(str(world.cache.sync.get("order")))

    found = pileup.explore(appends, agents=3, check=check, runs=100)
    assert found.clean
    assert found.stats.backend == "asyncio"
    assert len(orders) == 6, orders


def test_a_redis_key_expires_by_the_runs_clock() -> None:
    async def waits(world: World) -> list[object]:
        await world.cache.set("k", "v", ex=3600)
        await pileup.sleep(3599)
        before = await world.cache.ttl("k")
        await pileup.sleep(2)
        return [before, await world.cache.get("k")]

    run = pileup.Scenario(waits, agents=1).explorer().once(pileup.strategies.Dull())
    assert list(run.results.values()) == [[1, None]]


def start(sim: pileup.Sim) -> World:
    """Serve a number that can be read and replaced, by routes that respx has declared."""
    world = World(sim)
    router = respx.Router(assert_all_called=False)
    value = {"n": 0}
    router.get(URL).mock(side_effect=lambda _: httpx.Response(200, json=value))

    def replace(request: httpx.Request) -> httpx.Response:
        value["n"] = int(request.content)
        return httpx.Response(204)

    router.put(URL).mock(side_effect=replace)
    world.http = HttpApi(sim, router=router)
    world.values = value  # type: ignore[attr-defined] # for the check alone
    return world


def two_http_updates(world: World) -> None:
    count = world.values["n"]  # type: ignore[attr-defined] # put there by start
    assert count == 2, f"{count} of 2"


@pytest.mark.parametrize("package", [httpx, httpx2], ids=["httpx", "httpx2"])
def test_concurrent_calls_to_routes_of_respx_lose_an_update(package: object) -> None:
    async def adds() -> None:
        async with package.AsyncClient(verify=False) as client:  # type: ignore[attr-defined] # one of two
            count = (await client.get(URL)).json()["n"]
            await asyncio.sleep(0)
            await client.put(URL, content=str(count + 1))

    assert lost(pileup.explore(adds, setup=start, check=two_http_updates, runs=50))


def test_two_exclusive_flocks_exclude() -> None:
    def mounts(sim: pileup.Sim) -> World:
        world = World(sim)
        world.files.mount("/shared")
        world.files.seed("n", "0")
        return world

    def adds() -> None:
        with Path("/shared/lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            count = int(Path("/shared/n").read_text())
            Path("/shared/n").write_text(str(count + 1))

    def check(world: World) -> None:
        assert world.files.peek("n") == "2", f"{world.files.peek('n')} of 2"

    pileup.explore(adds, setup=mounts, check=check, runs=100).assert_clean()
