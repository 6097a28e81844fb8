"""What the fault plan does to a message, on which side of the effect, and what a client sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.exhaust import all_runs

import pileup
from pileup.fakes.bus import (
    Bus,
    BusError,
    ConnectionLost,
    NoAnswer,
    Rejected,
    Throttled,
    Unreachable,
)
from pileup.faults import PROFILES, Rule
from pileup.history import Event
from pileup.results import Run
from pileup.strategies import Dull


def seeded(**promises: Any) -> Callable[[pileup.Sim], Bus]:
    def setup(sim: pileup.Sim) -> Bus:
        bus = Bus(sim)
        bus.queue("jobs", **promises)
        bus.seed("jobs", "one", "two", "three")
        return bus

    return setup


def struck(agent: Any, *rules: Rule, setup: Any = None, agents: int = 1) -> Run:
    scenario = pileup.Scenario(agent, setup=setup or seeded(), agents=agents, faults=rules)
    return scenario.explorer().once(Dull())


def marked(run: Run, fault: str) -> Event:
    return next(event for event in run.history if event.fault == fault and event.items)


# What a client sees --------------------------------------------------------------------------


async def publishes(bus: Bus) -> str:
    try:
        return await bus.publish("jobs", "four")
    except BusError as error:
        return type(error).__name__


def publishes_in_sync_code(bus: Bus) -> str:
    try:
        return bus.sync.publish("jobs", "four")
    except BusError as error:
        return type(error).__name__


SEEN = {  # the fault, what the client sees, whether it took effect, what the history says
    "error": (Rejected.__name__, 0, "fail"),
    "throttled": (Throttled.__name__, 0, "fail"),
    "unavailable": (Rejected.__name__, 0, "fail"),
    "timeout": (NoAnswer.__name__, 0, "fail"),
    "refused": (Unreachable.__name__, 0, "fail"),
    "partition": (NoAnswer.__name__, 0, "fail"),
    "lost": (NoAnswer.__name__, 1, "info"),
    "reset": (ConnectionLost.__name__, 1, "info"),
    "late": ("jobs#4", 1, "ok"),
    "slow": ("jobs#4", 1, "ok"),
}


@pytest.mark.parametrize("agent", [publishes, publishes_in_sync_code])
@pytest.mark.parametrize("fault", SEEN)
def test_a_client_sees_of_a_fault_what_it_would_see_of_a_real_bus(fault: str, agent: Any) -> None:
    told, effects, outcome = SEEN[fault]
    run = struck(agent, Rule(fault, on="publish bus[jobs]", nth=1))
    assert list(run.results.values()) == [told]
    assert len(run.world.published) == 3 + effects
    assert marked(run, fault).outcome == outcome


def test_timeouts_and_broken_connections_are_also_what_python_calls_them() -> None:
    assert issubclass(NoAnswer, TimeoutError)
    assert issubclass(Unreachable, ConnectionError)
    assert issubclass(ConnectionLost, ConnectionError)


# Deliveries ----------------------------------------------------------------------------------


async def takes_all(bus: Bus) -> list[str]:
    taken = []
    while (message := await bus.claim("jobs")) is not None:
        taken.append(message.body)
        await message.ack()
    return taken


def test_a_message_that_is_delivered_twice_is_so_right_away() -> None:
    run = struck(takes_all, Rule("duplicated", on="claim*", nth=1))
    assert run.results == {"takes_all-0": ["one", "one", "two", "three"]}
    first, second = run.world.delivered[:2]
    assert (first.id, second.id) == ("jobs#1", "jobs#1")
    event = marked(run, "duplicated")
    assert (event.name, event.outcome, event.detail) == ("claim", "ok", "jobs#1: one")
    assert len(run.world.acked) == 4


def test_two_deliveries_are_acknowledged_each_by_itself() -> None:
    async def takes_two(bus: Bus) -> None:
        first, second = await bus.claim("jobs"), await bus.claim("jobs")
        assert first is not None
        assert second is not None
        assert await first.ack()
        assert await second.nack()
        assert (await bus.depth("jobs"), second.deliveries) == (3, 1)

    assert not struck(takes_two, Rule("duplicated", on="claim*", nth=1)).findings


def test_a_message_that_is_delivered_out_of_order_is_not_the_next_one() -> None:
    setup = seeded(visibility=None)
    rule = Rule("reordered", on="claim*", nth=1)
    scenario = pileup.Scenario(takes_all, setup=setup, agents=1, faults=[rule])
    orders = {" ".join(run.results["takes_all-0"]) for run in all_runs(scenario.explorer())}  # type: ignore[arg-type]
    assert orders == {"one two three", "two one three", "three one two"}


@pytest.mark.parametrize("fault", ["duplicated", "reordered"])
def test_where_there_is_nothing_to_deliver_no_fault_is_told_of(fault: str) -> None:
    async def finds_nothing(bus: Bus) -> object:
        return await bus.claim("jobs")

    run = struck(finds_nothing, Rule(fault, on="claim*"), setup=Bus)
    assert (run.results["finds_nothing-0"], run.findings) == (None, ())
    assert all(event.fault is None for event in run.history)


def test_one_message_alone_is_never_out_of_order() -> None:
    def setup(sim: pileup.Sim) -> Bus:
        bus = Bus(sim)
        bus.seed("jobs", "one")
        return bus

    run = struck(takes_all, Rule("reordered", on="claim*"), setup=setup)
    assert run.results == {"takes_all-0": ["one"]}
    assert all(event.fault is None for event in run.history)


def test_a_fifo_queue_keeps_its_promises_under_these_faults() -> None:
    def setup(sim: pileup.Sim) -> Bus:
        bus = Bus(sim)
        bus.queue("jobs", fifo=True)
        bus.seed("jobs", "a1", "a2", key="a")
        bus.seed("jobs", "b1", key="b")
        return bus

    rules = [Rule("reordered", on="claim*"), Rule("duplicated", on="claim*")]
    run = struck(takes_all, *rules, setup=setup)
    assert run.results["takes_all-0"] == ["b1", "a1", "a2"]


@pytest.mark.parametrize("fault", ["duplicated", "reordered"])
@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_these_faults_replay(fault: str, backend: str) -> None:
    def unharmed(bus: Bus) -> None:
        assert [entry.body for entry in bus.delivered] == ["one", "two", "three"]

    options: dict[str, Any] = {"setup": seeded(), "agents": 1, "check": unharmed}
    rules = [Rule(fault, on="claim*", odds=0.3, most=1)]
    found = pileup.explore(takes_all, faults=rules, runs=20, backend=backend, **options)
    again = pileup.replay(found.findings[0].replay, takes_all, **options)
    assert [event.fault for event in again.history if event.fault] == [fault]
    assert found.counterexample is not None
    assert again.history.lines() == found.counterexample.history.lines()


def test_without_a_plan_nothing_is_delivered_twice_or_out_of_order() -> None:
    scenario = pileup.Scenario(takes_all, setup=seeded(visibility=None), agents=2)
    for run in all_runs(scenario.explorer()):
        assert [entry.body for entry in run.world.delivered] == ["one", "two", "three"]


# Lost answers --------------------------------------------------------------------------------


async def claims_again(bus: Bus, me: pileup.Agent) -> tuple[int, float]:
    while True:
        try:
            message = await bus.claim("jobs", wait=40)
        except BusError:
            continue
        if message is not None and message.body == "one":
            return message.deliveries, me._sim.now


@pytest.mark.parametrize("fault", ["lost", "reset"])
@pytest.mark.parametrize(("visibility", "since"), [(50, 50), (None, 0)])
def test_a_claim_whose_answer_is_lost_hides_the_message_until_its_time_is_over(
    fault: str, visibility: float | None, since: float
) -> None:
    rule = Rule(fault, on="claim*", nth=1, seconds=0)
    run = struck(claims_again, rule, setup=seeded(visibility=visibility))
    assert run.results["claims_again-0"] == (2, since)
    assert marked(run, fault).outcome == "info"


async def works_until_it_is_acknowledged(bus: Bus) -> list[bool]:
    message = await bus.claim("jobs")
    assert message is not None
    try:
        return [await message.ack()]
    except BusError:
        return [False, await message.ack()]


@pytest.mark.parametrize(("fault", "gone"), [("lost", True), ("timeout", False)])
def test_an_acknowledgement_whose_answer_is_lost_can_be_repeated(fault: str, gone: bool) -> None:
    run = struck(works_until_it_is_acknowledged, Rule(fault, on="ack*", nth=1))
    event = marked(run, fault)
    assert (event.outcome == "info") == gone
    assert run.results == {"works_until_it_is_acknowledged-0": [False, True]}
    assert len(run.world.acked) == 1


# Consumers that are gone ---------------------------------------------------------------------


async def takes_one(bus: Bus) -> None:
    await bus.claim("jobs")
    await pileup.sleep(1)
    await bus.depth("jobs")
    await pileup.sleep(1_000)


async def takes_over(bus: Bus, me: pileup.Agent) -> float:
    await pileup.sleep(2)
    while True:
        message = await bus.claim("jobs", wait=None)
        assert message is not None
        if message.body == "one":
            assert message.deliveries == 2
            return me._sim.now


@pytest.mark.parametrize("fault", ["crash", "restart"])
@pytest.mark.parametrize(("visibility", "when"), [(30, 30), (None, 2)])
def test_a_crashed_consumers_message_comes_back(
    fault: str, visibility: float | None, when: float
) -> None:
    scenario = pileup.Scenario(
        [takes_one, takes_over],
        setup=seeded(visibility=visibility),
        faults=[Rule(fault, on="depth*", nth=1)],
    )
    run = scenario.explorer().once(Dull())
    assert run.results["takes_over-1"] == when


def test_a_consumer_that_stands_still_finds_its_message_with_another() -> None:
    async def takes_and_acks(bus: Bus) -> bool:
        message = await bus.claim("jobs")
        assert message is not None
        return await message.ack()

    async def waits(bus: Bus) -> None:
        await pileup.sleep(5)
        for _ in range(3):
            await bus.claim("jobs", wait=40)

    scenario = pileup.Scenario(
        [takes_and_acks, waits],
        setup=seeded(),
        faults=[Rule("pause", on="ack*", moment="before", seconds=100)],
    )
    assert scenario.explorer().once(Dull()).results["takes_and_acks-0"] is False


def test_a_claim_that_hangs_hears_of_no_deadline() -> None:
    async def hangs(bus: Bus) -> None:
        async with pileup.timeout(100):
            await bus.claim("jobs", wait=5)

    async def gives_up(bus: Bus, me: pileup.Agent) -> float:
        with pytest.raises(TimeoutError):
            await hangs(bus)
        return me._sim.now

    run = struck(gives_up, Rule("hang", on="claim*"), setup=Bus)
    assert run.results == {"gives_up-0": 100}


def test_a_slow_claim_waits_for_as_long_once_it_has_arrived() -> None:
    async def waits(bus: Bus, me: pileup.Agent) -> float:
        assert await bus.claim("jobs", wait=5) is None
        return me._sim.now

    run = struck(waits, Rule("slow", on="claim*", seconds=7), setup=Bus)
    assert run.results == {"waits-0": 12}


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_in_any_weather_no_message_is_lost_that_was_not_acknowledged(profile: str) -> None:
    async def works(bus: Bus) -> None:
        for _ in range(8):
            try:
                message = await bus.claim("jobs", wait=5)
                if message is not None:
                    await message.ack()
            except BusError:
                continue

    def all_accounted_for(bus: Bus) -> None:
        left = [*bus.peek("jobs"), *[entry.body for entry in bus.acked]]
        assert set(left) == {"one", "two", "three"}

    found = pileup.explore(
        works, setup=seeded(), agents=2, check=all_accounted_for, runs=40, faults=profile
    )
    assert [each for each in found.findings if each.kind == "check_failed"] == []
