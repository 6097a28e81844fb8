"""What the fault plan does to a command, and what redis-py makes of it: its errors, its retries."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry

import pileup
from pileup.faults import Rule
from pileup.results import Run
from pileup.strategies import Dull

NEVER = Retry(NoBackoff(), 0)
ASYNC_NEVER = AsyncRetry(NoBackoff(), 0)


async def natively(world: Any) -> str:
    return await told(world.cache.incr("n"))


async def in_a_pipeline(world: Any) -> str:
    async with world.cache.pipeline() as pipe:
        pipe.incr("n")
        return await told(pipe.execute())


def in_sync_code(world: Any) -> str:
    return told_now(world.cache.sync)


def by_client(_: Any) -> str:
    return told_now(redis.Redis(retry=NEVER))


async def by_async_client(_: Any) -> str:
    async with redis.asyncio.Redis(retry=ASYNC_NEVER) as client:
        return await told(client.incr("n"))


async def told(answer: Any) -> str:
    try:
        return f"{await answer}"
    except redis.RedisError as error:
        return type(error).__name__


def told_now(client: Any) -> str:
    try:
        return f"{client.incr('n')}"
    except redis.RedisError as error:
        return type(error).__name__


def struck(body: Any, fault: str, on: str = "incrby", **options: Any) -> tuple[Run, Any]:
    said: list[Any] = []

    async def agent(world: Any) -> None:
        said.append(await body(world))

    def sync_agent(world: Any) -> None:
        said.append(body(world))

    is_sync = body in (in_sync_code, by_client) or body.__name__.startswith("sync")
    rule = Rule(fault, on=f"{on} cache*", nth=1, **options)
    scenario = pileup.Scenario(sync_agent if is_sync else agent, agents=1, faults=[rule])
    run = scenario.explorer().once(Dull())
    assert run.findings == ()
    return run, said[0]


CLIENTS = [natively, in_sync_code, by_client, by_async_client]

SEEN = {
    "timeout": ("TimeoutError", None),
    "lost": ("TimeoutError", b"1"),
    "reset": ("ConnectionError", b"1"),
    "refused": ("ConnectionError", None),
    "error": ("ResponseError", None),
    "unavailable": ("BusyLoadingError", None),
    "full": ("OutOfMemoryError", None),
    "denied": ("NoPermissionError", None),
}


@pytest.mark.parametrize("body", CLIENTS)
@pytest.mark.parametrize("fault", SEEN)
def test_every_client_sees_the_same_of_a_fault(fault: str, body: Any) -> None:
    run, said = struck(body, fault)
    assert (said, run.world.cache.peek("n")) == SEEN[fault]


def retrying(times: int) -> Retry:
    return Retry(ConstantBackoff(2.0), times, supported_errors=(redis.TimeoutError,))


def sync_retries(world: Any) -> str:
    client = redis.Redis(retry=retrying(3))
    return f"{told_now(client)} at {world.sim.now}"


def test_a_lost_answer_and_redis_own_retry_count_twice() -> None:
    run, said = struck(sync_retries, "lost")
    assert (said.split()[0], run.world.cache.peek("n")) == ("2", b"2")


def test_a_timeout_and_redis_own_retry_count_once_after_its_backoff_in_virtual_time() -> None:
    run, said = struck(sync_retries, "timeout")
    assert run.world.cache.peek("n") == b"1"
    assert said.startswith("1 at ")
    assert float(said.split()[-1]) >= 2


def sync_is_impatient(world: Any) -> str:
    client = redis.Redis(socket_timeout=1.5, retry=NEVER)
    return f"{told_now(client)} at {world.sim.now}"


def test_a_client_does_not_wait_longer_than_its_socket_does() -> None:
    run, said = struck(sync_is_impatient, "slow", seconds=60)
    assert (said, run.world.cache.peek("n")) == ("TimeoutError at 1.5", None)


def test_a_connection_that_is_refused_is_an_error_of_redis() -> None:
    _, said = struck(by_client, "refused", on="connect")
    assert said == "ConnectionError"


def test_a_fault_of_a_pipeline_undoes_nothing_and_does_nothing() -> None:
    run, said = struck(in_a_pipeline, "timeout", on="exec")
    assert (said, run.world.cache.peek("n")) == ("TimeoutError", None)
    run, said = struck(in_a_pipeline, "lost", on="exec")
    assert (said, run.world.cache.peek("n")) == ("TimeoutError", b"1")


async def sets_and_gets(world: Any) -> str:
    await world.cache.set("k", "v", ex=100)
    return f"{await world.cache.get('k')}"


@pytest.mark.parametrize("fault", ["evicted", "expired"])
def test_a_key_can_be_gone_when_somebody_comes_for_it(fault: str) -> None:
    run, said = struck(sets_and_gets, fault, on="get")
    assert said == "None"
    assert [event.name for event in run.history if event.agent == "world"] == [fault]


# Crashes -----------------------------------------------------------------------------------


async def sets_two(world: Any) -> None:
    async with world.cache.pipeline() as pipe:
        await pipe.watch("a")
        pipe.multi()
        pipe.set("a", 1)
        pipe.set("b", 1)
        await pipe.execute()


def sets_two_with_a_client(_: Any) -> None:
    with redis.Redis().pipeline() as pipe:
        pipe.set("a", 1).set("b", 1).execute()  # type: ignore[union-attr]


@pytest.mark.parametrize("agent", [sets_two, sets_two_with_a_client])
@pytest.mark.parametrize("after", [False, True])
def test_a_crash_leaves_a_whole_transaction_or_none(agent: Any, after: bool) -> None:
    rule = Rule("crash", on="exec cache*", nth=1, moment="after" if after else "before")
    run = pileup.Scenario(agent, agents=1, faults=[rule]).explorer().once(Dull())
    left = [run.world.cache.peek(key) for key in ("a", "b")]
    assert left == ([b"1", b"1"] if after else [None, None])


def test_who_crashed_while_it_waited_is_not_served() -> None:
    async def waits(world: Any) -> None:
        await world.cache.blpop("q", timeout=0)

    async def pushes(world: Any) -> None:
        await pileup.sleep(1)
        await world.cache.rpush("q", "job")

    rule = Rule("crash", on="blpop cache*", nth=1, moment="after")
    run = pileup.Scenario([waits, pushes], faults=[rule]).explorer().once(Dull())
    assert run.world.cache.sync.llen("q") == 1


def test_the_channel_of_who_crashed_has_one_listener_less() -> None:
    async def listens(world: Any) -> None:
        news = world.cache.pubsub()
        await news.subscribe("news")
        await world.cache.incr("ready")

    async def publishes(world: Any) -> None:
        await pileup.sleep(1)
        await world.cache.set("heard by", await world.cache.publish("news", "x"))

    rule = Rule("crash", on="incrby cache*", nth=1, moment="after")
    run = pileup.Scenario([listens, publishes], faults=[rule]).explorer().once(Dull())
    assert run.world.cache.peek("heard by") == b"0"


@pytest.mark.parametrize("fault", ["error", "full", "denied"])
def test_an_exec_that_a_fault_refuses_ends_the_transaction(fault: str) -> None:
    client = redis.Redis()

    def agent() -> None:
        with suppress(redis.RedisError), client.pipeline() as pipe:
            pipe.set("a", 1)
            pipe.execute()
        assert client.set("x", 1) is True

    found = pileup.explore(agent, agents=1, runs=2, faults=Rule(fault, on="exec*", nth=1))
    assert found.clean
    assert [tally.struck for tally in found.stats.faults.values()] == [2]
