"""A Redis that agents share: fakeredis' commands, each one atomic, in the run's order and time.

    cache = Cache(sim)
    await cache.incr("hits")                        # redis-py's commands, under any loop
    async with cache.lock("job", timeout=10): ...   # its locks, pipelines, subscriptions, scripts
    cache.sync.set("k", "v", nx=True, ex=10)        # the same in sync code, in setup and in check
    redis.Redis(host="prod").get("k")               # and unmodified code with clients of its own

Each command takes effect at once, at a moment that the search chooses, and
touches its keys: a counter or an addition to a set is an update that takes
nothing from anybody, what a refused command did not change it only read.
Expiry is a deadline of the run's: it may come before whatever else is due.

Divergence from the real thing
------------------------------
* It is a Redis 7.0 by its words, and knows newer commands where fakeredis does
  (HEXPIRE, MSETEX). It does not know OBJECT, MEMORY, CLUSTER, SLOWLOG,
  WAIT, ROLE, MONITOR, EVAL_RO, EVALSHA_RO, BITFIELD_RO and XSETID, and says so;
  INFO tells the version and the mode alone, and CONFIG SET changes nothing. An
  unknown command is named in small letters.
* INCR, SADD and the like count as updates that commute, although their answers
  tell who came first: a search that leaves out what commutes does not try both.
  So do two commands that make one missing key, as different types.
* A script whose text does not show that it keeps to its keys counts as writing
  every key. Its errors do not name the script and the line.
* A key expires at its deadline or, in the same instant, after others; Redis
  notices up to a moment later. Eviction counts keys (`max_keys`), not bytes, and
  is exact where Redis samples.
* Sets are told in sorted order. Distances are not rounded as Redis rounds them.
* Any password will do, and CLIENT KILL, PAUSE and UNBLOCK reach nobody.
* A connection that is closed or whose agent crashes is gone at once, with its
  subscriptions and its place in line.
* Keyspace notifications come without CONFIG SET, and footprints do not tell of
  them. Clusters, sentinels, replicas and persistence are not there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pileup.fakes.cache.handle import Cache

__all__ = ["Cache"]


def __getattr__(name: str) -> Any:  # Any: as every module's attribute may be
    if name != "Cache":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pileup.errors import UsageError

    try:
        from pileup.fakes.cache.handle import Cache
    except ModuleNotFoundError as missing:
        raise UsageError(
            f"The fake cache needs the package {missing.name!r}, which is not installed. It comes "
            "with an extra: pip install 'pileup[redis]'."
        ) from missing
    return Cache
