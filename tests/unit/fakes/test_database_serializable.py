"""At serializable whatever commits fits into a serial order, and what need not fail does not."""

from __future__ import annotations

from itertools import permutations
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.exhaust import all_runs

import pileup
from pileup.fakes.database import Database, DatabaseError, SerializationFailure
from pileup.results import Run
from pileup.settings import Budgets
from pileup.sim.kernel import Sim
from pileup.strategies import Dull

Program: TypeAlias = list[tuple[Any, ...]]

FULL = {1: 10, 2: 20}


def start(sim: Sim) -> Database:
    db = Database(sim)
    db.table("test", rows=[{"id": key, "value": value} for key, value in FULL.items()])
    return db


def agent(number: int, program: Program, level: Any) -> Any:
    async def transact(db: Database) -> list[Any] | None:
        seen: list[Any] = []
        try:
            async with db.transaction(level) as tx:
                for place, (verb, key) in enumerate(program):
                    seen.append(await act(tx, verb, key, 100 * number + place))
        except DatabaseError as error:
            assert error.retryable  # noqa: PT017 - it is one that a client would retry
            return None
        return seen

    return transact


async def act(tx: Any, verb: str, key: int, value: int) -> Any:
    if verb == "get":
        row = await tx.get("test", key)
        return row and row["value"]
    if verb == "sum":
        return sum(row["value"] for row in await tx.select("test", lambda row: row["id"] != key))
    if verb == "put":
        return await tx.put("test", {"id": key, "value": value})
    if verb == "add":
        return await tx.update("test", key, value=lambda row: row["value"] + value)
    return await tx.delete("test", key)


def serially(program: Program, number: int, table: dict[int, int]) -> list[Any]:
    """Do the same with nobody else around."""
    seen: list[Any] = []
    for place, (verb, key) in enumerate(program):
        value, answer = 100 * number + place, None
        if verb == "get":
            answer = table.get(key)
        elif verb == "sum":
            answer = sum(each for other, each in table.items() if other != key)
        elif verb == "put":
            table[key] = value
        elif verb == "add":
            answer = int(key in table)
            if answer:
                table[key] += value
        else:
            answer = int(table.pop(key, None) is not None)
        seen.append(answer)
    return seen


def fits(run: Run, programs: list[Program]) -> bool:
    """Whether what committed is what some serial order would have come to."""
    answers = list(run.results.values())
    done = [number for number, answer in enumerate(answers) if answer is not None]
    final = {row["id"]: row["value"] for row in run.world.rows("test")}
    for order in permutations(done):
        table = dict(FULL)
        same = all(serially(programs[each], each, table) == answers[each] for each in order)
        if same and table == final:
            return True
    return False


def explorer(programs: list[Program], level: str = "serializable") -> Any:
    bodies = [agent(number, each, level) for number, each in enumerate(programs)]
    scenario = pileup.Scenario(bodies, agents=len(bodies), setup=start, backend="native")
    return scenario.explorer()


VERB = st.tuples(
    st.sampled_from(("get", "get", "sum", "put", "put", "add", "delete")),
    st.sampled_from((1, 2, 3)),
)
PROGRAM = st.lists(VERB, min_size=1, max_size=2)
THOROUGH = settings(deadline=None, database=None, derandomize=True)


@given(st.lists(PROGRAM, min_size=2, max_size=2))
@settings(THOROUGH, max_examples=40)
def test_two_that_commit_fit_into_a_serial_order(programs: list[Program]) -> None:
    for run in all_runs(explorer(programs)):
        assert len(run.results) == 2
        assert fits(run, programs), run.history.lines()
        assert any(answer is not None for answer in run.results.values())


@given(st.lists(st.lists(VERB, min_size=2, max_size=3), min_size=3, max_size=3), st.data())
@settings(THOROUGH, max_examples=250)
def test_three_that_commit_fit_into_a_serial_order(programs: list[Program], data: Any) -> None:
    class Drawn:
        name = "drawn"

        def begin(self, run: int) -> None:
            """Nothing to prepare."""

        def choose(self, point: Any) -> int:
            return int(data.draw(st.integers(0, point.count - 1)))

    run = explorer(programs).once(Drawn())
    assert fits(run, programs), run.history.lines()


SKEW: list[Program] = [[("get", 1), ("put", 2)], [("get", 2), ("put", 1)]]
READER: list[Program] = [[("sum", 9), ("put", 1)], [("add", 2)], [("sum", 9)]]


@pytest.mark.parametrize("level", ["read committed", "repeatable read"])
def test_write_skew_is_reached_at_the_lower_levels(level: str) -> None:
    assert not all(fits(run, SKEW) for run in all_runs(explorer(SKEW, level)))


NEED_NOT_FAIL: list[list[Program]] = [
    [[("get", 1), ("put", 1)], [("get", 2), ("put", 2)]],
    [[("get", 1), ("get", 2)], [("put", 1), ("put", 2)]],
    [[("sum", 9)], [("add", 1), ("get", 2)]],
    [[("get", 1), ("put", 3)], [("get", 1), ("put", 2)]],
    [[("get", 3), ("put", 1)], [("get", 3), ("put", 2)]],
]


@pytest.mark.parametrize("programs", NEED_NOT_FAIL)
def test_what_need_not_fail_never_does(programs: list[Program]) -> None:
    for run in all_runs(explorer(programs)):
        assert None not in run.results.values(), run.history.lines()


def test_one_of_two_in_a_skew_always_commits() -> None:
    told = {tuple(bool(each) for each in run.results.values()) for run in all_runs(explorer(SKEW))}
    assert told == {(True, True), (True, False), (False, True)}


def test_nothing_is_kept_of_transactions_that_nobody_overlaps() -> None:
    run = explorer(SKEW).once(Dull())
    conflicts = run.world._engine.conflicts
    assert (conflicts._open, conflicts._done, conflicts._looks) == ({}, [], {})


def test_an_autocommit_statement_is_a_transaction_of_the_usual_level() -> None:
    async def reads(db: Database) -> Any:
        row = await db.get("test", 1)
        return row and row["value"]

    def serializable(sim: Sim) -> Database:
        db = Database(sim, isolation="serializable")
        db.table("test", rows=[{"id": 1, "value": 10}])
        return db

    async def swaps(db: Database) -> str:
        try:
            async with db.transaction() as tx:
                row = await tx.get("test", 1)
                assert row is not None
                await tx.update("test", 1, value=row["value"] + 1)
        except SerializationFailure:
            return "refused"
        return "done"

    scenario = pileup.Scenario([swaps, reads], agents=2, setup=serializable)
    runs = list(all_runs(scenario.explorer()))
    assert {run.results["swaps-0"] for run in runs} == {"done"}
    read: set[Any] = {run.results["reads-1"] for run in runs}
    assert read == {10, 11}


def test_whoever_reads_past_a_pivot_that_has_committed_is_refused() -> None:
    db = start(Sim(Dull(), Budgets()))
    pivot, reader = (db.sync.transaction("serializable") for _ in range(2))
    with reader:
        with pivot:
            pivot.get("test", 2)
            pivot.update("test", 1, value=11)
            with db.sync.transaction("serializable") as first:
                first.update("test", 2, value=21)
            assert reader.get("test", 2) == {"id": 2, "value": 21}
        with pytest.raises(SerializationFailure, match="pivot that has committed"):
            reader.get("test", 1)
