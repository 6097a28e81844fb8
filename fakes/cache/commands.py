"""Which keys each command touches, and how: one table, as data.

A line of the table is `access place [access place]: commands`. A place says
which arguments are keys, counted from 0 after the command's name:

* `0` one argument; `0.` this and all that follow; `0.-1` all but the last one;
  `0/2` every second one; `0,1` these two;
* `#1` the number of keys stands at argument 1, and the keys follow it;
* `STREAMS` the first half of what follows that word; `STORE` what follows that word;
* `PAIRS` every second one after the options of ZADD; `EACH` every second one of as many pairs;
* `0@1` a key of another database, whose number is argument 1; `1@DB`: follows that word;
* `all` the whole keyspace: every key there is or was; `NAMED` the same where BY or GET is given.

`write` puts something there whatever there was; `change` looks at what is there
and goes by it, and so takes nothing from anybody unseen; `update` is a change
that commutes with other updates of its key: a counter, an addition to a set.
Some options make a write look first (`CAUTIOUS`). `part` is a command on
fields of a hash or members of a set: its place is that of the fields, and what
it does to the key as a whole is told by its access.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeAlias

from fakeredis._commands import SUPPORTED_COMMANDS, Key

from pileup.operations import CHANGE, READ, UPDATE, WRITE, Access

TABLE: Final = """
read 0: get strlen getrange substr getbit bitcount bitpos bitfield_ro type ttl pttl expiretime
read 0: pexpiretime dump llen lindex lrange lpos hgetall hkeys hvals hlen hscan hrandfield
read 0: scard smembers srandmember sscan zcard zcount zlexcount zrange zrangebyscore zrangebylex
read 0: zrevrange zrevrangebyscore zrevrangebylex zrandmember zscan xlen xrange xrevrange xpending
read 0: geodist geohash geopos geosearch georadius_ro georadiusbymember_ro digest
read 0: xinfo
read 0.: mget exists touch watch sdiff sinter sunion pfcount
read 0 read NAMED: sort_ro
read #0: sintercard zdiff zinter zunion zintercard sdiffcard sunioncard
read 0,1: lcs
read all: keys scan dbsize randomkey ts.mget ts.mrange ts.mrevrange ts.queryindex ts.querylabels
change all: fcall fcall_ro swapdb
read all: ts.nrange ts.nrevrange ts.read
write all: flushdb flushall
write 0: set setex psetex restore
change 0: getset getdel getex append setrange setbit bitfield lset linsert
change 0: setnx expire pexpire expireat pexpireat persist lpush rpush lpushx rpushx lpop rpop
change 0: lrem ltrim spop zpopmin zpopmax zremrangebyrank zremrangebyscore zremrangebylex
change 0: hexpire hpexpire hexpireat hpexpireat hpersist hgetex hsetex hgetdel
change 0: xadd xtrim xdel xsetid xgroup xack xclaim xautoclaim geoadd
write 0.: del unlink
write 0/2: mset
change 0/2: msetnx
change 0 change 0@1: move
change 0 write 1: rename
change 0,1: renamenx rpoplpush lmove brpoplpush blmove smove lmovem blmovem
change 0.-1: blpop brpop bzpopmin bzpopmax
change #0: lmpop zmpop
change #1: blmpop bzmpop eval evalsha
read STREAMS: xread
change STREAMS: xreadgroup
read 0 write 1@DB: copy
write 0 read 1: zrangestore geosearchstore
write 0 read 1.: sdiffstore sinterstore sunionstore
write EACH: msetex
write 0 read #1: tdigest.merge zdiffstore zinterstore zunionstore
update 0 read 1.: pfmerge
write 1 read 2.: bitop
read 0 read NAMED write STORE: sort
read 0 write STORE: georadius georadiusbymember
update 0: incr decr incrby decrby incrbyfloat pfadd
"""

PARTS: Final = """
read 1 read: hget hexists hstrlen sismember zscore zrank zrevrank
read 1. read: hmget smismember zmscore httl hpttl hexpiretime hpexpiretime
update 1/2 write: hset hmset
update 1 change: hsetnx
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
    lastsave acl readonly readwrite latency memory monitor slowlog debug wait asking role
    module function save bgsave lolwut
""")
"""Commands that concern nobody but their connection, or that tell nothing of the keys."""

KEYLESS: Final = ("script", "himport prepare", "himport discard", "himport discardall")
"""Commands that touch no key: which scripts they load or ask for is told apart."""

CHANNELS: Final = _names("""
    publish spublish subscribe psubscribe ssubscribe unsubscribe punsubscribe sunsubscribe
""")

CAUTIOUS: Final = {
    "set": frozenset((b"NX", b"XX", b"GET", b"IFEQ", b"IFNE", b"IFDEQ", b"IFDNE")),
    "msetex": frozenset((b"NX", b"XX")),
    "zadd": frozenset((b"NX", b"XX", b"GT", b"LT", b"INCR")),
}
"""Options with which a command looks at what is there, and only then writes."""

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
    simple: Access | None = None
    """What is done to the one key of a command that touches nothing else; None for all others."""
    cautious: frozenset[bytes] = frozenset()
    """Options with which what would be a write is a change."""


Plans: TypeAlias = dict[str, Plan]

_ACCESS: Final[dict[str, Access]] = {each: each for each in (READ, WRITE, CHANGE, UPDATE)}


def _read(table: str) -> Plans:
    plans: Plans = {}
    for line in table.strip().splitlines():
        words, _, names = line.rpartition(": ")
        spec = words.split()
        uses = tuple(Use(_ACCESS[a], p) for a, p in zip(spec[::2], spec[1::2], strict=True))
        simple = uses[0].access if [use.place for use in uses] == ["0"] else None
        plans.update({name: _plan(name, uses, None, simple) for name in names.split()})
    return plans


def _read_parts(table: str) -> Plans:
    plans: Plans = {}
    for line in table.strip().splitlines():
        words, _, names = line.rpartition(": ")
        whole, place, access = words.split()
        use, part = Use(_ACCESS[whole], "0"), Part(_ACCESS[access], place)
        plans.update({name: _plan(name, (use,), part, None) for name in names.split()})
    return plans


def _plan(name: str, uses: tuple[Use, ...], part: Part | None, simple: Access | None) -> Plan:
    return Plan(uses, part, simple, CAUTIOUS.get(name, frozenset()))


PLANS: Final = {**_read(TABLE), **_read_parts(PARTS), **dict.fromkeys(KEYLESS, Plan(()))}


def plan_of(name: str) -> Plan:
    """Return what a command touches; `xgroup create` counts as `xgroup`."""
    return PLANS.get(name) or PLANS.get(name.partition(" ")[0]) or unlisted(name)


@cache
def unlisted(name: str) -> Plan:
    """Assume of a command that is not in the table that it changes every key there could be."""
    signature = SUPPORTED_COMMANDS.get(name)
    if signature is None:
        return Plan(())  # it will be refused
    kinds: list[Any] = [*signature.fixed, *signature.repeat]
    if Key not in map(type, kinds):
        return Plan((Use(CHANGE, "all"),))
    begin, step = len(signature.fixed), len(signature.repeat)
    places = [str(at) for at, kind in enumerate(kinds) if type(kind) is Key and at < begin]
    later = [at for at, kind in enumerate(kinds[begin:]) if type(kind) is Key]
    places += [f"{begin + at}/{step}" for at in later]
    return Plan(tuple(Use(CHANGE, place) for place in places))


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


def _each(args: Sequence[bytes]) -> Sequence[bytes]:
    number = args[0] if args else b""
    return args[1 : 1 + 2 * int(number) : 2] if number.isdigit() else ()


def names_more(args: Sequence[bytes]) -> bool:
    """Whether SORT looks at keys that it makes the names of."""
    after = [word for option, word in pairwise(args[1:]) if option.upper() in (b"BY", b"GET")]
    return any(b"*" in word for word in after)


def database_of(where: str, args: Sequence[bytes], own: int) -> int:
    """Return the number of the database that a command names."""
    if where.isdigit():
        found = args[int(where) :][:1]
    else:
        found = [n for word, n in pairwise(args[1:]) if word.upper() == where.encode()]
    return int(found[0]) if found and found[0].isdigit() else own


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
    "EACH": _each,
}
