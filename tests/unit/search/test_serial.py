"""The serial oracle: what it compares, what it finds, and where it says nothing."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
import trio

import pileup
from pileup.detectors import told
from pileup.fakes import World
from pileup.faults import Rule
from pileup.notes import Note
from pileup.operations import READ, UPDATE, Operation, Touch
from pileup.search.runs.differences import not_serial
from pileup.search.runs.in_order import InOrder, count, kept, orders, suggested
from pileup.search.runs.outcome import Ended, Outcome
from pileup.search.runs.serial import MOST_ORDERS
from pileup.settings import Budgets
from pileup.sim.world import controlled
from pileup.strategies import Dull
from pileup.tokens import decode

Agent = Callable[..., Any]


def explored(agent: Any, agents: int = 2, **options: Any) -> pileup.Exploration:
    given = {"runs": 60, "oracle": "serial", **options}
    return pileup.explore(agent, agents=agents, **given)


def kinds(found: pileup.Exploration) -> list[str]:
    return [each.kind for each in found.findings]


async def skews(world: World, me: pileup.Agent) -> None:
    """Write one number in view of the other."""
    mine, other = ("x", "y") if me.index else ("y", "x")
    seen = await world.memory.get(other) or 0
    await world.memory.set(mine, seen + 1)


async def appends(world: World, me: pileup.Agent) -> None:
    async with world.memory.lock():
        names = await world.memory.get("names") or ()
        await world.memory.set("names", (*names, me.name))


# What it finds ----------------------------------------------------------------------------------


def test_a_result_of_no_order_is_found() -> None:
    (finding,) = explored(counts_twice).findings
    assert finding.kind == "not_serial"
    assert finding.severity == "medium"
    assert finding.agents == ("counts_twice-0", "counts_twice-1")
    assert finding.receipt["compared"] == "all 2 orders"
    assert finding.evidence
    assert finding.advice


async def counts_twice(world: World) -> object:
    """Count up twice: no write is lost, but another may count in between."""
    before = await world.memory.add("n", 1)
    return await world.memory.add("n", 1) - before


def test_what_differs_is_told_beside_what_the_orders_come_to() -> None:
    found = explored(counts_twice)
    answers = "returned by counts_twice-0 = {}."
    assert found.findings[0].explanation.splitlines() == [
        f"This run: {answers.format(3)}",
        f"counts_twice-0, then counts_twice-1: {answers.format(1)}",
        "The run was compared with all 2 orders of the agents.",
    ]


def test_who_is_concerned_makes_no_other_finding() -> None:
    assert len(explored(counts_twice, agents=4, runs=100).findings) == 1


def test_what_a_detector_explains_is_its_finding_alone() -> None:
    async def counts(world: World) -> None:
        n = await world.memory.get("n") or 0
        await world.memory.set("n", n + 1)

    assert kinds(explored(counts)) == ["lost_write"]


def test_a_token_shows_it_again() -> None:
    found = explored(counts_twice, seed=7)
    run = pileup.replay(found.findings[0].replay, counts_twice)
    assert run.faithful
    assert [each.kind for each in run.findings] == ["not_serial"]


def test_without_being_asked_it_says_nothing() -> None:
    found = pileup.explore(counts_twice, runs=60)
    assert found.clean
    assert "one after another" not in found.strength


def test_the_same_exploration_is_the_same_with_it_and_without() -> None:
    def tokens(oracle: str | None) -> list[str]:
        digests: list[str] = []

        def check(world: World) -> None:
            digests.append(str(world.memory.peek("names")))

        pileup.explore(appends, agents=4, runs=40, check=check, oracle=oracle, seed=3)
        return digests

    assert tokens("serial") == tokens(None)


def test_another_oracle_is_refused() -> None:
    with pytest.raises(pileup.UsageError, match='Write oracle="serial"'):
        pileup.explore(appends, oracle="linear")


# Doubts of detectors ----------------------------------------------------------------------------


def test_a_cache_filled_twice_is_no_lost_write() -> None:
    async def fills(world: World) -> object:
        if await world.memory.get("k") is None:
            await world.memory.set("k", "v")
        return await world.memory.get("k")

    pileup.explore(fills, agents=3, runs=60).assert_clean()


def test_a_counter_that_begins_with_nothing_is_a_lost_write() -> None:
    async def counts(world: World) -> None:
        await world.memory.set("n", (await world.memory.get("n") or 0) + 1)

    assert kinds(pileup.explore(counts, runs=20)) == ["lost_write"]


# What is right ----------------------------------------------------------------------------------


def test_what_keeps_to_an_order_is_clean_and_says_so() -> None:
    found = explored(appends, agents=3, runs=50)
    assert found.clean
    assert found.warnings == ()
    assert found.strength.endswith(
        "All 50 came to a result that the agents also come to one after another "
        "(compared with all 6 orders)"
    )


def test_a_run_is_compared_with_the_order_that_it_kept_to_itself() -> None:
    found = explored(appends, agents=8)
    assert found.clean
    assert "120 of the 40,320 orders" in found.strength
    assert "compared each run with 120 of the 40,320 orders" in found.warnings[0]


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_it_goes_under_every_runtime(backend: str) -> None:
    assert kinds(explored(counts_twice, backend=backend)) == ["not_serial"]
    assert explored(appends, backend=backend).clean


def test_it_goes_with_sync_agents() -> None:
    def looks(world: World, me: pileup.Agent) -> object:
        seen = world.memory.load("n")
        world.memory.lock().__enter__()
        world.memory.lock().__exit__(None, None, None)
        again = world.memory.load("n")
        world.memory.store("n", me.index)
        return seen == again

    assert not explored(looks).clean
    assert explored(lambda world, me: world.memory.store(me.name, 1)).clean


# Where it says nothing --------------------------------------------------------------------------


def test_a_run_in_which_a_fault_struck_proves_nothing() -> None:
    async def asks(world: World) -> object:
        try:
            await world.files.write_text("a.txt", "a")
        except OSError as error:
            return type(error).__name__
        return "written"

    found = explored(asks, faults=[Rule("full", on="write*", odds=1)])
    assert found.clean
    assert "says nothing of 60 of 60 runs, because a fault struck" in found.warnings[-1]


def test_a_run_that_draws_proves_nothing() -> None:
    async def draws(world: World) -> object:
        name = str(uuid.uuid4())
        await world.memory.set("last", name)
        return name

    found = explored(draws)
    assert found.clean
    assert any("because it drew random data" in each for each in found.warnings)


def test_a_run_that_waited_no_longer_proves_nothing() -> None:
    async def waits(world: World) -> object:
        try:
            async with pileup.timeout(1), world.memory.lock():
                await pileup.checkpoint()
        except TimeoutError:
            return "gave up"
        return "done"

    found = explored(waits)
    assert "not_serial" not in kinds(found)
    assert any("because a deadline passed" in each for each in found.warnings)


def test_an_agent_that_gives_up_may_have_touched_nothing() -> None:
    async def waits(world: World, me: pileup.Agent) -> object:
        try:
            async with pileup.timeout(1):
                await pileup.sleep(2 * me.index)
        except TimeoutError:
            return await world.memory.add("gave up", 1)
        return await world.memory.add("done", 1)

    assert explored(waits, agents=3, strategy="random").clean


def test_a_program_that_comes_to_no_end_in_any_order_is_not_compared() -> None:
    async def waits_for_ever(world: World) -> None:
        async with world.memory.lock(), world.memory.lock():
            pass

    assert kinds(explored(waits_for_ever, runs=3)) == ["deadlock"]


# Agents in order --------------------------------------------------------------------------------


def played(agents: list[Agent], order: tuple[int, ...], **options: Any) -> tuple[list[str], bool]:
    """Return who acted in turn, and whether they kept to the order."""
    run = pileup.Scenario(agents, **options).explorer().once(InOrder(order))
    who = [event.agent for event in run.history if event.name not in ("start", "end")]
    return who, kept(run.history, order)


async def a(world: World) -> None:
    await world.memory.add("n", 1)
    await pileup.sleep(5)
    await world.memory.add("n", 1)


async def b(world: World) -> None:
    await world.memory.add("n", 1)


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_an_agent_begins_when_the_one_before_it_has_ended(backend: str) -> None:
    for order, names in {(0, 1): "aaab", (1, 0): "baaa"}.items():
        who, in_turn = played([a, b], order, backend=backend)
        assert "".join(each[0] for each in who) == names
        assert in_turn


@pytest.mark.parametrize("sleep", [asyncio.sleep, trio.sleep], ids=["asyncio", "trio"])
def test_nobody_begins_while_an_agent_sleeps_in_its_loop(sleep: Callable[..., Any]) -> None:
    async def sleeps(world: World) -> None:
        await world.memory.add("n", 1)
        await sleep(5)
        await world.memory.add("n", 1)

    who, in_turn = played([sleeps, b], (0, 1))
    assert [each[0] for each in who] == ["s", "s", "b"]
    assert in_turn


def test_one_that_waits_for_a_later_one_lets_it_go_on() -> None:
    async def claims(world: World) -> object:
        message = await world.bus.claim("q", wait=None)
        assert message is not None
        await message.ack()
        return message.body

    async def publishes(world: World) -> None:
        await world.bus.publish("q", "hello")

    who, in_turn = played([claims, publishes], (0, 1))
    assert who[0] == "publishes-1"
    assert not in_turn
    found = explored([claims, publishes])
    assert found.clean
    assert (
        "In 1 of the orders that were run an agent waited for one behind it" in found.warnings[-1]
    )


def test_one_that_polls_for_a_later_one_ends_as_well() -> None:
    async def polls(world: World) -> None:
        while not await world.memory.get("ready"):
            await pileup.sleep(1)

    async def readies(world: World) -> None:
        await world.memory.set("ready", 1)

    who, in_turn = played([polls, readies], (0, 1))
    assert who[-1] == "polls-0"
    assert not in_turn


def test_sub_agents_go_with_their_parent() -> None:
    async def child(world: World) -> None:
        await world.memory.add("n", 1)
        await world.memory.add("n", 1)

    async def parent(world: World, me: pileup.Agent) -> None:
        await me.spawn(child)
        await world.memory.add("n", 1)

    who, _ = played([parent, b], (0, 1))
    assert [each.partition("-")[0] for each in who] == ["child", "child", "parent", "parent", "b"]


# Orders -----------------------------------------------------------------------------------------


def test_all_orders_of_a_few_agents_and_a_sample_of_many() -> None:
    assert len(list(orders(4, 24, 0))) == 24
    sample = list(orders(8, MOST_ORDERS, 0))
    assert len(set(sample)) == MOST_ORDERS
    assert all(sorted(each) == list(range(8)) for each in sample)
    assert sample == list(orders(8, MOST_ORDERS, 0))
    assert sample != list(orders(8, MOST_ORDERS, 1))
    assert count(8) == 40_320


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("a:r x0, b:r x0, b:w x1", (0, 1)),
        ("b:w x1, a:r x1", (1, 0)),
        ("b:r x0, a:w x1, c:r x1", (1, 0, 2)),
        ("a:u x1, b:u x2, b:u y1, a:r y1", (1, 0)),
        ("b:u x1, c:u x2, a:r x2", (1, 2, 0)),
        ("c:w x1, b:u x2, a:u x3, b:end, c:end, a:end", (2, 1, 0)),
        ("b:w x1, a:r x0", (0, 1)),
        ("a:r x0, b:w x1!, b:end, a:end", (1, 0)),
        ("b:w x1, b:end, a:end", (1, 0)),
        ("b:w x1, a:r x1, b:w y1, a:end, b:end", (1, 0)),
        ("b:u x1, a:u x2, b:r y0, a:end, b:end", (0, 1)),
    ],
)
def test_a_run_suggests_the_order_in_which_its_agents_met(
    text: str, first: tuple[int, ...]
) -> None:
    history = told(f"{''.join(f'{name}:start, ' for name in 'abc'[: len(first)])}{text}")
    assert suggested(history, len(first))[0] == first


# Outcomes ---------------------------------------------------------------------------------------


def outcome(agent: Agent, setup: Any = World) -> dict[str, str]:
    """Run one agent, and return the parts of what it came to."""
    found: list[Outcome | None] = []
    explorer = pileup.Scenario(agent, agents=1, setup=setup, oracle="serial").explorer()
    original = explorer.oracle.explains

    def explains(ended: Ended) -> bool | None:
        found.append(ended.outcome)
        return original(ended)

    explorer.oracle.explains = explains  # type: ignore[method-assign] # to hear what it is asked
    explorer.once(Dull())
    assert found[-1] is not None
    return dict(found[-1].parts)


def with_tables(sim: pileup.Sim) -> World:
    world = World(sim)
    world.database.table("t")
    world.http.route("PUT", "/n/{name}", _stored)
    return world


def _stored(request: Any, state: Any) -> object:
    state[request.params["name"]] = request.json()
    return 201, {"stored": True}


async def in_memory(world: World) -> None:
    await world.memory.set("k", 1)


async def in_files(world: World) -> None:
    await world.files.write_text("k", "1")


async def in_the_cache(world: World) -> None:
    await world.cache.set("k", 1)


async def in_the_database(world: World) -> None:
    async with world.database.transaction() as tx:
        await tx.put("t", {"id": "k", "v": 1})


async def on_the_bus(world: World) -> None:
    await world.bus.publish("k", 1)


async def by_http(world: World) -> None:
    await world.http.put("https://api.example.com/n/k", json=1)


async def in_an_object() -> None:
    kept = pileup.shared({"k": 0}, "kept")
    kept["k"] = 1


@pytest.mark.parametrize(
    ("agent", "part", "value"),
    [
        (in_memory, "memory[k]", "1"),
        (in_files, "files[k]", "b'1'"),
        (in_the_cache, "cache[k]", "b'1'"),
        (in_the_database, "database[t/k]", "{'id': 'k', 'v': 1}"),
        (on_the_bus, "bus[k]", "[1]"),
        (by_http, "http[k]", "1"),
        (in_an_object, "kept", "{'k': 1}"),
    ],
)
def test_what_each_fake_holds_is_part_of_the_outcome(agent: Agent, part: str, value: str) -> None:
    assert outcome(agent, with_tables)[f"at the end {part}"] == value


def test_effects_answers_and_failures_are_part_of_the_outcome() -> None:
    async def charges(world: World) -> str:
        for amount in (5, 5, 7):
            op = Operation("charge", (Touch(world.sim.item("till"), UPDATE),), lambda: "ok")
            op.note = Note(effect=True, intent=f"charge {amount}")
            await world.sim.perform(op)
        refused = Operation("charge", (Touch(world.sim.item("till"), READ),), lambda: "no")
        refused.note = Note(effect=True, intent="charge 9", refused="402")
        await world.sim.perform(refused)
        asked = Operation("ask", (Touch(world.sim.item("desk"), READ),), lambda: "yes")
        asked.note = Note(intent="ask")
        await world.sim.perform(asked)
        return json.dumps({"paid": 17})

    assert outcome(charges) == {
        "at the end till": "charge 'ok'",
        "effect charge till charge 5": "2 times",
        "effect charge till charge 7": "1 times",
        "returned by charges-0": "'{\"paid\": 17}'",
    }

    async def fails() -> None:
        raise ValueError("no")

    assert outcome(fails) == {"failure of fails-0": "ValueError"}


def test_what_is_absent_and_what_sub_agents_return_is_no_part_of_the_outcome() -> None:
    async def helps(world: World) -> str:
        await world.memory.set("k", None)
        return "helped"

    async def asks(_: World, me: pileup.Agent) -> None:
        await me.spawn(helps)

    assert outcome(asks) == {"returned by asks-0": "None"}


def test_a_run_that_did_not_come_to_its_end_came_to_nothing() -> None:
    async def waits_for_ever(world: World) -> None:
        async with world.memory.lock(), world.memory.lock():
            pass

    explorer = pileup.Scenario(waits_for_ever, agents=1).explorer()
    with controlled(Budgets()):
        assert explorer.oracle._play((0,)).outcome is None


def test_the_orders_that_come_nearest_are_told_and_the_rest_counted() -> None:
    known = {
        order: Outcome({"at the end m[a]": str(number), "at the end m[b]": "1"})
        for number, order in enumerate(permutations(range(3)), 1)
    }
    ended = Ended.__new__(Ended)
    ended.history = told("a:w k1, b:w k2, c:w k3")
    here = Outcome({"at the end m[a]": "3", "at the end m[b]": "2"})
    finding = not_serial(ended, here, known, "all 6 orders")
    assert finding.explanation.splitlines() == [
        "This run: m[b] = 2, m[a] = 3.",
        "b, then a, then c: m[b] = 1, m[a] = 3.",
        "a, then b, then c: m[b] = 1, m[a] = 1.",
        "a, then c, then b: m[b] = 1, m[a] = 2.",
        "The other orders come to 3 more results.",
        "The run was compared with all 6 orders of the agents.",
    ]


def test_the_sample_is_drawn_by_the_seed_and_a_token_keeps_it() -> None:
    def drawn(seed: int) -> list[tuple[int, ...]]:
        explorer = pileup.Scenario(appends, agents=8, oracle="serial").explorer(seed)
        return list(explorer.oracle._left)

    assert drawn(1) != drawn(2)
    found = explored(counts_twice, agents=6, seed=5)
    assert decode(found.findings[0].replay).oracle == 5


def test_two_outcomes_differ_in_what_one_of_them_lacks() -> None:
    one = Outcome({"at the end a": "1", "returned by x": "2"})
    other = Outcome({"at the end a": "1", "returned by y": "2"})
    assert one.differing(other) == ["returned by x", "returned by y"]
    assert one.mark != other.mark
    assert one.mark == Outcome(dict(reversed(list(one.parts.items())))).mark


def test_the_finding_names_what_is_left_before_what_was_answered() -> None:
    here = Outcome({"at the end m[k]": "1", "returned by a": "2"})
    there = Outcome({"at the end m[k]": "2", "returned by a": "1"})
    ended = Ended.__new__(Ended)
    ended.history = told("a:w k1, b:w k2")
    finding = not_serial(ended, here, {(0, 1): there}, "all 2 orders")
    assert (finding.resource, finding.key) == ("m", "k")
    assert finding.receipt["differs"] == "at the end m[k]"
