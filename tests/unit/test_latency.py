"""How long calls take in timed runs."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median, quantiles

import httpx
import pytest
from support.counter import Counter

import pileup
from pileup.fakes import World
from pileup.latency import Latency


async def reads(world: World) -> None:
    for _ in range(10):
        await world.files.read_text("f")


def start(sim: pileup.Sim) -> World:
    world = World(sim, {"files": Latency(2.0, 8.0)})
    world.files.seed("f", "")
    return world


SCENARIO = pileup.Scenario(reads, setup=start, agents=1)


def seconds(scenario: pileup.Scenario, seed: int) -> float:
    explorer = scenario.explorer()
    return explorer.once(pileup.strategies.Random(seed)).seconds


def test_values_have_the_median_and_the_tail_that_were_asked_for() -> None:
    values = Latency(0.1, 0.5).values
    assert median(values) == pytest.approx(0.1, rel=0.02)
    assert quantiles(values, n=100)[94] == pytest.approx(0.5, rel=0.05)
    assert list(values) == sorted(values)


def test_a_latency_that_cannot_be_says_what_to_write() -> None:
    with pytest.raises(pileup.UsageError, match=r"Latency\(0.1, 0.5\)"):
        Latency(2.0, 1.0)


def test_search_runs_take_no_time() -> None:
    assert seconds(SCENARIO, 0) == 0


def test_timed_runs_take_as_long_as_their_calls() -> None:
    timed = pileup.Scenario(reads, setup=start, agents=1, timed=True)
    makespans = [seconds(timed, seed) for seed in range(30)]
    assert 20 < median(makespans) < 35
    assert len(set(makespans)) == 30


def test_calls_overlap_in_time() -> None:
    one = pileup.Scenario(reads, setup=start, agents=1, timed=True)
    ten = pileup.Scenario(reads, setup=start, agents=10, timed=True)
    assert seconds(ten, 1) < 3 * seconds(one, 1)


@pytest.mark.parametrize("backend", pileup.settings.BACKENDS)
def test_a_timed_run_replays_by_its_token_alone(backend: str) -> None:
    async def fails(world: World) -> None:
        await reads(world)
        raise ValueError("late")

    found = pileup.explore(fails, setup=start, runs=3, timed=True, backend=backend)
    assert found.counterexample is not None
    again = pileup.replay(found.counterexample.token, fails, setup=start)
    assert again.faithful
    assert again.seconds == found.counterexample.seconds > 0


def test_what_a_call_takes_comes_on_top_of_its_own_delay() -> None:
    def counting(sim: pileup.Sim) -> Counter:
        sim.latencies["counter"] = Latency(2.0, 8.0)
        return Counter(sim)

    async def adds_late(counter: Counter) -> None:
        op = counter.adding()
        op.delay = 100
        await counter.port.perform(op)

    timed = pileup.Scenario(adds_late, setup=counting, agents=1, timed=True)
    assert seconds(timed, 1) > 100


async def asks_natively(world: World) -> None:
    await world.http.get("/n")


def asks_by_a_client(_: World) -> None:
    httpx.get("https://api.example.com/n")


@pytest.mark.parametrize("agent", [asks_natively, asks_by_a_client])
def test_what_is_reached_over_http_takes_time_too(agent: Callable[[World], object]) -> None:
    def serving(sim: pileup.Sim) -> World:
        world = World(sim, {"http": Latency(2.0, 2.0)})
        world.http.route("GET", "/n")(lambda *_: 200)
        return world

    timed = pileup.Scenario(agent, setup=serving, agents=1, timed=True)
    assert seconds(timed, 1) == 2
