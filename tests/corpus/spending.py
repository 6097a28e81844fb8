"""Programs that spend and do not get on: loops, locks in each other's way, budgets, lost parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from corpus.labels import bug, decoy, fixed
from corpus.sessions import looks_up, with_prices

import pileup
from pileup.fakes import World
from pileup.faults import Rule

STOPPED = pileup.Budgets(steps=600)

# Loops -------------------------------------------------------------------------------------


def with_a_tool(sim: pileup.Sim) -> World:
    world = World(sim)
    world.model.answer("what next", "search again")
    world.memory.seed(found="nothing")
    return world


@bug("endless_loop", setup=with_a_tool, agents=1, budgets=STOPPED)
def searches_until_it_is_told_to_stop(world: World) -> None:
    while world.model.sync.complete("what next").text != "stop":
        world.memory.load("found")


@fixed(searches_until_it_is_told_to_stop)
def searches_twice_at_the_most(world: World) -> str:
    for _ in range(2):
        if world.model.sync.complete("what next").text == "stop":
            return "done"
        world.memory.load("found")
    return "not found"


@decoy(setup=with_a_tool, agents=2)
async def asks_five_times_and_votes(world: World) -> str:
    """The same question, to see how often the same answer comes; then it is done."""
    answers = [(await world.model.complete("what next")).text for _ in range(5)]
    return max(answers, key=answers.count)


def with_a_text(sim: pileup.Sim) -> World:
    world = World(sim)
    world.bus.seed("one", "your turn")
    return world


async def writes_in_turn(world: World, mine: str, other: str) -> None:
    for _ in range(4):
        async with world.bus.claimed(mine) as message:
            await world.memory.add("lines", 1)
            await world.bus.publish(other, message.body)


async def writes_odd_lines(world: World) -> None:
    await writes_in_turn(world, "one", "two")


async def writes_even_lines(world: World) -> None:
    await writes_in_turn(world, "two", "one")


@decoy(setup=with_a_text, agent=[writes_odd_lines, writes_even_lines])
async def hands_a_token_to_and_fro() -> None:
    """The message is the same each time, and the work gets on all the same."""


# In each other's way -----------------------------------------------------------------------


async def takes_both(world: World, first: str, second: str) -> None:
    while True:
        if await world.cache.set(first, "mine", nx=True):
            if await world.cache.set(second, "mine", nx=True):
                break
            await world.cache.delete(first)
    await world.memory.add("done", 1)
    await world.cache.delete(first, second)


@bug("livelock", budgets=STOPPED)
async def steps_back_and_tries_again(world: World, me: pileup.Agent) -> None:
    await takes_both(world, *(("a", "b") if me.index == 0 else ("b", "a")))


@fixed(steps_back_and_tries_again, budgets=pileup.Budgets())
async def steps_back_in_one_order(world: World) -> None:
    await takes_both(world, "a", "b")


def with_a_folder(sim: pileup.Sim) -> World:
    world = World(sim)
    world.files.mount("/data")
    return world


def takes(name: str) -> bool:
    try:
        with Path(f"/data/{name}").open("x"):
            return True
    except FileExistsError:
        return False


def takes_both_files(first: str, second: str) -> None:
    while True:
        if takes(first):
            if takes(second):
                break
            Path(f"/data/{first}").unlink()
    Path(f"/data/{first}").unlink()
    Path(f"/data/{second}").unlink()


@bug("livelock", setup=with_a_folder, budgets=STOPPED)
def steps_back_from_files_and_tries_again(_: World, me: pileup.Agent) -> None:
    takes_both_files(*(("a", "b") if me.index == 0 else ("b", "a")))


@fixed(steps_back_from_files_and_tries_again, budgets=pileup.Budgets())
def steps_back_from_files_in_one_order() -> None:
    takes_both_files("a", "b")


@bug("starvation")
async def thinks_too_long_before_it_swaps(world: World, me: pileup.Agent) -> bool:
    tries, pause = (40, 0.5) if me.index == 0 else (12, 2)
    done = False
    for _ in range(tries):
        count = await world.memory.get("count")
        if me.index == 0:
            done = await world.memory.swap("count", count, (count or 0) + 1)
            await pileup.sleep(pause)
            continue
        await pileup.sleep(pause)
        done = await world.memory.swap("count", count, (count or 0) + 1)
        if done:
            break
    return done


@fixed(thinks_too_long_before_it_swaps)
async def thinks_under_a_lock(world: World, me: pileup.Agent) -> None:
    tries, pause = (40, 0.5) if me.index == 0 else (1, 2)
    for _ in range(tries):
        async with world.memory.lock():
            count = await world.memory.get("count")
            await pileup.sleep(pause)
            await world.memory.set("count", (count or 0) + 1)


@decoy(agents=4)
async def swaps_many_times(world: World) -> None:
    """A crowd of optimistic writers: each is refused now and then, and gets there."""
    for _ in range(4):
        while True:
            count = await world.memory.get("count")
            if await world.memory.swap("count", count, (count or 0) + 1):
                break


@decoy(agents=2)
async def stands_by(world: World, me: pileup.Agent) -> None:
    """One leads for as long as it lives; the other asks now and then, in vain."""
    for _ in range(12):
        if await world.cache.set("leader", me.name, nx=True):
            for _ in range(5):
                await pileup.sleep(2)
                await world.cache.set("leader", me.name, xx=True)
            return
        await pileup.sleep(1)


# Parts -------------------------------------------------------------------------------------


DOWN = Rule("unavailable", on="GET*", most=1)


def asks(world: World) -> str:
    if world.http.sync.get("/price").status != 200:
        raise ValueError("no price")
    return "12"


@bug("silent_partial", setup=with_prices, agents=1, faults=DOWN)
def adds_up_what_came(world: World, me: pileup.Agent) -> dict[str, Any]:
    prices = []
    for shop in [me.spawn(asks) for _ in range(3)]:
        try:
            prices.append(shop.join())
        except ValueError:
            continue
    return {"prices": prices}


@fixed(adds_up_what_came)
def says_what_did_not_come(world: World, me: pileup.Agent) -> dict[str, Any]:
    prices = []
    for shop in [me.spawn(asks) for _ in range(3)]:
        try:
            prices.append(shop.join())
        except ValueError:
            continue
    return {"prices": prices, "partial": len(prices) < 3}


@decoy(setup=with_prices, agents=1, faults=DOWN)
async def takes_the_price_of_yesterday(world: World, me: pileup.Agent) -> list[object]:
    """A part that fails is answered from what is known."""
    prices: list[object] = []
    for shop in [me.spawn(looks_up) for _ in range(3)]:
        try:
            prices.append(await shop)
        except ValueError:
            prices.append(await world.memory.get("price of yesterday") or "11")
    return prices


# Money -------------------------------------------------------------------------------------


def with_twelve_calls(sim: pileup.Sim) -> World:
    world = World(sim)
    world.model.budget(calls=12)
    return world


@bug("budget_overrun", setup=with_twelve_calls, agents=3)
async def asks_while_something_is_left(world: World, me: pileup.Agent) -> None:
    number = 0
    while world.model.usage.calls < 12:
        number += 1
        await world.model.complete(f"question {number} of {me.name}")


@fixed(asks_while_something_is_left)
async def asks_under_a_lock_while_something_is_left(world: World, me: pileup.Agent) -> None:
    for number in range(12):
        async with world.memory.lock():
            if world.model.usage.calls == 12:
                return
            await world.model.complete(f"question {number} of {me.name}")


PRICE = 0.001
"""More than any of these calls costs."""


def with_a_purse(sim: pileup.Sim) -> World:
    world = World(sim)
    world.model.budget(dollars=3 * PRICE)
    world.memory.seed(spent=0)
    return world


def question(me: pileup.Agent, number: int) -> str:
    return f"{number} {me.name} {'say more ' * 20}"


@bug("budget_overrun", setup=with_a_purse, agents=3)
def looks_into_the_purse_first(world: World, me: pileup.Agent) -> None:
    for number in range(9):
        if world.model.usage.cost < 2.5 * PRICE:
            world.model.sync.complete(question(me, number))


@fixed(looks_into_the_purse_first)
def reserves_before_it_asks(world: World, me: pileup.Agent) -> None:
    for number in range(9):
        with world.memory.lock():
            spent = world.memory.load("spent")
            if spent == 3:
                return
            world.memory.store("spent", spent + 1)
        world.model.sync.complete(question(me, number))


@decoy(setup=with_a_purse, agents=1)
async def asks_one_question_too_many(world: World, me: pileup.Agent) -> None:
    """It looks before each call, and cannot know what the last one will cost."""
    number = 0
    while world.model.usage.cost < 3 * PRICE:
        number += 1
        await world.model.complete(question(me, number))
