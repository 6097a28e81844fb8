"""What a search has been through: orders and outcomes told apart, doubts where it was in vain."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

import pileup
from pileup.fakes import World
from pileup.faults import Rule
from pileup.history import History
from pileup.results import Spread
from pileup.search.accounts import portions
from pileup.search.runs import coverage as orders
from pileup.search.runs.coverage import ALWAYS, EVERY, Coverage
from pileup.search.runs.outcome import Ended
from pileup.strategies.spelled import Spelled

NUMBERS: list[Callable[[History], str]] = [orders.order_of]
KINDS: list[type[Coverage]] = [Coverage, portions.Sights]


async def both(world: World, me: pileup.Agent) -> None:
    """Touch a thing of one's own, then one that all share."""
    await world.memory.set(f"own-{me.index}", 1)
    await world.memory.set("shared", me.index)


def spelled(*lines: str, agent: Any = both, agents: int = 2) -> History:
    strategy = Spelled("\n".join(lines))
    history = pileup.Scenario(agent, agents=agents).explorer().once(strategy).history
    assert strategy.skipped == []
    return history


def own(index: int) -> str:
    return f"both-{index}: write memory[own-{index}]"


def shared(index: int) -> str:
    return f"both-{index}: write memory[shared]"


@pytest.mark.parametrize("number", NUMBERS)
def test_the_same_order_twice_is_one(number: Callable[[History], int]) -> None:
    lines = own(0), own(1), shared(0), shared(1)
    assert number(spelled(*lines)) == number(spelled(*lines))


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_independent_may_be_swapped(number: Callable[[History], int]) -> None:
    one = spelled(own(0), own(1), shared(0), shared(1))
    other = spelled(own(1), own(0), shared(0), shared(1))
    far = spelled(own(0), shared(0), own(1), shared(1))
    assert one.lines() != other.lines() != far.lines()
    assert number(one) == number(other) == number(far)


@pytest.mark.parametrize("number", NUMBERS)
def test_what_conflicts_may_not(number: Callable[[History], int]) -> None:
    one = spelled(own(0), own(1), shared(0), shared(1))
    other = spelled(own(0), own(1), shared(1), shared(0))
    assert number(one) != number(other)


@pytest.mark.parametrize("number", NUMBERS)
def test_two_reads_may_be_swapped_and_a_read_and_a_write_not(
    number: Callable[[History], int],
) -> None:
    async def reads(world: World, me: pileup.Agent) -> None:
        if me.index == 2:
            await world.memory.set("x", 1)
        else:
            await world.memory.get("x")

    first, second, write = (
        "reads-0: read memory[x]",
        "reads-1: read memory[x]",
        "reads-2: write memory[x]",
    )
    numbers = [
        number(spelled(*lines, agent=reads, agents=3))
        for lines in (
            (first, second, write),
            (second, first, write),
            (first, write, second),
            (second, write, first),
            (write, first, second),
            (write, second, first),
        )
    ]
    assert numbers[0] == numbers[1]
    assert numbers[4] == numbers[5]
    assert len(set(numbers)) == 4


@pytest.mark.parametrize("number", NUMBERS)
def test_a_search_comes_to_as_many_orders_as_there_are(number: Callable[[History], int]) -> None:
    async def adds(world: World) -> None:
        n = await world.memory.get("n") or 0
        await world.memory.set("n", n + 1)

    explorer = pileup.Scenario(adds, agents=2).explorer()
    strategy = pileup.strategies.make("systematic", 0)
    found = set()
    while not getattr(strategy, "done", False):
        found.add(number(explorer.once(strategy).history))
    assert len(found) == 4, "both after one another, or reads before writes: who writes first"


def ended(history: History, mark: str = "") -> Ended:
    outcome = SimpleNamespace(mark=mark) if mark else None
    return cast("Ended", SimpleNamespace(history=history, outcome=outcome))


@pytest.mark.parametrize("kind", KINDS)
def test_orders_and_outcomes_are_counted(kind: type[Coverage]) -> None:
    one = spelled(own(0), own(1), shared(0), shared(1))
    other = spelled(own(0), own(1), shared(1), shared(0))
    seen = kind()
    for number, (history, mark) in enumerate([(one, "a"), (one, "a"), (other, "b"), (one, "")]):
        seen.look(ended(history, mark), number)
    assert seen.spread == Spread(runs=4, orders=2, orders_once=1, outcomes=2, outcomes_once=1)


@pytest.mark.parametrize("kind", KINDS)
def test_of_many_runs_some_are_looked_at(kind: type[Coverage]) -> None:
    history, seen = spelled(own(0), own(1)), kind()
    for number in range(ALWAYS + 10 * EVERY):
        seen.look(ended(history), number)
    assert ALWAYS + 9 <= seen.spread.runs <= ALWAYS + 11


# Contention --------------------------------------------------------------------------------


async def alone_with_it(world: World, me: pileup.Agent) -> None:
    await world.memory.set(f"of-{me.index}", 1)
    await world.memory.get(f"of-{me.index}")


async def only_reads(world: World) -> None:
    await world.memory.get("config")


async def is_refused(world: World) -> None:
    await world.memory.swap("n", "never", 1)


async def touches_nothing() -> None:
    await pileup.sleep(1)


async def shares(world: World, me: pileup.Agent) -> None:
    if me.index:
        await world.memory.set("shared", 1)
    else:
        await world.memory.get("shared")


def doubts(agent: Any, **given: Any) -> list[str]:
    found = pileup.explore(agent, **{"runs": 10, **given})
    return [each for each in found.warnings if "could not find a race" in each]


@pytest.mark.parametrize("agent", [alone_with_it, only_reads, is_refused, touches_nothing])
def test_a_search_in_which_nobody_met_warns(agent: Any) -> None:
    (doubt,) = doubts(agent)
    assert "pileup.shared(...)" in doubt


def test_the_warning_names_what_was_touched() -> None:
    assert all(name in doubts(alone_with_it)[0] for name in ("memory[of-0]", "memory[of-1]"))
    assert "memory[config]" in doubts(only_reads)[0]
    assert "nothing that pileup can see" in doubts(touches_nothing)[0]


def test_a_write_that_failed_has_changed_nothing() -> None:
    """It may be said to have looked, though: so all did here, and nobody changed a thing."""

    async def fails(world: World) -> None:
        with pytest.raises(FileExistsError):
            await world.files.create("there", "mine")

    def with_a_file(sim: pileup.Sim) -> World:
        world = World(sim)
        world.files.seed("there", "x")
        return world

    run = pileup.Scenario(fails, setup=with_a_file).explorer().once(pileup.strategies.Dull())
    assert [event.name for event in run.history if event.items and event.name != "end"] == [
        "open",
        "open",
    ]
    assert len(doubts(fails, setup=with_a_file)) == 1


@pytest.mark.parametrize("strategy", ["auto", "random", "pct:3", "systematic"])
def test_agents_that_do_share_are_not_warned(strategy: str) -> None:
    assert doubts(shares, strategy=strategy) == []


def test_one_agent_alone_is_not_warned() -> None:
    assert doubts(alone_with_it, agents=1) == []
    assert doubts(touches_nothing, agents=1) == []


def test_one_run_in_which_they_meet_is_enough() -> None:
    async def rarely(world: World, me: pileup.Agent) -> None:
        await world.memory.get(f"of-{me.index}")

    assert len(doubts(rarely)) == 1
    assert doubts([rarely, shares, shares]) == []


# Fault rules that never struck -------------------------------------------------------------


def test_many_rules_that_never_struck_are_told_of_at_once() -> None:
    rules = [Rule(fault, on="*http*") for fault in ("lost", "reset", "timeout", "refused")]
    found = pileup.explore(shares, faults=rules, runs=5)
    (idle,) = [each for each in found.warnings if "never struck" in each]
    assert "4 of the 4 rules of the fault plan never struck in 5 runs" in idle
    assert "lost, reset, timeout, refused" in idle
    assert "write memory[shared]" in idle


def test_a_few_are_told_of_one_by_one() -> None:
    rules = [Rule(fault, on="*http*") for fault in ("lost", "reset", "timeout")]
    found = pileup.explore(shares, faults=rules, runs=5)
    assert sum("This fault never struck in 5 runs" in each for each in found.warnings) == 3


def test_those_that_struck_are_not_among_them() -> None:
    never = [Rule(fault, on="*http*") for fault in ("lost", "reset", "timeout", "refused")]
    found = pileup.explore(shares, faults=[Rule("pause", on="*shared*"), *never], runs=20)
    (idle,) = [each for each in found.warnings if "never struck" in each]
    assert "4 of the 5 rules" in idle
    assert "pause" not in idle.partition(". ")[0]


def test_a_profile_of_which_nothing_struck_says_so_once() -> None:
    found = pileup.explore(touches_nothing, faults="lossy-acks", runs=3)
    (idle,) = [each for each in found.warnings if "struck" in each]
    assert idle.startswith("No fault of 'lossy-acks' struck in 3 runs.")
    assert "nothing shared was touched" in idle


def test_a_profile_of_which_anything_struck_is_not_complained_of() -> None:
    found = pileup.explore(shares, faults="lossy-acks", runs=100)
    struck = [rule for rule, tally in found.stats.faults.items() if tally.struck]
    assert 0 < len(struck) < len(found.stats.faults)
    assert not [each for each in found.warnings if "struck" in each]


# What a clean search is worth --------------------------------------------------------------


async def adds_at_once(world: World) -> None:
    await world.memory.add("n", 1)
    await world.memory.get("n")


def test_random_runs_give_a_bound_and_say_how_much_came_up() -> None:
    found = pileup.explore(adds_at_once, strategy="random", runs=40)
    assert found.clean
    assert not found.exhausted
    assert (
        "40 runs clean. If orders like these can go wrong at all, they do in fewer than 7.2%"
        in (found.strength)
    )
    assert found.spread is not None
    assert min(40, ALWAYS) <= found.spread.runs <= 40
    assert str(found.spread) in found.strength
    assert "different orders" in found.strength
    assert "outcome" in found.strength


def test_priorities_claim_what_they_can() -> None:
    found = pileup.explore(adds_at_once, strategy="pct:3", runs=40)
    assert found.claim
    assert found.claim.removesuffix(".") in found.strength
    assert "40 runs clean" in found.strength


def test_a_systematic_search_that_is_done_has_no_need_of_a_bound() -> None:
    found = pileup.explore(adds_at_once, strategy="systematic", runs=200)
    assert found.exhausted
    assert found.runs < 200
    assert found.strength.startswith("Clean: all ")
    assert "confidence" not in found.strength


def test_one_that_is_not_done_says_how_much_is_left() -> None:
    found = pileup.explore(adds_at_once, strategy="systematic", runs=2)
    assert not found.exhausted
    assert "2 runs clean" in found.strength
    assert "2 inequivalent orders were tried; at least" in found.strength


def test_it_is_said_in_the_report() -> None:
    found = pileup.explore(adds_at_once, strategy="random", runs=5)
    assert all(part in str(found) for part in found.strength.split(". "))
