"""Who waits at the cache: blocking pops, streams, messages, and who is served first."""

from __future__ import annotations

from typing import Any

import pytest
import redis
import redis.asyncio
from support.exhaust import all_runs

import pileup
from pileup.strategies import Dull


def scenario(*agents: Any, **options: Any) -> pileup.Scenario:
    return pileup.Scenario(list(agents), **options)


def every_run(*agents: Any, **options: Any) -> list[Any]:
    return list(all_runs(scenario(*agents, **options).explorer()))


def once(*agents: Any, **options: Any) -> Any:
    return scenario(*agents, **options).explorer().once(Dull())


async def pops(world: Any) -> object:
    return await world.cache.blpop("q", timeout=0)


async def pushes(world: Any) -> None:
    await world.cache.rpush("q", "job")


BACKENDS = ["native", "trio", "asyncio"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_blocking_pop_waits_until_somebody_pushes(backend: str) -> None:
    for run in every_run(pops, pushes, backend=backend):
        assert run.findings == ()
        assert run.world.cache.sync.llen("q") == 0


def test_a_pop_that_is_never_served_is_a_deadlock() -> None:
    (finding,) = once(pops).findings
    assert (finding.kind, "blpop cache[q]" in finding.explanation) == ("deadlock", True)


async def pops_for_a_while(world: Any) -> None:
    assert await world.cache.blpop("q", timeout=2.5) is None
    assert world.sim.now == 2.5


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_blocking_pop_gives_up_in_virtual_time(backend: str) -> None:
    assert once(pops_for_a_while, backend=backend).findings == ()


def test_a_blocking_pop_works_in_sync_code() -> None:
    def waits(world: Any) -> None:
        assert world.cache.sync.brpop("q", timeout=0) == (b"q", b"job")

    assert all(run.findings == () for run in every_run(waits, pushes))


def test_what_somebody_waits_for_nobody_else_can_take() -> None:
    async def pushes_and_takes_back(world: Any) -> None:
        await pileup.sleep(1)
        await pushes(world)
        await world.cache.set("left", str(await world.cache.lpop("q")))

    for run in every_run(pops, pushes_and_takes_back):
        in_time = at(run, "blpop") < at(run, "lpop")
        assert (run.world.cache.peek("left") == b"None") == in_time
        assert (run.findings == ()) == in_time


def at(run: Any, name: str) -> Any:
    return next(event.number for event in run.history if event.name == name)


def test_two_who_wait_are_served_in_the_order_in_which_they_came() -> None:
    async def waits(world: Any, me: pileup.Agent) -> None:
        await pileup.sleep(1 + me.index)
        _, job = await world.cache.blpop("q", timeout=0)
        await world.cache.set(me.name, job)

    async def pushes_late(world: Any) -> None:
        await pileup.sleep(10)
        await world.cache.rpush("q", "first", "second")

    run = once(waits, waits, pushes_late)
    assert [run.world.cache.peek(f"waits-{n}") for n in (0, 1)] == [b"first", b"second"]


def test_an_element_moves_on_to_who_waits_behind_the_next_list() -> None:
    async def moves(world: Any) -> None:
        await world.cache.blmove("a", "q", 0)

    async def pushes_a(world: Any) -> None:
        await world.cache.rpush("a", "job")

    for run in every_run(moves, pops, pushes_a):
        assert run.findings == ()
        assert run.world.cache.sync.keys() == []


def test_a_sorted_set_and_a_stream_can_be_waited_for() -> None:
    async def waits(world: Any) -> None:
        assert await world.cache.bzpopmin("z", timeout=0) == (b"z", b"a", 1.0)
        ((_, ((_, fields),)),) = await world.cache.xread({"x": "$"}, block=0)
        assert fields == {b"f": b"v"}

    async def gives(world: Any) -> None:
        await world.cache.zadd("z", {"a": 1})
        await pileup.sleep(1)
        await world.cache.xadd("x", {"f": "v"})

    assert once(waits, gives).findings == ()


def test_a_wait_that_was_cancelled_takes_nothing() -> None:
    async def gives_up(world: Any) -> None:
        with pytest.raises(TimeoutError):
            async with pileup.timeout(1):
                await world.cache.blpop("q", timeout=0)

    async def pushes_later(world: Any) -> None:
        await pileup.sleep(2)
        await pushes(world)

    for backend in BACKENDS:
        run = once(gives_up, pushes_later, backend=backend)
        assert run.world.cache.sync.lrange("q", 0, -1) == [b"job"]


# Messages ----------------------------------------------------------------------------------


async def listens(world: Any) -> None:
    async with world.cache.pubsub() as news:
        await news.subscribe("news")
        await world.cache.incr("ready")
        message = None
        while message is None or message["type"] != "message":
            message = await news.get_message(timeout=None)
        await world.cache.set("heard", message["data"])


async def tells(world: Any) -> None:
    while not await world.cache.get("ready"):
        await pileup.sleep(1)
    assert await world.cache.publish("news", "hello") == 1


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_message_reaches_who_listens(backend: str) -> None:
    found = pileup.explore(scenario(listens, tells, backend=backend), runs=20)
    found.assert_clean()
    assert once(listens, tells, backend=backend).world.cache.peek("heard") == b"hello"


def listens_with_a_client(world: Any) -> None:
    news = redis.Redis().pubsub()  # type: ignore[no-untyped-call]
    news.subscribe("news")
    world.cache.sync.incr("ready")
    message = None
    while message is None or message["type"] != "message":
        message = news.get_message(timeout=None)
    world.cache.sync.set("heard", message["data"])


async def listens_with_an_async_client(_: Any) -> None:
    async with redis.asyncio.Redis() as client, client.pubsub() as news:
        await news.subscribe("news")
        await client.incr("ready")
        message = None
        while message is None or message["type"] != "message":
            message = await news.get_message(timeout=None)
        await client.set("heard", message["data"])


@pytest.mark.parametrize("agent", [listens_with_a_client, listens_with_an_async_client])
def test_a_message_reaches_the_real_client(agent: Any) -> None:
    pileup.explore(scenario(agent, tells), runs=20).assert_clean()
    assert once(agent, tells).world.cache.peek("heard") == b"hello"


def test_a_message_is_lost_on_who_subscribes_too_late() -> None:
    async def subscribes(world: Any) -> None:
        async with world.cache.pubsub(ignore_subscribe_messages=True) as news:
            await news.subscribe("news")
            await news.get_message()
            await world.cache.set("heard", str(await news.get_message(timeout=1) is not None))

    async def publishes(world: Any) -> None:
        await world.cache.publish("news", "hello")

    heard = {run.world.cache.peek("heard") for run in every_run(subscribes, publishes)}
    assert heard == {b"True", b"False"}


def test_a_pattern_hears_what_matches() -> None:
    async def hears(world: Any) -> None:
        news = world.cache.pubsub(ignore_subscribe_messages=True)
        await news.psubscribe("news.*")
        await world.cache.publish("news.today", "hello")
        await world.cache.publish("weather", "rain")
        await news.get_message()
        message = await news.get_message()
        assert message is not None
        assert (message["channel"], message["data"]) == (b"news.today", b"hello")
        assert await news.get_message() is None

    assert once(hears).findings == ()


def test_looking_for_a_message_is_a_step_so_that_a_loop_of_it_does_not_hang() -> None:
    def looks_again_and_again(world: Any) -> None:
        news = world.cache.sync.pubsub(ignore_subscribe_messages=True)
        news.subscribe("news")
        world.cache.sync.incr("ready")
        while news.get_message() is None:
            pass

    assert once(looks_again_and_again, tells).findings == ()


def test_messages_can_be_gone_through_one_by_one() -> None:
    async def goes_through(world: Any) -> None:
        news = world.cache.pubsub(ignore_subscribe_messages=True)
        await news.subscribe("news")
        await world.cache.publish("news", "hello")
        assert [message["data"] async for message in first(news.listen())] == [b"hello"]

    async def first(messages: Any) -> Any:
        yield await anext(messages)

    assert once(goes_through, backend="native").findings == ()
