"""What is cut off, crashed, paused or cancelled, with all that belongs to it and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest
import trio
from support.counter import Counter, Told

import pileup
from pileup.fakes import World
from pileup.fakes._port import Port
from pileup.fakes._suffering import Failures
from pileup.faults import Rule
from pileup.faults.weather import matches
from pileup.operations import Operation
from pileup.strategies import Dull, Random


def once(agent: Callable[..., object], *rules: Rule, agents: int = 1, seed: int = 0) -> pileup.Run:
    scenario = pileup.Scenario(agent, setup=Counter, agents=agents, faults=rules)
    return scenario.explorer().once(Random(seed) if seed else Dull())


async def add(counter: Counter, told: list[str]) -> None:
    try:
        await counter.port.perform(counter.adding())
    except Told as error:
        told.append(f"{error.args[0]} at {counter.sim.now:g}")


async def adds_twice_at_once(counter: Counter) -> list[str]:
    told: list[str] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(add, counter, told)
        nursery.start_soon(add, counter, told)
    await add(counter, told)
    return told


def test_who_is_cut_off_reaches_nothing_until_it_is_over() -> None:
    run = once(adds_twice_at_once, Rule("partition", nth=1, seconds=10))
    (told,) = run.results.values()
    assert told == ["timeout at 10", "timeout at 10"]
    assert run.world.value == 1


@pytest.mark.parametrize(("failures", "after"), [({}, 10), ({"refused": Told}, 0)])
def test_who_is_cut_off_sees_what_the_fake_has_for_it(failures: Failures, after: float) -> None:
    def start(sim: pileup.Sim) -> Port:
        return Port(sim, "plain", failures)

    async def agent(port: Port) -> None:
        with suppress(Told):
            await port.perform(Operation("look", port.cells["x"].reads, int))

    rule = Rule("partition", seconds=10)
    run = pileup.Scenario(agent, setup=start, agents=1, faults=rule).explorer().once(Dull())
    assert run.seconds == after


def test_what_fails_before_it_happens_does_not_wait_for_its_turn() -> None:
    async def agent(counter: Counter) -> None:
        op = counter.adding()
        op.ready = lambda: False
        await counter.port.perform(op)

    run = once(agent, Rule("error"))
    assert [finding.kind for finding in run.findings] == ["agent_failed"]


def test_what_happens_by_itself_can_be_twisted() -> None:
    async def agent(counter: Counter) -> None:
        counter.port.later(counter.adding())
        await pileup.sleep(1)

    found = pileup.explore(agent, setup=Counter, agents=1, faults=Rule("duplicated"), runs=30)
    assert found.stats.faults["duplicated on * (it is delivered twice)"].struck == 30
    run = once(agent, Rule("duplicated"), seed=1)
    twisted = [event.fault for event in run.history if event.agent == "world"]
    assert twisted == ["duplicated"]
    assert run.world.value == 100


def test_waiting_for_an_answer_belongs_to_the_fault() -> None:
    async def agent(counter: Counter) -> None:
        await add(counter, [])

    run = once(agent, Rule("lost"))
    waits = [event.fault for event in run.history if event.name == "no answer"]
    assert waits == ["lost"]


def test_others_are_not_cut_off() -> None:
    run = once(adds_twice_at_once, Rule("partition", nth=1, seconds=10), agents=2)
    assert sorted(map(len, map(list, run.results.values()))) == [0, 2]  # type: ignore[arg-type]
    assert run.world.value == 4


def test_a_fault_that_cannot_befall_an_operation_passes_it_by() -> None:
    async def agent(world: World) -> None:
        await world.memory.add("n", 1)

    found = pileup.explore(agent, runs=2, faults=Rule("lost"))
    assert found.clean
    assert list(found.stats.faults.values()) == [(0, 0)]


def test_a_pattern_fits_text_of_several_lines() -> None:
    assert matches("write *", "write files[a\nb]")
    assert not matches("write", "write files[a\nb]")
    assert not matches("wr.te*", "write files[a]")


async def crashes_beside_a_task(counter: Counter) -> None:
    """Let one task go on without an operation while the other one's agent dies."""

    async def later() -> None:
        await trio.sleep(5)
        await add(counter, [])

    async with trio.open_nursery() as nursery:
        nursery.start_soon(add, counter, [])
        nursery.start_soon(later)


async def crashes_beside_an_asyncio_task(counter: Counter) -> None:
    async def later() -> None:
        await asyncio.sleep(5)
        await add(counter, [])

    await asyncio.gather(add(counter, []), later())


async def crashes_under_a_timeout(counter: Counter) -> None:
    with trio.move_on_after(5):
        await add(counter, [])
        await trio.sleep(10)
    await add(counter, [])


async def crashes_under_an_asyncio_timeout(counter: Counter) -> None:
    try:
        async with asyncio.timeout(5):
            await add(counter, [])
            await asyncio.sleep(10)
    except TimeoutError:
        pass
    await add(counter, [])


async def crashes_and_would_tidy_up(counter: Counter) -> None:
    try:
        await add(counter, [])
        await pileup.sleep(5)
    finally:
        await add(counter, [])


def crashes_in_sync_code(counter: Counter) -> None:
    try:
        counter.port.call(counter.adding())
    finally:
        counter.port.call(counter.adding())


CRASHING = [
    crashes_beside_a_task,
    crashes_beside_an_asyncio_task,
    crashes_under_a_timeout,
    crashes_under_an_asyncio_timeout,
    crashes_and_would_tidy_up,
    crashes_in_sync_code,
]


@pytest.mark.parametrize("agent", CRASHING, ids=lambda agent: agent.__name__)
@pytest.mark.parametrize(("moment", "value"), [("before", 0), ("after", 1)])
def test_nothing_of_a_crashed_agent_goes_on(
    agent: Callable[..., object], moment: str, value: int
) -> None:
    rule = Rule("crash", on="add", nth=1, moment=moment)  # type: ignore[arg-type] # one of two
    for seed in range(6):
        run = once(agent, rule, seed=seed)
        assert run.world.value == value
        assert run.clean


@pytest.mark.parametrize("agent", CRASHING, ids=lambda agent: agent.__name__)
def test_others_go_on(agent: Callable[..., object]) -> None:
    run = once(agent, Rule("crash", on="add", by="*-0", nth=1), agents=2)
    alone = once(agent, Rule("crash", on="add", by="nobody"))
    assert run.world.value == 1 + alone.world.value


@pytest.mark.parametrize("agent", CRASHING, ids=lambda agent: agent.__name__)
def test_who_begins_anew_does_it_all_again(agent: Callable[..., object]) -> None:
    alone = once(agent, Rule("crash", by="nobody"))
    for seed in range(6):
        run = once(agent, Rule("restart", on="add", nth=1), seed=seed)
        assert run.clean
        assert run.world.value == 1 + alone.world.value


def test_the_plan_is_not_asked_about_what_happens_when_the_run_is_over() -> None:
    async def waits_for_ever(counter: Counter) -> None:
        try:
            await counter.port.perform(counter.adding())
            await trio.sleep_forever()
        finally:
            await add(counter, [])

    run = once(waits_for_ever, Rule("wrong", odds=0.5))
    assert [finding.kind for finding in run.findings] == ["deadlock"]
    assert len(run.tape.faults) == 1
    assert run.world.value == 1


def test_who_reacts_to_a_crash_is_told_at_once() -> None:
    seen: list[tuple[str, float]] = []

    def start(sim: pileup.Sim) -> Counter:
        seen.clear()
        sim.on_crash.append(lambda agent: seen.append((agent.name, sim.now)))
        return Counter(sim)

    async def agent(counter: Counter) -> None:
        await pileup.sleep(3)
        await add(counter, [])

    faults = Rule("crash", on="add", by="*-1")
    pileup.Scenario(agent, setup=start, agents=3, faults=faults).explorer().once(Dull())
    assert seen == [("agent-1", 3.0)]


def test_the_clock_of_one_agent_is_off_from_there_on() -> None:
    import time

    def tells_the_time(counter: Counter) -> list[float]:
        before = time.time()
        counter.port.call(counter.adding())
        return [time.time() - before]

    run = once(tells_the_time, Rule("skew", by="*-1", seconds=90), agents=2)
    assert list(run.results.values()) == [[0.0], [90.0]]


def test_that_it_has_crashed_is_written_down_before_it_begins_anew() -> None:
    async def agent(counter: Counter) -> None:
        await add(counter, [])

    run = once(agent, Rule("restart", nth=1, moment="before"))
    told = [(event.agent, event.name, event.fault) for event in run.history if event.name != "end"]
    assert told == [
        ("agent-0", "start", None),
        ("agent-0", "crash", "crash"),
        ("world", "restart", None),
        ("agent-0", "start", None),
        ("agent-0", "add", None),
    ]


async def waits_beside_what_crashes(counter: Counter) -> None:
    """Have one task parked, not asleep, while the other one's agent dies."""

    async def waits() -> None:
        op = counter.adding()
        op.delay = 5
        await counter.port.perform(op)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(waits)
        await trio.sleep(1)
        nursery.start_soon(add, counter, [])


async def lives_on(_: Counter) -> None:
    await trio.sleep(60)


def test_what_a_crashed_agent_had_parked_never_happens() -> None:
    rule = Rule("crash", on="add", nth=2)
    agents = [waits_beside_what_crashes, lives_on]
    scenario = pileup.Scenario(agents, setup=Counter, faults=rule)
    for seed in range(6):
        run = scenario.explorer().once(Random(seed))
        assert run.world.value == 1
        assert run.seconds == 60


def test_no_timeout_wakes_what_a_crashed_agent_had_parked() -> None:
    woken: list[str] = []

    async def waits_for_a_while(counter: Counter) -> None:
        op = counter.adding()
        op.delay = 30
        with trio.move_on_after(5):
            await counter.port.perform(op)
        woken.append("and does things outside of the world")

    async def agent(counter: Counter) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(waits_for_a_while, counter)
            await trio.sleep(1)
            nursery.start_soon(add, counter, [])

    rule = Rule("crash", on="add", nth=2)
    scenario = pileup.Scenario([agent, lives_on], setup=Counter, faults=rule)
    for seed in range(6):
        assert scenario.explorer().once(Random(seed)).seconds == 60
    assert woken == []
