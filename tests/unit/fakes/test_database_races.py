"""Agents that race for rows: what goes wrong is found, and what PostgreSQL offers helps."""

from __future__ import annotations

from typing import Any

import pytest
from support.exhaust import all_runs

import pileup
from pileup.fakes.database import (
    Database,
    DatabaseError,
    DeadlockDetected,
    LockNotAvailable,
    QueryCanceled,
    SerializationFailure,
    UniqueViolation,
)
from pileup.results import Run
from pileup.sim.kernel import Sim

ACCOUNTS = [{"id": 1, "balance": 100}, {"id": 2, "balance": 100}]


def start(sim: Sim) -> Database:
    db = Database(sim)
    db.table("accounts", rows=ACCOUNTS)
    db.table("jobs", rows=[{"id": each, "owner": None} for each in (1, 2)])
    db.table("users", unique=["email"])
    return db


def every_run(*agents: Any, **options: Any) -> list[Run]:
    scenario = pileup.Scenario(list(agents), agents=len(agents), setup=start, **options)
    return list(all_runs(scenario.explorer()))


def outcomes(*agents: Any, **options: Any) -> set[Any]:
    """Return what the agents returned in every order there is."""
    return {tuple(run.results.values()) for run in every_run(*agents, **options)}


# Lost updates ----------------------------------------------------------------------------------


def balance_is_right(db: Database) -> None:
    row = db.peek("accounts", 1)
    assert row is not None
    assert row["balance"] == 80


async def get_and_put(db: Database) -> None:
    row = await db.get("accounts", 1)
    assert row is not None
    await db.put("accounts", {**row, "balance": row["balance"] - 10})


def get_and_put_in_sync_code(db: Database) -> None:
    row = db.sync.get("accounts", 1)
    assert row is not None
    db.sync.put("accounts", {**row, "balance": row["balance"] - 10})


async def in_a_transaction(db: Database) -> None:
    async with db.transaction() as tx:
        row = await tx.get("accounts", 1)
        assert row is not None
        await tx.update("accounts", 1, balance=row["balance"] - 10)


async def relative(db: Database) -> None:
    await db.update("accounts", 1, balance=lambda row: row["balance"] - 10)


async def for_update(db: Database) -> None:
    async with db.transaction() as tx:
        (row,) = await tx.select("accounts", 1, for_update=True)
        await tx.update("accounts", 1, balance=row["balance"] - 10)


async def gets_for_update(db: Database) -> None:
    async with db.transaction() as tx:
        row = await tx.get("accounts", 1, for_update=True)
        assert row is not None
        await tx.update("accounts", 1, balance=row["balance"] - 10)


def gets_for_update_in_sync_code(db: Database) -> None:
    with db.sync.transaction() as tx:
        row = tx.get("accounts", 1, for_update=True)
        assert row is not None
        tx.update("accounts", 1, balance=row["balance"] - 10)


def for_update_in_sync_code(db: Database) -> None:
    with db.sync.transaction() as tx:
        (row,) = tx.select("accounts", 1, for_update=True)
        tx.update("accounts", 1, balance=row["balance"] - 10)


async def compare_and_set(db: Database) -> None:
    while True:
        row = await db.get("accounts", 1)
        assert row is not None
        if await db.update("accounts", row, balance=row["balance"] - 10):
            return


def retrying(level: Any) -> Any:
    async def again(db: Database) -> None:
        while True:
            try:
                async with db.transaction(level) as tx:
                    row = await tx.get("accounts", 1)
                    assert row is not None
                    await tx.put("accounts", {**row, "balance": row["balance"] - 10})
                    return
            except DatabaseError as error:
                assert error.retryable  # noqa: PT017 - which it is is not the point

    return again


@pytest.mark.parametrize("agent", [get_and_put, get_and_put_in_sync_code, in_a_transaction])
@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_a_lost_update_is_found(agent: Any, backend: str) -> None:
    found = pileup.explore(agent, setup=start, check=balance_is_right, runs=50, backend=backend)
    assert [finding.kind for finding in found.findings] == ["lost_write", "check_failed"]


@pytest.mark.parametrize(
    "agent",
    [
        relative,
        for_update,
        for_update_in_sync_code,
        gets_for_update,
        gets_for_update_in_sync_code,
        compare_and_set,
        retrying("repeatable read"),
        retrying("serializable"),
    ],
)
def test_its_fixed_twins_are_clean_in_every_order(agent: Any) -> None:
    for run in every_run(agent, agent):
        assert run.clean
        balance_is_right(run.world)


# Locks -----------------------------------------------------------------------------------------


def moving(first: int, second: int) -> Any:
    async def move(db: Database) -> str:
        try:
            async with db.transaction() as tx:
                await tx.update("accounts", first, balance=lambda row: row["balance"] - 10)
                await tx.update("accounts", second, balance=lambda row: row["balance"] + 10)
        except DeadlockDetected as error:
            return str(error)
        return "moved"

    return move


def test_a_deadlock_ends_with_one_victim_the_one_that_closed_the_circle() -> None:
    found = every_run(moving(1, 2), moving(2, 1))
    told = {tuple(run.results.values()) for run in found}
    assert {"moved" in pair for pair in told} == {True}
    (mine,) = {pair[0] for pair in told} - {"moved"}
    assert str(mine).startswith(
        "deadlock detected: move-0 waits for accounts/2; move-1 waits for accounts/1, which "
        "move-0 holds."
    )
    assert {sum(row["balance"] for row in run.world.rows("accounts")) for run in found} == {200}


def test_locks_taken_in_one_order_never_deadlock() -> None:
    assert outcomes(moving(1, 2), moving(1, 2)) == {("moved", "moved")}


async def claims(db: Database, me: pileup.Agent) -> int:
    async with db.transaction() as tx:
        jobs = await tx.select("jobs", {"id": 1}, for_update=True, skip_locked=True)
        for job in jobs:
            await tx.update("jobs", job["id"], owner=me.name)
        return len([job for job in jobs if job["owner"] is None])


def test_skip_locked_gives_a_job_to_one_alone() -> None:
    assert outcomes(claims, claims) == {(1, 0), (0, 1)}


async def will_not_wait(db: Database) -> str:
    try:
        async with db.transaction() as tx:
            await tx.select("accounts", 1, for_update=True, nowait=True)
            await tx.update("accounts", 1, balance=0)
    except LockNotAvailable as error:
        return f"{error.sqlstate} {error}"
    return "had it"


def test_nowait_fails_at_once_and_names_the_holder() -> None:
    refused = "55P03 could not obtain lock on row accounts/1, which will_not_wait-{} holds"
    assert outcomes(will_not_wait, will_not_wait) == {
        ("had it", "had it"),
        ("had it", refused.format(0)),
        (refused.format(1), "had it"),
    }


async def shares(db: Database) -> int:
    async with db.transaction() as tx:
        await tx.select("accounts", 1, for_share=True)
        return len(await tx.select("accounts", 1, for_share=True, nowait=True))


def test_those_who_share_do_not_exclude_each_other() -> None:
    assert outcomes(shares, shares) == {(1, 1)}


async def takes_and_stays(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.update("accounts", 1, balance=0)
        await pileup.sleep(60)


def impatient(**limits: float) -> Any:
    async def waits(db: Database) -> str:
        began = pileup.sim.current.current("test")
        try:
            async with db.transaction(**limits) as tx:  # type: ignore[arg-type]
                await tx.update("accounts", 1, balance=lambda row: row["balance"] + 1)
        except (LockNotAvailable, QueryCanceled) as error:
            return f"{error.sqlstate} at {began.now:g}"
        return "done"

    return waits


@pytest.mark.parametrize(
    ("limits", "state"),
    [
        ({"lock_timeout": 5}, "55P03"),
        ({"statement_timeout": 7}, "57014"),
        ({"lock_timeout": 5, "statement_timeout": 60}, "55P03"),
        ({"lock_timeout": 8, "statement_timeout": 7}, "57014"),
    ],
)
def test_a_wait_ends_in_virtual_time(limits: Any, state: str) -> None:
    told = {pair[1] for pair in outcomes(takes_and_stays, impatient(**limits))}
    assert {each.partition(" ")[0] for each in told} == {"done", state}
    assert f"{state} at {min(limits.values()):g}" in told


# Unique columns --------------------------------------------------------------------------------


def signs_up(key: int, finish: str) -> Any:
    async def sign_up(db: Database) -> str:
        try:
            async with db.transaction() as tx:
                await tx.insert("users", {"id": key, "email": "a@x"})
                await tx.insert("users", {"id": key + 10, "email": str(key)})
                if finish == "rollback":
                    await tx.rollback()
        except UniqueViolation:
            return "taken"
        return finish

    return sign_up


def test_an_insert_waits_for_the_same_value_and_then_knows() -> None:
    one, two = signs_up(1, "commit"), signs_up(2, "commit")
    assert outcomes(one, two) == {("commit", "taken"), ("taken", "commit")}
    gone = signs_up(2, "rollback")
    assert outcomes(one, gone) == {("commit", "rollback"), ("commit", "taken")}


async def check_then_insert(db: Database, me: pileup.Agent) -> str:
    if await db.get("users", {"email": "a@x"}) is not None:
        return "was there"
    try:
        await db.insert("users", {"id": me.index, "email": "a@x"})
    except UniqueViolation:
        return "taken"
    return "new"


def test_a_check_before_an_insert_is_no_protection_but_the_constraint_is() -> None:
    assert outcomes(check_then_insert, check_then_insert) == {
        ("new", "was there"),
        ("new", "taken"),
        ("was there", "new"),
        ("taken", "new"),
    }


async def draws(db: Database) -> int:
    return await db.next("ids")


def test_a_sequence_gives_each_number_once_in_any_order() -> None:
    assert outcomes(draws, draws) == {(1, 2), (2, 1)}


# Waiting ---------------------------------------------------------------------------------------


async def raises_the_bar(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.update("accounts", 1, balance=150)
        await tx.update("accounts", 2, balance=10)


async def takes_from_the_rich(db: Database) -> int:
    return await db.update("accounts", lambda row: row["balance"] >= 100, balance=0)


def test_an_update_that_waited_looks_at_the_newest_version_anew() -> None:
    found = every_run(raises_the_bar, takes_from_the_rich)
    assert {run.results["takes_from_the_rich-1"] for run in found} == {1, 2}
    assert all(
        [row["balance"] for row in run.world.rows("accounts")] in ([0, 10], [150, 10])
        for run in found
    )


async def gives_up(db: Database) -> str:
    try:
        async with pileup.timeout(5), db.transaction() as tx:
            await tx.update("accounts", 2, balance=1)
            await tx.update("accounts", 1, balance=1)
    except TimeoutError:
        return "gave up"
    except DeadlockDetected:
        return "deadlock"
    return "done"


async def holds_one(db: Database) -> str:
    try:
        async with db.transaction() as tx:
            await tx.update("accounts", 1, balance=0)
            await pileup.sleep(10)
            await tx.update("accounts", 2, balance=2)
    except DeadlockDetected:
        return "deadlock"
    return "done"


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
def test_whoever_gives_up_waiting_lets_go_of_what_it_holds(backend: str) -> None:
    found = every_run(holds_one, gives_up, backend=backend)
    told = {tuple(run.results.values()) for run in found}
    assert {("done", "gave up"), ("done", "done")} <= told
    for run in found:
        assert not run.world._engine.works
        if tuple(run.results.values()) == ("done", "gave up"):
            assert [row["balance"] for row in run.world.rows("accounts")] == [0, 2]


async def first_updater(db: Database) -> str:
    try:
        async with db.transaction("repeatable read") as tx:
            await tx.update("accounts", 1, balance=lambda row: row["balance"] + 1)
    except SerializationFailure as error:
        return str(error).partition(";")[0]
    return "won"


def test_at_repeatable_read_the_first_updater_wins() -> None:
    lost = "could not serialize access due to concurrent update of accounts/1"
    assert outcomes(first_updater, first_updater) == {("won", "won"), ("won", lost), (lost, "won")}


def test_a_wait_that_is_over_leaves_no_alarm_behind() -> None:
    def impatient_database(sim: Sim) -> Database:
        db = Database(sim, lock_timeout=50)
        db.table("accounts", rows=ACCOUNTS)
        return db

    async def holds(db: Database) -> None:
        async with db.transaction() as tx:
            await tx.update("accounts", 1, balance=0)

    async def stays(_: Database) -> None:
        await pileup.sleep(100)

    scenario = pileup.Scenario([holds, relative, stays], setup=impatient_database)
    for run in all_runs(scenario.explorer()):
        by_itself = [event.name for event in run.history if event.agent == "world"]
        assert run.clean == (by_itself == []), "an alarm rings only where somebody gives up"
