"""What the fault plan does to a call, on which side of the effect; quotas; and what is billed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from support.exhaust import all_runs

import pileup
from pileup.fakes.model import (
    Broken,
    Model,
    ModelError,
    NoAnswer,
    NotReached,
    Overloaded,
    ServerError,
    Throttled,
    TimedOut,
)
from pileup.faults import CATALOGUE, Rule
from pileup.results import Run
from pileup.strategies import Dull, RoundRobin

Setup = Callable[[pileup.Sim], Model]


def model_of(*script: str, calls: int = 0, per: float = 60.0) -> Setup:
    def setup(sim: pileup.Sim) -> Model:
        model = Model(sim)
        if script:
            model.script(*script)
        if calls:
            model.limit(calls, per)
        return model

    return setup


def once(agent: Any, fault: str = "", setup: Setup = Model, **options: Any) -> Run:
    rules = [Rule(fault, on="complete*", **{"nth": 1, **options})] if fault else None
    scenario = pileup.Scenario(agent, agents=1, setup=setup, faults=rules)
    return scenario.explorer().once(Dull())


async def natively(model: Model) -> str:
    try:
        return (await model.complete("yes?")).text
    except ModelError as error:
        return type(error).__name__


def in_sync_code(model: Model) -> str:
    try:
        return model.sync.complete("yes?").text
    except ModelError as error:
        return type(error).__name__


SEEN = {  # the fault, what its caller sees, how many calls were billed, what the history says
    "error": (ServerError, 0, "fail"),
    "throttled": (Throttled, 0, "fail"),
    "unavailable": (Overloaded, 0, "fail"),
    "timeout": (TimedOut, 0, "fail"),
    "refused": (NotReached, 0, "fail"),
    "partition": (TimedOut, 0, "fail"),
    "lost": (TimedOut, 1, "info"),
    "reset": (Broken, 1, "info"),
    "late": (None, 1, "ok"),
    "slow": (None, 1, "ok"),
}


@pytest.mark.parametrize("agent", [natively, in_sync_code])
@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
@pytest.mark.parametrize("fault", SEEN)
def test_a_caller_sees_of_a_fault_what_is_left_to_see(fault: str, backend: str, agent: Any) -> None:
    error, billed, outcome = SEEN[fault]
    rules = [Rule(fault, on="complete*", nth=1)]
    scenario = pileup.Scenario(agent, agents=1, setup=Model, faults=rules, backend=backend)
    run = scenario.explorer().once(RoundRobin())
    assert list(run.results.values()) == ["yes?" if error is None else error.__name__]
    assert len(run.world.log) == run.world.usage.calls == billed
    (event,) = [event for event in run.history if event.fault == fault and event.items]
    assert event.outcome == outcome


@pytest.mark.parametrize("fault", SEEN)
def test_a_fault_replays(fault: str) -> None:
    lines = [once(natively, fault).history.lines() for _ in range(2)]
    assert lines[0] == lines[1]


def test_faults_of_files_do_not_befall_a_model() -> None:
    for fault in ("full", "denied", "stale", "evicted", "expired", "duplicated", "reordered"):
        assert once(natively, fault).results == {"natively-0": "yes?"}
        assert fault in CATALOGUE


def test_errors_say_what_they_would_be_over_http() -> None:
    assert {error: error.status for error in (Throttled, Overloaded, ServerError)} == {
        Throttled: 429,
        Overloaded: 529,
        ServerError: 500,
    }
    assert issubclass(TimedOut, TimeoutError)
    assert issubclass(NotReached, ConnectionError)
    assert issubclass(Broken, ConnectionError)
    assert not issubclass(NotReached, NoAnswer)


# Billed and not heard ---------------------------------------------------------------------


async def asks_until_heard(model: Model) -> str:
    while True:
        try:
            return (await model.complete("yes?")).text
        except ModelError:
            await pileup.sleep(1)


def test_an_answer_that_is_lost_is_billed_and_its_retry_is_billed_again() -> None:
    run = once(asks_until_heard, "lost", model_of("first", "second"))
    assert run.results == {"asks_until_heard-0": "second"}
    assert [entry.answer.text for entry in run.world.log] == ["first", "second"]
    assert run.world.usage.cost == 2 * run.world.log[0].answer.cost


def test_a_call_that_failed_before_is_not_billed_and_leaves_the_script_alone() -> None:
    run = once(asks_until_heard, "unavailable", model_of("first", "second"))
    assert run.results == {"asks_until_heard-0": "first"}
    assert run.world.usage.calls == 1


def test_a_call_is_billed_to_an_agent_that_has_crashed_after_it() -> None:
    run = once(natively, "crash", model_of("first"))
    assert (run.results, run.world.usage.by_agent["natively-0"].calls) == ({}, 1)
    before = once(natively, "crash", model_of("first"), moment="before")
    assert before.world.usage.calls == 0


# Layers that retry ------------------------------------------------------------------------


def thrice(call: Callable[[Model], Any]) -> Callable[[Model], Any]:
    """Try three times: what each layer does for itself, and none knows of the others."""

    async def tries(model: Model) -> Any:
        for attempt in range(3):
            try:
                return await call(model)
            except ModelError:
                if attempt == 2:
                    raise
        raise AssertionError

    return tries


async def calls_model(model: Model) -> str:
    return (await model.complete("yes?")).text


@pytest.mark.parametrize(("layers", "calls"), [(0, 1), (1, 3), (2, 9), (3, 27)])
@pytest.mark.parametrize(("fault", "billed"), [("lost", True), ("unavailable", False)])
def test_layers_that_each_try_thrice_multiply(
    layers: int, calls: int, fault: str, billed: bool
) -> None:
    agent: Callable[[Model], Any] = calls_model
    for _ in range(layers):
        agent = thrice(agent)
    run = once(agent, fault, nth=None)
    assert [event.name for event in run.history].count("complete") == calls
    assert len(run.world.log) == (calls if billed else 0)


# Quotas -----------------------------------------------------------------------------------


def test_what_goes_beyond_a_quota_is_refused_until_its_window_ends() -> None:
    heard: list[tuple[float, object]] = []

    async def asks(model: Model) -> None:
        for seconds in (5, 10, 10, 35, 5):
            await pileup.sleep(seconds)
            try:
                heard.append((model._port.sim.now, (await model.complete("yes?")).text))
            except Throttled as refused:
                heard.append((model._port.sim.now, refused.retry_after))

    once(asks, setup=model_of(calls=2))
    # The window began at 5 s with the first call and ends at 65 s.
    assert heard == [(5, "yes?"), (15, "yes?"), (25, 40), (60, 5), (65, "yes?")]


def test_what_is_refused_is_neither_billed_nor_read_from_a_script() -> None:
    async def asks(model: Model) -> list[str]:
        return [await natively(model), await natively(model)]

    run = once(asks, setup=model_of("first", "second", calls=1))
    assert run.results == {"asks-0": ["first", "Throttled"]}
    assert run.world.usage.calls == 1
    assert [event.outcome for event in run.history if event.name == "complete"] == ["ok", "fail"]


def test_waiting_for_as_long_as_it_says_is_enough() -> None:
    async def waits(model: Model) -> str:
        try:
            return (await model.complete("yes?")).text
        except Throttled as refused:
            await pileup.sleep(refused.retry_after)
            return (await model.complete("yes?")).text

    scenario = pileup.Scenario(waits, agents=2, setup=model_of(calls=1))
    run = scenario.explorer().once(Dull())
    assert run.results == {"waits-0": "yes?", "waits-1": "yes?"}
    assert run.seconds == 60


def test_of_two_either_may_get_the_last_of_a_quota() -> None:
    scenario = pileup.Scenario(natively, agents=2, setup=model_of(calls=1))
    ends = {tuple(run.results.values()) for run in all_runs(scenario.explorer())}
    assert ends == {("yes?", "Throttled"), ("Throttled", "yes?")}
