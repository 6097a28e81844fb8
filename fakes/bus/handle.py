"""The face of the fake: queues and topics are declared on it, agents publish and claim.

See the package's docstring for what it models.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from pileup.fakes._port import Port
from pileup.fakes.bus.declaring import Declarations
from pileup.fakes.bus.desk import Desk
from pileup.fakes.bus.errors import FAILURES, Empty
from pileup.fakes.bus.messages import Message
from pileup.fakes.bus.office import Office, packed
from pileup.fakes.bus.sync import SyncBus
from pileup.sim.kernel import Sim


class Bus(Declarations):
    """Queues and topics that agents share. A queue comes into being when it is first named."""

    def __init__(self, sim: Sim, name: str = "bus") -> None:
        office = Office(Port(sim, name, FAILURES))
        super().__init__(office)
        self._desk = Desk(office)
        self._port = office.port
        self._make = partial(Message, self._desk)
        self.sync = SyncBus(self._desk)
        sim.fakes.setdefault("bus", self)

    async def publish(
        self,
        name: str,
        body: object,
        *,
        delay: float = 0.0,
        key: str | None = None,
        dedup: str | None = None,
    ) -> str:
        """Send a message to a queue, or to all groups of a topic; return its id.

        It can be claimed after `delay`. In a FIFO queue, messages of one `key`
        keep their order. What has the same `dedup` as a message of a short time
        ago is dropped, and that message's id returned.
        """
        number: str = await self._port.perform(
            self._office.publishing(name, packed(body, delay, key, dedup))
        )
        return number

    async def claim(self, name: str, wait: float | None = 0.0) -> Message | None:
        """Take the next message of a queue; None if there is none for `wait` seconds.

        With wait=None, wait until there is one. Acknowledge the message, or it
        comes back when its visibility timeout is over.
        """
        claim = self._desk.claim(name, wait, self._make)
        try:
            message: Message | None = await self._port.perform(claim.op)
        finally:
            claim.end()
        return message

    @asynccontextmanager
    async def claimed(self, name: str, wait: float | None = None) -> AsyncIterator[Message]:
        """Claim a message for a block: acknowledged at its end, given back if it raises.

        What goes past `except Exception` gives nothing back (a cancellation: who is
        gone can say nothing), so the message comes back by itself.
        """
        message = await self.claim(name, wait)
        if message is None:
            raise Empty(f"no message came to {name!r} within {wait:g} s")
        try:
            yield message
        except Exception:
            await message.nack()
            raise
        await message.ack()

    async def subscribe(self, name: str, group: str, wait: float | None = None) -> Subscription:
        """Join a group of a topic, which gets every message from now on; members compete.

        `async for` ends after `wait` seconds without a message; None is never.
        """
        queue: str = await self._port.perform(self._office.subscribing(name, group))
        return Subscription(self, queue, wait)

    async def depth(self, name: str) -> int:
        """Count the messages that could be claimed now."""
        count: int = await self._port.perform(self._office.counting(name))
        return count


class Subscription:
    """A group's messages: `async for message in subscription`, or claim them one by one."""

    def __init__(self, bus: Bus, queue: str, wait: float | None) -> None:
        self._bus = bus
        self._wait = wait
        self.queue = queue

    async def claim(self, wait: float | None = 0.0) -> Message | None:
        """Take the group's next message; as `Bus.claim`."""
        return await self._bus.claim(self.queue, wait)

    def claimed(self, wait: float | None = None) -> AbstractAsyncContextManager[Message]:
        """Claim a message for a block; as `Bus.claimed`."""
        return self._bus.claimed(self.queue, wait)

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Message:
        message = await self._bus.claim(self.queue, self._wait)
        if message is None:
            raise StopAsyncIteration
        return message
