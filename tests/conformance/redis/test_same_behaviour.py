"""Programs of several clients: what they bring back from Redis and from the fake is the same.

On the real server each client is a thread, in a run it is a sync agent. They
meet by sleeping, a little in reality and as long in virtual time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis
from redis.exceptions import LockError, LockNotOwnedError

import pileup
from pileup.fakes import World
from pileup.strategies import Dull

Client = Any  # redis-py leaves much of itself without types
Connect = Callable[[], Client]
Body = Callable[[Client], Any]

TICK = 0.06


def ticks(count: float) -> None:
    time.sleep(count * TICK)


def on_the_real_one(bodies: Sequence[Body], connect: Connect) -> list[Any]:
    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(lambda body: body(connect()), bodies))


def on_the_fake(bodies: Sequence[Body]) -> list[Any]:
    brought: dict[int, Any] = {}

    def agent(_: World, me: pileup.Agent) -> None:
        brought[me.index] = bodies[me.index](redis.Redis(single_connection_client=True))

    run = pileup.Scenario(agent, agents=len(bodies)).explorer().once(Dull())
    assert run.findings == ()
    return [brought[index] for index in range(len(bodies))]


def pops(client: Client) -> Any:
    return client.blpop(["none", "q"], timeout=2)


def pops_later(client: Client) -> Any:
    ticks(1)
    return client.brpop("q", timeout=2)


def pushes_two(client: Client) -> Any:
    ticks(2)
    return client.rpush("q", "a", "b"), client.lpop("q")


def pushes_one(client: Client) -> Any:
    ticks(2)
    return client.rpush("q", "a"), client.llen("q")


def waits_in_vain(client: Client) -> Any:
    begun = time.monotonic()
    return client.blpop("none", timeout=0.1), time.monotonic() - begun >= 0.1


def moves(client: Client) -> Any:
    return client.blmove("a", "q", timeout=2)


def pushes_a(client: Client) -> Any:
    ticks(2)
    client.rpush("a", "job")
    ticks(1)
    return client.lrange("a", 0, -1), client.lrange("q", 0, -1)


def pops_lowest(client: Client) -> Any:
    return client.bzpopmin(["z"], timeout=2)


def adds_to_set(client: Client) -> Any:
    ticks(1)
    return client.zadd("z", {"b": 2, "a": 1}), client.zrange("z", 0, -1)


def reads_stream(client: Client) -> Any:
    return client.xread({"x": "$"}, block=2000)


def reads_in_group(client: Client) -> Any:
    client.xgroup_create("x", "g", "$", mkstream=True)
    return client.xreadgroup("g", "me", {"x": ">"}, block=2000)


def adds_to_stream(client: Client) -> Any:
    ticks(1)
    return client.xadd("x", {"f": "v"}, id="1-1")


def waits_for_a_list_that_is_none(client: Client) -> Any:
    client.set("q", "text")
    with pytest.raises(redis.ResponseError) as refused:
        client.blpop("q", timeout=1)
    return str(refused.value)


def waits_on_although_a_string_comes(client: Client) -> Any:
    return client.blpop("q", timeout=4 * TICK)


def sets_a_string(client: Client) -> Any:
    ticks(1)
    return client.set("q", "text")


def hears(client: Client) -> Any:
    news = client.pubsub()
    news.subscribe("news")
    news.psubscribe("n*")
    heard = [news.get_message(timeout=1) for _ in range(4)]
    news.unsubscribe("news")
    heard += [news.get_message(timeout=1), news.get_message(timeout=0)]
    ticks(3)
    return heard


def tells(client: Client) -> Any:
    ticks(2)
    return client.publish("news", "hello"), client.publish("weather", "rain")


def lets_expire(client: Client) -> Any:
    client.set("k", "v", px=int(TICK * 2000))
    seen = [client.exists("k"), client.get("k")]
    ticks(3)
    return [*seen, client.exists("k"), client.get("k"), client.ttl("k"), client.dbsize()]


def expires_under_watch(client: Client) -> Any:
    client.set("k", "v", px=int(TICK * 2000))
    with client.pipeline() as pipe:
        pipe.watch("k")
        ticks(3)
        pipe.multi()
        pipe.set("k", "w")
        with pytest.raises(redis.WatchError):
            pipe.execute()
    return client.get("k")


def is_gone_before_the_watch(client: Client) -> Any:
    client.set("k", "v", px=int(TICK * 1000))
    ticks(2)
    with client.pipeline() as pipe:
        pipe.watch("k")
        pipe.multi()
        pipe.set("k", "w")
        return pipe.execute()


def renews(client: Client) -> Any:
    client.set("k", "v", px=int(TICK * 2000))
    client.pexpire("k", 60_000)
    ticks(3)
    return client.get("k"), client.persist("k"), client.ttl("k")


def locks(client: Client) -> Any:
    lock = client.lock("l", timeout=TICK * 4)
    lock.acquire()
    again = client.lock("l", blocking=False)
    taken = again.acquire()
    extended, owned = lock.extend(1, replace_ttl=True), lock.owned()
    reacquired = lock.reacquire()
    lock.release()
    with pytest.raises(LockError):
        lock.release()
    return taken, extended, owned, reacquired, client.exists("l")


def loses_its_lock(client: Client) -> Any:
    lock = client.lock("l", timeout=TICK * 2)
    lock.acquire()
    ticks(3)
    with pytest.raises(LockNotOwnedError):
        lock.release()
    return lock.locked()


def waits_for_the_lock(client: Client) -> Any:
    ticks(1)
    with client.lock("l", sleep=TICK / 2, blocking_timeout=2):
        return client.rpush("order", "second")


def holds_the_lock(client: Client) -> Any:
    with client.lock("l", timeout=30):
        ticks(3)
        return client.rpush("order", "first")


def uses_pipelines(client: Client) -> Any:
    with client.pipeline(transaction=False) as pipe:
        answers = pipe.set("a", 1).incr("a").lpush("a", 1).get("a").execute(raise_on_error=False)
    with client.pipeline() as pipe, pytest.raises(redis.ResponseError) as failed:
        pipe.set("b", 1).lpush("b", 1).incr("b").execute()
    with client.pipeline() as pipe:
        pipe.watch("b")
        client.set("b", 9)
        pipe.multi()
        pipe.get("b")
        with pytest.raises(redis.WatchError):
            pipe.execute()
    return [str(each) for each in answers], str(failed.value), client.get("b")


def runs_scripts(client: Client) -> Any:
    add = client.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
    with client.pipeline() as pipe:
        add(keys=["n"], args=[1], client=pipe)
        piped = pipe.execute()
    half = "redis.call('SET', KEYS[1], 'x'); return redis.call('INCR', KEYS[1])"
    with pytest.raises(redis.ResponseError):
        client.eval(half, 1, "half")
    return add(keys=["n"], args=[2]), piped, client.get("half")


PROGRAMS: list[list[Body]] = [
    [pops, pushes_one],
    [pops, pops_later, pushes_two],
    [waits_in_vain],
    [moves, pops_later, pushes_a],
    [pops_lowest, adds_to_set],
    [reads_stream, adds_to_stream],
    [reads_in_group, adds_to_stream],
    [waits_for_a_list_that_is_none],
    [waits_on_although_a_string_comes, sets_a_string],
    [hears, tells],
    [lets_expire],
    [expires_under_watch],
    [is_gone_before_the_watch],
    [renews],
    [locks],
    [loses_its_lock],
    [holds_the_lock, waits_for_the_lock],
    [uses_pipelines],
    [runs_scripts],
]


@pytest.mark.parametrize(
    "bodies", PROGRAMS, ids=lambda bodies: "-".join(b.__name__ for b in bodies)
)
def test_programs_bring_back_the_same(bodies: list[Body], real: Connect) -> None:
    assert on_the_fake(bodies) == on_the_real_one(bodies, real)
