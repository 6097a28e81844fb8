"""Room for keys: what a full server does when one more is written.

`most` is a number of keys, not of bytes. The policies are those of Redis'
`maxmemory-policy`, but exact where Redis samples: the least recently used key
is really the one. Which key a random policy throws out is a choice of the run.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, Protocol, TypeAlias, get_args

from pileup.errors import UsageError
from pileup.fakes.cache.shelves import Place
from pileup.sim.kernel import Sim

Policy: TypeAlias = Literal[
    "noeviction",
    "allkeys-lru",
    "allkeys-random",
    "volatile-lru",
    "volatile-random",
    "volatile-ttl",
]

OUT_OF_MEMORY: Final = "OOM command not allowed when used memory > 'maxmemory'."

_GROWING: Final = (
    "set setnx setex psetex getset mset msetnx append setrange setbit incr decr incrby decrby "
    "incrbyfloat lpush rpush linsert hset hmset hsetnx hincrby hincrbyfloat sadd zadd zincrby xadd "
    "pfadd geoadd copy rename lmove rpoplpush sunionstore sinterstore sdiffstore zunionstore "
    "zinterstore zdiffstore restore eval evalsha exec"
)
GROWING: Final = frozenset(_GROWING.split())
"""Commands that a server without room refuses."""


class Holdings(Protocol):
    """What room looks at: the keys of a server."""

    sim: Sim

    def places(self) -> list[Place]:
        """Return all keys, in the order in which they were made."""

    def expiring(self) -> list[Place]:
        """Return the keys with a time to live, soonest first."""

    def vanish(self, place: Place, name: str) -> None:
        """Throw a key out."""


class Room:
    """How many keys there may be, and who goes when there are more."""

    def __init__(self, most: int | None = None, policy: Policy = "allkeys-lru") -> None:
        if policy not in get_args(Policy):
            raise UsageError(
                f"There is no eviction policy {policy!r}; there are {', '.join(get_args(Policy))}. "
                "Write Cache(sim, max_keys=100, policy='allkeys-lru')."
            )
        if most is not None and most < 1:
            raise UsageError(f"max_keys={most!r}, but a cache has room for one key at least.")
        self.most = most
        self._policy = policy
        self._used: dict[Place, None] = {}

    def note(self, places: Iterable[Place]) -> None:
        """Remember that keys were used just now."""
        for place in places:
            self._used.pop(place, None)
            self._used[place] = None

    def refuses(self, holdings: Holdings, name: str) -> bool:
        """Whether there is no room for a command that may add keys, and none to be made."""
        if self.most is None or name not in GROWING:
            return False
        places = holdings.places()
        return len(places) >= self.most and not self._candidates(holdings, places)

    def trim(self, holdings: Holdings) -> None:
        """Throw keys out until there are not too many."""
        assert self.most is not None
        while len(places := holdings.places()) > self.most:
            candidates = self._candidates(holdings, places)
            if not candidates:
                return
            victim = self._victim(holdings, candidates)
            self._used.pop(victim, None)
            holdings.vanish(victim, "evict")

    def _candidates(self, holdings: Holdings, places: list[Place]) -> list[Place]:
        if self._policy == "noeviction":
            return []
        return holdings.expiring() if self._policy.startswith("volatile") else places

    def _victim(self, holdings: Holdings, candidates: list[Place]) -> Place:
        if self._policy.endswith("ttl"):
            return candidates[0]
        if self._policy.endswith("lru"):
            used = list(self._used)
            return min(candidates, key=lambda place: used.index(place) if place in used else -1)
        return candidates[holdings.sim.choose("data", len(candidates), "victim")]
