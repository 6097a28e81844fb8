"""Hypothesis drives Redis and the fake side by side, with three clients and their transactions."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

Client = Any  # redis-py leaves much of itself without types
Connect = Callable[[], Client]

CLIENTS = st.integers(0, 2)
KEYS = st.sampled_from(["a", "b", "c"])
VALUES = st.sampled_from(["0", "1", "-7", "text", ""])
FIELDS = st.sampled_from(["f", "g"])
NUMBERS = st.integers(-3, 3).map(str)
SOON, BETWEEN, LATER = "9000000100", "9000000150", "9000000200"
"""Moments, because a time to live counts from clocks that are not the same."""

SCORES = st.sampled_from(["0", "1.5", "-2", "inf"])


def command(*parts: Any) -> st.SearchStrategy[list[str]]:
    whole = [part if isinstance(part, st.SearchStrategy) else st.just(part) for part in parts]
    return st.tuples(*whole).map(list)


STRINGS = st.one_of(
    command("SET", KEYS, VALUES),
    command("SET", KEYS, VALUES, st.sampled_from(["NX", "XX", "GET", "KEEPTTL"])),
    command("SET", KEYS, VALUES, "EXAT", SOON, st.sampled_from(["NX", "XX", "GET"])),
    command(
        st.sampled_from(["GET", "GETDEL", "STRLEN", "INCR", "DECR", "TYPE", "EXPIRETIME"]), KEYS
    ),
    command(st.sampled_from(["APPEND", "SETNX", "GETSET"]), KEYS, VALUES),
    command("INCRBY", KEYS, VALUES),
    command("MSETNX", KEYS, VALUES, KEYS, VALUES),
    command("MGET", KEYS, KEYS),
    command("GETRANGE", KEYS, NUMBERS, NUMBERS),
)
LIFE = st.one_of(
    command(st.sampled_from(["DEL", "EXISTS", "UNLINK", "TOUCH"]), KEYS, KEYS),
    command(st.sampled_from(["RENAME", "RENAMENX", "COPY"]), KEYS, KEYS),
    command("EXPIRE", KEYS, "-1"),
    command("EXPIREAT", KEYS, st.sampled_from([SOON, LATER])),
    command("EXPIREAT", KEYS, BETWEEN, st.sampled_from(["NX", "XX", "GT", "LT"])),
    command("PERSIST", KEYS),
    command("DBSIZE"),
    command("KEYS", "*"),
)
HASHES = st.one_of(
    command("HSET", KEYS, FIELDS, VALUES),
    command(st.sampled_from(["HGET", "HDEL", "HEXISTS"]), KEYS, FIELDS),
    command("HSETNX", KEYS, FIELDS, VALUES),
    command("HINCRBY", KEYS, FIELDS, NUMBERS),
    command(st.sampled_from(["HGETALL", "HLEN"]), KEYS),
)
LISTS = st.one_of(
    command(st.sampled_from(["LPUSH", "RPUSH", "RPUSHX"]), KEYS, VALUES, VALUES),
    command(st.sampled_from(["LPOP", "RPOP", "LLEN"]), KEYS),
    command("LRANGE", KEYS, NUMBERS, NUMBERS),
    command("LMOVE", KEYS, KEYS, "LEFT", "RIGHT"),
    command("LSET", KEYS, NUMBERS, VALUES),
    command("LREM", KEYS, NUMBERS, VALUES),
    command("LTRIM", KEYS, NUMBERS, NUMBERS),
)
SETS = st.one_of(
    command(st.sampled_from(["SADD", "SREM", "SISMEMBER"]), KEYS, VALUES),
    command(st.sampled_from(["SMEMBERS", "SCARD"]), KEYS),
    command(st.sampled_from(["SINTER", "SUNION", "SDIFF"]), KEYS, KEYS),
    command("SINTERSTORE", KEYS, KEYS, KEYS),
    command("SMOVE", KEYS, KEYS, VALUES),
    command("ZADD", KEYS, SCORES, FIELDS),
    command("ZADD", KEYS, st.sampled_from(["NX", "XX", "GT", "INCR"]), SCORES, FIELDS),
    command("ZINCRBY", KEYS, NUMBERS, FIELDS),
    command(st.sampled_from(["ZSCORE", "ZREM", "ZRANK"]), KEYS, FIELDS),
    command("ZRANGE", KEYS, "0", "-1", "WITHSCORES"),
    command("ZPOPMIN", KEYS),
)
SCRIPTS = st.one_of(
    command("EVAL", "return redis.call('INCR', KEYS[1])", "1", KEYS),
    command("EVAL", "return redis.call('GET', KEYS[1])", "1", KEYS),
)
TRANSACTIONS = st.one_of(
    command("WATCH", KEYS),
    command(st.sampled_from(["MULTI", "EXEC", "EXEC", "DISCARD", "UNWATCH", "NOSUCH"])),
)
ANY = st.one_of(STRINGS, LIFE, HASHES, LISTS, SETS, SCRIPTS, TRANSACTIONS, TRANSACTIONS)


class SideBySide(RuleBasedStateMachine):
    def __init__(self, real: Connect, fake: Connect) -> None:
        super().__init__()
        self.real = [real() for _ in range(3)]
        self.fake = [fake() for _ in range(3)]
        self.real[0].flushdb()

    @rule(who=CLIENTS, words=ANY)
    def both_answer_the_same(self, who: int, words: list[str]) -> None:
        expected = answered(self.real[who], words)
        assert answered(self.fake[who], words) == expected, (who, words)

    def teardown(self) -> None:
        for client in self.real:
            client.close()


WHERE = re.compile(r" script: [0-9a-f]{40}, on @user_script:\d+\.$")
"""What Redis adds to an error inside of a script, and the fake does not."""

UNORDERED = ("KEYS", "SMEMBERS", "SINTER", "SUNION", "SDIFF", "EXEC", "HGETALL")


def answered(client: Client, words: list[str]) -> Any:
    try:
        return plain(client.execute_command(*words), words[0] in UNORDERED)
    except redis.RedisError as error:
        return plain(error, unordered=False)


def plain(value: Any, unordered: bool) -> Any:
    if isinstance(value, Exception):
        return type(value).__name__, WHERE.sub("", str(value).replace("nosuch", "NOSUCH"))
    if isinstance(value, list):
        parts = [plain(each, unordered) for each in value]
        return sorted(parts, key=repr) if unordered else parts
    return value


EXAMPLES = int(os.environ.get("PILEUP_EXAMPLES", "60"))


def test_redis_and_the_fake_answer_the_same(real: Connect, new_fake: Callable[[], Connect]) -> None:
    options = settings(
        max_examples=EXAMPLES,
        stateful_step_count=40,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(lambda: SideBySide(real, new_fake()), settings=options)  # type: ignore[arg-type] # a factory will do
