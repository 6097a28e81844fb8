"""`pileup.shared`: an object of the user's own, with every access in the history."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import pytest
from support.exhaust import all_runs

import pileup
from pileup.fakes import World
from pileup.strategies import RoundRobin


@dataclass
class Counter:
    n: int = 0
    log: list[str] = field(default_factory=list)

    def increment(self) -> None:
        self.n += 1


class Shop(World):
    def __init__(self, sim: pileup.Sim) -> None:
        super().__init__(sim)
        self.counter = pileup.shared(Counter())
        self.stock = pileup.shared({"apples": 2, "tags": ["fruit"]}, name="stock")


def scenario(agent: Any, agents: int = 2) -> pileup.Scenario:
    return pileup.Scenario(agent, setup=Shop, agents=agents)


def runs(agent: Any, agents: int = 2) -> list[Any]:
    return list(all_runs(scenario(agent, agents).explorer()))


def increments(world: Shop) -> None:
    world.counter.n += 1


def increments_by_method(world: Shop) -> None:
    world.counter.increment()


@pytest.mark.parametrize("agent", [increments, increments_by_method])
def test_threads_can_lose_an_increment_of_an_attribute(agent: Any) -> None:
    assert {run.world.counter.n for run in runs(agent)} == {1, 2}


def sells(world: Shop) -> None:
    if world.stock["apples"] > 1:
        world.stock["apples"] -= 1


def test_threads_can_oversell_or_lose_a_change_of_a_key() -> None:
    assert {run.world.stock["apples"] for run in runs(sells)} == {0, 1}
    assert {event.items[0].name for event in runs(sells)[0].history if event.items} >= {
        "stock[apples]"
    }


async def increments_at_once(world: Shop) -> None:
    world.counter.n += 1
    await pileup.checkpoint()


async def increments_across_an_await(world: Shop) -> None:
    seen = world.counter.n
    await pileup.checkpoint()
    world.counter.n = seen + 1


def test_async_code_is_not_interrupted_between_awaits() -> None:
    assert {run.world.counter.n for run in runs(increments_at_once)} == {2}


def test_async_code_can_lose_an_increment_across_an_await() -> None:
    assert {run.world.counter.n for run in runs(increments_across_an_await)} == {1, 2}


def test_accesses_of_async_code_are_in_the_history() -> None:
    run = scenario(increments_across_an_await).explorer().once(RoundRobin())
    seen = [(event.name, event.items[0].version) for event in run.history if event.items]
    assert [each for each in seen if each[0] in ("read", "write")] == [
        ("read", 0),
        ("read", 0),
        ("write", 1),
        ("write", 2),
    ]


def appends(world: Shop, me: pileup.Agent) -> None:
    world.counter.log.append(me.name)
    world.stock["tags"].append(me.name)


def test_a_nested_container_counts_as_what_holds_it() -> None:
    found = runs(appends)
    assert {len(run.world.counter.log) for run in found} == {2}
    items = {seen.name for event in found[0].history for seen in event.items}
    assert {"Counter-0[log]", "stock[tags]"} <= items


at_import = pileup.shared({"n": 0})


def counts_globally() -> None:
    at_import["n"] += 1


def test_a_module_global_is_put_back_at_the_start_of_each_run() -> None:
    explorer = pileup.Scenario(counts_globally, setup=Shop, agents=1).explorer()
    for _ in range(2):
        run = explorer.once(RoundRobin())
        writes = [event.detail for event in run.history if event.name == "write"]
        assert writes == [1]


def test_it_poses_as_its_object() -> None:
    counter, stock = pileup.shared(Counter()), pileup.shared({"a": 1})
    assert isinstance(counter, Counter)
    assert isinstance(stock, dict)
    assert ("a" in stock, len(stock), list(stock), dict(stock), bool(stock)) == (
        True,
        1,
        ["a"],
        {"a": 1},
        True,
    )
    assert stock == {"a": 1}


def test_what_cannot_be_copied_is_refused_outside_of_setup() -> None:
    with pytest.raises(pileup.UsageError, match="Make it in `setup`"):
        pileup.shared({"lock": threading.Lock()})


def test_an_object_of_another_run_is_refused() -> None:
    kept: list[Any] = []

    class Keeps(World):
        def __init__(self, sim: pileup.Sim) -> None:
            super().__init__(sim)
            kept.append(pileup.shared({"n": 0}))

    def uses_the_first() -> None:
        kept[0]["n"] += 1

    with pytest.raises(pileup.UsageError, match="made in one run is used in another"):
        pileup.explore(uses_the_first, setup=Keeps, runs=3)
