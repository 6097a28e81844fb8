"""Workers at a queue, and what they write down: done, done again, and handed on to helpers."""

from __future__ import annotations

from typing import Final

from corpus.labels import bug, decoy, fixed

import pileup
from pileup.fakes import World
from pileup.fakes.bus import BusError, Message
from pileup.faults import Rule

LOG: Final = "audit.log"
DISK_FULL: Final = Rule("full", on="append*", moment="before")


def with_jobs(sim: pileup.Sim) -> World:
    world = World(sim)
    world.bus.queue("jobs", visibility=30, max_deliveries=4, dead_letter="dead")
    world.bus.seed("jobs", *range(12))
    world.files.seed(LOG, "")
    return world


def with_one_job(sim: pileup.Sim) -> World:
    world = World(sim)
    world.bus.queue("jobs", visibility=30, max_deliveries=4, dead_letter="dead")
    world.bus.seed("jobs", 7)
    return world


# Calls that look alike ---------------------------------------------------------------------------


async def gives_back(message: Message, tries: int) -> bool:
    for _ in range(tries):
        try:
            return await message.nack()
        except BusError:
            continue
    return False


@bug(
    "retry_amplification",
    setup=with_one_job,
    agents=1,
    faults=Rule("unavailable", on="nack*"),
)
async def gives_one_message_back_in_two_layers(world: World) -> None:
    message = await world.bus.claim("jobs")
    for _ in range(3):
        if message is None or await gives_back(message, 3):
            return


@fixed(gives_one_message_back_in_two_layers)
async def gives_one_message_back_in_one_layer(world: World) -> None:
    message = await world.bus.claim("jobs")
    for _ in range(3):
        if message is None or await gives_back(message, 1):
            return


@decoy(setup=with_jobs, agents=1, faults=Rule("unavailable", on="nack*"))
async def gives_every_message_back_once(world: World) -> None:
    """A dozen messages, each given back once, and each time in vain: no call was made again."""
    while message := await world.bus.claim("jobs"):
        if message.deliveries > 1:
            await message.ack()
        else:
            await gives_back(message, 1)


async def notes(world: World, line: str) -> bool:
    try:
        await world.files.append(LOG, f"{line}\n")
    except OSError:
        return False
    return True


async def insists(world: World, line: str) -> bool:
    for _ in range(3):
        if await notes(world, line):
            return True
    return False


@bug("retry_amplification", setup=with_jobs, agents=1, faults=DISK_FULL)
async def notes_one_line_in_two_layers(world: World) -> None:
    for _ in range(3):
        if await insists(world, "paid order 7"):
            return


@fixed(notes_one_line_in_two_layers)
async def notes_one_line_in_one_layer(world: World) -> None:
    await insists(world, "paid order 7")


@decoy(
    setup=with_jobs,
    agents=1,
    faults=[Rule("restart", by="works", odds=0.1, most=1), Rule("full", on="append*", odds=0.5)],
)
async def notes_what_each_helper_does(_: World, me: pileup.Agent) -> None:
    """Line after line in one file; who begins anew writes its own once more, as a log is."""

    async def works(world: World, me: pileup.Agent) -> None:
        for part in range(4):
            await notes(world, f"{me.name} begins {part}")
            await notes(world, f"{me.name} has done {part}")

    for helper in [works] * 3:
        await me.spawn(helper)


@decoy(setup=with_jobs, agents=1, faults=DISK_FULL)
async def notes_a_dozen_lines_in_vain(world: World) -> None:
    for line in range(12):
        await notes(world, f"line {line}")


# Messages and their work -------------------------------------------------------------------------


async def does(world: World, order: object) -> None:
    await world.memory.set(f"done {order}", True)


@bug("lost_work", setup=with_one_job, faults=Rule("crash", on="ack*", most=1))
async def acknowledges_before_its_helper_begins(world: World, me: pileup.Agent) -> None:
    message = await world.bus.claim("jobs", wait=120)
    if message is not None:
        await message.ack()
        await me.spawn(lambda world: does(world, message.body), role="helper")


@fixed(acknowledges_before_its_helper_begins)
async def acknowledges_when_its_helper_is_done(world: World, me: pileup.Agent) -> None:
    message = await world.bus.claim("jobs", wait=120)
    if message is not None:
        await me.spawn(lambda world: does(world, message.body), role="helper")
        await message.ack()


@decoy(setup=with_one_job, agents=3, faults=Rule("crash", on="ack*", odds=0.6))
async def sees_that_it_is_done(world: World) -> None:
    """A message comes again, its work is done already, and whoever has it now crashes as well."""
    message = await world.bus.claim("jobs", wait=120)
    if message is None:
        return
    if await world.memory.get(f"done {message.body}") is None:
        await does(world, message.body)
    await message.ack()


@decoy(setup=with_one_job, agents=3, faults=Rule("crash", on="read*", odds=0.5))
async def dies_when_its_helper_is_done(world: World, me: pileup.Agent) -> None:
    """It has acknowledged first, which was early, but nothing was lost by it."""
    message = await world.bus.claim("jobs", wait=120)
    if message is not None:
        await message.ack()
        await me.spawn(lambda world: does(world, message.body), role="helper")
        await world.memory.get("anything else")


async def sends_it_until_it_is_done(world: World) -> None:
    """Whoever acknowledges early may die of it: it is sent again, and done by another."""
    for _ in range(3):
        await world.bus.publish("mail", {"to": "ann"})
        await pileup.sleep(60)
        if await world.memory.get("done ann"):
            return


async def acknowledges_early(world: World) -> None:
    message = await world.bus.claim("mail", wait=600)
    if message is not None:
        await message.ack()
        await does(world, message.body["to"])


@decoy(
    agent=[sends_it_until_it_is_done, acknowledges_early, acknowledges_early],
    faults=Rule("crash", on="ack*", most=1),
)
def is_sent_again_when_its_worker_dies() -> None:
    """Acknowledged too early, and not lost by that."""


# Parts -------------------------------------------------------------------------------------------


def with_prices(sim: pileup.Sim) -> World:
    world = World(sim)
    world.memory.seed(price=4)
    world.model.answer("add up", "12")
    world.model.answer("guess", "4")
    return world


async def looks_up(world: World) -> object:
    return await world.memory.get("price")


THE_THIRD_DIES: Final = Rule("crash", on="read*", by="shop", nth=3)


@bug("silent_partial", setup=with_prices, faults=THE_THIRD_DIES)
async def adds_up_without_the_last(world: World, me: pileup.Agent) -> str:
    prices: list[object] = []
    for shop in [me.spawn(looks_up, role="shop") for _ in range(3)]:
        try:
            prices.append(await shop)
        except Exception:  # noqa: BLE001 - as it is done
            continue
    return (await world.model.complete(f"add up {prices}")).text


@fixed(adds_up_without_the_last)
async def guesses_what_is_missing_and_adds_up(world: World, me: pileup.Agent) -> str:
    prices: list[object] = []
    for shop in [me.spawn(looks_up, role="shop") for _ in range(3)]:
        try:
            prices.append(await shop)
        except Exception:  # noqa: BLE001 - as it is done
            prices.append((await world.model.complete("guess the price")).text)
    return (await world.model.complete(f"add up {prices}")).text
