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
