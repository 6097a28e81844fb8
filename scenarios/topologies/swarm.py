"""A swarm: many agents without a boss, over shared findings and news of them.

Each looks at a part of the document, puts what it found where all can see it,
and tells the others; whoever sees that all is there does the rest.

It breaks where the findings are one value that is read, changed and written
back, where one place serves several documents, and where several see that all
is there and each does the rest. Hardened, each finding is a field of its own,
of which the first counts, the place is the session's, and each part and the
rest are claimed by one agent of a try. If that one is gone, so is the try, and
who fails says so on the board; the next one claims anew, and goes on from what
was found.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pileup
from pileup.scenarios.controls.retrying import OUTSIDE
from pileup.scenarios.documents.calling import QUICK
from pileup.scenarios.documents.desk import AGENT
from pileup.scenarios.documents.joining import endings, raise_worst
from pileup.scenarios.documents.papers import Outcome
from pileup.scenarios.documents.parts import without
from pileup.scenarios.topology import Topology

if TYPE_CHECKING:
    from redis.asyncio.client import PubSub

    from pileup.scenarios.documents.desk import Desk
    from pileup.scenarios.documents.papers import Invoice

PATIENCE: Final = AGENT / 2
"""Seconds after which an agent that has nothing to do leaves."""

POLL: Final = 15.0
"""Seconds without news after which it looks all the same, because news can be lost."""

MANY: Final = 100_000
"""Connections to the cache, of which redis-py would allow 100."""

REST: Final = "the rest"

Findings = dict[str, Any]  # Any: whatever was found
Look = Callable[["Desk", Findings], Awaitable[object]]


class Part(NamedTuple):
    """What somebody looks at, and what has to be known for that."""

    look: Look
    needs: frozenset[str] = frozenset()


class Board:
    """What was found out about one document, for a whole swarm to see."""

    def __init__(self, desk: Desk, swarm: str) -> None:
        self._call, self._me, self._swarm = desk.call, desk.me.name, swarm
        self._controls = desk.controls
        self._cache = desk.office.cache
        whose = f" of {desk.task.session}" if desk.controls.scratchpads else ""
        self.name = f"findings{whose}"
        self.over = f"over in {swarm}"

    async def clear(self) -> None:
        """Begin with nothing, unless what an earlier try has found is to be kept."""
        if not self._controls.checkpoints:
            await self._call("clear", lambda: self._cache.delete(self.name))

    async def read(self) -> Findings:
        """See what there is."""
        if not self._controls.exclusion:
            page = await self._call("look", lambda: self._cache.get(self.name))
            return dict(json.loads(page or "{}"))
        fields = await self._call("look", lambda: self._cache.hgetall(self.name))
        return {_text(field): json.loads(value) for field, value in fields.items()}

    async def put(self, what: str, value: object) -> bool:
        """Add something; whether it was the first of its kind."""
        if self._controls.exclusion:
            add = partial(self._cache.hsetnx, self.name, what, json.dumps(value))
            return bool(await self._call("put", add))
        page = json.dumps({**await self.read(), what: value})
        await self._call("put", lambda: self._cache.set(self.name, page))
        return True

    async def claim(self, what: str, found: Findings) -> bool:
        """Take something on, unless another one has."""
        claim = self.taken(what)
        if claim in found:
            return bool(found[claim] == self._me)  # from an earlier life
        return await self.put(claim, self._me)

    def taken(self, what: str) -> str:
        """Name the mark of who has taken something on."""
        return f"{what}, taken in {self._swarm}"

    async def tell(self, news: str) -> None:
        """Let the others know that there is something new."""
        await self._call("tell", lambda: self._cache.publish(self.name, news))


def _text(field: bytes | str) -> str:
    return field.decode() if isinstance(field, bytes) else field


# What the parts are -----------------------------------------------------------------------------


def _fields(*names: str) -> Look:
    async def look(desk: Desk, _: Findings) -> object:
        return await desk.extract(await desk.read(), names)

    return look


async def _risk(desk: Desk, found: Findings) -> object:
    return await desk.judge(_invoice(desk, found))


async def _letter(desk: Desk, found: Findings) -> object:
    return await desk.compose(await desk.read(), found["risk"])


def _invoice(desk: Desk, found: Findings) -> Invoice:
    return desk.accept({**found["who"], **found["what"], **found["money"]})


PARTS: Final = {
    "who": Part(_fields("customer")),
    "what": Part(_fields("sku", "quantity")),
    "money": Part(_fields("price", "total")),
    "risk": Part(_risk, frozenset(("who", "what", "money"))),
    "letter": Part(_letter, frozenset(("risk",))),
}


# Who works on them ------------------------------------------------------------------------------


async def _begin(size: int, desk: Desk) -> Outcome:
    """Let them all loose, and see whether one of them has finished it."""
    swarm = f"{desk.me.name}, life {desk.me.restarts}"
    board = Board(desk, swarm)
    desk.office.cache.connection_pool.max_connections = MANY  # because each agent listens on one
    await board.clear()
    parts = zip(range(size), cycle(PARTS), strict=False)
    agents = [desk.start(join_in, swarm, part) for _, part in parts]
    came, failed = await endings(desk, agents)
    if failed:
        raise_worst(failed)
    if any(came):
        return Outcome("done")
    if not desk.task.is_last_try:
        raise TimeoutError("nobody has done the rest")
    return await without(desk, await _missing(board))


async def _missing(board: Board) -> dict[str, Exception]:
    """Say what nobody has done, although nobody has crashed."""
    found = await board.read()
    parts = [each for each in PARTS if each not in found] or [REST]
    return {each: TimeoutError(f"nobody has done {each}") for each in parts}


async def join_in(desk: Desk, swarm: str, part: str) -> bool:
    """Take part, for as long as that works; whether one did the rest."""
    try:
        return await _take_part(desk, swarm, part)
    except Exception as error:
        if desk.controls.partial_policy:
            await _say_over(desk, Board(desk, swarm))
        if not desk.controls.partial_policy or not isinstance(error, OUTSIDE):
            raise
    return False  # whether all was done is looked at in the end


async def _say_over(desk: Desk, board: Board) -> None:
    """Tell the others not to wait for what will not come, if that can be said."""
    with suppress(*OUTSIDE):
        await board.put(board.over, desk.me.name)
        await board.tell(board.over)


async def _take_part(desk: Desk, swarm: str, part: str) -> bool:
    """Do one's part when it can be done, and the rest if all is there."""
    board, until = Board(desk, swarm), desk.office.now() + PATIENCE
    async with desk.office.cache.pubsub() as news:
        await desk.call("listen", lambda: news.subscribe(board.name))
        while desk.office.now() < until or not desk.controls.timeouts:
            found = await board.read()
            if board.over in found:
                return False
            if found.keys() >= PARTS.keys():
                return await _finish(desk, board, found)
            if not await _look_at(desk, board, part, found):
                await _hear(desk, news)
    return False


async def _look_at(desk: Desk, board: Board, part: str, found: Findings) -> bool:
    """Look at a part, if it is time for that and nobody has."""
    if part in found or not found.keys() >= PARTS[part].needs:
        return False
    if desk.controls.exclusion and not await board.claim(part, found):
        return False
    await board.put(part, await desk.once(part, lambda: PARTS[part].look(desk, found)))
    await board.tell(part)
    return True


async def _hear(desk: Desk, news: PubSub) -> None:
    hear = partial(news.get_message, ignore_subscribe_messages=True)
    if not desk.controls.timeouts:
        await desk.call("hear", partial(hear, timeout=None))
        return
    async with pileup.timeout(POLL + QUICK):  # not a call's own, because to wait is no failure
        await hear(timeout=POLL)


async def _finish(desk: Desk, board: Board, found: Findings) -> bool:
    """Do the rest, unless somebody else does."""
    if not await board.claim(REST, found):
        return False
    invoice = _invoice(desk, found)
    await desk.record(invoice, found["risk"])
    await desk.enter(invoice)
    await desk.charge(invoice)
    await desk.notify(found["letter"])
    return True


def swarm(size: int) -> Topology:
    """Return a swarm of so many agents for each document."""
    if size < len(PARTS):
        raise pileup.UsageError(
            f"A swarm of {size} leaves parts of the document that nobody looks at. "
            f"Write swarm({len(PARTS)}), or more."
        )
    shape = f"{size} agents over shared findings, without a boss"
    return Topology(f"swarm of {size}", partial(_begin, size), shape)


SWARM = swarm(5)
