"""Which keys each command touches, and how: one table, as data.

A line of the table is `access place [access place]: commands`. A place says
which arguments are keys, counted from 0 after the command's name:

* `0` one argument; `0.` this and all that follow; `0.-1` all but the last one;
  `0/2` every second one; `0,1` these two;
* `#1` the number of keys stands at argument 1, and the keys follow it;
* `STREAMS` the first half of what follows that word; `STORE` what follows that word;
* `PAIRS` every second one after the options of ZADD;
* `all` the whole keyspace: every key there is or was.

`update` is a write that commutes with other updates of its key and takes
nothing from anybody: a counter, an addition to a set. `part` is a command on
fields of a hash or members of a set: its place is that of the fields, and what
it does to the key as a whole is told by its access.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

from pileup.operations import READ, UPDATE, WRITE, Access

TABLE: Final = """
read 0: get strlen getrange substr getbit bitcount bitpos bitfield_ro type ttl pttl expiretime
read 0: pexpiretime dump llen lindex lrange lpos hgetall hkeys hvals hlen hscan hrandfield
read 0: scard smembers srandmember sscan zcard zcount zlexcount zrange zrangebyscore zrangebylex
read 0: zrevrange zrevrangebyscore zrevrangebylex zrandmember zscan xlen xrange xrevrange xpending
read 0: geodist geohash geopos geosearch georadius_ro georadiusbymember_ro sort_ro
read 0: object xinfo
read 0.: mget exists touch watch sdiff sinter sunion pfcount
read #0: sintercard zdiff zinter zunion zintercard
read 0,1: lcs
read all: keys scan dbsize randomkey
write all: flushdb flushall swapdb
write 0: set setex psetex getset getdel getex append setrange setbit bitfield restore lset linsert
write 0: setnx expire pexpire expireat pexpireat persist lpush rpush lpushx rpushx lpop rpop
write 0: lrem ltrim spop zpopmin zpopmax zremrangebyrank zremrangebyscore zremrangebylex
write 0: hexpire hpexpire hexpireat hpexpireat hpersist hgetex hsetex hgetdel
write 0: xadd xtrim xdel xsetid xgroup xack xclaim xautoclaim geoadd move
write 0.: del unlink
write 0/2: mset msetnx
write 0,1: rename renamenx rpoplpush lmove brpoplpush blmove smove
write 0.-1: blpop brpop bzpopmin bzpopmax
write #0: lmpop zmpop
write #1: blmpop bzmpop eval evalsha fcall
read #1: eval_ro evalsha_ro fcall_ro
read STREAMS: xread
write STREAMS: xreadgroup
write 0 read 1: copy zrangestore geosearchstore
write 0 read 1.: sdiffstore sinterstore sunionstore
write 0 read #1: zdiffstore zinterstore zunionstore
update 0 read 1.: pfmerge
write 1 read 2.: bitop
read 0 write STORE: sort georadius georadiusbymember
update 0: incr decr incrby decrby incrbyfloat pfadd
"""

PARTS: Final = """
read 1 read: hget hexists hstrlen sismember zscore zrank zrevrank
read 1. read: hmget smismember zmscore httl hpttl hexpiretime hpexpiretime
update 1/2 write: hset hmset
update 1 write: hsetnx
update 1. write: hdel srem zrem
update 1. update: sadd
update 1 update: hincrby hincrbyfloat
update 2 update: zincrby
update PAIRS write: zadd
"""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


REFUSABLE: Final = _names("""
    set setnx msetnx hsetnx lpushx rpushx expire pexpire expireat pexpireat persist del unlink
    getdel getex renamenx copy move smove spop srem hdel zrem lpop rpop lmove rpoplpush lmpop
    zpopmin zpopmax zmpop lrem linsert blpop brpop blmove brpoplpush blmpop bzpopmin bzpopmax
    bzmpop zadd exec eval evalsha fcall sort georadius georadiusbymember xreadgroup bitfield
    zremrangebyrank zremrangebyscore zremrangebylex
""")
"""Commands that may find nothing to change: they only read then."""

BLOCKING: Final = _names("""
    blpop brpop blmove brpoplpush blmpop bzpopmin bzpopmax bzmpop xread xreadgroup
""")

PRIVATE: Final = _names("""
    ping echo select auth hello reset quit multi discard unwatch client command config info time
    lastsave script acl readonly readwrite latency memory monitor slowlog debug wait asking role
    pubsub module function save bgsave lolwut
""")
"""Commands that concern nobody but their connection, or that tell nothing of the keys."""

CHANNELS: Final = _names("""
    publish spublish subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe
""")

ZADD_OPTIONS: Final = frozenset((b"NX", b"XX", b"GT", b"LT", b"CH", b"INCR"))


class Use(NamedTuple):
    """Some arguments of a command and what it does to what they name."""

    access: Access
    place: str


class Part(NamedTuple):
    """Arguments that name fields or members of the one key."""

    access: Access
    place: str


class Plan(NamedTuple):
    """What one command touches."""

    uses: tuple[Use, ...]
    part: Part | None = None
    refusable: bool = False


Plans: TypeAlias = dict[str, Plan]

_ACCESS: Final[dict[str, Access]] = {"read": READ, "write": WRITE, "update": UPDATE}


def _read(table: str) -> Plans:
    plans: Plans = {}
    for line in table.strip().splitlines():
        words, _, names = line.rpartition(": ")
        spec = words.split()
        uses = tuple(Use(_ACCESS[a], p) for a, p in zip(spec[::2], spec[1::2], strict=True))
        plans.update({name: Plan(uses, None, name in REFUSABLE) for name in names.split()})
    return plans


def _read_parts(table: str) -> Plans:
    plans: Plans = {}
    for line in table.strip().splitlines():
        words, _, names = line.rpartition(": ")
        whole, place, access = words.split()
        use, part = Use(_ACCESS[whole], "0"), Part(_ACCESS[access], place)
        plans.update({name: Plan((use,), part, name in REFUSABLE) for name in names.split()})
    return plans


PLANS: Final = {**_read(TABLE), **_read_parts(PARTS)}

UNKNOWN: Final = Plan((Use(WRITE, "0"),))
"""What is assumed of a command that the table does not have: that it writes its first argument."""


def plan_of(name: str) -> Plan:
    """Return what a command touches; `xgroup create` counts as `xgroup`."""
    return PLANS.get(name) or PLANS.get(name.partition(" ")[0], UNKNOWN)


def pick(place: str, args: Sequence[bytes]) -> Sequence[bytes]:
    """Return the arguments at a place; what is not there is left out."""
    if place == "0":
        return args[:1]
    if place.startswith("#"):
        return _counted(int(place[1:]), args)
    if place.isupper():
        return _SEARCHED[place](args)
    return [args[each] for each in _indexes(place, len(args))]


@lru_cache(maxsize=512)
def _indexes(place: str, count: int) -> tuple[int, ...]:
    if place.endswith(".-1"):
        return tuple(range(int(place[:-3]), count - 1))
    if place.endswith("."):
        return tuple(range(int(place[:-1]), count))
    if "/" in place:
        start, step = map(int, place.split("/"))
        return tuple(range(start, count, step))
    return tuple(each for each in map(int, place.split(",")) if each < count)


def _counted(at: int, args: Sequence[bytes]) -> Sequence[bytes]:
    number = args[at] if at < len(args) else b""
    return args[at + 1 : at + 1 + int(number)] if number.isdigit() else ()


def _streams(args: Sequence[bytes]) -> Sequence[bytes]:
    words = [each.upper() for each in args]
    at = words.index(b"STREAMS") + 1 if b"STREAMS" in words else len(args)
    return args[at : at + (len(args) - at) // 2]


def _stored(args: Sequence[bytes]) -> Sequence[bytes]:
    return [key for word, key in pairwise(args[1:]) if word.upper() in (b"STORE", b"STOREDIST")]


def _members(args: Sequence[bytes]) -> Sequence[bytes]:
    at = 1
    while at < len(args) and args[at].upper() in ZADD_OPTIONS:
        at += 1
    return args[at + 1 :: 2]


_SEARCHED: Final[dict[str, Callable[[Sequence[bytes]], Sequence[bytes]]]] = {
    "STREAMS": _streams,
    "STORE": _stored,
    "PAIRS": _members,
}
