"""What the fault plan does to a request, on which side of the effect, and what a client sees."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import httpx
import httpx2
import pytest
from support.exhaust import all_runs

import pileup
from pileup.fakes.http import ConnectFailed, ConnectionReset, HttpApi, HttpError, TimedOut
from pileup.faults import Rule
from pileup.results import Run
from pileup.strategies import Dull

URL = "https://api.example.com/charges"
CLIENTS = {package: (package.Client(), package.AsyncClient()) for package in (httpx, httpx2)}


def shop(sim: pileup.Sim) -> HttpApi:
    api = HttpApi(sim, "https://api.example.com")
    api.state["asked"] = 0

    @api.route("POST", "/charges")
    def charge(_: Any, state: dict[str, Any]) -> Any:
        state["asked"] += 1
        return 201, {"id": 1}

    return api


def scenario(agent: Any, fault: str, **options: Any) -> pileup.Scenario:
    rule = Rule(fault, on="POST http[api.example.com/charges]", nth=1, **options)
    return pileup.Scenario(agent, agents=1, setup=shop, faults=[rule])


def struck(agent: Any, fault: str, **options: Any) -> Run:
    return scenario(agent, fault, **options).explorer().once(Dull())


async def natively(api: HttpApi) -> str:
    try:
        return str((await api.post("/charges")).status)
    except HttpError as error:
        return type(error).__name__


def in_sync_code(api: HttpApi) -> str:
    try:
        return str(api.sync.post("/charges").status)
    except HttpError as error:
        return type(error).__name__


def by(package: Any) -> list[Any]:
    client, async_client = CLIENTS[package]

    def by_client(_: HttpApi) -> str:
        try:
            return str(client.post(URL, timeout=None).status_code)
        except package.HTTPError as error:
            return type(error).__name__

    async def by_async_client(_: HttpApi) -> str:
        try:
            return str((await async_client.post(URL, timeout=None)).status_code)
        except package.HTTPError as error:
            return type(error).__name__

    return [by_client, by_async_client]


NATIVE = [natively, in_sync_code]
REAL = [*by(httpx), *by(httpx2)]

SEEN = {  # the fault, what each kind of client sees, whether it took effect, what the history says
    "error": ("500", "500", 0, "fail"),
    "throttled": ("429", "429", 0, "fail"),
    "unavailable": ("503", "503", 0, "fail"),
    "timeout": (TimedOut.__name__, "ReadTimeout", 0, "fail"),
    "refused": (ConnectFailed.__name__, "ConnectError", 0, "fail"),
    "lost": (TimedOut.__name__, "ReadTimeout", 1, "info"),
    "reset": (ConnectionReset.__name__, "ReadError", 1, "info"),
    "late": ("201", "201", 1, "ok"),
    "slow": ("201", "201", 1, "ok"),
}


@pytest.mark.parametrize("agent", [*NATIVE, *REAL])
@pytest.mark.parametrize("fault", SEEN)
def test_a_client_sees_of_a_fault_what_it_would_see_of_the_real_one(fault: str, agent: Any) -> None:
    native, real, effects, outcome = SEEN[fault]
    run = struck(agent, fault)
    assert list(run.results.values()) == [native if agent in NATIVE else real]
    assert run.world.ledger.count() == run.world.state["asked"] == effects
    (event,) = [event for event in run.history if event.fault == fault and event.items]
    assert event.outcome == outcome


@pytest.mark.parametrize("fault", SEEN)
def test_a_fault_replays(fault: str) -> None:
    found = pileup.explore(scenario(natively, fault), runs=5)
    assert found.stats.steps > 0
    lines = [struck(natively, fault).history.lines() for _ in range(2)]
    assert lines[0] == lines[1]


def test_being_throttled_comes_with_retry_after() -> None:
    async def asks(api: HttpApi) -> str:
        return (await api.post("/charges")).headers["retry-after"]

    assert struck(asks, "throttled").results == {"asks-0": "1"}


def test_an_answer_in_place_of_the_effect_is_received_as_any_other() -> None:
    names = [event.name for event in struck(natively, "unavailable").history]
    assert names == ["start", "POST", "receive", "end"]


@pytest.mark.parametrize(("fault", "effects"), [("lost", 1), ("timeout", 0), ("hang", 0)])
def test_the_clients_own_timeout_comes_before_the_faults(fault: str, effects: int) -> None:
    """It waits for 5 seconds, where the fault would last for 30 or for ever."""

    async def waits(api: HttpApi) -> float:
        with pytest.raises(TimedOut):
            await api.post("/charges", timeout=5)
        return pileup.sim.current.current("test").now

    run = struck(waits, fault)
    assert (run.results, run.world.ledger.count()) == ({"waits-0": 5.0}, effects)


async def gives_up(api: HttpApi) -> None:
    with suppress(TimedOut):
        await api.post("/charges", timeout=5)
    await pileup.sleep(60)


def late_arrivals(fault: str) -> set[float]:
    """Say when a request comes that a fault has struck and whose caller has gone, in any order."""
    runs = [list(run.history) for run in all_runs(scenario(gives_up, fault).explorer())]
    struck_ones = [run for run in runs if any(event.fault == fault for event in run)]
    assert struck_ones
    return {event.time for run in struck_ones for event in run if event.name == "late POST"}


def test_a_slow_request_that_was_given_up_arrives_when_it_would_have() -> None:
    """Slow is 10 seconds: after 5 its caller has gone, and it arrives at 10 or later."""
    assert min(late_arrivals("slow")) == 10.0


@pytest.mark.parametrize("fault", ["timeout", "hang", "partition", "refused", "lost"])
def test_what_a_fault_has_kept_from_arriving_does_not_arrive_later(fault: str) -> None:
    assert late_arrivals(fault) == set()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_that_stands_still_hears_of_no_timeout(moment: Any) -> None:
    """When it goes on the answer lies there, or the request has not even been sent."""

    async def asks(api: HttpApi) -> int:
        return (await api.post("/charges", timeout=5)).status

    run = struck(asks, "pause", moment=moment)
    assert (run.results, run.seconds) == ({"asks-0": 201}, 60.0)


@pytest.mark.parametrize("agent", [*NATIVE, *REAL])
def test_a_lost_answer_makes_a_retry_charge_twice(agent: Any) -> None:
    async def retries(api: HttpApi) -> None:
        for _ in range(2):
            answer = agent(api)
            if (answer if isinstance(answer, str) else await answer) == "201":
                return

    assert struck(retries, "lost").world.ledger.count() == 2
