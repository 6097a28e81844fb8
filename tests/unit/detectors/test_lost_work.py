"""Lost work: acknowledged and never done, where that is certain."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import pileup
from pileup.detectors import detect, told
from pileup.fakes import World
from pileup.faults import Rule
from pileup.strategies import Random

TAKEN = "w1:claim(c q c m[q#1]) {message=q#1 lease=30.0}, w1:ack(u q c m[q#1]) {message=q#1}"
OTHER = (
    "w2:claim(c q c m[q#2]) {message=q#2 lease=30.0}, w2:ack(u q c m[q#2]) {message=q#2}, w2:w x, "
    "w2:w y, w2:end"
)

BEFORE = "w0:claim(c q c m[q#1]) {message=q#1 lease=30.0}"

SENT = "p:publish(c q) {message=q#1 intent=job effect=yes}"
SENT_AGAIN = SENT.replace("#1", "#2")
KNOWN = "p:publish(r q) {message=q#1 intent=job}"

LOST = {
    "nothing was done": f"{TAKEN}, w1:end! ~crash",
    "it had only read": f"{TAKEN}, w1:r x1, w1:end! ~crash",
    "it failed": f"{TAKEN}, w1:end!",
    "it began anew and ended": f"{TAKEN}, w1:crash ~crash, w1.1:start, w1.1:end",
    "others did more": f"{TAKEN}, {OTHER}, w1:w x, w1:end! ~crash",
    "its helper had only read": f"{TAKEN}, h<w1:r x1, w1:end! ~crash",
    "a helper from before did something": f"w1:start, h<w1:start, {TAKEN}, h:w x1, w1:end!",
    "somebody else's helper did something": f"{TAKEN}, w3:start, h<w3:w x1, w1:end! ~crash",
    "who had it before had only read": f"{BEFORE}, w0:r x1, w0:end! ~crash, {TAKEN}, w1:end!",
    "who had it before did another": f"{BEFORE.replace('#1', '#7')}, w0:w x1, {TAKEN}, w1:end!",
    "the same was sent before": f"{SENT.replace('#1', '#0')}, {SENT}, {TAKEN}, w1:end!",
    "two alike were sent from the start": f"{SENT}, {SENT_AGAIN}, {TAKEN}, w1:end!",
    "another was sent, and done": (
        f"{SENT}, {SENT_AGAIN.replace('=job', '=other')}, {TAKEN}, w1:end! ~crash, {OTHER}"
    ),
    "something else was sent": f"{SENT}, {TAKEN}, w1:end!, {SENT_AGAIN.replace('=job', '=other')}",
    "the same was sent for another": f"{SENT}, {TAKEN}, w1:end!, {SENT_AGAIN.replace('p:', 'q:')}",
    "what was sent again was known": f"{SENT}, {TAKEN}, w1:end!, {KNOWN}",
    "it is not known who has sent it": f"{TAKEN}, w1:end!, {SENT_AGAIN}",
    "it began anew and went on with nothing": (
        f"{TAKEN}, w1:crash ~crash, w1.1:claim(r q), w1.1:w x1, w1.1:end"
    ),
}

RIGHT = {
    "it lived": f"{TAKEN}, w1:end",
    "the work came first": (
        "w1:claim(c q1 c m[q#1]) {message=q#1}, w1:w x1, w1:ack(u q c m[q#1]) {message=q#1}, "
        "w1:end! ~crash"
    ),
    "it was not acknowledged": "w1:claim(c q1 c m[q#1]) {message=q#1}, w1:end! ~crash",
    "the ack was refused": (
        "w1:claim(c q1 c m[q#1]) {message=q#1}, w1:ack(r m[q#1]) {message=q#1}, w1:end! ~crash"
    ),
    "others did no more": f"{TAKEN}, {OTHER}, w1:w x, w1:w y, w1:end! ~crash",
    "who knows how much there was to do": f"{TAKEN}, w1:w x1, w1:end! ~crash",
    "it had gone on to the next": f"{TAKEN}, w1:claim(r q), w1:end! ~crash",
    "who had it before did it": f"{BEFORE}, w0:w x1, w0:end! ~crash, {TAKEN}, w1:r x, w1:end!",
    "who has it too does it": f"{BEFORE}, {TAKEN}, w1:end! ~crash, w0:w x1, w0:end",
    "who had it before let a helper do it": (
        f"{BEFORE}, h<w0:w x1, w0:end! ~crash, {TAKEN}, w1:r x, w1:end! ~crash"
    ),
    "it was delivered twice, and who has acknowledged it first did it": (
        f"{BEFORE}, w0:ack(u q c m[q#1]) {{message=q#1}}, w0:w x1, w0:end, {TAKEN}, w1:end!"
    ),
    "its helper began when it was gone": f"{TAKEN}, w1:end! ~crash, h<w1:w x1, h:end",
    "it was sent again": f"{SENT}, {TAKEN}, w1:end! ~crash, {SENT_AGAIN}",
    "it had been sent again before it was taken, and that was done": (
        f"{SENT}, {SENT_AGAIN}, {TAKEN}, w1:end! ~crash, {OTHER}"
    ),
    "it was sent again before it was given up": f"{SENT}, {TAKEN}, {SENT_AGAIN}, w1:end!",
    "its helper did it": f"{TAKEN}, h<w1:w x1, w1:end! ~crash",
    "its helper's helper did it": f"{TAKEN}, h<w1:start, i<h:w x1, w1:end! ~crash",
    "its helper did it when it was gone": f"{TAKEN}, h<w1:start, w1:end! ~crash, h:w x1, h:end",
    "its helper acknowledged, and it did it": (
        f"{BEFORE}, h<w0:ack(u q c m[q#1]) {{message=q#1}}, w0:w x1, w0:end! ~crash"
    ),
    "it began anew and did it": f"{TAKEN}, w1:crash ~crash, w1.1:w x1, w1.1:end",
}


def kinds(text: str) -> list[str]:
    return [finding.kind for finding in detect(told(text))]


@pytest.mark.parametrize("text", LOST.values(), ids=LOST)
def test_work_that_nobody_will_do_is_named(text: str) -> None:
    assert kinds(text) == ["lost_work"]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_work_that_is_done_or_comes_back_is_not(text: str) -> None:
    assert kinds(text) == []


def test_it_says_who_took_it() -> None:
    (finding,) = detect(told(LOST["nothing was done"]))
    assert finding.title == "the message q#1 was acknowledged, and its work was never done"
    assert finding.explanation == (
        "w1 took q#1 (event 0) and acknowledged it at once (event 1).\n"
        "Then w1 crashed before it had done anything (event 2).\n"
        "The queue has forgotten the message, so nobody will ever do it."
    )
    assert finding.evidence == (0, 1, 2)


# Programs ----------------------------------------------------------------------------------------


def start(sim: pileup.Sim) -> World:
    world = World(sim)
    for order in range(2):
        world.bus.seed("jobs", order)
    return world


async def acks_first(world: World) -> None:
    message = await world.bus.claim("jobs")
    if message is not None:
        await message.ack()
        await world.memory.set(f"done {message.body}", 1)


async def acks_last(world: World) -> None:
    message = await world.bus.claim("jobs")
    if message is not None:
        await world.memory.set(f"done {message.body}", 1)
        await message.ack()


def acks_first_in_sync_code(world: World) -> None:
    message = world.bus.sync.claim("jobs")
    if message is not None:
        message.ack()
        world.memory.store(f"done {message.body}", 1)


def explored(agent: Any) -> list[str]:
    faults = [Rule("crash", odds=0.2, most=1)]
    found = pileup.explore(agent, setup=start, agents=2, runs=80, faults=faults)
    return [each.kind for each in found.findings]


def test_to_acknowledge_first_loses_work_when_the_worker_crashes() -> None:
    assert explored(acks_first) == ["lost_work"]
    assert explored(acks_first_in_sync_code) == ["lost_work"]


def test_to_acknowledge_last_does_not() -> None:
    assert explored(acks_last) == []


# A sub-agent that begins anew --------------------------------------------------------------------


async def takes_a_job(world: World) -> object:
    message = await world.bus.claim("jobs")
    if message is None:
        return None
    await world.memory.set(f"done {message.body}", 1)
    await message.ack()
    return message.body


async def lets_others_take_jobs(_: World, me: pileup.Agent) -> None:
    async def hands_on() -> None:  # a task of its own starts them
        await me.spawn(takes_a_job, role="kid")

    await asyncio.gather(hands_on(), hands_on())


def test_what_began_anew_was_not_started_by_itself() -> None:
    rules = [Rule("restart", by="kid", odds=0.3, most=1)]
    scenario = pileup.Scenario(lets_others_take_jobs, setup=start, agents=1, faults=rules)
    explorer = scenario.explorer()
    begun_anew = 0
    for seed in range(1, 30):
        run = explorer.once(Random(seed))
        assert run.clean, str(run)
        begun_anew += any(row[0] == "restart" for row in run.history.rows)
        kids = [number for number, who in enumerate(run.history.agents) if who.role == "kid"]
        assert not [agent for agent, _ in run.history.parents if agent in kids]
    assert begun_anew
