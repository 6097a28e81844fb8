"""The database asked by one agent: what its verbs do, under every runtime, and what it refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import trio

import pileup
from pileup.errors import UsageError
from pileup.fakes.database import (
    Database,
    DatabaseError,
    InFailedTransaction,
    NotNullViolation,
    ReadOnlyTransaction,
    UniqueViolation,
)
from pileup.results import Run
from pileup.settings import Budgets
from pileup.sim.kernel import Sim
from pileup.strategies import Dull

ROWS = [{"id": 1, "name": "ann", "age": 40}, {"id": 2, "name": "bob", "age": None}]


def start(sim: Sim) -> Database:
    db = Database(sim)
    db.table("people", key="id", unique=["name"], rows=ROWS)
    return db


def run(agent: Any, setup: Callable[[Sim], Any] = start, backend: str | None = None) -> Run:
    found = pileup.Scenario(agent, agents=1, setup=setup, backend=backend).explorer().once(Dull())
    for strand in found.errors.values() if hasattr(found, "errors") else ():
        raise strand
    return found


def result(agent: Any, setup: Callable[[Sim], Any] = start) -> Any:
    """Run one agent, and return what it returned."""
    (found,) = run(agent, setup).results.values()
    return found


def outside() -> Database:
    return start(Sim(Dull(), Budgets()))


async def verbs(db: Database) -> list[Any]:
    return [
        await db.get("people", 1),
        await db.get("people", 9),
        await db.get("people", {"name": "bob"}),
        await db.insert("people", {"id": 3, "name": "cid", "age": 20}),
        await db.put("people", {"id": 3, "name": "cyd", "age": 21}),  # type: ignore[func-returns-value]
        await db.update("people", 3, age=lambda row: row["age"] + 1),
        await db.update("people", {"age": 99}, name="nobody"),
        await db.delete("people", lambda row: row["name"] == "ann"),
        await db.select("people", order_by="-age"),
        await db.next("people_id"),
        await db.next("people_id"),
    ]


def verbs_in_sync_code(db: Database) -> list[Any]:
    sync = db.sync
    return [
        sync.get("people", 1),
        sync.get("people", 9),
        sync.get("people", {"name": "bob"}),
        sync.insert("people", {"id": 3, "name": "cid", "age": 20}),
        sync.put("people", {"id": 3, "name": "cyd", "age": 21}),  # type: ignore[func-returns-value]
        sync.update("people", 3, age=lambda row: row["age"] + 1),
        sync.update("people", {"age": 99}, name="nobody"),
        sync.delete("people", lambda row: row["name"] == "ann"),
        sync.select("people", order_by="-age"),
        sync.next("people_id"),
        sync.next("people_id"),
    ]


TOLD = [
    ROWS[0],
    None,
    ROWS[1],
    {"id": 3, "name": "cid", "age": 20},
    None,
    1,
    0,
    1,
    [ROWS[1], {"id": 3, "name": "cyd", "age": 22}],
    1,
    2,
]


async def within_a_transaction(db: Database) -> Any:
    async with db.transaction() as tx:
        return await verbs(tx)  # type: ignore[arg-type] # it has the same verbs


def within_a_sync_transaction(db: Database) -> Any:
    with db.sync.transaction() as tx:
        tx.sync = tx  # type: ignore[attr-defined]
        return verbs_in_sync_code(tx)  # type: ignore[arg-type]


EVERY_WAY = [verbs, verbs_in_sync_code, within_a_transaction, within_a_sync_transaction]


@pytest.mark.parametrize("backend", ["native", "trio", "asyncio"])
@pytest.mark.parametrize("agent", EVERY_WAY)
def test_the_verbs_do_the_same_everywhere(agent: Any, backend: str) -> None:
    found = run(agent, backend=backend)
    assert list(found.results.values()) == [TOLD]
    assert [row["name"] for row in found.world.rows("people")] == ["bob", "cyd"]


def test_outside_of_agents_it_acts_at_once() -> None:
    db = outside()
    assert verbs_in_sync_code(db) == TOLD
    assert db.peek("people", {"name": "cyd"}) == {"id": 3, "name": "cyd", "age": 22}
    assert db.peek("people", 1) is None


@pytest.mark.parametrize("sleep", [trio.sleep, asyncio.sleep])
def test_it_is_used_beside_a_loops_own_sleep(sleep: Any) -> None:
    async def agent(db: Database) -> Any:
        async with db.transaction() as tx:
            await tx.update("people", 1, age=1)
            await sleep(1)
        return await db.get("people", 1)

    assert result(agent)["age"] == 1


# Values ----------------------------------------------------------------------------------------


def test_nobody_shares_a_row() -> None:
    async def agent(db: Database) -> Any:
        mine = {"id": 5, "name": "eve", "age": [1]}
        await db.put("people", mine)
        mine["age"].append(2)  # type: ignore[attr-defined]
        read = await db.get("people", 5)
        assert read is not None
        read["age"].append(3)
        await db.update("people", 5, name=lambda row: row["age"].append(4) or "eva")
        return await db.get("people", 5)

    assert result(agent) == {"id": 5, "name": "eva", "age": [1]}


@pytest.mark.parametrize(
    ("order_by", "names"),
    [
        ("age", ["cid", "ann", "bob"]),
        ("-age", ["bob", "ann", "cid"]),
        (["-name"], ["cid", "bob", "ann"]),
        (lambda row: -row["id"], ["cid", "bob", "ann"]),
        (None, ["ann", "bob", "cid"]),
    ],
)
def test_rows_are_ordered_with_null_as_the_greatest(order_by: Any, names: list[str]) -> None:
    db = outside()
    db.sync.insert("people", {"id": 3, "name": "cid", "age": 3})
    found = db.sync.select("people", order_by=order_by)
    assert [row["name"] for row in found] == names
    assert db.sync.select("people", order_by=order_by, limit=1) == found[:1]


def test_nothing_equals_null() -> None:
    assert outside().sync.select("people", {"age": None}) == []


def test_a_key_of_several_columns() -> None:
    db = outside()
    db.table("seats", key=("row", "seat"), rows=[{"row": 1, "seat": "a", "who": None}])
    assert db.sync.update("seats", (1, "a"), who="me") == 1
    assert db.sync.get("seats", {"row": 1, "seat": "a"}) == {"row": 1, "seat": "a", "who": "me"}
    with pytest.raises(UniqueViolation, match="seats/1,a exists already"):
        db.sync.insert("seats", {"row": 1, "seat": "a"})
    with pytest.raises(UsageError, match="Give a tuple"):
        db.sync.get("seats", 1)


def test_a_changed_key_is_found_under_its_new_value_alone() -> None:
    db = outside()
    db.sync.update("people", 1, id=7, name="anne")
    assert [db.peek("people", each) for each in (1, {"name": "ann"})] == [None, None]
    assert db.peek("people", 7) == db.peek("people", {"name": "anne"})
    assert db.sync.insert("people", {"id": 1, "name": "ann"}) == {"id": 1, "name": "ann"}


# Unique columns --------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [{"id": 1, "name": "new"}, {"id": 3, "name": "ann"}])
def test_a_second_row_with_a_unique_value_is_refused_and_leaves_no_trace(row: Any) -> None:
    db = outside()
    with pytest.raises(UniqueViolation) as caught:
        db.sync.insert("people", row)
    assert (caught.value.sqlstate, caught.value.retryable) == ("23505", False)
    assert db.rows("people") == ROWS
    assert db.sync.insert("people", row, on_conflict="nothing") is None
    assert db.sync.insert("people", {"id": 3, "name": "new"}) is not None


def test_an_update_to_a_unique_value_that_is_taken_is_refused() -> None:
    db = outside()
    with pytest.raises(UniqueViolation):
        db.sync.update("people", 1, name="bob")
    assert db.rows("people") == ROWS


def test_on_conflict_update_keeps_columns_that_are_not_given() -> None:
    db = outside()
    assert db.sync.insert("people", {"id": 1, "name": "amy"}, on_conflict="update") == {
        "id": 1,
        "name": "amy",
        "age": 40,
    }
    db.sync.put("people", {"id": 1, "name": "amy"})
    assert db.peek("people", 1) == {"id": 1, "name": "amy"}


def test_null_excludes_nobody_but_is_no_key() -> None:
    db = outside()
    db.sync.insert("people", {"id": 3, "name": None})
    db.sync.insert("people", {"id": 4})
    with pytest.raises(NotNullViolation, match=r"await db.next\('people_id'\)"):
        db.sync.insert("people", {"name": "x"})


# Transactions ----------------------------------------------------------------------------------


def test_a_transaction_that_raises_leaves_nothing_but_gaps_in_sequences() -> None:
    async def agent(db: Database) -> Any:
        try:
            async with db.transaction() as tx:
                await tx.put("people", {"id": await tx.next("people_id"), "name": "new"})
                await tx.delete("people", 2)
                raise KeyError
        except KeyError:
            return await db.next("people_id"), await db.select("people")

    assert result(agent) == (2, ROWS)


def test_after_a_failed_statement_nothing_more_is_done() -> None:
    async def agent(db: Database) -> Any:
        async with db.transaction() as tx:
            await tx.update("people", 1, age=41)
            for act in (
                lambda: tx.insert("people", {"id": 1}),
                lambda: tx.get("people", 1),
                lambda: tx.next("people_id"),
            ):
                with pytest.raises(DatabaseError) as caught:
                    await act()
            assert type(caught.value) is InFailedTransaction
        return await db.get("people", 1)

    assert result(agent)["age"] == 40


def test_a_read_only_transaction_refuses_to_write() -> None:
    async def agent(db: Database) -> None:
        async with db.transaction(read_only=True) as tx:
            assert len(await tx.select("people")) == 2
            with pytest.raises(ReadOnlyTransaction, match="cannot execute UPDATE"):
                await tx.update("people", 1, age=1)

    run(agent)


def test_a_transaction_sees_its_own_changes_and_others_only_after_commit() -> None:
    db = outside()
    with db.sync.transaction() as tx:
        tx.insert("people", {"id": 3, "name": "cid"})
        tx.update("people", 3, age=1)
        tx.update("people", 3, name="cyd")
        assert tx.get("people", {"name": "cyd"}) == {"id": 3, "name": "cyd", "age": 1}
        assert tx.get("people", {"name": "cid"}) is None
        assert db.peek("people", 3) is None
        tx.delete("people", 1)
        assert len(db.rows("people")) == 2
    assert [row["id"] for row in db.rows("people")] == [2, 3]


def test_what_was_inserted_and_deleted_again_was_never_there() -> None:
    db = outside()
    with db.sync.transaction() as tx:
        tx.insert("people", {"id": 3, "name": "cid"})
        tx.delete("people", 3)
    assert db.sync.insert("people", {"id": 3, "name": "cid"}) is not None


def test_old_versions_are_thrown_away() -> None:
    db = outside()
    with db.sync.transaction("repeatable read") as tx:
        tx.get("people", 1)
        for age in range(50):
            db.sync.update("people", 1, age=age)
        db.sync.delete("people", 2)
        assert [row["age"] for row in tx.select("people")] == [40, None]
        (row, gone) = db._engine.table("people").rows
        assert len(row.versions) == 51
    assert len(row.versions) == 1
    assert not gone.versions
    assert db._engine.table("people").rows == [row]


# Mistakes --------------------------------------------------------------------------------------


async def typo_in_a_table(db: Database) -> None:
    await db.get("peple", 1)


async def typo_in_a_column(db: Database) -> None:
    await db.update("strict", 1, agge=1)


async def typo_in_an_order(db: Database) -> None:
    await db.select("strict", order_by="-agge")


async def typo_in_a_condition(db: Database) -> None:
    await db.delete("strict", {"agge": 1})


async def used_before_it_began(db: Database) -> None:
    await db.transaction().get("people", 1)


async def used_after_its_end(db: Database) -> None:
    async with db.transaction() as tx:
        pass
    await tx.get("people", 1)


async def entered_twice(db: Database) -> None:
    async with db.transaction() as tx, tx:
        pass


async def two_at_once(db: Database, me: pileup.Agent) -> None:
    async with db.transaction() as tx:

        async def other() -> None:
            await tx.get("people", 1)

        children = [me.spawn(other), me.spawn(other)]
        for child in children:
            await child


async def no_such_level(db: Database) -> None:
    db.transaction("read commited")  # type: ignore[arg-type]


async def locks_nothing(db: Database) -> None:
    await db.select("people", skip_locked=True)


async def both_locks(db: Database) -> None:
    await db.select("people", for_update=True, for_share=True)


async def changes_nothing(db: Database) -> None:
    await db.update("people", 1)


async def cannot_be_a_key(db: Database) -> None:
    await db.get("people", {"id": []})


async def sequence_of_a_table(db: Database) -> None:
    await db.next("people")


MISTAKES = [
    (typo_in_a_table, "did you mean 'people'"),
    (typo_in_a_column, "did you mean 'age'"),
    (typo_in_an_order, "did you mean 'age'"),
    (typo_in_a_condition, "did you mean 'age'"),
    (used_before_it_began, "async with db.transaction"),
    (used_after_its_end, "inside its `async with`"),
    (entered_twice, "not nested"),
    (no_such_level, "did you mean 'read committed'"),
    (locks_nothing, "for_update=True"),
    (both_locks, "Choose one"),
    (changes_nothing, "name the columns"),
    (cannot_be_a_key, "cannot be hashed"),
    (sequence_of_a_table, "people_id"),
]


def strict(sim: Sim) -> Database:
    db = start(sim)
    db.table("strict", columns=["id", "age"], rows=[{"id": 1}])
    return db


@pytest.mark.parametrize(("agent", "advice"), MISTAKES)
def test_a_mistake_is_told_with_advice(agent: Any, advice: str) -> None:
    with pytest.raises(UsageError, match=advice):
        pileup.explore(agent, setup=strict, agents=1, runs=1)


def test_two_tasks_on_one_transaction_are_refused() -> None:
    with pytest.raises(UsageError, match="a transaction of its own"):
        pileup.explore(two_at_once, setup=start, agents=1, runs=20)


def test_a_table_is_declared_once() -> None:
    with pytest.raises(UsageError, match="already"):
        outside().table("people")


def test_setup_cannot_wait() -> None:
    db = outside()
    with db.sync.transaction() as tx:
        tx.update("people", 1, age=1)
        with pytest.raises(UsageError, match="would wait for ever"):
            db.sync.update("people", 1, age=2)


def test_a_refused_statement_of_its_own_leaves_one_row_in_the_history() -> None:
    async def agent(db: Database) -> None:
        with pytest.raises(UniqueViolation):
            await db.insert("people", {"id": 1, "name": "new"})

    assert [event.name for event in run(agent).history] == ["start", "insert", "end"]
