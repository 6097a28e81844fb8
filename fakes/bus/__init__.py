"""A message bus that agents share: work queues and topics, at least once.

    bus = Bus(sim)
    bus.queue("jobs", visibility=30.0, max_deliveries=5)   # in setup, where the usual will not do
    bus.topic("news", "writers")                           # with a group that is there already
    bus.seed("jobs", {"order": 7})

    await bus.publish("jobs", {"order": 8}, dedup="order 8")
    async with bus.claimed("jobs") as message:             # acked, or given back if it raises
        await charge(message.body)
    message = await bus.claim("jobs", wait=20.0)           # None if none comes in 20 seconds
    await message.extend(30.0)
    await message.ack()                                    # or message.nack(delay=5.0)

    async for message in await bus.subscribe("news", group="writers", wait=60.0):
        await message.ack()

    bus.sync.publish("jobs", {"order": 9})                 # the same in sync code
    bus.dead("jobs"), bus.acked, bus.delivered, bus.peek("jobs")   # for checks after the run

Models: claims that take one message whole and alone, or wait for one; visibility
timeouts in virtual time, or (`visibility=None`) messages that stay with their
consumer until it has crashed or ended; redelivery, dead letters after so many
deliveries, delays, deduplication ids, FIFO order by key, groups of a topic.
Under a fault plan: answers that are lost, messages that are delivered twice or
out of order. A queue comes into being, as usual, when it is first named.

Divergence from the real thing
------------------------------
* Without a fault plan messages are delivered once and in order, and one that
  comes back stands where it stood; SQS promises neither outside of FIFO queues.
* A message comes back at a moment that the search chooses once it is due, but
  never later than somebody looks who can tell that time has moved on. How long
  it takes until a connection is known to be dead (`visibility=None`), or a message
  whose time ran out is with the dead letters, is not bounded.
* A receipt is good past its time until the message is delivered again, and `ack`
  with a worthless one changes nothing and returns False, as with SQS' standard
  queues; RabbitMQ closes the channel. To acknowledge twice is no mistake.
* What was given back cannot be acknowledged any more.
* A message is buried when it would come back after its last delivery, as in
  RabbitMQ's quorum queues; SQS buries it when it is next asked for. Among the
  dead letters its deliveries count from 1 again.
* What is published to a topic while it has no groups is gone, as with a fanout
  exchange or SNS; a group gets nothing from before it was there.
* Deduplication ids work on any queue, and messages of a FIFO queue without a
  key are one group; SQS wants FIFO for the former, and a key for the latter.
* Bodies are copied and not serialised, so a tuple stays a tuple.
* A publisher or consumer that gives up before its call took effect has not made it.
* No batches, no prefetching, no purging, no redriving of dead letters.
"""

from __future__ import annotations

from pileup.fakes.bus.errors import (
    BusError,
    ConnectionLost,
    Empty,
    NoAnswer,
    ReceiptExpired,
    Rejected,
    Throttled,
    Unreachable,
)
from pileup.fakes.bus.handle import Bus, Subscription
from pileup.fakes.bus.ledger import Entry
from pileup.fakes.bus.messages import Message, SyncMessage
from pileup.fakes.bus.sync import SyncBus

__all__ = [
    "Bus",
    "BusError",
    "ConnectionLost",
    "Empty",
    "Entry",
    "Message",
    "NoAnswer",
    "ReceiptExpired",
    "Rejected",
    "Subscription",
    "SyncBus",
    "SyncMessage",
    "Throttled",
    "Unreachable",
]
