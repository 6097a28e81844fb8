"""The same cache in sync code: redis-py's sync commands."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import redis

from pileup.fakes.cache.connections import sync_pool
from pileup.fakes.cache.direct import SILENT, Answer, Direct, callbacks
from pileup.fakes.cache.locks import SyncLock
from pileup.fakes.cache.outside import in_a_strand


class SyncCache(redis.Redis):
    """What `cache.sync` is. In `setup` and `check` it acts at once, unrecorded."""

    def __init__(self, direct: Direct, decodes: bool) -> None:
        self._direct = direct
        self._decodes = decodes
        self.response_callbacks = callbacks().copy()
        self.connection = None
        self._single_connection_client = False
        self.auto_close_connection_pool = False
        self._event_dispatcher: Any = SILENT

    def __repr__(self) -> str:
        return f"<Cache {self._direct.server.port.resource} in sync code>"

    def execute_command(self, *args: Any, **options: Any) -> Answer:
        """Send a command; returns what redis-py makes of the answer."""
        direct = self._direct
        sent = direct.sent(args)
        if sent.op is None:
            reply = direct.server.do(direct.course(sent))
        elif not in_a_strand():
            reply = direct.server.act(sent.op.apply)
        else:
            reply = direct.server.port.call(sent.op)
        return direct.received(args[0], reply, options)

    @cached_property
    def connection_pool(self) -> redis.ConnectionPool:  # type: ignore[override] # made when used
        """Connections for what needs one of its own: pipelines and subscriptions."""
        return sync_pool(self._direct.server, self._decodes)

    def lock(self, name: str, *args: Any, **options: Any) -> SyncLock:
        """Return a lock on a key."""
        return SyncLock(self, name, *args, **options)

    def client(self) -> redis.Redis:
        """Return a client with a connection of its own."""
        return redis.Redis(connection_pool=self.connection_pool, single_connection_client=True)

    def close(self) -> None:
        """Leave it open: it is the world's."""
