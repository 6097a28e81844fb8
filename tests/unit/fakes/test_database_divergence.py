"""Where the fake differs from PostgreSQL, as its docstring says: each line is pinned here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from support.exhaust import all_runs

import pileup
from pileup.fakes.database import Database, DatabaseError, DeadlockDetected, SerializationFailure
from pileup.results import Run
from pileup.sim.current import current
from pileup.sim.kernel import Sim
from pileup.strategies import Dull, Random


def start(sim: Sim) -> Database:
    db = Database(sim)
    db.table("rows", unique=["name"], rows=[{"id": n, "n": 0, "name": f"r{n}"} for n in (3, 1, 2)])
    return db


def once(*agents: Callable[..., Any], seed: int | None = None) -> Run:
    scenario = pileup.Scenario(list(agents), setup=start)
    return scenario.explorer().once(Dull() if seed is None else Random(seed))


def every(*agents: Callable[..., Any]) -> list[Run]:
    return list(all_runs(pileup.Scenario(list(agents), setup=start).explorer()))


def locks(first: int, second: int) -> Callable[[Database], Any]:
    async def agent(db: Database) -> str:
        try:
            async with db.transaction() as tx:
                await tx.update("rows", first, n=1)
                await tx.update("rows", second, n=1)
        except DeadlockDetected:
            return f"refused at {current('test').now:g}"
        return "done"

    return agent


def test_a_deadlock_is_found_at_once_and_either_may_be_its_victim() -> None:
    ends = {tuple(run.results.values()) for run in every(locks(1, 2), locks(2, 1))}
    assert ends == {
        ("done", "done"),
        ("done", "refused at 0"),
        ("refused at 0", "done"),
    }


async def adds(db: Database) -> None:
    await db.update("rows", 1, n=lambda row: row["n"] + 1)


class Counting(Database):
    """Counts who asks and who is done."""

    asked = done = 0


def test_whoever_waits_goes_on_in_any_order() -> None:
    async def holds(db: Counting) -> None:
        async with db.transaction() as tx:
            await tx.update("rows", 1, n=0)

    async def waits(db: Counting) -> tuple[int, int]:
        db.asked += 1
        asked = db.asked
        await adds(db)
        db.done += 1
        return asked, db.done

    def counting(sim: Sim) -> Counting:
        db = Counting(sim)
        db.table("rows", rows=[{"id": 1, "n": 0}])
        return db

    scenario = pileup.Scenario([holds, waits, waits], setup=counting)
    ends = {run.results["waits-1"] for run in all_runs(scenario.explorer())}
    assert ends == {(1, 1), (1, 2), (2, 1), (2, 2)}


def test_rows_come_in_order_of_their_keys_whatever_was_written_last() -> None:
    async def agent(db: Database) -> list[int]:
        await db.update("rows", 1, n=5)
        return [row["id"] for row in await db.select("rows")]

    assert list(once(agent).results.values()) == [[1, 2, 3]]


def looks_and_inserts(look: Any, key: int) -> Callable[[Database], Any]:
    async def agent(db: Database) -> str:
        try:
            async with db.transaction("serializable") as tx:
                await tx.select("rows", look)
                await tx.insert("rows", {"id": key, "name": f"r{key}"})
        except SerializationFailure:
            return "refused"
        return "done"

    return agent


def test_at_serializable_a_lookup_by_a_unique_column_is_remembered_exactly() -> None:
    """In PostgreSQL the two keys lie on one page of the index."""
    runs = every(looks_and_inserts(7, 8), looks_and_inserts(9, 10))
    assert {tuple(run.results.values()) for run in runs} == {("done", "done")}


def test_at_serializable_any_other_lookup_has_read_the_whole_table() -> None:
    runs = every(looks_and_inserts({"n": 7}, 8), looks_and_inserts({"n": 9}, 10))
    ends = {tuple(run.results.values()) for run in runs}
    assert ("done", "refused") in ends
    assert ("refused", "done") in ends


def test_there_are_no_savepoints_and_no_weaker_locks() -> None:
    async def shares(db: Database) -> str:
        async with db.transaction() as tx:
            assert not hasattr(tx, "savepoint")
            try:
                # A foreign key's check would take KEY SHARE, which this update lets pass.
                await tx.select("rows", 1, for_share=True, nowait=True)
            except DatabaseError as error:
                return error.sqlstate
        return "had it"

    async def updates_another_column(db: Database) -> None:
        async with db.transaction() as tx:
            await tx.update("rows", 1, n=1)

    ends = {run.results["shares-0"] for run in every(shares, updates_another_column)}
    assert ends == {"had it", "55P03"}


def test_columns_have_no_types_and_what_is_not_there_is_null() -> None:
    async def agent(db: Database) -> list[int]:
        await db.update("rows", 1, n="text")
        await db.insert("rows", {"id": 9})
        return [row["id"] for row in await db.select("rows", lambda row: row.get("name") is None)]

    assert list(once(agent).results.values()) == [[9]]


def test_commit_after_a_failed_statement_rolls_back_and_raises_nothing() -> None:
    async def agent(db: Database) -> int:
        async with db.transaction() as tx:
            await tx.update("rows", 1, n=5)
            with suppress(DatabaseError):
                await tx.insert("rows", {"id": 2})
        row = await db.get("rows", 1)
        assert row is not None
        return int(row["n"])

    assert list(once(agent).results.values()) == [0]


class Replicated:
    """A database, and a replica that is there from the start."""

    def __init__(self, sim: Sim) -> None:
        self.db = start(sim)
        self.replica = self.db.replica()


def test_a_replica_without_a_lag_is_behind_by_up_to_sixteen_commits() -> None:
    async def agent(world: Replicated) -> int:
        for _ in range(40):
            await adds(world.db)
        row = await world.replica.get("rows", 1)
        assert row is not None
        return int(row["n"])

    explorer = pileup.Scenario(agent, agents=1, setup=Replicated).explorer()
    seen = {run.results["agent-0"] for run in all_runs(explorer)}
    assert seen == set(range(40 - 16, 40 + 1))
