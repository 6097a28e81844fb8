"""Peer to peer, an anti-pattern: equals without a supervisor, who agree on every step.

    each -> "may I?" -> all the others -> "agreed" -> each -> "done" -> all the others

For one step of n peers there are 3(n - 1) messages and n - 1 calls of the model,
and the work is no more than one agent's. Breaks when two ask at the same time:
each waits for the other's answer, and answers nobody meanwhile. Hardened, steps
go strictly one after another, so that nobody else asks, and who waits does not
wait for ever and who fails says so, and what is done is noted, so that no other try
has to agree on it again. What is inherent: so many messages that some are lost in
most tries, so many model calls that the rate limit is in the way, and so the cap on
turns or a quarter of an hour that ends it, and a human goes on.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import pileup
from pileup.fakes.bus import Message
from pileup.fakes.model import Model
from pileup.scenarios.controls.retrying import OUTSIDE
from pileup.scenarios.documents.intake import HOPELESS
from pileup.scenarios.documents.joining import all_of
from pileup.scenarios.documents.papers import Outcome
from pileup.scenarios.documents.tasks import NeedsHuman
from pileup.scenarios.topologies.steps import STEPS, Have, do, done_before, possible
from pileup.scenarios.topology import Topology

if TYPE_CHECKING:
    from pileup.scenarios.documents.desk import Desk

T = TypeVar("T")

PATIENCE: Final = 75.0
"""Seconds that a peer waits for another, where it does not wait for ever."""

USUAL: Final = 5
AGREED: Final = "agreed"
ASK: Final = "Say whether you agree. A peer wants to do this next:"
ORDER: Final = tuple(STEPS)


class Over(NeedsHuman):
    """One of the others has given up."""


class Gone(TimeoutError):
    """One of the others has failed, and does not go on with this try."""


def teach(model: Model) -> None:
    """Declare that a model agrees."""
    model.answer(ASK, AGREED)


def peers(number: int) -> Topology:
    """Return the topology of so many equals."""
    return Topology(
        "peers" if number == USUAL else f"peers of {number}",
        partial(among_equals, number),
        "equals who agree on every step",
        teach,
        is_anti_pattern=True,
    )


async def among_equals(number: int, desk: Desk) -> Outcome:
    """Let all of them begin, and wait until all of them know that it is done."""
    talk = desk.me.name if desk.controls.scratchpads else f"document {desk.task.number}"
    have = await done_before(desk)
    await all_of(
        desk,
        [desk.start(take_part, each, number, talk, have, role="peer") for each in range(number)],
    )
    return Outcome("done")


async def take_part(desk: Desk, me: int, number: int, talk: str, have: Have) -> None:
    """Do one's own steps when it is time, and hear of those of the others."""
    peer = Peer(desk, me, number, talk)
    peer.have |= have
    try:
        while len(peer.have) < len(STEPS):
            step = peer.next()
            if step is None:
                await peer.listen()
            else:
                await peer.propose(step)
    except (Over, Gone):
        raise
    except HOPELESS as error:
        await peer.give_up({"over": f"{type(error).__name__}: {error}"})
        raise
    except OUTSIDE as error:
        if desk.controls.timeouts:
            with suppress(*OUTSIDE):  # then the others wait until they have had enough
                await peer.give_up({"gone": f"{type(error).__name__}"})
        raise


class Peer:
    """One of the equals: what it knows, and how it talks to the others."""

    def __init__(self, desk: Desk, me: int, number: int, talk: str) -> None:
        self.have = Have()
        self._desk = desk
        self._me = me
        self._talk = talk
        self._others = [each for each in range(number) if each != me]
        self._mine = ORDER[me::number]

    def next(self) -> str | None:
        """Name the step of one's own that is due, if there is one."""
        due = possible(self.have)
        if self._desk.controls.exclusion:
            due = due[:1]  # one after another, although several could be done
        return next((step for step in due if step in self._mine), None)

    async def propose(self, step: str) -> None:
        """Ask all the others, do it, and tell them what came of it."""
        await self._tell_all({"ask": step, "by": self._me})
        agreed = await self._in_time(partial(self._agreement, step))
        self.have[step] = await do(self._desk, step, self.have)
        await self._tell_all({"done": step, "result": self.have[step]})
        for message in agreed.values():
            await self._dealt_with(message)

    async def listen(self) -> None:
        """Hear what another has to say, and answer if it asks."""
        message = await self._in_time(partial(self._hear, str(self._me)))
        said = message.body
        if "done" in said:
            self.have[said["done"]] = said["result"]
        else:
            await self._desk.ask(f"{ASK} {said['ask']}", partial(_agreed, self._desk))
            answer = {"to": said["ask"], "by": self._me}
            await self._tell(f"answers to {said['by']}", answer)
        await self._dealt_with(message)

    async def give_up(self, why: dict[str, str]) -> None:
        """Tell all the others that they wait in vain."""
        for each in self._others:
            await self._tell(str(each), why)
            await self._tell(f"answers to {each}", why)

    async def _tell_all(self, said: object) -> None:
        for each in self._others:
            await self._tell(str(each), said)

    async def _tell(self, to: str, said: object) -> None:
        dedup = f"{to}, {json.dumps(said)}" if self._desk.controls.idempotency else None
        publish = partial(self._desk.office.bus.publish, f"{self._talk}, {to}", said, dedup=dedup)
        await self._desk.call("tell", publish)

    async def _in_time(self, wait: Callable[[], Awaitable[T]]) -> T:
        """Wait for others, for ever where there are no timeouts."""
        if not self._desk.controls.timeouts:
            return await wait()
        async with pileup.timeout(PATIENCE):
            return await wait()

    async def _agreement(self, step: str) -> dict[int, Message]:
        """Wait until all the others have agreed, however often one says so."""
        agreed: dict[int, Message] = {}
        while len(agreed) < len(self._others):
            message = await self._hear(f"answers to {self._me}")
            if message.body["to"] == step:
                agreed[message.body["by"]] = message
        return agreed

    async def _hear(self, where: str) -> Message:
        """Wait until somebody says something."""
        message = await self._desk.office.bus.claim(f"{self._talk}, {where}", None)
        assert message is not None, "who waits for ever gets a message"
        if not self._desk.controls.checkpoints:
            await self._desk.call("hear", message.ack)
        if "over" in message.body:
            raise Over(message.body["over"])
        if "gone" in message.body:
            raise Gone(message.body["gone"])
        return message

    async def _dealt_with(self, message: Message) -> None:
        """Take a message for heard, now that nothing of it can be lost any more."""
        if self._desk.controls.checkpoints:
            await self._desk.call("hear", message.ack)


def _agreed(desk: Desk, answer: str) -> str:
    if desk.controls.gates and answer != AGREED:
        raise ValueError(f"it must be one word, {AGREED}")
    return answer


PEERS = peers(USUAL)
