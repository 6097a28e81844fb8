"""What the cache tells the detectors: who looked, what was there, for how long a key is taken."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from redis.exceptions import WatchError
from support.exhaust import all_runs

import pileup
from pileup.fakes import World
from pileup.history import Event
from pileup.results import Run
from pileup.strategies import Dull

TAKES = "return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', 3000)"
SETS = "return redis.call('SET', KEYS[1], ARGV[1])"
COMPARES = "redis.call('GET', KEYS[1]) return redis.call('SET', KEYS[2], ARGV[1])"
LOOKS = "redis.call('GET', KEYS[1]) return redis.call('SET', KEYS[1], ARGV[1])"


def sends(*commands: str) -> Callable[..., Any]:
    """Send commands over one connection, as a client with MULTI does."""

    def agent(world: World) -> None:
        connection: Any = world.cache.sync.connection_pool.get_connection()
        for command in commands:
            connection.send_command(*shlex.split(command))
            connection.read_response()

    return agent


def rows(*commands: str) -> list[Event]:
    run = pileup.Scenario([sends(*commands)]).explorer().once(Dull())
    return [each for each in run.history if each.items and each.name not in ("start", "end")]


def accesses(found: Event) -> dict[str, str]:
    return {seen.name: seen.access for seen in found.items}


def last(*commands: str) -> dict[str, str]:
    return accesses([each for each in rows(*commands) if "cache" in each.items[0].name][-1])


@pytest.mark.parametrize(
    "command", ["SET a 1", "SET a 1 EX 5", "SETEX a 5 1", "MSET a 1", "DEL a", "UNLINK a"]
)
def test_what_does_not_look_is_a_write(command: str) -> None:
    assert last("SET a 0", command) == {"cache[a]": "write"}


@pytest.mark.parametrize(
    "command",
    [
        "SET a 1 XX",
        "set a 1 xx",
        "SET a 1 GET",
        "GETSET a 1",
        "GETDEL a",
        "GETEX a EX 5",
        "APPEND a 1",
        "EXPIRE a 5",
        "SETRANGE a 0 x",
        "SETBIT a 1 1",
        f'EVAL "{LOOKS}" 1 a 1',
    ],
)
def test_what_looks_is_a_change(command: str) -> None:
    assert last("SET a 0", command)["cache[a]"] == "change"


@pytest.mark.parametrize("command", ["SET a 1 NX", "SETNX a 1", "RPUSH a 1", "LPUSH a 1"])
def test_what_makes_a_key_in_view_of_it_is_a_change(command: str) -> None:
    assert last(command) == {"cache[a]": "change"}
    assert last("RPUSH a 0", "LPOP a") == {"cache[a]": "change"}


@pytest.mark.parametrize("command", ["SET a 1 NX", "SETNX a 1", "MSETNX a 1"])
def test_what_is_refused_has_read(command: str) -> None:
    assert last("SET a 0", command) == {"cache[a]": "read"}


def test_a_rename_takes_one_key_and_writes_the_other() -> None:
    assert last("SET a 1", "RENAME a b") == {"cache[a]": "change", "cache[b]": "write"}


def test_fields_are_written_and_their_hash_is_updated() -> None:
    assert last("HSET h f 1") == {"cache[h]": "update", "cache[h][f]": "write"}
    assert last("HSETNX h f 1")["cache[h][f]"] == "change"
    assert last("ZADD z 1 m") == {"cache[z]": "update", "cache[z][m]": "write"}
    assert last("ZADD z NX 1 m")["cache[z][m]"] == "change"


def test_who_reads_a_hash_reads_its_fields() -> None:
    expected = {"cache[h]": "read", "cache[h][f]": "read", "cache[h][g]": "read"}
    assert last("HSET h f 1 g 2", "HGETALL h") == expected


def test_a_script_that_only_writes_has_not_looked() -> None:
    assert last(f'EVAL "{SETS}" 1 a 1')["cache[a]"] == "write"
    assert last("SET a 0", f'EVAL "{TAKES}" 1 a 1')["cache[a]"] == "read"


@pytest.mark.parametrize("command", [f'SCRIPT LOAD "{TAKES}"', "SCRIPT EXISTS abc", "SCRIPT FLUSH"])
def test_what_concerns_scripts_alone_touches_no_key(command: str) -> None:
    found = rows("SET a 0", "KEYS *", f'SCRIPT LOAD "{SETS}"', command)[-1]
    assert found.name == command[: len(found.name)].lower()
    assert [name.partition("[")[0] for name in accesses(found)] == ["cache script"]


@pytest.mark.parametrize(
    "command", ["PING", "CLIENT ID", "HIMPORT PREPARE p f", "HIMPORT DISCARDALL"]
)
def test_what_concerns_the_connection_alone_touches_nothing(command: str) -> None:
    assert [each.name for each in rows("SET a 0", "KEYS *", command)] == ["set", "keys"]


def test_a_transaction_that_reads_and_writes_a_key_changes_it() -> None:
    assert last("MULTI", "GET a", "SET a 1", "EXEC") == {"cache[a]": "change"}
    assert last("WATCH a", "MULTI", "SET a 1", "EXEC") == {"cache[a]": "change"}
    assert last("MULTI", "SET a 1", "SET b 1", "EXEC") == {"cache[a]": "write", "cache[b]": "write"}
    assert last("MULTI", "SET a 1", "INCR a", "EXEC") == {"cache[a]": "write"}
    assert last("MULTI", "INCR a", "INCR a", "EXEC") == {"cache[a]": "update"}


def test_a_message_takes_nothing_from_who_was_there_before() -> None:
    assert last("PUBLISH news hello")["cache channel[news]"] == "change"


# Lost writes ---------------------------------------------------------------------------------


def kinds(*agents: Callable[..., Any]) -> set[str]:
    runs: list[Run] = list(all_runs(pileup.Scenario(list(agents)).explorer()))
    return {finding.kind for run in runs for finding in run.findings}


def test_who_reads_a_hash_and_sets_a_field_that_has_changed_loses_a_write() -> None:
    async def bumps(world: World) -> None:
        seen = await world.cache.hgetall("h")
        await world.cache.hset("h", "n", str(int(seen.get(b"n", 0)) + 1))

    async def sets_another(world: World) -> None:
        await world.cache.hgetall("h")
        await world.cache.hset("h", "other", "1")

    def seeded(sim: pileup.Sim) -> World:
        world = World(sim)
        world.cache.sync.hset("h", "n", "0")
        return world

    lost = pileup.explore([bumps, bumps], setup=seeded, runs=50)
    assert [finding.kind for finding in lost.findings] == ["lost_write"]
    pileup.explore([bumps, sets_another], setup=seeded, runs=50).assert_clean()


# Values ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("write", "read"),
    [
        ("SET a 7", "GET a"),
        ("SETEX a 5 7", "GET a"),
        ("SETNX a 7", "GET a"),
        ("MSET a 7", "GET a"),
        ("INCRBY a 7", "GET a"),
        ("HSET h f 7", "HGET h f"),
        ("HSETNX h f 7", "HGET h f"),
        ("HINCRBY h f 7", "HGET h f"),
    ],
)
def test_what_is_written_and_what_is_read_are_spelled_alike(write: str, read: str) -> None:
    assert [each.detail for each in rows(write, read)] == ["7", "7"]


@pytest.mark.parametrize(
    ("commands", "told"),
    [
        (["MULTI", "SET a 7", "EXEC"], "7"),
        (["MULTI", "SET a 7", "INCR n", "EXEC"], "['7', '1']"),
        (["SET a 7", "MULTI", "GET a", "EXEC"], "7"),
        (["MSET a 7 b 8"], "['7', '8']"),
        (["HSET h f 7 g 8"], "['7', '8']"),
        ([f'EVAL "{SETS}" 1 a 7'], "7"),
        ([f'EVAL "{LOOKS}" 1 a 7'], "7"),
        (["EVAL \"return redis.call('INCR', KEYS[1])\" 1 n"], 1),
        (["SET b 7", "RENAME b a"], "7"),
        (["SET b 7", "COPY b a"], "7"),
        (["SET a 1", "SET b 7", "RENAMENX b a"], 0),
    ],
)
def test_what_is_written_is_told_and_not_that_it_was(commands: list[str], told: object) -> None:
    """The answer is OK whoever writes what, and would make any two of them look alike."""
    assert rows(*commands)[-1].detail == told


def test_a_transaction_that_is_refused_tells_nothing_of_what_it_meant() -> None:
    async def reads_and_writes(world: World, me: pileup.Agent) -> None:
        pipe: Any
        async with world.cache.pipeline() as pipe:
            await pipe.watch("a")
            await pipe.get("a")
            pipe.multi()
            pipe.set("a", me.name)
            with suppress(WatchError):
                await pipe.execute()

    explorer = pileup.Scenario(reads_and_writes).explorer()
    told = {
        each.detail for run in all_runs(explorer) for each in run.history if each.name == "exec"
    }
    assert told == {"reads_and_writes-0", "reads_and_writes-1", None}


def test_who_finds_nothing_says_nothing() -> None:
    assert [each.detail for each in rows("GET a")] == [None]


# Leases ----------------------------------------------------------------------------------------


def leases(*commands: str) -> list[float | None]:
    return [each.note.lease if each.note is not None else None for each in rows(*commands)]


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        (["SET l me NX EX 5"], [5.0]),
        (["SET l me PX 2500 NX"], [2.5]),
        (["SET l me NX"], [None]),
        (["SET l me EX 5"], [None]),
        (["SET l me NX EX 5", "SET l you NX EX 5"], [5.0, None]),
        (["SETNX l me", "EXPIRE l 5"], [None, 5.0]),
        (["SET l me NX EX 5", "PEXPIRE l 9000"], [5.0, 9.0]),
        (["INCR n", "EXPIRE n 60"], [None, None]),
        ([f'EVAL "{TAKES}" 1 l me'], [3.0]),
        (["SET l me NX EX 5", f'EVAL "{COMPARES}" 2 l report mine'], [5.0, None]),
    ],
)
def test_a_lease_is_a_key_that_was_found_free(
    commands: list[str], expected: list[float | None]
) -> None:
    assert leases(*commands) == expected


async def holds(world: World) -> None:
    lock = world.cache.lock("l", timeout=2)
    await lock.acquire()
    await lock.extend(3)
    await lock.reacquire()
    await lock.release()


def holds_in_sync_code(world: World) -> None:
    lock = world.cache.sync.lock("l", timeout=2)
    lock.acquire()
    lock.extend(3)
    lock.reacquire()
    lock.release()


@pytest.mark.parametrize("agent", [holds, holds_in_sync_code])
def test_a_lock_says_for_how_long_it_is_held_and_when_no_more(agent: Any) -> None:
    run = pileup.Scenario([agent]).explorer().once(Dull())
    told = [
        (each.name, accesses(each)["cache[l]"], each.note.lease if each.note else None)
        for each in run.history
        if "cache[l]" in accesses(each)
    ]
    assert told == [
        ("set", "change", 2.0),
        ("evalsha", "change", 5.0),
        ("evalsha", "change", 2.0),
        ("evalsha", "change", None),
    ]


def test_a_lease_that_runs_out_leaves_a_row_that_names_its_key() -> None:
    async def takes_and_stays(world: World) -> None:
        await world.cache.set("l", "me", nx=True, ex=5)
        await pileup.sleep(10)
        assert await world.cache.get("l") is None

    run = pileup.Scenario([takes_and_stays]).explorer().once(Dull())
    (gone,) = [each for each in run.history if each.agent == "world"]
    assert (gone.name, accesses(gone)) == ("expire", {"cache[l]": "write"})
    assert gone.time >= 5


# Marks -----------------------------------------------------------------------------------------


def carried(run: Run) -> list[tuple[str, bool, bool]]:
    """Return of each row whether a canary was sent, and whether one came back."""
    return [
        (each.name, bool(each.note and each.note.sent), bool(each.note and each.note.got))
        for each in run.history
        if each.items and "cache" in each.items[0].resource
    ]


def test_a_canary_is_noted_where_it_is_written_and_where_it_is_read() -> None:
    async def agent(world: World, me: pileup.Agent) -> None:
        cache = world.cache
        await cache.set("a", f"token {me.secret}", nx=True, ex=5)
        await cache.get("a")
        await cache.get("b")
        async with cache.pipeline() as pipe:
            pipe.hset("h", "f", me.secret)
            pipe.hgetall("h")
            await pipe.execute()

    run = pileup.Scenario([agent]).explorer().once(Dull())
    assert carried(run) == [
        ("set", True, False),
        ("get", False, True),
        ("get", False, False),
        ("exec", True, True),
    ]
    assert [each.note.lease for each in run.history if each.name == "set" and each.note] == [5.0]


def test_a_canary_that_was_waited_for_is_noted_where_it_arrives() -> None:
    async def waits(world: World) -> None:
        await world.cache.blpop("l")

    async def pushes(world: World, me: pileup.Agent) -> None:
        await world.cache.rpush("l", me.secret)

    run = pileup.Scenario([waits, pushes]).explorer().once(Dull())
    assert carried(run) == [
        ("blpop", False, False),
        ("rpush", True, False),
        ("blpop", False, True),
    ]


def test_a_canary_in_a_message_is_noted_where_it_is_heard() -> None:
    async def hears(world: World) -> None:
        async with world.cache.pubsub() as heard:
            await heard.subscribe("news")
            while await heard.get_message(timeout=5, ignore_subscribe_messages=False):
                pass

    async def tells(world: World, me: pileup.Agent) -> None:
        await pileup.sleep(1)
        await world.cache.publish("news", me.secret)

    run = pileup.Scenario([hears, tells]).explorer().once(Dull())
    told = carried(run)
    assert ("publish", True, False) in told
    assert ("receive", False, True) in told


def test_nothing_is_looked_for_where_nobody_has_used_a_canary() -> None:
    assert [each.note for each in rows("SET a canary-0123456789ab", "GET a")] == [None, None]
