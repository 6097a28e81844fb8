"""A mesh: agents on a bus, without a coordinator; each knows what it listens to and what it says.

One event leads to the next: read, extracted, judged, recorded, charged, told.
The head says the first, and waits for the last.

It breaks where an event is acknowledged before its work is done, as the work is
lost with its agent; where one that comes again is worked on again; where an
agent waits for what never comes; and where events of several documents meet, as
an agent then mixes one customer's papers with another's. Hardened, an event is
acknowledged when its work is done, what it leads to has a key of its own, waits
end, who fails says so to the next, an agent whose work is done is not called
again, and events are a session's, without what is private in them: that lies
in the session's own place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pileup
from pileup.scenarios.controls.retrying import OUTSIDE
from pileup.scenarios.documents.calling import QUICK
from pileup.scenarios.documents.desk import AGENT
from pileup.scenarios.documents.papers import Outcome
from pileup.scenarios.documents.parts import side_by_side, without
from pileup.scenarios.topology import Topology

if TYPE_CHECKING:
    from pileup.fakes.bus import Message
    from pileup.scenarios.documents.desk import Desk

PATIENCE: Final = AGENT / 2
"""Seconds after which an agent no longer waits for its event."""

KEPT: Final = 86_400.0
"""Seconds for which the bus knows the key of an event, because tries may be far apart."""

FIRST, LAST, HEAD = "document.read", "document.told", "head"
OVER: Final = "over"

Papers = dict[str, Any]  # Any: what the agents before have found, each something else


class Stage(NamedTuple):
    """An agent of the mesh: what it listens to, what it does then, and what it says after it."""

    hears: str
    do: Callable[[Desk, Papers], Awaitable[Papers]]
    says: str


async def _extract(desk: Desk, papers: Papers) -> Papers:
    return {"found": await desk.once("extract", lambda: desk.extract(papers["text"]))}


async def _judge(desk: Desk, papers: Papers) -> Papers:
    invoice = desk.accept(papers["found"])
    return {"risk": await desk.once("judge", lambda: desk.judge(invoice))}


async def _record(desk: Desk, papers: Papers) -> Papers:
    invoice = desk.accept(papers["found"])
    await desk.record(invoice, papers["risk"])
    await desk.enter(invoice)
    return {}


async def _charge(desk: Desk, papers: Papers) -> Papers:
    await desk.charge(desk.accept(papers["found"]))
    return {}


async def _tell(desk: Desk, papers: Papers) -> Papers:
    letter = partial(desk.compose, papers["text"], papers["risk"])
    await desk.notify(await desk.once("letter", letter))
    return {}


STAGES: Final = {
    "reader": Stage(FIRST, _extract, "document.extracted"),
    "judge": Stage("document.extracted", _judge, "document.judged"),
    "clerk": Stage("document.judged", _record, "document.recorded"),
    "cashier": Stage("document.recorded", _charge, "document.charged"),
    "writer": Stage("document.charged", _tell, LAST),
}


async def begin(desk: Desk) -> Outcome:
    """Say that there is a document, and wait until it is said that the customer was told."""
    for name, stage in STAGES.items():
        _declare(desk, stage.hears, name)
    _declare(desk, LAST, HEAD)
    await _say(desk, FIRST, {"text": await desk.read()})
    noted = await desk.noted()
    due = {name: partial(listen, name=name) for name in STAGES if _done(name) not in noted}
    talk = f"{desk.me.name}, life {desk.me.restarts}"
    came, failed = await side_by_side(desk, due, talk)
    if not failed and all(came.values()):
        last = await _hear(desk, LAST, HEAD, talk)
        if last is not None:
            if not desk.controls.checkpoints:
                await desk.call("acknowledge", last.ack)
            return Outcome("done")  # if that is lost, the next try hears the event again
    return await without(desk, failed or {LAST: TimeoutError("nobody has told the customer")})


async def listen(desk: Desk, talk: str, name: str) -> bool:
    """Do what an event is for; if that fails, tell the next not to wait."""
    try:
        return await _listen(desk, talk, name)
    except Exception:
        await _say_over(desk, STAGES[name].says, talk)
        raise


async def _listen(desk: Desk, talk: str, name: str) -> bool:
    """Wait for an event, do what it is for, and say what has happened then; False without one."""
    stage = STAGES[name]
    event = await _hear(desk, stage.hears, name, talk)
    if event is None or OVER in event.body:
        await _say_over(desk, stage.says, talk)
        return False
    if not desk.controls.checkpoints:
        await desk.call("acknowledge", event.ack)
    papers = await _papers(desk, stage.hears, event)
    await _say(desk, stage.says, {**papers, **await stage.do(desk, papers)})
    if desk.controls.checkpoints:
        await desk.once(_done(name), _nothing)
        await desk.call("acknowledge", event.ack)
    return True


def _done(name: str) -> str:
    return f"{name} is done"


async def _nothing() -> None:
    """Come to nothing: that it is noted says all."""


# Saying and hearing -----------------------------------------------------------------------------


def _channel(desk: Desk, topic: str) -> str:
    return f"{topic} of {desk.task.session}" if desk.controls.scratchpads else topic


def _declare(desk: Desk, topic: str, group: str) -> None:
    desk.office.bus.topic(_channel(desk, topic), group, dedup_window=KEPT)


async def _say(desk: Desk, topic: str, papers: Papers) -> None:
    """Publish an event, with its papers, or with nothing but where to look for them."""
    body = papers
    if desk.controls.scratchpads:
        await desk.put(topic, papers)
        body = {"document": desk.task.number}
    key = f"{topic} of {desk.task.number}" if desk.controls.idempotency else None
    publish = partial(desk.office.bus.publish, _channel(desk, topic), body, dedup=key)
    await desk.call("publish", publish)


async def _say_over(desk: Desk, topic: str, talk: str) -> None:
    """Tell the next that its event will not come, if that can be said."""
    if desk.controls.partial_policy and topic != LAST:  # because the head sees who has failed
        key = f"{topic} is over in {talk}"
        over = partial(desk.office.bus.publish, _channel(desk, topic), {OVER: talk}, dedup=key)
        with suppress(*OUTSIDE):
            await desk.call("publish", over)


async def _papers(desk: Desk, topic: str, event: Message) -> Papers:
    papers: Papers = await desk.take(topic) if desk.controls.scratchpads else event.body
    return papers


async def _hear(desk: Desk, topic: str, group: str, talk: str) -> Message | None:
    """Wait for an event, or for it to be said that it will not come; None if nothing is said.

    What an earlier try has said of that is passed over, and never acknowledged, because
    nobody has anything to do for it.
    """
    until = desk.office.now() + PATIENCE
    while True:
        event = await _next(desk, topic, group, max(0.0, until - desk.office.now()))
        if event is None or event.body.get(OVER, talk) == talk:
            return event


async def _next(desk: Desk, topic: str, group: str, patience: float) -> Message | None:
    """Wait for as long as is sensible, or for ever."""
    subscribe = partial(desk.office.bus.subscribe, _channel(desk, topic), group)
    events = await desk.call("subscribe", subscribe)
    if not desk.controls.timeouts:
        return await desk.call("hear", lambda: events.claim(wait=None))
    with suppress(TimeoutError):  # not a call's own, because to wait is no failure
        async with pileup.timeout(patience + QUICK):
            return await events.claim(wait=patience)
    return None


MESH = Topology("mesh", begin, "agents on a bus: one event leads to the next")
