"""The native handle: redis-py's async commands, under any loop and under none."""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any, NoReturn, Self

import redis.asyncio
from redis.asyncio.client import Pipeline

from pileup.errors import UsageError
from pileup.fakes.cache.connections import Pool, async_pool
from pileup.fakes.cache.direct import SILENT, Answer, Direct, callbacks
from pileup.fakes.cache.drop_in import install
from pileup.fakes.cache.locks import AnyLock
from pileup.fakes.cache.room import Policy, Room
from pileup.fakes.cache.server import Server
from pileup.fakes.cache.shelves import held
from pileup.fakes.cache.sync import SyncCache
from pileup.sim.drop_ins import drop_in
from pileup.sim.kernel import Sim


class Cache(redis.asyncio.Redis):
    """A Redis of the run's: `await cache.get(...)`, `cache.sync.get(...)`, or any redis client.

    `max_keys` and `policy` say what happens when it is full. With `address`
    ("host:port") clients reach it under this address alone; without one it
    answers for every address that no other cache of the run answers for.
    """

    def __init__(
        self,
        sim: Sim,
        name: str = "cache",
        *,
        decode_responses: bool = False,
        max_keys: int | None = None,
        policy: Policy = "allkeys-lru",
        address: str | None = None,
    ) -> None:
        # redis-py's constructor makes a pool with locks for a loop, in the time of ten commands.
        self.server = Server(sim, name, Room(max_keys, policy))
        self._decodes = decode_responses
        self._direct = Direct(self.server, decode_responses)
        self.response_callbacks = callbacks().copy()
        self.connection = None
        self.single_connection_client = False
        self.auto_close_connection_pool = True
        self._event_dispatcher: Any = SILENT
        sim.contents[name] = partial(held, self.server.engine)
        sim.fakes.setdefault("cache" if address is None else f"cache {address}", self)
        drop_in("redis", install)

    def __repr__(self) -> str:
        return f"<Cache {self.server.port.resource}>"

    @cached_property
    def sync(self) -> SyncCache:  # type: ignore[override] # Redis' SYNC is not for clients
        """The same in sync code; in `setup` and `check` it acts at once, unrecorded."""
        return SyncCache(self._direct, self._decodes)

    def seed(self, **values: bytes | str | float) -> None:
        """Set keys before the agents start. For more than that, use `cache.sync` in `setup`."""
        for key, value in values.items():
            self.sync.set(key, value)

    def peek(self, key: str) -> Answer:
        """Look at a key after the agents have ended; for more, use `cache.sync` in `check`."""
        return self.sync.get(key)

    async def execute_command(self, *args: Any, **options: Any) -> Answer:
        """Send a command; returns what redis-py makes of the answer."""
        direct = self._direct
        sent = direct.sent(args)
        if sent.op is not None:
            reply = await direct.server.port.perform(sent.op)
        else:
            reply = await direct.server.port.walk(direct.course(sent))
        return direct.received(args[0], reply, options)

    @cached_property
    def connection_pool(self) -> Pool:  # type: ignore[override] # made when first used
        """Connections for what needs one of its own: pipelines and subscriptions."""
        return async_pool(self.server, self._decodes)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> AnyPipeline:
        """Return a pipeline: commands that are sent together, by default as a transaction."""
        return AnyPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)

    def lock(self, name: str, *args: Any, **options: Any) -> AnyLock:  # type: ignore[override] # its class is ours
        """Return a lock on a key, with redis-py's scripts and leases."""
        return AnyLock(self, name, *args, **options)

    def client(self) -> NoReturn:
        """Refuse: redis-py's own would need asyncio."""
        raise UsageError(
            "cache.client() would be a client with one connection to itself, which redis-py locks "
            "with asyncio's lock. Use cache.pipeline(), which has a connection of its own, or "
            "redis.asyncio.Redis(single_connection_client=True), which reaches the same cache."
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave it open: it is the world's."""

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Leave it open: it is the world's."""


class AnyPipeline(Pipeline):
    """redis-py's pipeline, which gives its connection back under any loop."""

    async def reset(self) -> None:  # type: ignore[override] # as redis-py's own pipeline does
        """Forget the commands and what is watched, and give the connection back."""
        self.command_stack = []
        self.scripts = set()
        connection, self.connection = self.connection, None
        watching, self.watching = self.watching, False
        self.explicit_transaction = False
        if connection is None:
            return
        if watching and connection.is_connected:
            await connection.send_command("UNWATCH")
            await connection.read_response()
        await self.connection_pool.release(connection)
