"""The bus for sync code: `bus.sync.publish(...)`, `bus.sync.claim(...)`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from pileup.fakes.bus.desk import Desk
from pileup.fakes.bus.errors import Empty
from pileup.fakes.bus.messages import SyncMessage
from pileup.fakes.bus.office import packed


class SyncBus:
    """What `Bus` does, for code that does not await."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._port = desk.port
        self._make = partial(SyncMessage, desk)

    def publish(
        self,
        name: str,
        body: object,
        *,
        delay: float = 0.0,
        key: str | None = None,
        dedup: str | None = None,
    ) -> str:
        """Send a message; as `Bus.publish`."""
        number: str = self._port.call(
            self._desk.office.publishing(name, packed(body, delay, key, dedup))
        )
        return number

    def claim(self, name: str, wait: float | None = 0.0) -> SyncMessage | None:
        """Take the next message; as `Bus.claim`."""
        claim = self._desk.claim(name, wait, self._make)
        try:
            message: SyncMessage | None = self._port.call(claim.op)
        finally:
            claim.end()
        return message

    @contextmanager
    def claimed(self, name: str, wait: float | None = None) -> Iterator[SyncMessage]:
        """Claim a message for a block; as `Bus.claimed`."""
        message = self.claim(name, wait)
        if message is None:
            raise Empty(f"no message came to {name!r} within {wait:g} s")
        try:
            yield message
        except Exception:
            message.nack()
            raise
        message.ack()

    def subscribe(self, name: str, group: str, wait: float | None = None) -> SyncSubscription:
        """Join a group of a topic; as `Bus.subscribe`."""
        queue: str = self._port.call(self._desk.office.subscribing(name, group))
        return SyncSubscription(self, queue, wait)

    def depth(self, name: str) -> int:
        """Count the messages that could be claimed now."""
        count: int = self._port.call(self._desk.office.counting(name))
        return count


class SyncSubscription:
    """A group's messages: `for message in subscription`, or claim them one by one."""

    def __init__(self, bus: SyncBus, queue: str, wait: float | None) -> None:
        self._bus = bus
        self._wait = wait
        self.queue = queue

    def claim(self, wait: float | None = 0.0) -> SyncMessage | None:
        """Take the group's next message; as `Bus.claim`."""
        return self._bus.claim(self.queue, wait)

    def claimed(self, wait: float | None = None) -> AbstractContextManager[SyncMessage]:
        """Claim a message for a block; as `Bus.claimed`."""
        return self._bus.claimed(self.queue, wait)

    def __iter__(self) -> SyncSubscription:
        return self

    def __next__(self) -> SyncMessage:
        message = self._bus.claim(self.queue, self._wait)
        if message is None:
            raise StopIteration
        return message
