"""A message as its consumer holds it: a copy of the body, and how to settle it."""

from __future__ import annotations

from typing import Any

from pileup.fakes.bus.desk import Desk
from pileup.fakes.bus.queues import Receipt


class Delivery:
    """One delivery of one message. `body` is the consumer's own copy.

    `id` is the same in all deliveries, which is what tells duplicates;
    `deliveries` counts them, this one included; `receipt` names this one.
    """

    __slots__ = ("_desk", "_receipt", "body", "deliveries", "id", "key", "queue")

    def __init__(self, desk: Desk, receipt: Receipt, body: Any) -> None:
        self._desk = desk
        self._receipt = receipt
        self.body: Any = body  # Any: the user's own
        self.id = receipt.letter.id
        self.key = receipt.letter.group
        self.queue = receipt.queue.name
        self.deliveries = receipt.delivery

    @property
    def receipt(self) -> str:
        """Name this delivery."""
        return f"{self.id}/{self._receipt.turn}"

    def __repr__(self) -> str:
        return f"<Message {self.id}, delivery {self.deliveries}>"


class Message(Delivery):
    """A message in async code."""

    __slots__ = ()

    async def ack(self) -> bool:
        """Say that it is done with; it is gone then.

        Whether this delivery settled it. A second time is like the first; one
        that comes after the message was delivered again changes nothing.
        """
        done: bool = await self._desk.port.perform(self._desk.acking(self._receipt))
        return done

    async def nack(self, delay: float = 0.0) -> bool:
        """Give it back, to be delivered again after `delay`; whether it was still held."""
        held: bool = await self._desk.port.perform(self._desk.nacking(self._receipt, delay))
        return held

    async def extend(self, seconds: float) -> None:
        """Keep it for `seconds` from now on; ReceiptExpired if it is too late for that."""
        await self._desk.port.perform(self._desk.extending(self._receipt, seconds))


class SyncMessage(Delivery):
    """A message in sync code."""

    __slots__ = ()

    def ack(self) -> bool:
        """Say that it is done with; as `Message.ack`."""
        done: bool = self._desk.port.call(self._desk.acking(self._receipt))
        return done

    def nack(self, delay: float = 0.0) -> bool:
        """Give it back; as `Message.nack`."""
        held: bool = self._desk.port.call(self._desk.nacking(self._receipt, delay))
        return held

    def extend(self, seconds: float) -> None:
        """Keep it for longer; as `Message.extend`."""
        self._desk.port.call(self._desk.extending(self._receipt, seconds))
