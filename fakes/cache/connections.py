"""redis-py's connections and pools for the native handle: they lead to one cache, under any loop.

The async ones do without asyncio (no locks, no timeouts of its own), so that
pipelines and subscriptions run under trio and the native driver as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any, Final

import redis
import redis.asyncio
import redis.retry
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from pileup.fakes.cache.conversation import Conversation
from pileup.fakes.cache.direct import SILENT
from pileup.fakes.cache.server import Server
from pileup.fakes.cache.wire import Socket, Streams

FIRST_PROTOCOL: Final = 2
"""What a server speaks until it is greeted with HELLO."""


def dial(server: Server, connection: Any) -> Conversation:
    """Begin a conversation for one of redis-py's connections. Any: sync or async ones."""
    session = server.connect(protocol=FIRST_PROTOCOL)
    return Conversation(server, session, server.wire, connection.socket_timeout)


async def send_packed_command(
    connection: Any, command: bytes | str | Iterable[bytes], check_health: bool = True
) -> None:
    """Send without asyncio's timeout around it, for which a task of its own would be made."""
    if not connection.is_connected:
        await connection.connect_check_health(check_health=False)
    if check_health:
        await connection.check_health()
    if isinstance(command, str):
        command = command.encode()
    await connection._writer.send(command if isinstance(command, bytes) else b"".join(command))  # noqa: SLF001 - where redis-py keeps it


class SyncConnection(redis.Connection):
    """A connection of `cache.sync`."""

    def __init__(self, *, server: Server, **options: Any) -> None:
        self._server = server
        super().__init__(**options)  # type: ignore[no-untyped-call] # redis-py has no types here

    def _connect(self) -> Any:
        return Socket(dial(self._server, self))


class AsyncConnection(redis.asyncio.Connection):
    """A connection of the native handle."""

    def __init__(self, *, server: Server, **options: Any) -> None:
        self._server = server
        super().__init__(**options)

    async def _connect(self) -> None:
        self._reader: Any = Streams(dial(self._server, self))
        self._writer: Any = self._reader

    send_packed_command = send_packed_command

    async def disconnect(self, *_: object, **__: object) -> None:
        """Hang up, which takes no time here."""
        self._parser.on_disconnect()  # type: ignore[no-untyped-call] # as above
        self._close()  # type: ignore[no-untyped-call] # as above

    def __del__(self, *_: object) -> None:
        """Say nothing: it is the world's, and ends with it."""

    async def read_response(
        self,
        disable_decoding: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109 - redis-py's own parameter
        **options: Any,
    ) -> Any:
        """Read an answer; a timeout is one of virtual time, under any loop."""
        waits = timeout is not None and timeout != inf
        if waits and not await self._reader.arrived(timeout):
            return None
        return await super().read_response(disable_decoding, **options)


class Pool(redis.asyncio.ConnectionPool):
    """The native handle's pool: nobody can come in between, so it locks nothing."""

    async def get_connection(self, *_: object, **__: object) -> Any:
        """Take a connection."""
        connection = self.get_available_connection()  # type: ignore[no-untyped-call] # as above
        await connection.connect()
        return connection

    async def release(self, connection: Any) -> None:
        """Give a connection back."""
        self._in_use_connections.discard(connection)
        self._available_connections.append(connection)


def sync_pool(server: Server, decodes: bool) -> redis.ConnectionPool:
    """Make the pool behind `cache.sync`."""
    return redis.ConnectionPool(
        connection_class=SyncConnection,
        server=server,
        decode_responses=decodes,
        socket_timeout=None,
        event_dispatcher=SILENT,
        retry=redis.retry.Retry(NoBackoff(), 0),
    )


def async_pool(server: Server, decodes: bool) -> Pool:
    """Make the pool behind the native handle."""
    return Pool(
        connection_class=AsyncConnection,
        server=server,
        decode_responses=decodes,
        socket_timeout=None,
        event_dispatcher=SILENT,
        retry=Retry(NoBackoff(), 0),
    )
