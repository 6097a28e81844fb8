"""The systematic search against every order there is: the same outcomes, in far fewer runs.

Random programs and programs by hand are run in all orders and as the search
says. It has to find every outcome, each trace once, and to see that it is
done. PILEUP_PROGRAMS says how many random programs are tried; each on which
the two once disagreed is kept below.
"""

from __future__ import annotations

import asyncio
import os
import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import pytest
import trio
from support import programs
from support.everything import Found, everything, searched
from support.generated import MEDIA, Generated, by_number

import pileup
from pileup.fakes import World
from pileup.faults.rules import Plan, Rule
from pileup.search.explorer import Conditions, Explorer
from pileup.search.runs.program import assemble
from pileup.settings import Budgets
from pileup.strategies import _order, systematic
from pileup.strategies._order import Deed, Order
from pileup.strategies.systematic import Systematic

PROGRAMS = int(os.environ.get("PILEUP_PROGRAMS", "500"))
FIRST = int(os.environ.get("PILEUP_FIRST_PROGRAM", "0"))
CHUNKS = 20
SMALL = 100
"""About how many orders a program is cut down to; how many it has shows when it is run."""
MOST = 500
BUDGETS = Budgets(steps=400, events=400)
NO_FAULTS = Plan()

Make: TypeAlias = Callable[[], Explorer]


# How many runs it takes ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("agents", "rounds", "runs"), [(2, 1, 4), (3, 1, 36), (4, 1, 576), (2, 2, 34), (2, 3, 328)]
)
def test_reading_and_writing_back_takes_one_run_a_trace(
    agents: int, rounds: int, runs: int
) -> None:
    strategy = Systematic()
    program = [[["raise a cell", "n"]] * rounds] * agents
    found = searched(programs.explorer(program, "native"), strategy, 2 * runs)
    assert (found.runs, strategy.orders, strategy.done) == (runs, runs, True)
    assert strategy.claim(runs) == f"all {runs} inequivalent orders were tried"


# Random programs ----------------------------------------------------------------------------------


def small(number: int) -> Generated:
    """Return the program of that number without its last instructions, until it is small."""
    program = by_number(number)
    agents = list(program.agents)
    while _about(program, agents) > SMALL:
        longest = max(range(len(agents)), key=lambda who: sum(map(_turns, agents[who])))
        agents[longest] = _cut(agents[longest])
        if not agents[longest]:
            del agents[longest]
    return Generated(program.medium, program.unit, tuple(agents), program.there)


def _cut(instructions: tuple[Any, ...]) -> tuple[Any, ...]:
    """Leave out the last instruction, or the last one under the last lock."""
    last = instructions[-1]
    if last[0] == "lock" and len(last[2]) > 1:
        return (*instructions[:-1], (*last[:2], last[2][:-1]))
    return instructions[:-1]


def _about(program: Generated, agents: Sequence[tuple[Any, ...]]) -> int:
    """Guess how many orders there are, from how many turns each agent takes."""
    in_transaction = program.medium == "database" and program.is_whole
    orders, whole = 1, 0
    for agent in agents:
        for turn in range(1, (3 if in_transaction else 1) + sum(map(_turns, agent)) + 1):
            whole += 1
            orders = orders * whole // turn
    return orders


def _turns(instruction: Any) -> int:
    if instruction[0] == "lock":
        return 1 + sum(map(_turns, instruction[2]))
    return 2 if instruction[0] == "swap" else 1


def compared(make: Make, *, most: int = MOST) -> tuple[Found, Found, Systematic]:
    """Run a program in every order, and as the search says with no bounds to speak of."""
    strategy = Systematic(jumps=99, faults=99)
    whole = everything(make(), most)
    return (
        whole,
        searched(make(), strategy, 2 * whole.runs + 10) if whole.whole else whole,
        strategy,
    )


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_it_finds_what_all_orders_find(chunk: int) -> None:
    left_out = 0
    for number in range(FIRST + chunk, FIRST + PROGRAMS, CHUNKS):
        program = small(number)
        whole, found, _ = compared(program.explorer)
        left_out += not whole.whole
        assert list(found.outcomes.keys() ^ whole.outcomes.keys()) == [], f"{number}: {program}"
        assert found.whole or not whole.whole, f"{number}: {program}"
    assert left_out <= PROGRAMS // CHUNKS // 5 + 1


def test_the_programs_are_of_all_sorts() -> None:
    sample = [small(number) for number in range(200)]
    media = Counter(each.medium for each in sample)
    assert min(media[each] for each in MEDIA) > 20, media
    locked = sum("lock" in str(each.agents) for each in sample)
    levels = Counter(each.unit for each in sample if each.medium == "database")
    assert locked > 30
    assert len(levels) == 4, levels


KEPT = {
    "who has read the same thing three times and then does something else": Generated(
        "database",
        "none",
        (
            (
                ("read for update", "y"),
                ("read", "y"),
                ("read for update", "y"),
                ("derive", "x", 1021),
            ),
            (("read", "y"), ("derive", "x", 2007), ("read", "x"), ("write", "x", 2028)),
        ),
    ),
    "two transactions in a circle, of which the last one is refused": Generated(
        "database",
        "read committed",
        (
            (("write", "x", 1), ("write", "y", 1)),
            (("write", "y", 2), ("write", "x", 2)),
        ),
        there=True,
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_kept_programs(name: str) -> None:
    whole, found, _ = compared(KEPT[name].explorer, most=2_000)
    assert whole.whole
    assert found.outcomes.keys() == whole.outcomes.keys()


# Programs by hand ---------------------------------------------------------------------------------


def of(
    *bodies: Callable[..., Any],
    backend: str = "native",
    setup: Callable[[Any], Any] = World,
    faults: Sequence[Rule] = (),
) -> Make:
    """Say how to get ready to run these agents."""
    conditions = Conditions(BUDGETS, backend, faults=Plan(tuple(faults)))
    return lambda: Explorer(assemble(list(bodies), 2, setup, None), conditions)


def told(flavour: str, *agents: list[Any]) -> Make:
    """Say how to get ready to run these instructions."""
    bodies = [programs.agent(each, flavour) for each in agents]
    return of(*bodies, backend=flavour.rpartition("/")[2])


SPELLED: dict[str, tuple[list[Any], ...]] = {
    "a lock": ([["lock", "a", [["raise a cell", "n"]]]],) * 2,
    "a deadlock": (
        [["lock", "a", [["lock", "b", [["write", "x", 1]]]]]],
        [["lock", "b", [["lock", "a", [["write", "x", 2]]]]]],
    ),
    "an agent that fails": (
        [["write", "x", 1], ["fail", "no"]],
        [["read", "x"], ["write", "x", 2]],
    ),
    "draws at random": ([["draw", "x"]], [["draw", "y"]]),
    "one sleeps": ([["sleep", 1], ["write", "x", 1]], [["write", "x", 2], ["write", "x", 3]]),
    "both sleep": ([["sleep", 1], ["write", "x", 1]], [["sleep", 2], ["write", "x", 2]]),
    "sub-agents": (
        [["spawn", [["write", "x", 1]], False], ["write", "x", 2]],
        [["spawn", [["write", "x", 3]], True]],
    ),
    "two start a sub-agent": (
        [["spawn", [["write", "x", 1]], True]],
        [["spawn", [["write", "y", 3]], True]],
    ),
}
AWAITED: dict[str, tuple[list[Any], ...]] = {
    "others look at the clock": (
        [["sleep", 1]],
        [["look at the clock", "x"]],
        [["look at the clock", "y"]],
    ),
    "looks at the clock twice": (
        [["sleep", 1], ["sleep", 1]],
        [["look at the clock", "x"], ["look at the clock", "y"]],
    ),
    "a timeout": (
        [["timeout", 1, [["write", "x", 1], ["write", "y", 1]]]],
        [["write", "x", 2], ["write", "y", 2]],
    ),
    "a timeout for a lock": (
        [["timeout", 1, [["lock", "a", [["write", "x", 1]]]]]],
        [["lock", "a", [["write", "x", 2]]]],
    ),
    "two tasks": ([["both", [["write", "x", 1]], [["write", "x", 2]]]], [["write", "x", 3]]),
    "two tasks alone": (
        [["both", [["read", "x"], ["write", "y", 1]], [["write", "x", 2], ["write", "y", 2]]]],
    ),
}
SPOKEN = {
    f"{name}, {flavour}": told(flavour, *agents)
    for flavour in ("native", "trio", "asyncio", "sync/native")
    for name, agents in (SPELLED | (AWAITED if not flavour.startswith("sync") else {})).items()
    if (name, flavour) != ("two tasks, native", "native")
}


VERBS = (
    *("read", "write", "write", "raise a cell", "add", "swap", "sleep", "lock", "fail"),
    *("look at the clock", "timeout", "both", "spawn", "thread"),
)
SYNC_VERBS = ("read", "write", "raise a cell", "sleep", "lock", "spawn", "fail")
FLAVOURS = ("native", "trio", "asyncio", "sync/native")


def drawn(number: int) -> tuple[str, list[list[Any]]]:
    """Return the program of that number: two or three agents, all that an agent can do."""
    source = random.Random(number)
    flavour = source.choice(FLAVOURS)
    agents = [
        [_drawn(source, flavour) for _ in range(source.choice((1, 1, 2)))]
        for _ in range(source.choice((2, 2, 3)))
    ]
    return flavour, agents


def _drawn(source: random.Random, flavour: str, *, inside: bool = False) -> list[Any]:
    verbs = [
        verb
        for verb in (SYNC_VERBS if flavour.startswith("sync") else VERBS)
        if not (inside and verb in ("lock", "timeout", "both", "spawn", "thread"))
        and not (flavour == "native" and verb == "thread")
    ]
    verb = source.choice(verbs)
    block: list[Any] = [] if inside else [_drawn(source, flavour, inside=True)]
    rest: dict[str, list[Any]] = {
        "write": [source.choice("xy"), source.randrange(3)],
        "add": [source.choice("xy"), 1],
        "swap": [source.choice("xy"), None, source.randrange(3)],
        "sleep": [source.choice((1, 2))],
        "fail": ["no"],
        "lock": [source.choice("ab"), block],
        "timeout": [source.choice((1, 2)), block],
        "both": [block, block],
        "spawn": [block, source.random() < 0.6],
        "thread": [[["raise a cell", source.choice("xy")]]],
    }
    return [verb, *rest.get(verb, [source.choice("xy")])]


@pytest.mark.parametrize("chunk", range(4))
def test_it_finds_what_all_orders_find_of_all_that_agents_do(chunk: int) -> None:
    left_out = 0
    for number in range(chunk, 80, 4):
        flavour, agents = drawn(number)
        whole, found, _ = compared(told(flavour, *agents))
        left_out += not whole.whole
        assert list(found.outcomes.keys() ^ whole.outcomes.keys()) == [], f"{flavour}: {agents}"
        assert found.whole or not whole.whole, f"{flavour}: {agents}"
    assert left_out <= 10


async def fails_in_a_group(world: World) -> None:
    async def bad() -> None:
        await world.memory.set("x", 1)
        raise ValueError

    async def good() -> None:
        await world.memory.set("y", 1)
        await world.memory.set("z", 1)

    try:
        if _asyncio_runs():
            async with asyncio.TaskGroup() as group:
                group.create_task(bad())
                group.create_task(good())
        else:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(bad)
                nursery.start_soon(good)
    except* ValueError:
        pass


def _asyncio_runs() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def puts_y(world: World) -> None:
    await world.memory.set("y", 2)


async def adds(world: World) -> Any:
    return await world.memory.add("n", 1)


async def swaps(world: World) -> int:
    for tries in range(1, 100):
        value = await world.memory.get("n")
        if await world.memory.swap("n", value, (value or 0) + 1):
            return tries
    raise AssertionError


async def raises_it(world: World) -> str | None:
    try:
        await world.cache.set("n", int(await world.cache.get("n") or 0) + 1)
    except Exception as error:  # noqa: BLE001 - whatever the plan lets it meet
        return type(error).__name__
    return None


async def starts_two(world: World, me: pileup.Agent) -> list[Any]:
    del world
    children = [me.spawn(swaps), me.spawn(adds)]
    return [await each for each in children]


async def puts_for_a_while(world: World) -> Any:
    await world.cache.set("k", 1, ex=5)
    return await world.cache.get("k")


async def gets(world: World) -> Any:
    return await world.cache.get("k")


async def puts_and_leaves(world: World) -> None:
    await world.cache.set("k", 1, ex=5)


async def publishes(world: World) -> None:
    await world.bus.publish("q", "a")


async def publishes_two(world: World) -> None:
    await world.bus.publish("q", "a")
    await world.bus.publish("q", "b")


async def consumes(world: World) -> Any:
    message = await world.bus.claim("q", wait=None)
    assert message is not None
    await message.ack()
    return message.body


async def looks_for_one(world: World) -> Any:
    message = await world.bus.claim("q")
    if message is None:
        return None
    await message.ack()
    return message.body


def with_queue(sim: pileup.Sim) -> World:
    world = World(sim)
    world.bus.queue("q")
    return world


def with_threads(sim: pileup.Sim) -> Any:
    world: Any = World(sim)
    world.semaphore, world.event = threading.Semaphore(1), threading.Event()
    world.lock = threading.Lock()
    return world


def takes_turns(world: Any) -> None:
    with world.semaphore:
        world.memory.store("x", (world.memory.load("x") or 0) + 1)


def tries_once(world: Any) -> bool:
    if not world.semaphore.acquire(blocking=False):
        return False
    world.memory.store("x", (world.memory.load("x") or 0) + 1)
    world.semaphore.release()
    return True


def waits(world: Any) -> Any:
    world.event.wait()
    return world.memory.load("x")


def waits_a_while(world: Any) -> Any:
    return world.event.wait(1), world.memory.load("x")


def tells(world: Any) -> None:
    world.memory.store("x", 1)
    world.event.set()
    world.memory.store("x", 2)


BY_HAND: dict[str, Make] = {
    **SPOKEN,
    "a task group that fails, trio": of(fails_in_a_group, puts_y, backend="trio"),
    "a task group that fails alone, asyncio": of(fails_in_a_group, backend="asyncio"),
    "a task group that fails, asyncio": of(fails_in_a_group, puts_y, backend="asyncio"),
    "answers of updates": of(adds, adds, adds),
    "a retry loop": of(swaps, swaps),
    "two sub-agents at once": of(starts_two),
    "an expiry": of(puts_for_a_while, gets),
    "an expiry that nobody sees": of(puts_and_leaves, puts_y),
    "a queue": of(publishes, consumes, setup=with_queue),
    "a queue and two that look": of(publishes, looks_for_one, looks_for_one, setup=with_queue),
    "a queue with one message for two": of(publishes, consumes, consumes, setup=with_queue),
    "a queue with two messages": of(publishes_two, looks_for_one, setup=with_queue),
    "a semaphore": of(takes_turns, takes_turns, setup=with_threads),
    "a lock that is tried": of(tries_once, tries_once, setup=with_threads),
    "an event": of(waits, tells, setup=with_threads),
    "an event with a deadline": of(waits_a_while, tells, setup=with_threads),
    "a row lock and its circle": Generated(
        "database",
        "serializable",
        (
            (("read", "y"), ("write", "y", 1), ("derive", "y", 1014), ("write", "x", 1021)),
            (("add", "x", 2000), ("read for update", "y")),
        ),
        there=True,
    ).explorer,
}
FAULTS: dict[str, Sequence[Rule]] = {
    "an answer is lost": [Rule("lost", on="set*", odds=0.5)],
    "a call fails": [Rule("unavailable", on="set*", odds=0.3)],
    "the second call fails": [Rule("unavailable", nth=2)],
    "one of two may fail": [Rule("unavailable", on="get*", nth=(1, 2), odds=0.5)],
    "a call is slow": [Rule("slow", on="set*", odds=0.5)],
    "an agent crashes": [Rule("crash", on="set*", odds=0.5)],
    "who is second crashes": [Rule("crash", on="set*", nth=2)],
    "one is the victim": [Rule("unavailable", victim=True)],
    "all or none fail": [Rule("unavailable", together="all", odds=0.5)],
    "an agent is cancelled": [Rule("cancel", on="set*", odds=0.5)],
    "an agent starts over": [Rule("restart", on="set*", odds=0.5, most=1)],
}


@pytest.mark.parametrize("name", BY_HAND)
def test_programs_by_hand(name: str) -> None:
    """The same outcomes, and each trace of all orders once."""
    strategy = Systematic(jumps=99, faults=99)
    whole = everything(BY_HAND[name](), 3 * MOST, traces=True)
    found = searched(BY_HAND[name](), strategy, 2 * whole.runs)
    assert whole.whole
    assert strategy.done
    assert found.outcomes.keys() == whole.outcomes.keys()
    assert strategy.orders == len(whole.traces)
    assert found.runs <= 1.5 * strategy.orders + 4


@pytest.mark.parametrize("name", FAULTS)
def test_fault_plans(name: str) -> None:
    """The same outcomes; a fault is no part of a trace, so these are not counted."""
    whole, found, strategy = compared(of(raises_it, raises_it, faults=FAULTS[name]))
    assert whole.whole
    assert strategy.done
    assert found.outcomes.keys() == whole.outcomes.keys()


def test_bounds_are_said() -> None:
    strategy = Systematic(jumps=0, faults=0)
    plan = [Rule("unavailable", on="set*", odds=0.5)]
    found = searched(of(raises_it, sleeps_between, sets_the_flag, faults=plan)(), strategy, 500)
    assert (found.runs, strategy.done) == (strategy.orders, True)
    assert strategy.claim(found.runs) == (
        f"all {strategy.orders} inequivalent orders were tried (with at most 0 early deadlines in "
        "a run; with at most 0 faults in a run)"
    )


# Agents that poll ---------------------------------------------------------------------------------


async def sets_the_flag(world: World) -> None:
    await world.memory.set("data", 1)
    await world.memory.set("flag", 1)
    await world.memory.set("data", 2)


async def spins(world: World) -> Any:
    while not await world.memory.get("flag"):
        pass
    return await world.memory.get("data")


async def sleeps_between(world: World) -> Any:
    while not await world.memory.get("flag"):
        await pileup.sleep(1)
    return await world.memory.get("data")


async def gives_way_between(world: World) -> Any:
    while not await world.memory.get("flag"):
        await pileup.checkpoint()
    return await world.memory.get("data")


def tries_until(world: Any) -> Any:
    while not world.lock.acquire(blocking=False):
        pass
    value = world.memory.load("x") or 0
    world.lock.release()
    world.memory.store("x", value + 1)
    return value


async def waits_for_the_other(world: World) -> None:
    while not await world.memory.get("flag"):
        await pileup.checkpoint()


POLLS: dict[str, tuple[Make, int, str]] = {
    "spins": (of(sets_the_flag, spins), 60, "returned 1"),
    "sleeps": (of(sets_the_flag, sleeps_between), 400, "returned 1"),
    "gives way": (of(sets_the_flag, gives_way_between), 300, "returned 1"),
    "tries a lock": (of(tries_until, tries_until, setup=with_threads), 300, "memory[x] 1"),
    "for ever": (of(waits_for_the_other, waits_for_the_other), 30, "Overrun"),
    "swaps": (of(swaps, swaps, swaps), 1_000, "returned 3"),
}


@pytest.mark.parametrize("name", POLLS)
def test_polls_end_in_few_runs(name: str) -> None:
    make, most, bug = POLLS[name]
    strategy = Systematic()
    found = searched(make(), strategy, most)
    assert strategy.done, strategy.left
    assert any(bug in " ".join(each) for each in found.outcomes), found.outcomes


# A search that is broken has to be noticed -------------------------------------------------------


def _nothing_is_in_order(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_order.Order, "_conflicts", lambda *_: [])


def _whoever_sleeps_sleeps_on(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(systematic, "apart", lambda *_: True)


def _the_clock_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Systematic, "_may_jump", lambda *_: False)
    _a_deadline_is_only_put_where_it_is_seen(patch)


def _a_deadline_is_only_put_where_it_is_seen(patch: pytest.MonkeyPatch) -> None:
    real = Order.races
    patch.setattr(
        Order,
        "races",
        lambda *given: (each for each in real(*given) if each.deeds[-1].strand != -2),
    )


def _who_is_left_waiting_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    real = Order.races
    patch.setattr(Order, "races", lambda self, since, _: real(self, since, []))
    patch.setattr(Order, "_of_withdrawn", lambda *_: iter(()))


def _what_is_taken_back_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Order, "_of_withdrawn", lambda *_: iter(()))


def _nobody_waits(patch: pytest.MonkeyPatch) -> None:
    real = Order.add

    def add(self: Order, turn: Any, deed: Deed, offered: frozenset[int]) -> None:
        turn.waits = False
        real(self, turn, deed, offered)

    patch.setattr(Order, "add", add)


def _updates_commute_whatever_they_answer(patch: pytest.MonkeyPatch) -> None:
    real = _order.deed_of

    def deed_of(turn: Any) -> Deed:
        deed = real(turn)
        feet = {
            thing: "update" if access == "change" and thing[0] == "memory" else access
            for thing, access in deed.feet.items()
        }
        return Deed(deed.strand, deed.agent, feet)

    patch.setattr(systematic, "deed_of", deed_of)


def _tasks_of_one_agent_are_not_swapped(patch: pytest.MonkeyPatch) -> None:
    real = Order.races
    patch.setattr(
        Order,
        "races",
        lambda self, *given: (
            each
            for each in real(self, *given)
            if self.deeds[each.first].agent != each.deeds[-1].agent
        ),
    )


MUTATIONS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "nothing is in order": (_nothing_is_in_order, "an agent that fails, native"),
    "whoever sleeps sleeps on": (_whoever_sleeps_sleeps_on, "an agent that fails, native"),
    "the clock is forgotten": (_the_clock_is_forgotten, "one sleeps, native"),
    "a deadline is only put where it is seen": (
        _a_deadline_is_only_put_where_it_is_seen,
        "looks at the clock twice, native",
    ),
    "who is left waiting is forgotten": (_who_is_left_waiting_is_forgotten, "a deadlock, native"),
    "what is taken back is forgotten": (
        _what_is_taken_back_is_forgotten,
        "a task group that fails, trio",
    ),
    "nobody waits": (_nobody_waits, "a lock, native"),
    "updates commute whatever they answer": (
        _updates_commute_whatever_they_answer,
        "answers of updates",
    ),
    "tasks of one agent are not swapped": (
        _tasks_of_one_agent_are_not_swapped,
        "two tasks alone, trio",
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_broken_search_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutate, program = MUTATIONS[name]
    test_programs_by_hand(program)
    mutate(monkeypatch)
    with pytest.raises(AssertionError):
        test_programs_by_hand(program)
