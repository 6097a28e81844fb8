"""Footprints tell the truth: a search that trusts them finds all that every order finds."""

from __future__ import annotations

import shlex
from hashlib import sha1
from typing import Any

import pytest
from support.exhaust import all_runs
from support.sleeping import fewer_runs

import pileup
from pileup.detectors import KINDS
from pileup.fakes import World

GET_THEN_SET = "return {redis.call('GET', KEYS[1]), redis.call('SET', KEYS[2], 'x')}"
BLIND = "return redis.call('SET', KEYS[1], 'x')"
TAKES_ANY = "return redis.call('SET', ARGV[1], 'x')"

NAMED = sha1(TAKES_ANY.encode(), usedforsecurity=False).hexdigest()

PROGRAMS = {
    "overwritten": ["SET a 1 | GET a", "SET a 2 | GET a"],
    "counted": ["INCR n | SET a 1", "INCR n | GET a"],
    "counted and looked at": ["INCR n | GET n", "INCRBY n 5"],
    "refused": ["SET a 1 NX | GET a", "SETNX a 2 | GET a"],
    "refused and deleted": ["SET a 1 NX", "DEL a | EXISTS a"],
    "a list": ["RPUSH l 1 | LPOP l", "RPUSH l 2 | LLEN l"],
    "moved": ["RPUSH l 1 | LMOVE l m LEFT LEFT", "LRANGE m 0 -1 | LPOP l"],
    "fields": ["HSET h f 1 | HGET h g", "HSET h g 2 | HGETALL h"],
    "one field": ["HSETNX h f 1", "HDEL h f | HGET h f"],
    "the last field": ["HSET h f 1 | HDEL h f", "EXISTS h | HLEN h"],
    "members": ["SADD s a b | SREM s a", "SADD s a | SMEMBERS s"],
    "scores": ["ZADD z 1 a | ZINCRBY z 5 a", "ZADD z 2 b | ZPOPMIN z"],
    "scores that may only grow": ["ZADD z GT 3 a", "ZADD z GT 5 a | ZSCORE z a"],
    "sets together": ["SADD s a | SINTERSTORE d s t", "SADD t a | SCARD d"],
    "renamed": ["SET a 1 | RENAME a b", "GET b | SET b 2"],
    "copied elsewhere": ["SET a 1 | COPY a a DB 1", "SELECT 1 | GET a"],
    "moved elsewhere": ["SET a 1 | MOVE a 1", "SELECT 1 | GET a | SET a 2"],
    "databases swapped": ["SET a 1 | SWAPDB 0 1", "GET a | SET b 1"],
    "all keys, new ones": ["KEYS * | GET a", "SET a 1 | SET b 2"],
    "new ones, all keys": ["SET a 1", "KEYS *"],
    "the number of keys": ["DBSIZE", "SET a 1 | DEL a"],
    "sorted by others": ["RPUSH l 1 2 | SORT l BY w_*", "SET w_1 9"],
    "flushed": ["SET a 1 | FLUSHDB", "SET b 2 | GET a"],
    "a transaction": ["MULTI | GET a | SET b 1 | EXEC", "SET a 1 | GET b"],
    "a watch": ["WATCH a | MULTI | SET b 1 | EXEC", "SET a 1 | GET b"],
    "a watch that is let go": ["WATCH a | UNWATCH | MULTI | SET b 1 | EXEC", "SET a 1"],
    "an empty transaction under watch": ["WATCH a | MULTI | PING | EXEC", "SET a 1 | DEL a"],
    "a script": [f'EVAL "{GET_THEN_SET}" 2 a b', "SET a 1 | GET b"],
    "a script that takes any key": [f'EVAL "{TAKES_ANY}" 0 a', "SET a 1 | GET a"],
    "a script that only writes": [f'EVAL "{BLIND}" 1 a', "SET a 1 | GET a"],
    "a script by its name": [
        f'EVALSHA {NAMED} 0 a | SCRIPT LOAD "{TAKES_ANY}"',
        f'SCRIPT LOAD "{TAKES_ANY}" | SCRIPT FLUSH',
    ],
    "a stream": ["XADD x 1-1 f v | XLEN x", "XADD x 2-1 f v | XDEL x 1-1"],
    "a group": [
        "XGROUP CREATE x g 0 MKSTREAM | XREADGROUP GROUP g c STREAMS x >",
        "XADD x 1-1 f v",
    ],
    "acknowledged": [
        "XACK x g 1-1 | XADD x 1-1 f v",
        "XGROUP CREATE x g 0 MKSTREAM | XPENDING x g",
    ],
    "a blocking pop": ["BLPOP l 1 | GET a", "RPUSH l 1 | SET a 1"],
    "a blocking pop and a thief": ["BLPOP l 1", "RPUSH l 1 | LPOP l"],
    "a blocking move": ["BLMOVE l m LEFT LEFT 1", "RPUSH l 1 | LRANGE m 0 -1"],
    "messages": ["SUBSCRIBE n | HEAR", "PUBLISH n hello"],
    "messages by a pattern": ["PSUBSCRIBE n* | HEAR", "PUBLISH news hello"],
    "a pattern and a message": ["PUBLISH news hello", "PSUBSCRIBE n* | HEAR"],
    "who hears and who asks": ["SUBSCRIBE n", "PUBSUB CHANNELS"],
    "channels": ["SUBSCRIBE n", "PUBSUB CHANNELS | PUBSUB NUMSUB n"],
    "registers": ["PFADD p a | PFCOUNT p", "PFADD p b | PFMERGE q p"],
    "bits": ["SETBIT a 1 1 | BITOP NOT b a", "GETBIT b 0 | GET a"],
    "a time to live": ["SET a 1 EX 10 | PERSIST a", "TTL a | EXPIRE a 5 NX"],
    "taken": ["SET a 1 | GETDEL a", "GETDEL a | GET a"],
}

COUNTING = ("INCR", "INCRBY", "SADD", "ZADD", "ZINCRBY", "PFADD", "HSET")
"""Updates: they commute, but for what they answer, which counts the others."""


def lines(program: str) -> list[list[str]]:
    return [shlex.split(each) for each in program.split(" | ")]


def said(connection: Any, words: list[str]) -> Any:
    if words == ["HEAR"]:
        return connection.can_read(timeout=1) and connection.read_response(push_request=True)
    connection.send_command(*words)
    return connection.read_response(push_request="SUBSCRIBE" in words[0])


def in_order(answer: Any) -> Any:
    """Forget the order of fields, which Redis does not promise."""
    return sorted(answer.items()) if isinstance(answer, dict) else answer


def explorer(programs: list[str], answers: dict[int, list[str]]) -> Any:
    def agent(world: World, me: pileup.Agent) -> None:
        connection: Any = world.cache.sync.connection_pool.get_connection()
        heard = answers[me.index] = []
        for words in lines(programs[me.index]):
            try:
                answer = said(connection, words)
            except Exception as error:  # noqa: BLE001 - an answer as well
                answer = error
            if words[0] not in COUNTING:
                heard.append(repr(in_order(answer)))

    def begin(sim: pileup.Sim) -> World:
        answers.clear()
        return World(sim)

    return pileup.Scenario(agent, agents=len(programs), setup=begin).explorer()


def outcomes(runs: Any, answers: dict[int, list[str]]) -> set[str]:
    found = set()
    for run in runs:
        assert all(finding.kind in KINDS for finding in run.findings), "a detector may speak"
        found.add(repr((content(run.world.cache.server), sorted(answers.items()))))
    return found


LOOKS: dict[str, list[Any]] = {
    "string": ["get"],
    "list": ["lrange", b"0", b"-1"],
    "hash": ["hgetall"],
    "set": ["smembers"],
    "zset": ["zrange", b"0", b"-1", b"withscores"],
    "stream": ["xrange", b"-", b"+"],
}


def content(server: Any) -> list[Any]:
    found = []
    for number, key in sorted(server.places()):
        session = server.connect(number)
        kind = session.run("type", [key]).value.decode()
        name, *rest = LOOKS[kind]
        found.append((number, key, in_order(session.run(name, [key, *rest]))))
    return found


@pytest.mark.parametrize("name", PROGRAMS)
def test_orders_that_are_left_out_make_no_difference(name: str) -> None:
    answers: dict[int, list[str]] = {}
    every = outcomes(all_runs(explorer(PROGRAMS[name], answers)), answers)
    fewer = outcomes(fewer_runs(explorer(PROGRAMS[name], answers)), answers)
    assert fewer == every
