"""redis-py's locks for the cache's own handles.

Their tokens are counted instead of drawn, because a draw is a choice of the
run's. The async one waits in the run's time, so that it needs no event loop.
"""

from __future__ import annotations

from math import inf
from typing import Any

from redis.asyncio.lock import Lock
from redis.commands.core import AsyncScript
from redis.lock import Lock as ThreadsLock

from pileup.operations import Operation, nothing
from pileup.sim.agents import here


def counted() -> str:
    """Return what tells this holder of a lock from all others."""
    strand = here.get()
    return f"{strand.name} {strand.sim.count('lock token')}"


def _script(text: str) -> Any:
    # Without a client: redis-py would keep the first one that it meets, and with it a whole run.
    return AsyncScript(None, text.encode())  # type: ignore[arg-type] # see above


class AnyLock(Lock):
    """The lock that `cache.lock(...)` makes, for any loop."""

    lua_release = _script(Lock.LUA_RELEASE_SCRIPT)
    lua_extend = _script(Lock.LUA_EXTEND_SCRIPT)
    lua_reacquire = _script(Lock.LUA_REACQUIRE_SCRIPT)

    async def acquire(
        self,
        blocking: bool | None = None,
        blocking_timeout: float | None = None,
        token: str | bytes | None = None,
    ) -> bool:
        """Take the lock: try, sleep, and try again, as redis-py's does."""
        sim = here.get().sim
        blocking = self.blocking if blocking is None else blocking
        patience = self.blocking_timeout if blocking_timeout is None else blocking_timeout
        stop = inf if patience is None else sim.now + patience
        given = counted() if token is None else token
        mine = given.encode() if isinstance(given, str) else given
        while not await self.do_acquire(mine):
            if not blocking or sim.now + self.sleep > stop:
                return False
            await sim.perform(Operation("sleep", (), nothing, delay=float(self.sleep)))
        self.local.token = mine
        return True


class SyncLock(ThreadsLock):
    """The lock that `cache.sync.lock(...)` makes."""

    def acquire(
        self,
        sleep: float | None = None,
        blocking: bool | None = None,
        blocking_timeout: float | None = None,
        token: str | None = None,
    ) -> bool:
        """Take the lock, with a token of its own if none is given."""
        taken: bool = super().acquire(sleep, blocking, blocking_timeout, token or counted())
        return taken
