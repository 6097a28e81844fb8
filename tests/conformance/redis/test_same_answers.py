"""Command by command: the fake answers what Redis answers, errors and their texts included."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

Client = Any  # redis-py leaves much of itself without types
Connect = Callable[[], Client]

GROUPS = {
    "strings": """
        SET k v | GET k | SET k w NX | SET k w XX GET | SET k w NX GET | GET k | GETSET k x
        GETDEL k | GET k | SET k v EX 100 | TTL k | SET k w KEEPTTL | TTL k | SET k w | TTL k
        SET k v PX 100000 | PTTL none | GETEX k PERSIST | TTL k | SETEX k 10 v | PSETEX k 10000 v
        SETNX k w | SETNX m w | MSET a 1 b 2 | MGET a b none | MSETNX a 3 c 4 | MSETNX c 4 d 5
        APPEND a 23 | STRLEN a | GETRANGE a 0 1 | SETRANGE a 1 xx | GET a | SETRANGE new 3 y
        INCR n | INCRBY n 5 | DECR n | DECRBY n 10 | INCRBYFLOAT n 1.5 | INCR n | GET n | INCR a
        SET k v EX 0 | SET k v EX x | SET k | GET | SET k v NX XX | INCRBY n x | STRLEN none
        LCS a b | SUBSTR a 0 0 | SET big 9223372036854775807 | INCR big | DECRBY big -1
    """,
    "keys": """
        SET a 1 | SET b 2 | EXISTS a b a none | TYPE a | TYPE none | DEL a none | UNLINK b | DBSIZE
        SET a 1 | RENAME a b | RENAME a b | RENAMENX b c | SET b 2 | RENAMENX b c | COPY c d
        COPY c d | COPY c d REPLACE | TOUCH c d none | KEYS * | SCAN 0 COUNT 100 | RANDOMKEY none
        EXPIRE c 100 | TTL c | EXPIRE c 200 NX | EXPIRE c 200 GT | TTL c | EXPIRE c 10 GT
        PERSIST c | PERSIST c | TTL c | EXPIRE none 10 | EXPIRE c -1 | EXISTS c | PEXPIRE d 100000
        EXPIREAT d 9999999999 | EXPIRETIME d | PEXPIRETIME none | EXPIRE d x | EXPIRE d 10 NX XX
        FLUSHDB | DBSIZE
    """,
    "hashes": """
        HSET h a 1 b 2 | HSET h a 3 c 4 | HGET h a | HGET h none | HMGET h a none b | HGETALL h
        HDEL h a none | HLEN h | HEXISTS h b | HKEYS h | HVALS h | HSETNX h b 9 | HSETNX h d 9
        HINCRBY h b 5 | HINCRBYFLOAT h b 0.5 | HINCRBY h b 1 | HSTRLEN h b | HSCAN h 0
        HDEL h b c d | EXISTS h | HGETALL h | HSET h a | HSET s | SET s v | HSET s a 1 | HGET s a
        HMSET h x 1 y 2 | HINCRBY h x x
    """,
    "lists": """
        RPUSH l a b c | LPUSH l z | LRANGE l 0 -1 | LLEN l | LINDEX l 0 | LINDEX l 9 | LSET l 0 y
        LSET l 9 y | LSET none 0 y | LINSERT l BEFORE a q | LINSERT l AFTER none q | LREM l 0 a
        LPOP l | RPOP l | LPOP l 2 | LPOP none | LPOP none 2 | EXISTS l | RPUSHX l a | LPUSHX l a
        RPUSH l 1 2 3 4 5 | LTRIM l 1 3 | LRANGE l 0 -1 | RPOPLPUSH l m | LMOVE l m LEFT RIGHT
        LRANGE m 0 -1 | LPOS l 3 | LPOS l 9 | LMPOP 2 none l LEFT | LMPOP 1 none LEFT | LPUSH l
        SET s v | LPUSH s a | LRANGE s 0 1 | LMOVE none m LEFT LEFT | LMPOP 0 l LEFT
    """,
    "sets": """
        SADD s a b c | SADD s a d | SMEMBERS s | SCARD s | SISMEMBER s a | SISMEMBER s z
        SMISMEMBER s a z | SREM s a z | SADD t c d e | SINTER s t | SUNION s t | SDIFF s t
        SINTERSTORE u s t | SMEMBERS u | SUNIONSTORE u s t | SDIFFSTORE u t t | EXISTS u
        SINTERCARD 2 s t | SINTERCARD 2 s t LIMIT 1 | SMOVE s t b | SMOVE s t none | SMEMBERS t
        SREM s c d | EXISTS s | SPOP none | SRANDMEMBER none | SET x v | SADD x a | SADD s
        SSCAN t 0 COUNT 100
    """,
    "sorted sets": """
        ZADD z 1 a 2 b 3 c | ZADD z 5 a | ZADD z NX 9 a 4 d | ZADD z XX CH 9 a 9 none
        ZADD z GT CH 1 a | ZADD z LT CH 1 a | ZADD z INCR 5 a | ZADD z NX INCR 5 a | ZSCORE z a
        ZRANGE z 0 -1 WITHSCORES | ZRANGE z (1 5 BYSCORE LIMIT 0 2 | ZRANGE z 0 -1 REV
        ZREVRANGE z 0 1 WITHSCORES | ZRANGEBYSCORE z -inf +inf WITHSCORES | ZRANK z b | ZREVRANK z b
        ZRANK z none | ZCARD z | ZCOUNT z 2 4 | ZINCRBY z 1.5 b | ZMSCORE z a none | ZREM z a none
        ZPOPMIN z | ZPOPMAX z 2 | ZPOPMIN none | EXISTS z | ZADD z 0 a 0 b 0 c | ZRANGEBYLEX z [a (c
        ZLEXCOUNT z - + | ZREMRANGEBYLEX z [a [a | ZREMRANGEBYRANK z 0 0 | ZREMRANGEBYSCORE z 0 0
        ZADD p 1 a 2 b | ZADD q 10 b 20 c | ZUNION 2 p q WITHSCORES | ZINTER 2 p q WITHSCORES
        ZDIFF 2 p q | ZUNIONSTORE r 2 p q WEIGHTS 2 1 | ZINTERSTORE r 2 p q AGGREGATE MAX
        ZRANGE r 0 -1 WITHSCORES | ZRANGESTORE r p 0 0 | ZINTERCARD 2 p q | ZMPOP 1 p MIN
        ZADD z x a | ZADD z NX XX 1 a | SET s v | ZADD s 1 a | ZSCAN q 0
    """,
    "streams": """
        XADD x 1-1 f v | XADD x 2-1 f w g h | XADD x 1-1 f v | XLEN x | XRANGE x - +
        XREVRANGE x + -
        XRANGE x 2 + COUNT 1 | XREAD COUNT 1 STREAMS x 0 | XREAD STREAMS x 2-1
        XGROUP CREATE x g 0 | XGROUP CREATE x g 0 | XGROUP CREATE none g 0
        XREADGROUP GROUP g c COUNT 1 STREAMS x > | XPENDING x g | XACK x g 1-1 | XACK x g 1-1
        XREADGROUP GROUP g c STREAMS x > | XREADGROUP GROUP g c STREAMS x > | XPENDING x g
        XREADGROUP GROUP g c STREAMS x 0 | XDEL x 1-1 | XLEN x | XTRIM x MAXLEN 0 | XLEN x
        XREADGROUP GROUP none c STREAMS x > | XGROUP DESTROY x g | XADD x 3-* f v | XADD x f
    """,
    "bits and sketches": """
        SETBIT b 7 1 | GETBIT b 7 | GETBIT b 99 | BITCOUNT b | BITPOS b 1 | SETBIT c 0 1
        BITOP OR d b c | GET d | BITFIELD b SET u8 0 255 GET u4 0 | SETBIT b x 1
        PFADD p a b c | PFADD p a | PFCOUNT p | PFADD q d | PFMERGE r p q | PFCOUNT r
        GEOADD g 13.36 38.11 P 15.08 37.50 C | GEOHASH g P
        GEOSEARCH g FROMMEMBER P BYRADIUS 200 km ASC
    """,
    "copies": """
        HSET h f 1 | COPY h i | HSET i f 2 | HGET h f | COPY h i | COPY h i REPLACE | HGET i f
        RPUSH l a | COPY l m | RPUSH m b | LRANGE l 0 -1 | SADD s a | COPY s t | SADD t b | SCARD s
    """,
    "transactions": """
        MULTI | SET a 1 | INCR a | GET a | EXEC | EXEC | DISCARD | MULTI | SET a 5 | DISCARD | GET a
        MULTI | MULTI | WATCH a | EXEC | MULTI | nosuch | SET a 9 | EXEC | GET a | MULTI | LPUSH a x
        SET a 7 | EXEC | GET a | WATCH a | SET a 8 | MULTI | GET a | EXEC | WATCH a | UNWATCH
        SET a 9
        MULTI | GET a | EXEC | MULTI | BLPOP none 0 | LPUSH l 1 | BLPOP l 0 | EXEC | MULTI | SET
        EXEC
        WATCH a | DEL none | MULTI | PING | EXEC | WATCH a | EXPIRE a 100 | MULTI | PING | EXEC
    """,
    "scripting": """
        EVAL 'return 1' 0 | EVAL 'return ARGV[1]' 0 x | EVAL 'return {1,2,{3}}' 0
        EVAL "return redis.call('set',KEYS[1],ARGV[1])" 1 k v | GET k
        EVAL "return redis.call('get',KEYS[1])" 1 none | EVAL 'return redis.error_reply("MY no")' 0
        EVAL "return redis.pcall('incr',KEYS[1]).err" 1 k | EVAL 'return {ok="fine"}' 0
        EVALSHA ffffffffffffffffffffffffffffffffffffffff 0 | EVAL 'return 1' 1 | EVAL 'return 1' -1
        SCRIPT LOAD 'return 42' | EVALSHA 1fa00e76656cc152ad327c13fe365858fd7be306 0
        SCRIPT EXISTS 1fa00e76656cc152ad327c13fe365858fd7be306 ffff | EVAL 'return 3.99' 0
        EVAL 'return false' 0 | EVAL 'return true' 0 | EVAL "return #redis.call('keys','*')" 0
    """,
    "connections": """
        PING | PING hi | ECHO hi | CLIENT GETNAME | CLIENT SETNAME me | CLIENT GETNAME | SELECT 99
        PUBLISH nobody hi | PUBSUB CHANNELS none* | PUBSUB NUMSUB none | ECHO | UNWATCH
    """,
}


def commands(group: str) -> list[list[str]]:
    lines = [line for line in GROUPS[group].strip().splitlines() if line.strip()]
    return [shlex.split(each) for line in lines for each in line.split(" | ")]


UNORDERED = ("KEYS", "SCAN", "SSCAN", "SMEMBERS", "SINTER", "SUNION", "SDIFF")


def answer(client: Client, command: list[str]) -> Any:
    try:
        return plain(client.execute_command(*command), command[0] in UNORDERED)
    except redis.RedisError as error:
        return plain(error)


def plain(value: Any, unordered: bool = False) -> Any:
    """Turn errors into what can be compared, and sort what Redis promises no order of."""
    if isinstance(value, Exception):
        return type(value).__name__, str(value)
    if isinstance(value, list | tuple):
        parts = [plain(each, unordered) for each in value]
        return sorted(parts, key=repr) if unordered else parts
    return value


@pytest.mark.parametrize("group", GROUPS)
def test_the_fake_answers_what_redis_answers(group: str, real: Connect, fake: Connect) -> None:
    ours, theirs = fake(), real()
    for command in commands(group):
        expected = answer(theirs, command)
        assert (command, answer(ours, command)) == (command, expected)


DIVERGENCES = {
    "OBJECT ENCODING k": "unknown command",
    "CONFIG GET maxmemory": "unknown command",
    "MEMORY USAGE k": "unknown command",
    "CLUSTER INFO": "unknown command",
    "SLOWLOG GET": "unknown command",
    "WAIT 0 1": "unknown command",
    "ROLE": "unknown command",
    "EVAL_RO x 0": "unknown command",
    "EVALSHA_RO x 0": "unknown command",
    "BITFIELD_RO k": "unknown command",
    "XSETID x 1-1": "unknown command",
    "NOSUCH": "unknown command 'nosuch'",
}


@pytest.mark.parametrize("command", DIVERGENCES)
def test_the_fake_says_what_it_does_not_know(command: str, real: Connect, fake: Connect) -> None:
    words = command.split()
    assert DIVERGENCES[command] in answer(fake(), words)[1]
    assert DIVERGENCES[command] not in str(answer(real(), words))


def test_info_tells_the_version_and_the_mode_as_redis_does(real: Connect, fake: Connect) -> None:
    ours, theirs = fake().info("server"), real().info("server")
    assert ours == {name: theirs[name] for name in ("redis_version", "redis_mode")} | {
        "redis_version": "7.0.15"
    }


def test_a_newer_command_is_known_and_any_password_will_do(real: Connect, fake: Connect) -> None:
    for words in ("HEXPIRE h 1 FIELDS 1 f", "AUTH secret"):
        ours, theirs = fake(), real()
        theirs.set_retry(Retry(NoBackoff(), 0))  # it takes a refusal for a broken connection
        assert not isinstance(answer(ours, words.split()), tuple)
        assert isinstance(answer(theirs, words.split()), tuple)


def test_an_error_in_a_script_does_not_name_the_script(real: Connect, fake: Connect) -> None:
    said = []
    for client in (fake(), real()):
        client.set("k", "text")
        said.append(answer(client, ["EVAL", "return redis.call('INCR', KEYS[1])", "1", "k"])[1])
    assert said[1].startswith(said[0])
    assert "user_script" in said[1].removeprefix(said[0])


def test_sets_are_told_in_sorted_order(fake: Connect) -> None:
    client = fake()
    client.sadd("s", "b", "c", "a")
    assert client.execute_command("SSCAN", "s", 0)[1] == [b"a", b"b", b"c"]


def test_who_is_killed_does_not_notice(fake: Connect) -> None:
    one, other = fake(), fake()
    other.execute_command("CLIENT KILL ID 1")
    assert one.ping()


def test_distances_are_not_rounded_as_redis_rounds_them(real: Connect, fake: Connect) -> None:
    found = []
    for client in (fake(), real()):
        client.execute_command("GEOADD", "g", 13.36, 38.11, "P", 15.08, 37.50, "C")
        found.append(float(client.execute_command("GEODIST", "g", "P", "C", "km")))
    assert found[0] != found[1]
    assert found[0] == pytest.approx(found[1], abs=1e-3)
