"""What faults do to statements and commits, and what is kept of a client that is gone."""

from __future__ import annotations

from typing import Any

import pytest
from support.exhaust import all_runs

import pileup
from pileup.fakes.database import ConnectionLost, Database, DatabaseError
from pileup.faults import Rule
from pileup.results import Run
from pileup.sim.current import current
from pileup.sim.kernel import Sim
from pileup.strategies import Dull


def start(sim: Sim) -> Database:
    db = Database(sim)
    db.table("accounts", rows=[{"id": 1, "balance": 100}, {"id": 2, "balance": 100}])
    return db


def scenario(*agents: Any, rules: list[Rule], backend: str | None = None) -> pileup.Scenario:
    many = list(agents)
    return pileup.Scenario(many, agents=len(many), setup=start, faults=rules, backend=backend)


def struck(agent: Any, fault: str, on: str, **options: Any) -> Run:
    rules = [Rule(fault, on=on, nth=1, **options)]
    return scenario(agent, rules=rules).explorer().once(Dull())


async def autocommit(db: Database) -> str:
    try:
        await db.update("accounts", 1, balance=50)
    except DatabaseError as error:
        return f"{type(error).__name__} {error.sqlstate} {error.retryable}"
    return "done"


def in_sync_code(db: Database) -> str:
    try:
        db.sync.update("accounts", 1, balance=50)
    except DatabaseError as error:
        return f"{type(error).__name__} {error.sqlstate} {error.retryable}"
    return "done"


SEEN = {  # the fault: what the client sees, the balance after it, what the history says
    "error": ("ServerError XX000 False", 100, "fail"),
    "full": ("DiskFull 53100 False", 100, "fail"),
    "denied": ("PermissionDenied 42501 False", 100, "fail"),
    "refused": ("ConnectionRefused 08001 True", 100, "fail"),
    "throttled": ("TooManyConnections 53300 True", 100, "fail"),
    "unavailable": ("CannotConnectNow 57P03 True", 100, "fail"),
    "timeout": ("TimedOut 08006 False", 100, "fail"),
    "lost": ("TimedOut 08006 False", 50, "info"),
    "reset": ("ConnectionLost 08006 False", 50, "info"),
    "late": ("done", 50, "ok"),
    "slow": ("done", 50, "ok"),
}


@pytest.mark.parametrize("agent", [autocommit, in_sync_code])
@pytest.mark.parametrize("fault", SEEN)
def test_a_client_sees_of_a_fault_what_it_would_see_of_postgresql(fault: str, agent: Any) -> None:
    told, balance, outcome = SEEN[fault]
    run = struck(agent, fault, "update *")
    assert list(run.results.values()) == [told]
    assert run.world.peek("accounts", 1)["balance"] == balance
    (event,) = [event for event in run.history if event.fault == fault and event.items]
    assert event.outcome == outcome
    assert not run.world._engine.works


async def transfer(db: Database) -> str:
    tx = db.transaction()
    try:
        async with tx:
            await tx.update("accounts", 1, balance=50)
            await tx.update("accounts", 2, balance=150)
    except DatabaseError as error:
        with pytest.raises((ConnectionLost, pileup.UsageError)):
            await tx.get("accounts", 1)
        return type(error).__name__
    return "done"


def transfer_in_sync_code(db: Database) -> str:
    tx = db.sync.transaction()
    try:
        with tx:
            tx.update("accounts", 1, balance=50)
            tx.update("accounts", 2, balance=150)
    except DatabaseError as error:
        return type(error).__name__
    return "done"


@pytest.mark.parametrize("agent", [transfer, transfer_in_sync_code])
@pytest.mark.parametrize(
    ("fault", "on", "told", "committed"),
    [
        ("lost", "commit*", "TimedOut", True),
        ("reset", "commit*", "ConnectionLost", True),
        ("timeout", "commit*", "TimedOut", False),
        ("error", "commit*", "ServerError", False),
        ("reset", "update *accounts/2*", "ConnectionLost", False),
        ("error", "update *accounts/2*", "ServerError", False),
        ("refused", "update *accounts/1*", "ConnectionRefused", False),
    ],
)
def test_a_commit_may_be_in_doubt_but_is_never_half_of_one(
    fault: str, on: str, told: str, committed: bool, agent: Any
) -> None:
    run = struck(agent, fault, on)
    assert list(run.results.values()) == [told]
    balances = [row["balance"] for row in run.world.rows("accounts")]
    assert balances == ([50, 150] if committed else [100, 100])


def test_a_connection_cannot_be_refused_where_there_is_one() -> None:
    run = struck(transfer, "refused", "update *accounts/2*")
    assert list(run.results.values()) == ["done"]


# A client that is gone -------------------------------------------------------------------------


async def dies(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.update("accounts", 1, balance=0)
        await tx.update("accounts", 2, balance=0)


async def wants_it(db: Database) -> float:
    await pileup.sleep(1)
    await db.update("accounts", 1, balance=lambda row: row["balance"] + 1)
    return current("test").now


def dies_in_sync_code(db: Database) -> None:
    with db.sync.transaction() as tx:
        tx.update("accounts", 1, balance=0)
        tx.update("accounts", 2, balance=0)


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
@pytest.mark.parametrize("agent", [dies, dies_in_sync_code])
def test_a_crash_loses_what_was_not_committed_and_keeps_its_locks_for_a_while(
    agent: Any, backend: str
) -> None:
    rules = [Rule("crash", on="update *accounts/2*", nth=1)]
    found = scenario(agent, wants_it, rules=rules, backend=backend).explorer().once(Dull())
    assert [row["balance"] for row in found.world.rows("accounts")] == [101, 100]
    assert found.results["wants_it-1"] == 10.0


def test_a_crash_after_the_commit_loses_nothing() -> None:
    rules = [Rule("crash", on="commit*", nth=1)]
    found = scenario(dies, wants_it, rules=rules).explorer().once(Dull())
    assert [row["balance"] for row in found.world.rows("accounts")] == [1, 0]
    assert found.results["wants_it-1"] == 1.0


async def waits_and_dies(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.update("accounts", 2, balance=7)
        await tx.update("accounts", 1, balance=7)


async def holds_for_long(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.update("accounts", 1, balance=1)
        await pileup.sleep(3)


async def wants_the_other(db: Database) -> int:
    await pileup.sleep(30)
    return await db.update("accounts", 2, balance=lambda row: row["balance"] + 1)


def test_a_statement_whose_client_died_takes_no_part_any_more() -> None:
    rules = [Rule("crash", on="update *accounts/1*", by="waits_and_dies*", nth=1)]
    agents = (holds_for_long, waits_and_dies, wants_the_other)
    found = scenario(*agents, rules=rules).explorer().once(Dull())
    assert [row["balance"] for row in found.world.rows("accounts")] == [1, 101]
    assert found.results["wants_the_other-2"] == 1


async def begins_anew(db: Database) -> float:
    async with db.transaction() as tx:
        await tx.update("accounts", 1, balance=lambda row: row["balance"] - 1)
        await tx.update("accounts", 2, balance=lambda row: row["balance"] + 1)
    return current("test").now


def test_an_agent_that_begins_anew_meets_its_own_locks() -> None:
    rules = [Rule("restart", on="update *accounts/2*", nth=1)]
    found = scenario(begins_anew, rules=rules).explorer().once(Dull())
    assert [row["balance"] for row in found.world.rows("accounts")] == [99, 101]
    assert found.results["begins_anew-0"] == 10.0


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_whoever_is_cancelled_rolls_back_at_once(backend: str) -> None:
    rules = [Rule("cancel", on="update *accounts/2*", nth=1)]
    found = scenario(dies, wants_it, rules=rules, backend=backend).explorer().once(Dull())
    assert [row["balance"] for row in found.world.rows("accounts")] == [101, 100]
    assert found.results["wants_it-1"] == 1.0


# Replicas --------------------------------------------------------------------------------------


class Replicated:
    def __init__(self, sim: Sim) -> None:
        self.db = start(sim)
        self.lagging = self.db.replica(lag=5)
        self.any = self.db.replica()


async def reads_after_its_write(world: Replicated) -> list[Any]:
    await world.db.update("accounts", 1, balance=1)
    seen = [await world.lagging.get("accounts", 1)]
    await pileup.sleep(5)
    seen.append(await world.lagging.get("accounts", 1))
    return [row and row["balance"] for row in seen]


def test_a_replica_shows_what_was_true_a_while_ago() -> None:
    run = pileup.Scenario(reads_after_its_write, agents=1, setup=Replicated).explorer().once(Dull())
    assert list(run.results.values()) == [[100, 1]]


async def writes(world: Replicated) -> None:
    for balance in (1, 2):
        await world.db.update("accounts", 1, balance=balance)


async def reads_twice(world: Replicated) -> tuple[int, ...]:
    rows = [*await world.any.select("accounts", 1), *await world.any.select("accounts", 1)]
    return tuple(row["balance"] for row in rows)


def test_how_stale_a_replica_is_is_a_choice_but_it_never_goes_back() -> None:
    explorer = pileup.Scenario([writes, reads_twice], agents=2, setup=Replicated).explorer()
    found = {run.results["reads_twice-1"] for run in all_runs(explorer)}
    order = {100: 0, 1: 1, 2: 2}
    assert found == {(a, b) for a in order for b in order if order[a] <= order[b]}


def test_a_replica_keeps_a_bounded_number_of_versions() -> None:
    async def many(world: Replicated) -> None:
        for each in range(100):
            await world.db.update("accounts", 1, balance=each)
        await pileup.sleep(6)
        await world.db.update("accounts", 2, balance=0)

    run = pileup.Scenario(many, agents=1, setup=Replicated).explorer().once(Dull())
    assert len(run.world.db._engine.table("accounts").rows[0].versions) <= 18


def test_a_stale_read_is_a_fault_too() -> None:
    rules = [Rule("stale", on="select*", nth=1)]

    async def reads(world: Replicated) -> Any:
        await world.db.update("accounts", 1, balance=1)
        return [(await world.any.get("accounts", 1))["balance"] for _ in range(2)]  # type: ignore[index]

    scenario = pileup.Scenario(reads, agents=1, setup=Replicated, faults=rules)
    assert list(scenario.explorer().once(Dull()).results.values()) == [[100, 1]]


@pytest.mark.parametrize("fault", ["full", "denied", "error", "unavailable"])
def test_a_rollback_needs_neither_room_nor_rights(fault: str) -> None:
    async def gives_up(world: Replicated) -> str:
        try:
            async with world.db.transaction() as tx:
                await tx.update("accounts", 1, balance=5)
                raise KeyError
        except KeyError:
            return "rolled back"

    rule = Rule(fault, on="rollback*")
    found = pileup.explore(gives_up, setup=Replicated, agents=1, runs=2, faults=rule)
    assert found.clean
