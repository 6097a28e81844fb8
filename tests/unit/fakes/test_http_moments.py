"""A request's effect and its answer: who gives up before, between and after them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest
import trio
from support.exhaust import all_runs

import pileup
from pileup.fakes import World
from pileup.fakes.http import HttpApi, TimedOut
from pileup.findings import Finding
from pileup.history import Event
from pileup.results import Run


def shop(sim: pileup.Sim) -> HttpApi:
    api = HttpApi(sim, "https://api.example.com")
    api.route("POST", "/charges", lambda *_: (201, {"id": len(api.ledger)}))
    api.route("GET", "/charges", lambda *_: {"count": len(api.ledger)})
    return api


def runs(*agents: Any, backend: str | None = None) -> list[Run]:
    return list(all_runs(pileup.Scenario(list(agents), setup=shop, backend=backend).explorer()))


def charges_made(*agents: Any) -> set[int]:
    return {run.world.ledger.count("POST", "/charges") for run in runs(*agents)}


async def charges(api: HttpApi) -> None:
    await api.post("/charges", json={"order": 7}, timeout=5)


async def gives_up(api: HttpApi) -> str:
    try:
        await api.post("/charges", timeout=5)
    except TimedOut:
        return "gave up"
    return "charged"


def gives_up_in_sync_code(api: HttpApi) -> str:
    try:
        api.sync.post("/charges", timeout=5)
    except TimedOut:
        return "gave up"
    return "charged"


async def gives_up_around(api: HttpApi) -> str:
    try:
        async with pileup.timeout(5):
            await api.post("/charges")
    except TimeoutError:
        return "gave up"
    return "charged"


async def gives_up_with_trio(api: HttpApi) -> str:
    with trio.move_on_after(5):
        await api.post("/charges")
        return "charged"
    return "gave up"


async def gives_up_with_asyncio(api: HttpApi) -> str:
    try:
        await asyncio.wait_for(api.post("/charges"), 5)
    except TimeoutError:
        return "gave up"
    return "charged"


ALL = [
    gives_up,
    gives_up_in_sync_code,
    gives_up_around,
    gives_up_with_trio,
    gives_up_with_asyncio,
]


async def waits(_: HttpApi) -> None:
    await pileup.sleep(10)


@pytest.mark.parametrize("agent", ALL)
def test_whoever_gives_up_cannot_know_whether_it_took_effect(agent: Any) -> None:
    ways = {(next(iter(run.results.values())), run.world.ledger.count()) for run in runs(agent)}
    assert ways == {("charged", 1), ("gave up", 0), ("gave up", 1)}


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
@pytest.mark.parametrize("agent", ALL[:2])
def test_every_runtime_knows_the_same_ways(agent: Any, backend: str) -> None:
    def ways(under: str) -> set[tuple[str, ...]]:
        return {tuple(run.history.lines()) for run in runs(agent, backend=under)}

    assert ways(backend) == ways("native")


def told(run: Run) -> list[tuple[str, str, str]]:
    return [
        (event.agent, event.name, event.outcome)
        for event in run.history
        if event.name not in ("start", "end", "sleep")
    ]


def test_a_request_that_was_given_up_is_still_on_its_way() -> None:
    """It is noted as unknown when its caller gives up, and arrives later by itself, or never."""
    found = [told(run) for run in runs(gives_up, waits)]
    given_up = [("gives_up-0", "POST", "info"), ("gives_up-0", "give up", "fail")]
    assert given_up in found
    assert [*given_up, ("world", "late POST", "ok")] in found


@pytest.mark.parametrize("agent", ALL)
def test_however_a_caller_gives_up_its_request_is_on_its_way(agent: Any) -> None:
    found = [told(run) for run in runs(agent, waits)]
    assert any(("world", "late POST", "ok") in each for each in found)


def late(run: Run) -> Event:
    return next(event for event in run.history if event.name == "late POST")


def test_a_late_arrival_is_told_as_if_it_had_come_in_time() -> None:
    run = next(run for run in runs(gives_up, waits) if "late POST" in str(run.history.lines()))
    assert late(run).detail == '201 {"id":0}'
    assert [(entry.agent, entry.time) for entry in run.world.ledger] == [("gives_up-0", 5.0)]


async def reads_for_a_while(api: HttpApi) -> None:
    with suppress(TimedOut):
        await api.get("/charges", timeout=5)


def test_a_read_that_was_given_up_does_not_come_late() -> None:
    assert all("late" not in str(run.history.lines()) for run in runs(reads_for_a_while, waits))


def test_a_timeout_names_how_long_it_was() -> None:
    found = pileup.explore(charges, setup=shop, agents=1).findings
    assert [finding.title for finding in found] == [
        "charges-0 raised TimedOut: no answer within 5 s"
    ]


def test_what_is_answered_in_time_leaves_no_deadline_behind() -> None:
    async def twice(api: HttpApi) -> None:
        await charges(api)
        await pileup.sleep(100)

    assert {run.seconds for run in runs(twice) if run.results} == {100.0}


# A retry ----------------------------------------------------------------------------------


def retrying(**headers: str) -> Any:
    async def buys(api: HttpApi) -> None:
        for _ in range(2):
            try:
                await api.post("/charges", json={"order": 7}, headers=headers, timeout=5)
            except TimedOut:
                continue
            return

    return buys


def test_a_retry_without_a_key_can_charge_twice() -> None:
    assert charges_made(retrying()) == {0, 1, 2}


def test_a_retry_with_a_key_never_charges_twice() -> None:
    assert charges_made(retrying(**{"Idempotency-Key": "order-7"})) == {0, 1}


def once_charged(api: HttpApi) -> None:
    assert api.ledger.duplicates(by="order") == [], "charged twice"


def first(agent: Any, **options: Any) -> Finding:
    found = pileup.explore(agent, setup=shop, agents=1, check=once_charged, runs=100, **options)
    return found.findings[0]


def test_the_search_finds_the_double_charge_without_any_fault_and_shows_it_again() -> None:
    finding = first(retrying())
    assert finding.kind == "duplicate_effect"
    run = pileup.replay(finding.replay, retrying(), setup=shop, check=once_charged)
    assert run.faithful
    assert run.world.ledger.count() == 2


def test_the_search_finds_nothing_with_a_key() -> None:
    agent = retrying(**{"Idempotency-Key": "order-7"})
    assert pileup.explore(agent, setup=shop, agents=1, check=once_charged, runs=100).clean


def test_a_late_arrival_undoes_what_came_after_it() -> None:
    """The classic: a write that timed out, was followed by a newer one, and arrives last."""

    def setup(sim: pileup.Sim) -> World:
        world = World(sim)
        api = world.__dict__["api"] = HttpApi(sim)
        api.route("PUT", "/mode", lambda request, state: state.update(mode=request.json()))
        return world

    async def switches(world: Any) -> None:
        try:
            await world.api.put("/mode", json="old", timeout=5)
        except TimedOut:
            await world.api.put("/mode", json="new")
            await pileup.sleep(1)

    explorer = pileup.Scenario(switches, agents=1, setup=setup).explorer()
    ends = {(run.seconds, run.world.api.state.get("mode")) for run in all_runs(explorer)}
    assert ends == {(0.0, "old"), (6.0, "new"), (6.0, "old")}
